"""One line of a digest for each kind of thing: what it is, with its link, and what people say of it. Pure.

A quote is shown whole or not at all, and once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import PurePosixPath

from bot.card import Line, Span, Style
from bot.chat.text import one_line
from bot.digest.measures import Measure, counted, signed
from bot.digest.model import Applied, Article, Cited, Mention, Newcomer, Posting, Repair, Waiting
from bot.digest.told import Told

CHANGE, FILES = 160, 2  # characters of one thing that has changed; files that are named
ROOM = 1.5  # what is unsound, or what somebody says in a discussion, may take so much more than a quote elsewhere
AGED = timedelta(days=14)  # after that it is said when something was posted first
MERGE = re.compile(r"linux-next: manual merge of (?:the )?", re.IGNORECASE)
KIND = {"review": "said in review", "open": "still open"}
ASIDE = " Little of it is about Rust."
WHY = {
    "no reply": "no reply for {days} days",
    "asked again": "asked again, {days} days after it was posted",
    "unanswered": "a comment on the version before that I saw no answer to",
}


class Lines:
    """Lines with quotes and lists at most as long as ``measure`` says."""

    def __init__(self, measure: Measure, told: Told) -> None:
        self._m = measure
        self._told = told

    def quoted(self, some: Sequence[Cited], who: str = "", room: float = 1.0) -> list[Span]:
        """Quotes behind the line of their own mail, or with their writer as link; ``room`` for longer ones."""
        fits = [one for one in some if len(one_line(one.text)) <= room * self._m.quote]
        return [
            span
            for one in self._told.fresh(fits)
            for span in (
                *((Span(" "), Span(one_line(who), url=one.url), Span(":")) if who else ()),
                Span(f" “{one_line(one.text)}”"),
            )
        ]

    def about(self, some: Sequence[Cited]) -> list[Span]:
        """What something does: a sentence, or the names of its patches."""
        if not self._m.words:
            return []
        if len(some) < 2:
            return self.quoted([one for one in some if not self._told.kept(one)])
        named = [span for one in some for span in (Span("; "), Span(one_line(one.text), url=one.url))][1:]
        return [Span(" Patches: "), *named, Span(".")]

    def applied(self, one: Applied) -> Line:
        """What was applied, to which tree, by whom."""
        label = one.label.removeprefix("pull ") if one.pull else one.label
        author = f" by {one_line(one.author)}" if one.author and one.author != one.by else ""
        return (
            Span(one.tree or "tree not named", Style.STRONG if one.tree else Style.PLAIN),
            Span(f": {f'patch {one.which} of ' if one.which else ''}"),
            Span(one.title, url=one.mail.url),
            Span(
                f" {label if label != 'v1' else ''}".rstrip() + f"{author}, applied by {one_line(one.by)}.", Style.FAINT
            ),
            *self.about(one.about),
        )

    def mention(self, one: Mention) -> Line:
        """A thread under a heading, with the words for which it stands there."""
        done = f" {one.done}" if one.done and one.done not in ("v1", "applied") else ""
        who = one.said.who if one.said and one.said.who != one.author else ""
        said = self.quoted([one.said], who, ROOM if one.kind else 1.0) if one.said else []
        return (
            *([Span(f"{KIND.get(one.kind, one.kind)}: ", Style.STRONG)] if one.kind else []),
            Span(one.title, url=one.mail.url),
            Span(f"{done}, {one_line(one.author)}", Style.FAINT),
            *(self._record(one) if one.kind else [Span("; applied")] if one.done == "applied" else []),
            Span(".", Style.FAINT),
            *said,
        )

    def _record(self, one: Mention) -> Iterator[Span]:
        """What a security team asks: taken or not, since when, for which kernels, what it repairs, who has looked."""
        if one.fate:
            yield from (Span("; "), Span(one.fate, url=one.settled.url if one.settled else ""))
        aged = one.first and one.mail.date and one.mail.date - one.first > AGED
        if one.first and (aged or one.kind == "open"):
            yield Span(f"; first posted {one.first:%Y-%m-%d}")
        yield from self._repair(one.repair)
        if one.kind in ("fix", "open", "report"):
            known = [] if one.repair.commits or not one.fate else ["no Fixes: tag"]
            known += [signed(one.tags)] if one.tags else [] if one.replies else ["no reply in this time"]
            yield Span(f"; {'; '.join(known)}" if known else "", Style.FAINT)

    def _repair(self, one: Repair) -> Iterator[Span]:
        if one.stable:
            yield Span(f"; for stable kernels{f' from {one.since}' if one.since else ''}")
        if one.commits:
            more = f" and {len(one.commits) - 2} more" if one.commits[2:] else ""
            yield Span(f"; fixes {', '.join(one.commits[:2])}{more}", Style.FAINT)

    def conflicts(self, some: Sequence[Mention]) -> Line:
        """Conflicts of one pair of trees, with the files they are in."""
        one = some[0]
        files = dict.fromkeys(name for each in some if each.files for name in each.files.quote.split())
        told = f": {self._paths(tuple(files))}" if files else ""
        return (Span(MERGE.sub("", one.title), url=one.mail.url), Span(told, Style.FAINT))

    def mending(self, one: Posting) -> Line:
        """A repair that was posted: where it stands, and what it repairs."""
        label = f" {one.label}" if one.label != "v1" else ""
        return (
            Span(one.title, url=one.mail.url),
            Span(f"{label}{self._facts(one).rstrip('.')}", Style.FAINT),
            *self._repair(one.repair),
            Span(".", Style.FAINT),
            *(self.about(one.about) if len(one.about) > 1 else self.quoted(one.about, room=ROOM)),
        )

    def series(self, one: Posting) -> Line:
        """A new series: what it does, and what people answered."""
        about = self.about(one.about) if one.rust else [Span(ASIDE, Style.FAINT)]
        return (Span(one.title, url=one.mail.url), Span(self._facts(one), Style.FAINT), *about)

    def several(self, some: Sequence[Posting]) -> Line:
        """Several new series of one person."""
        named = [
            span
            for one in some
            for span in (Span("; "), Span(one.title, url=one.mail.url), Span(_size(one), Style.FAINT))
        ][1:]
        return (Span(one_line(some[0].author), Style.STRONG), Span(": "), *named, Span("."))

    def _facts(self, one: Posting) -> str:
        facts = [f"{one.parts} patches"] if one.parts > 1 else []
        facts += [one_line(one.author)]
        counts = one.replies and not self._told.counted(one.title)
        facts += [counted(one.replies, "reply", "replies")] if counts else []
        facts += [signed(one.tags)] if one.tags and self._m.words else []
        facts += ["applied"] if one.merged else []
        return f", {', '.join(facts)}."

    def version(self, some: Sequence[Posting]) -> Line:
        """The versions of one series in one line: what has changed in the newest."""
        one = some[-1]
        before = f" (after {', '.join(p.label for p in some[:-1])})" if some[:-1] else ""
        return (
            Span(one.title, url=one.mail.url),
            Span(f" {one.label}", Style.STRONG),
            Span(f"{before}{self._facts(one)}", Style.FAINT),
            *((self._changes(one) or self.about(one.about)) if one.rust else [Span(ASIDE, Style.FAINT)]),
            *([Span(f" {files}", Style.FAINT)] if one.rust and (files := self._files(one)) else []),
        )

    def _changes(self, one: Posting) -> list[Span]:
        shown = one.changes[: self._m.changes]
        more = one.more + len(one.changes) - len(shown)
        return [Span(f" Changed: {self.listed(shown)}{f'; and {more} more' if more else ''}.")] if shown else []

    def listed(self, changes: Sequence[Cited]) -> str:
        """What has changed, one behind the other."""
        return "; ".join(_clause(one_line(c.text)).rstrip(".,;:! ") for c in changes)

    def _files(self, one: Posting) -> str:
        told = ((one.added, "Now also in"), (one.dropped, "No longer in")) if self._m.words else ()
        return " ".join(f"{verb} {self._paths([PurePosixPath(f).name for f in some])}." for some, verb in told if some)

    def _paths(self, some: Sequence[str]) -> str:
        most = FILES
        return ", ".join(some[:most]) + (f" and {len(some) - most} more" if len(some) > most else "")

    def waits(self, one: Waiting) -> Line:
        """What waits, for how long and for what."""
        label = f" {one.label}" if one.label != "v1" else ""
        why = WHY[one.why].format(days=one.days)
        said = self.quoted([one.said], one.said.who) if one.said else []
        return (Span(one.title, url=one.mail.url), Span(f"{label}, {one_line(one.author)}: {why}.", Style.FAINT), *said)

    def newcomer(self, one: Newcomer) -> Line:
        """Whose first patch it is, and whether anybody has answered."""
        answered = f"{counted(one.answered, 'person', 'people')} answered" if one.answered else "no answer yet"
        return (
            Span(one_line(one.author), Style.STRONG),
            Span(": "),
            Span(one.title, url=one.mail.url),
            Span(f", {answered}.", Style.FAINT),
        )

    def article(self, one: Article) -> Line:
        """A post, in its own words."""
        return (Span(one.title, url=one.mail.url), Span(f", {one.source}.", Style.FAINT), *self.quoted(one.gist))


def _size(one: Posting) -> str:
    told = [f"{one.parts} patches"] if one.parts > 1 else []
    return f" ({', '.join([*told, *([signed(one.tags)] if one.tags else [])])})" if told or one.tags else ""


def _clause(text: str) -> str:
    """The beginning of what is too long, up to the end of a clause where there is one."""
    if len(text) <= CHANGE:
        return text
    head = text[:CHANGE]
    cut = max(head.rfind(mark) for mark in (", ", "; ", " ("))
    return f"{head[:cut] if cut > CHANGE // 3 else head.rsplit(' ', 1)[0]} …"
