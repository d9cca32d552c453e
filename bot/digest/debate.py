"""Discussions on a card: what it is about, who says what to whom, and what came of it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bot.card import Line, Section, Span, Style
from bot.chat.text import one_line
from bot.digest.lines import Lines
from bot.digest.measures import Measure, counted, people, signed
from bot.digest.model import Cited, Discussion, Position
from bot.digest.told import Told

ROOM = 1.5  # a turn, or what a thread is about, may be so much longer than a quote behind a line


class Debate:
    """Discussions, the first ones told and the others named."""

    def __init__(self, measure: Measure, told: Told) -> None:
        self._m = measure
        self._told = told
        self._lines = Lines(measure, told)

    def sections(self, some: Sequence[Discussion]) -> Iterator[Section]:
        """Yield two sections a discussion that is told, and one for all others."""
        for at, one in enumerate(some[: self._m.discussions]):
            about = f"{one.label + ', ' if one.label else ''}{counted(one.mails, 'mail')} by {people(one.authors)}"
            head: Line = (Span(one.title, Style.STRONG, one.first.url), Span(f"  {about}", Style.FAINT))
            yield Section((head,), "Discussed" if at == 0 else "")
            yield Section((*self._about(one), *self._changed(one), *self._said(one), self._outcome(one)), bullets=True)
            self._told.title(one.title)
        if more := some[self._m.discussions :]:
            yield Section((self._more(more),))

    def _about(self, one: Discussion) -> Iterator[Line]:
        if len(one.gist) > 1 and not any(c.told for c in one.gist):
            yield from [self._patches(one)] if self._m.words else []
            return
        for said in self._told.fresh(one.gist):
            if said.told:
                yield (Span(f"{one_line(said.text)} "), Span(f"({one_line(said.who)})", url=said.url))
            elif len(said.text) <= ROOM * self._m.quote:
                yield self._quote(said)

    def _patches(self, one: Discussion) -> Line:
        named = [span for c in one.gist for span in (Span("; "), Span(one_line(c.text), url=c.url))][1:]
        return (Span("Patches: "), *named, Span("."))

    def _changed(self, one: Discussion) -> Iterator[Line]:
        if one.changes and self._m.words and not one.outcome.endswith("followed"):
            yield (Span("Changed: ", Style.FAINT), Span(f"{self._lines.listed(one.changes)}."))

    def _said(self, one: Discussion) -> list[Line]:
        """What people hold first, what they say else after it; each behind what it answers, where there is room."""
        lines = [self._turn(each) for each in (*one.positions, *one.replies) if self._fits(each)]
        return lines[: self._m.said]

    def _fits(self, one: Position) -> bool:
        size = len(one.said.text) + (len(one.to.text) if one.to else 0)
        return size <= ROOM * self._m.quote

    def _turn(self, one: Position) -> Line:
        return (*((*self._quote(one.to), Span(" – ")) if one.to else ()), *self._quote(one.said, one.stance))

    def _quote(self, one: Cited, verb: str = "") -> Line:
        bot = " (a bot)" if one.bot else ""
        who = Span(f"{one_line(one.who)}{bot}", url=one.url)
        return (who, Span(f"{' ' + verb if verb else ''}: “{one_line(one.text)}”"))

    def _outcome(self, one: Discussion) -> Line:
        tags = f"; {signed(one.tags)}" if one.tags else ""
        head = Span("Outcome: ", Style.STRONG)
        if not one.settled:
            return (head, Span(f"none so far{tags}.", Style.FAINT))
        if one.outcome == "decided":
            return (head, *self._quote(one.settled), Span(f"{tags}." if tags else ""))
        by = f" by {one_line(one.settled.who)}" if "applied" in one.outcome else ""
        follows = one.changes and one.outcome.endswith("followed")
        changed = f"; changed: {self._lines.listed(one.changes)}" if follows else ""
        return (head, Span(one.outcome, url=one.settled.url), Span(f"{by}{changed}{tags}."))

    def _more(self, some: Sequence[Discussion]) -> Line:
        """The discussions that are not told, each named where there is room."""
        if not self._m.posts:
            return (Span(f"and {counted(len(some), 'more discussion')}", Style.FAINT),)
        named = [span for one in some for span in (Span("; "), *self._named(one))][1:]
        return (Span("Also discussed: ", Style.STRONG), *named, Span("."))

    def _named(self, one: Discussion) -> Line:
        outcome = f", {one.outcome}" if one.outcome not in ("", "decided") else ""
        return (
            Span(one.title, url=one.first.url),
            Span(f" ({counted(one.mails, 'mail')}{outcome})", Style.FAINT),
        )
