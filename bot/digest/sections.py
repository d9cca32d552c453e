"""The sections of a digest's card, in the order of what people want to know first. Pure.

Each thing is told once. Where it would stand again it is passed over, and a list says how many those were.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TypeVar

from bot.card import Line, Section, Span, Style
from bot.chat.text import one_line
from bot.digest.debate import Debate
from bot.digest.lines import MERGE, Lines
from bot.digest.measures import Measure, people
from bot.digest.model import Applied, Cited, Digest, Mention, Posting
from bot.digest.told import Told

T = TypeVar("T")
_PAPERS = re.compile(r"^docs?\b|\bdocumentation\b|^MAINTAINERS\b|\bmailmap\b|\bcomments?\b", re.IGNORECASE)
MANY = 3  # new series of one person, from which on they are one line
SILENT, NAMED = 6, 3  # postings without a reply that are named; other things in a short digest
CVES = "linux-cve-announce"


def by_series(some: Sequence[Posting]) -> list[list[Posting]]:
    """Return versions, those of one series together with the oldest first."""
    found: dict[str, list[Posting]] = {}
    for one in some:
        found.setdefault(one.series or one.mail.id, []).append(one)
    return [sorted(each, key=lambda p: (p.date is None, p.date)) for each in found.values()]


def by_author(some: Sequence[Posting]) -> list[list[Posting]]:
    """Return series, three or more of one person together where the first of them stands."""
    counts = Counter(one.author for one in some)
    found: dict[str, list[Posting]] = {}
    for one in some:
        found.setdefault(one.author if counts[one.author] >= MANY else one.mail.id, []).append(one)
    return list(found.values())


def current(digest: Digest) -> list[Posting]:
    """Return the new series that no newer version replaced in the same span."""
    newer = {one.series for one in digest.new_versions if one.series}
    return [one for one in digest.new_series if one.series not in newer]


def sums(digest: Digest) -> tuple[int, int]:
    """Return how many new series there are, and how many series in new versions: as the lists have them."""
    fresh = current(digest)
    old = [one for one in digest.new_series if one not in fresh]
    return len(fresh), len(by_series([*digest.new_versions, *old]))


def once(some: Sequence[Applied]) -> list[Applied]:
    """Return what was applied, once a tree, whoever else says so."""
    found: dict[tuple[str, ...], list[Applied]] = {}
    for one in some:
        found.setdefault((one.tree, one.label, one.which, "".join(one.title.lower().split())), []).append(one)
    return [replace(each[0], by=people(tuple(dict.fromkeys(one.by for one in each)))) for each in found.values()]


def apart(some: Sequence[Mention]) -> tuple[list[list[Mention]], list[Mention]]:
    """Return merge conflicts, those of one pair of trees together, and everything else."""
    merges: dict[str, list[Mention]] = {}
    for one in some:
        if MERGE.match(one.title):
            merges.setdefault(one.title.lower(), []).append(one)
    return list(merges.values()), [one for one in some if not MERGE.match(one.title)]


class Sections:
    """Sections of at most as many lines as ``measure`` says."""

    def __init__(self, measure: Measure, others: Sequence[tuple[str, Cited, str]] = ()) -> None:
        self._m = measure
        self._others = others  # what is not the kernel's: title, mail, what became of it
        self._told = Told()
        self._lines = Lines(measure, self._told)

    def sections(self, digest: Digest) -> Iterator[Section | None]:
        """Yield the sections, the most important first; None where there is nothing to say."""
        m, draw = self._m, self._lines
        self._told.count(one.title for one in digest.discussions)
        self._told.keep(said for one in digest.discussions[: m.discussions] for said in one.gist)
        taken = once(digest.applied)
        yield self._list("Applied", taken if m.words else sorted(taken, key=_weight), m.applied, draw.applied)
        yield self._unsound(digest)
        fixes = [one for one in (*digest.new_series, *digest.new_versions) if one.repair.mends]
        yield self._list("Fixes posted", fixes, m.mentions, draw.mending, fresh=True)
        yield from Debate(m, self._told, digest.begin).sections(digest.discussions)
        fresh = current(digest)
        old = [one for one in digest.new_series if one not in fresh]
        yield self._list("New versions", by_series([*digest.new_versions, *old]), m.versions, draw.version, fresh=True)
        yield self._new(fresh)
        yield self._waiting(digest)
        merges, tools = apart(digest.toolchain)
        if m.posts:
            yield from self._rest(digest, merges, tools)
        else:
            yield self._also(digest, merges, tools)

    def _rest(
        self, digest: Digest, merges: Sequence[list[Mention]], tools: Sequence[Mention]
    ) -> Iterator[Section | None]:
        m, draw = self._m, self._lines
        yield self._list("Toolchain, build and rules", tools, m.mentions, draw.mention, fresh=True)
        yield self._list("Merge conflicts in linux-next", merges, m.mentions, draw.conflicts)
        yield self._list("Pull requests", digest.pulls, m.mentions, draw.mention, fresh=True)
        yield self._list("New here (perhaps old hands elsewhere)", digest.newcomers, m.mentions, draw.newcomer)
        posts = self._list("Elsewhere", digest.posts, m.posts, draw.article)
        if self._others:
            lines, folded = (posts.lines, posts.folded) if posts else ((), 0)
            posts = Section((self._outside(), *lines), "Elsewhere", bullets=True, folded=folded)
        yield posts

    def _outside(self) -> Line:
        named = [
            span
            for title, mail, what in self._others
            for span in (Span("; "), Span(title, url=mail.url), Span(f" ({what})" if what != "v1" else "", Style.FAINT))
        ]
        return (Span("Not the kernel's tree: ", Style.STRONG), *named[1:], Span("."))

    def _new(self, some: Sequence[Posting]) -> Section | None:
        """New series; many of one person are one line."""
        new = [one for one in some if not self._told.knows(one.title)]
        groups, draw = by_author(new), self._lines
        shown = groups[: self._m.series]
        lines = tuple(draw.series(each[0]) if len(each) == 1 else draw.several(each) for each in shown)
        for one in (one for each in shown for one in each):
            self._told.title(one.title)
        folded = sum(map(len, groups[self._m.series :]))
        return (
            Section(lines, self._heading("New series", len(some) - len(new)), bullets=True, folded=folded)
            if lines
            else None
        )

    def _heading(self, heading: str, again: int) -> str:
        return f"{heading} ({again} more above)" if again and self._m.words else heading

    def _waiting(self, digest: Digest) -> Section | None:
        """What waits, and what was posted now without a reply: there a reader can help."""
        waits = self._list("Waiting", digest.waiting, self._m.waiting, self._lines.waits)
        silent = [
            one for one in (*digest.new_series, *digest.new_versions) if not (one.replies or one.tags or one.merged)
        ]
        if not silent or not self._m.words:
            return waits
        named = [span for one in silent[:SILENT] for span in (Span("; "), Span(one.title, url=one.mail.url))][1:]
        more = f" and {len(silent) - SILENT} more" if len(silent) > SILENT else ""
        line: Line = (Span("Posted now, no reply so far: ", Style.STRONG), *named, Span(f"{more}."))
        return Section(
            (*(waits.lines if waits else ()), line), "Waiting", bullets=True, folded=waits.folded if waits else 0
        )

    def _unsound(self, digest: Digest) -> Section | None:
        heading = "Soundness and security"
        if digest.quiet:
            return None
        found = self._list(heading, digest.security, self._m.mentions, self._lines.mention)
        lines, folded = (found.lines, found.folded) if found else (((Span("Nothing found."),),), 0)
        if CVES not in dict(digest.lists):
            lines = (*lines, (Span(f"No mail to {CVES} was read: CVE numbers are missing here.", Style.FAINT),))
        return Section(lines, heading, bullets=True, folded=folded)

    def _list(
        self, heading: str, some: Sequence[T], most: int, line: Callable[[T], Line], *, fresh: bool = False
    ) -> Section | None:
        """At most ``most`` lines; with ``fresh``, what was told of already is passed over, and counted."""
        new = [one for one in some if not (fresh and self._told.knows(_title(one)))]
        lines = [line(one) for one in new[:most]]
        for one in new[:most]:
            self._told.title(_title(one))
        heading = self._heading(heading, len(some) - len(new))
        return Section(tuple(lines), heading, bullets=True, folded=len(new[most:])) if lines else None

    def _also(self, digest: Digest, merges: Sequence[list[Mention]], tools: Sequence[Mention]) -> Section | None:
        """What a short digest only names."""
        new = [one for one in tools if not self._told.knows(one.title)]
        some: Sequence[tuple[str, Sequence[tuple[str, Cited]]]] = (
            ("tools and rules", [(one.title, one.mail) for one in new]),
            ("merge conflicts", [(MERGE.sub("", some[0].title), some[0].mail) for some in merges]),
            ("to be pulled", [(one.title, one.mail) for one in digest.pulls if not self._told.knows(one.title)]),
            ("new here", [(one.author, one.mail) for one in digest.newcomers]),
            ("elsewhere", [(one.title, one.mail) for one in digest.posts] + [(t, mail) for t, mail, _ in self._others]),
        )
        lines = tuple(_names(what, named) for what, named in some if named)
        return Section(lines, "Also", bullets=True) if lines else None


def _names(what: str, named: Sequence[tuple[str, Cited]]) -> Line:
    spans = [span for name, mail in named[:NAMED] for span in (Span("; "), Span(one_line(name), url=mail.url))][1:]
    more = f" and {len(named) - NAMED} more" if len(named) > NAMED else ""
    return (Span(f"{what}: ", Style.STRONG), *spans, Span(f"{more}."))


def _weight(one: Applied) -> tuple[bool, bool]:
    """What was pulled comes first, documents and names last."""
    return bool(_PAPERS.search(one.title)), not one.pull


def _title(one: object) -> str:
    """What something is known by when it is met again."""
    return str(getattr(one[-1] if isinstance(one, list) else one, "title", ""))
