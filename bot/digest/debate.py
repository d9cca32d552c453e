"""Discussions on a card: what it is about, who says what to whom, and what came of it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from bot.card import Line, Section, Span, Style
from bot.chat.text import one_line
from bot.digest.lines import ROOM, Lines
from bot.digest.measures import Measure, counted, people, signed
from bot.digest.model import Cited, Discussion, Position
from bot.digest.told import Told

OLD = timedelta(days=10)
WEIGHT = 1.5  # of an objection, where one sentence stands for all


class Debate:
    """Discussions, the first ones told and the others named."""

    def __init__(self, measure: Measure, told: Told, begin: datetime | None = None) -> None:
        """``begin`` is where the span begins: what is quoted from long before it is dated."""
        self._m = measure
        self._begin = begin
        self._told = told
        self._lines = Lines(measure, told)

    def sections(self, some: Sequence[Discussion]) -> Iterator[Section]:
        """Yield two sections a discussion that is told, and one for all others; the longest talk first."""
        told = [one for one in some if self._tells(one)][: self._m.discussions]
        for at, one in enumerate(sorted(told, key=_length)):
            label = f" {one.label}" if one.label else ""
            about = f"{label}, {counted(one.mails, 'answer')} by {people(one.authors)}"
            head: Line = (Span(one.title, Style.STRONG, one.first.url), Span(about, Style.FAINT))
            yield Section((head,), "Discussed" if at == 0 else "")
            yield Section((*self._about(one), *self._changed(one), *self._said(one), self._outcome(one)), bullets=True)
            self._told.title(one.title)
        if others := sorted((one for one in some if one not in told), key=_length):
            yield from self._others(others)

    def _tells(self, one: Discussion) -> bool:
        """Whether there is something to tell: what it is about, and where there is room, what people say."""
        return len(one.gist) == 1 or (self._m.words and bool(one.positions or one.replies))

    def _about(self, one: Discussion) -> Iterator[Line]:
        if len(one.gist) > 1 and not any(c.told for c in one.gist):
            yield self._patches(one)
            return
        for said in one.gist:
            if said.told:
                yield (Span(f"{one_line(said.text)} "), Span(f"({one_line(said.who)})", url=said.url))
            elif not self._m.words or self._told.fresh([said]):
                yield (*self._who(said), Span(f": “{one_line(said.text)}”"))

    def _who(self, one: Cited) -> Line:
        """Who said it; since when, if that was long before what is told."""
        bot = " (a bot)" if one.bot else ""
        old = one.date and self._begin and one.date < self._begin - OLD
        when = f", {one.date.day} {one.date:%B %Y}" if one.date and old else ""
        return (Span(f"{one_line(one.who)}{bot}", url=one.url), Span(when, Style.FAINT))

    def _patches(self, one: Discussion) -> Line:
        named = [span for c in one.gist for span in (Span("; "), Span(one_line(c.text), url=c.url))][1:]
        return (Span("Patches: "), *named, Span("."))

    def _changed(self, one: Discussion) -> Iterator[Line]:
        if one.changes and self._m.words and not one.outcome.endswith("followed"):
            yield (Span("Changed: ", Style.FAINT), Span(f"{self._lines.listed(one.changes)}."))

    def _said(self, one: Discussion) -> list[Line]:
        """What people hold first, what they say else after it; each behind what it answers.

        Where there is little room it is what says most.
        """
        turns = [each for each in (*one.positions, *one.replies) if self._fits(each) and not self._told.was(each.said)]
        if not self._m.words:
            turns = sorted(turns, key=lambda each: -each.worth * (WEIGHT if each.stance == "objects" else 1.0))
        return [self._turn(each) for each in turns[: self._m.said]]

    def _fits(self, one: Position) -> bool:
        size = len(one.said.text) + (len(one.to.text) if one.to else 0)
        return size <= ROOM * self._m.quote

    def _turn(self, one: Position) -> Line:
        stance = f"{one.stance} (no reply yet)" if one.stance == "objects" and not one.answered else one.stance
        return (*((*self._quote(one.to), Span(" – ")) if one.to else ()), *self._quote(one.said, stance))

    def _quote(self, one: Cited, verb: str = "") -> Line:
        return (*self._who(one), Span(f"{' ' + verb if verb else ''}: “{one_line(one.text)}”"))

    def _outcome(self, one: Discussion) -> Line:
        tags = f"; {signed(one.tags)}" if one.tags else ""
        head = Span("Outcome: ", Style.STRONG)
        if not one.settled:
            return (head, Span("open"), *_last(one), Span(f"{tags}."))
        if one.outcome == "decided":
            return (head, *self._quote(one.settled), Span(f"{tags}." if tags else ""))
        by = f" by {one_line(one.settled.who)}" if "applied" in one.outcome else ""
        follows = one.changes and one.outcome.endswith("followed")
        changed = f"; changed: {self._lines.listed(one.changes)}" if follows else ""
        return (head, Span(one.outcome, url=one.settled.url), Span(f"{by}{changed}{tags}."))

    def _others(self, some: Sequence[Discussion]) -> Iterator[Section]:
        """The discussions that are not told, each named."""
        most = self._m.others
        lines = tuple(map(_named, some[:most]))
        yield Section(lines, "Also discussed", bullets=True, folded=len(some[most:]))


def _length(one: Discussion) -> tuple[int, str]:
    return -one.mails, one.first.id


def _named(one: Discussion) -> Line:
    outcome = f", {one.outcome}" if one.outcome not in ("", "decided") else ""
    return (Span(one.title, url=one.first.url), Span(f", {counted(one.mails, 'answer')}{outcome}", Style.FAINT))


def _last(one: Discussion) -> Line:
    """Who wrote last, and when: his counterpart is to move."""
    if not one.last or not one.last.date:
        return ()
    day = f"{one.last.date.day} {one.last.date:%B}"
    return (Span("; last mail: "), Span(one_line(one.last.who), url=one.last.url), Span(f", {day}"))
