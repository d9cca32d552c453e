"""The sections of a digest's card, in the order of what people want to know first. Pure.

Each thing is told once. Where it would stand again it is passed over, or pointed to if another mail shows it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from bot.card import Line, Section, Span, Style
from bot.digest.debate import Debate
from bot.digest.lines import Lines
from bot.digest.measures import Measure, counted
from bot.digest.model import Cited, Digest, Mention, Posting
from bot.digest.told import Told, pointing

T = TypeVar("T")
Named = tuple[str, str, str]  # title, version, address
_MERGE = re.compile(r"linux-next: manual merge of (?:the )?", re.IGNORECASE)


def by_series(some: Sequence[Posting]) -> list[list[Posting]]:
    """Return versions, those of one series together with the oldest first."""
    found: dict[str, list[Posting]] = {}
    for one in some:
        found.setdefault(one.series or one.mail.id, []).append(one)
    return [sorted(each, key=lambda p: (p.date is None, p.date)) for each in found.values()]


def current(digest: Digest) -> list[Posting]:
    """Return the new series that no newer version replaced in the same span."""
    newer = {one.series for one in digest.new_versions if one.series}
    return [one for one in digest.new_series if one.series not in newer]


def apart(some: Sequence[Mention]) -> tuple[list[Mention], list[Mention]]:
    """Return merge conflicts and everything else."""
    merges = [one for one in some if _MERGE.match(one.title)]
    return merges, [one for one in some if one not in merges]


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
        yield self._list("Applied", digest.applied, m.applied, draw.applied)
        yield self._unsound(digest)
        for section in Debate(m, self._told).sections(digest.discussions):
            self._told.lines(section.lines)
            yield section
        fresh = current(digest)
        old = [one for one in digest.new_series if one not in fresh]
        yield self._list("New versions", by_series([*digest.new_versions, *old]), m.versions, draw.version, _versions)
        yield self._list("New series", fresh, m.series, draw.series, _posting)
        yield self._list("Waiting", digest.waiting, m.waiting, draw.waits)
        if m.posts:
            yield from self._rest(digest)
        else:
            yield self._also(digest)

    def _rest(self, digest: Digest) -> Iterator[Section | None]:
        m, draw = self._m, self._lines
        merges, tools = apart(digest.toolchain)
        yield self._list("Toolchain, build and rules", tools, m.mentions, draw.mention, _mention)
        yield self._list("Merge conflicts in linux-next", [merges] if merges else [], m.mentions, _conflicts)
        yield self._list("Pull requests", digest.pulls, m.mentions, draw.mention, _mention)
        yield self._list(
            "New names: first patches in the mail that I have read", digest.newcomers, m.mentions, draw.newcomer
        )
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

    def _unsound(self, digest: Digest) -> Section | None:
        heading = "Soundness and security"
        if digest.quiet:
            return None
        nothing = Section(((Span("Nothing found.", Style.FAINT),),), heading)
        return self._list(heading, digest.security, self._m.mentions, self._lines.mention) or nothing

    def _list(
        self,
        heading: str,
        some: Sequence[T],
        most: int,
        line: Callable[[T], Line],
        named: Callable[[T], Named] | None = None,
    ) -> Section | None:
        """What was not told of yet, at most ``most`` lines of it; what was is pointed to if the link is new."""
        names = [named(one) if named else _title(one) for one in some]
        known = [bool(named) and self._told.knows(name[0]) for name in names]
        fresh = [one for one, old in zip(some, known, strict=True) if not old]
        again = [n for n, old in zip(names, known, strict=True) if old and n[2] and not self._told.linked(n[2])]
        lines = [line(one) for one in fresh[:most]]
        shown = (*lines, *(pointing(again) if self._m.posts else ()))
        self._remember(names, shown)
        return Section(shown, heading, bullets=True, folded=len(fresh[most:])) if shown else None

    def _remember(self, names: Sequence[Named], shown: Sequence[Line]) -> None:
        self._told.lines(shown)
        for title, _, url in names:
            if self._told.linked(url):
                self._told.title(title)

    def _also(self, digest: Digest) -> Section | None:
        """What a short digest only counts."""
        some = (
            (len(digest.toolchain), "thread about tools and rules", "threads about tools and rules"),
            (len(digest.pulls), "pull request", ""),
            (len(digest.newcomers), "first patch", "first patches"),
            (len(digest.posts), "post elsewhere", "posts elsewhere"),
        )
        named = [counted(number, one, many) for number, one, many in some if number]
        return Section(((Span(f"Also {', '.join(named)}.", Style.FAINT),),)) if named else None


def _title(one: object) -> Named:
    mail = getattr(one, "mail", None)
    return (getattr(one, "title", ""), "", mail.url if isinstance(mail, Cited) else "")


def _versions(some: Sequence[Posting]) -> Named:
    return (some[-1].title, some[-1].label, some[-1].mail.url)


def _posting(one: Posting) -> Named:
    return (one.title, "", one.mail.url)


def _mention(one: Mention) -> Named:
    return (one.title, "", one.mail.url)


def _conflicts(some: Sequence[Mention]) -> Line:
    """All of them in one line, each named by its trees."""
    named = dict[str, Mention]()
    for one in some:
        named.setdefault(_MERGE.sub("", one.title), one)
    return tuple(s for name, one in named.items() for s in (Span("; "), Span(name, url=one.mail.url)))[1:]
