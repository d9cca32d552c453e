"""The sections of a digest's card: each kind of thing as lines, at most as many as there is room for. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from bot.card import Line, Section, Span, Style
from bot.chat.text import one_line, shorten
from bot.digest.model import Applied, Article, Cited, Digest, Discussion, Mention, Newcomer, Posting, Waiting

T = TypeVar("T")


class Length(StrEnum):
    """How much of a digest is shown."""

    SHORT = "short"
    FULL = "full"


@dataclass(frozen=True, slots=True)
class Measure:
    """How many lines of each there are. ``quote`` is in characters."""

    applied: int
    discussions: int
    said: int
    mentions: int
    series: int
    versions: int
    changes: int
    waiting: int
    posts: int
    quote: int


MEASURES = {
    Length.SHORT: Measure(5, 3, 2, 2, 3, 3, 1, 2, 0, 150),
    Length.FULL: Measure(40, 5, 4, 8, 20, 20, 3, 9, 6, 320),
}

_MERGE = re.compile(r"linux-next: manual merge of (?:the )?", re.IGNORECASE)
NAMES = 3  # of people, before "and 4 more"


def counted(number: int, one: str, many: str = "") -> str:
    """Return a number with its noun: "1 mail", "2 people"."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def people(names: Sequence[str]) -> str:
    """Return who it was: "Ada, Bo, Cy and 4 more"."""
    most = NAMES if len(names) > NAMES + 1 else len(names)
    listed = [*names[:most], *([f"{len(names) - most} more"] if len(names) > most else [])]
    return " and ".join(filter(None, (", ".join(listed[:-1]), *listed[-1:])))


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


def signed(tags: Sequence[tuple[str, str]]) -> str:
    """Return who gave which tag: "Reviewed-by Ada and Bo, Tested-by Cy"."""
    found: dict[str, list[str]] = {}
    for kind, who in tags:
        found.setdefault(kind, []).append(who)
    return ", ".join(f"{kind.capitalize()}-by {people(who)}" for kind, who in found.items())


def apart(some: Sequence[Mention]) -> tuple[list[Mention], list[Mention]]:
    """Return merge conflicts and everything else."""
    merges = [one for one in some if _MERGE.match(one.title)]
    return merges, [one for one in some if one not in merges]


def _also(digest: Digest) -> Section | None:
    """What a short digest only counts."""
    some = (
        (len(digest.toolchain), "thread about tools and rules", "threads about tools and rules"),
        (len(digest.pulls), "pull request", ""),
        (len(digest.newcomers), "first patch", "first patches"),
        (len(digest.posts), "post elsewhere", "posts elsewhere"),
    )
    named = [counted(number, one, many) for number, one, many in some if number]
    return Section(((Span(f"Also {', '.join(named)}.", Style.FAINT),),)) if named else None


class Sections:
    """Sections of at most as many lines as ``measure`` says."""

    def __init__(self, measure: Measure, others: Sequence[tuple[str, Cited, str]] = ()) -> None:
        self._m = measure
        self._others = others  # what is not the kernel's: title, mail, what became of it
        self._told: set[str] = set()
        self._pointed: list[Span] = []
        self._titles: set[str] = set()  # each thing is told once, and pointed to afterwards

    def sections(self, digest: Digest) -> Iterable[Section | None]:
        """Yield everything between the head and the foot; None where there is nothing to say."""
        m = self._m
        yield self._applied(digest.applied)
        yield self._unsound(digest)
        yield from self._discussions(digest.discussions)
        fresh = current(digest)
        old = [one for one in digest.new_series if one not in fresh]
        yield self._list("New versions", by_series([*digest.new_versions, *old]), m.versions, self._version)
        yield self._list("New series", fresh, m.series, self._series)
        yield self._list("Waiting", digest.waiting, m.waiting, self._waits)
        if not m.posts:
            yield _also(digest)
            return
        yield from self._rest(digest)

    def _rest(self, digest: Digest) -> Iterable[Section | None]:
        m = self._m
        merges, tools = apart(digest.toolchain)
        yield self._list("Toolchain, build and rules", tools, m.mentions, self._mention)
        yield self._list("Merge conflicts in linux-next", [merges] if merges else [], m.mentions, self._merges)
        yield self._list("Pull requests", digest.pulls, m.mentions, self._mention)
        yield self._list("First patches in the mail that I have read", digest.newcomers, m.mentions, self._newcomer)
        posts = self._list("Elsewhere", digest.posts, m.posts, self._article)
        if self._others:
            lines = posts.lines if posts else ()
            posts = Section((self._outside(), *lines), "Elsewhere", bullets=True, folded=posts.folded if posts else 0)
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
        return self._list(heading, digest.security, self._m.mentions, self._mention) or nothing

    def _again(self, title: str) -> bool:
        """Whether something of this title was told of before; from now on it was."""
        known = title in self._titles
        self._titles.add(title)
        return known

    def _point(self, title: str, label: str, url: str) -> None:
        """Note what the list at hand need only point to."""
        self._pointed += [Span("; "), Span(title, url=url), Span(f" {label}" if label not in ("", "v1") else "")]

    def _list(self, heading: str, some: Sequence[T], most: int, lines: Callable[[T], Iterable[Line]]) -> Section | None:
        self._pointed = []
        shown = tuple(line for one in some[:most] for line in lines(one))
        if self._pointed:
            shown = (*shown, (Span("Told above: ", Style.FAINT), *self._pointed[1:], Span(".")))
        return Section(shown, heading, bullets=True, folded=len(some[most:])) if shown else None

    def _said(self, one: Cited, verb: str = "") -> Line:
        if one.told:
            return (Span(f"{one_line(one.text)} "), Span(f"({one_line(one.who)})", url=one.url))
        bot = " (a bot)" if one.bot else ""
        who = Span(f"{one_line(one.who)}{bot}", url=one.url)
        return (who, Span(f"{' ' + verb if verb else ''}: “{shorten(one_line(one.text), self._m.quote)}”"))

    def _quoted(self, some: Sequence[Cited], who: str = "") -> list[Span]:
        """Quotes behind the line of their own mail, or with their writer as link; nothing is quoted twice."""
        fresh = [one for one in some if one.quote not in self._told]
        self._told |= {one.quote for one in fresh}
        return [
            span
            for one in fresh
            for span in (
                *((Span(" "), Span(one_line(who), url=one.url), Span(":")) if who else ()),
                Span(f" “{shorten(one_line(one.text), self._m.quote)}”"),
            )
        ]

    def _applied(self, some: Sequence[Applied]) -> Section | None:
        return self._list("Applied", some, self._m.applied, self._taken)

    def _taken(self, one: Applied) -> Iterable[Line]:
        self._titles.add(one.title)
        tree = one.tree or "tree not named"
        which = f"patch {one.which} of " if one.which else ""
        label = one.label.removeprefix("pull ") if one.pull else one.label
        author = f" by {one_line(one.author)}" if one.author and one.author != one.by else ""
        yield (
            Span(tree, Style.STRONG if one.tree else Style.PLAIN),
            Span(f": {which}"),
            Span(one.title, url=one.mail.url),
            Span(
                f" {label if label != 'v1' else ''}".rstrip() + f"{author}, applied by {one_line(one.by)}.", Style.FAINT
            ),
            *self._quoted(one.about),
        )

    def _discussions(self, some: Sequence[Discussion]) -> Iterable[Section]:
        for at, one in enumerate(some[: self._m.discussions]):
            about = f"{one.label + ', ' if one.label else ''}{counted(one.mails, 'mail')} by {people(one.authors)}"
            about += f"; {one.outcome}" if one.outcome else ""
            head: Line = (Span(one.title, Style.STRONG, one.first.url), Span(f"  {about}", Style.FAINT))
            held = [self._said(p.said, p.stance) for p in one.positions]
            said = [*map(self._said, one.gist[:1]), *held, *map(self._said, one.gist[1:])]
            self._told |= {c.quote for c in one.gist}
            self._titles.add(one.title)
            yield Section((head,), "Discussed" if at == 0 else "")
            if said:
                yield Section(tuple(said[: self._m.said]), bullets=True, folded=0)
        if more := some[self._m.discussions :]:
            yield Section((self._more(more),))

    def _more(self, some: Sequence[Discussion]) -> Line:
        """The discussions that are not told, each named where there is room."""
        if not self._m.posts:
            return (Span(f"and {counted(len(some), 'more discussion')}", Style.FAINT),)
        named = [
            span
            for one in some
            for span in (
                Span("; "),
                Span(one.title, url=one.first.url),
                Span(f" ({counted(one.mails, 'mail')})", Style.FAINT),
            )
        ]
        return (Span("Also discussed: ", Style.STRONG), *named[1:], Span("."))

    def _mention(self, one: Mention) -> Iterable[Line]:
        if self._again(one.title) and not one.kind:
            self._point(one.title, "", one.mail.url)
            return
        done = f" ({one.done})" if one.done and one.done != "v1" else ""
        said = self._quoted([one.said], "" if one.said.who == one.author else one.said.who) if one.said else []
        aims = [f"fixes {', '.join(one.fixes[:2])}"] if one.fixes else []
        aims += ["for stable kernels"] if one.stable else []
        facts = f"{done}, {', '.join([one.author, *aims])}."
        kind = [Span(f"{one.kind}: ", Style.STRONG)] if one.kind else []
        yield (*kind, Span(one.title, url=one.mail.url), Span(facts, Style.FAINT), *said)

    def _merges(self, some: Sequence[Mention]) -> Iterable[Line]:
        """All of them in one line, each named by its trees."""
        named = dict[str, Mention]()
        for one in some:
            named.setdefault(_MERGE.sub("", one.title), one)
        yield tuple(s for name, one in named.items() for s in (Span("; "), Span(name, url=one.mail.url)))[1:]

    def _series(self, one: Posting) -> Iterable[Line]:
        if self._again(one.title):
            self._point(one.title, "", one.mail.url)
            return
        yield (Span(one.title, url=one.mail.url), Span(self._facts(one), Style.FAINT), *self._quoted(one.about))

    def _facts(self, one: Posting) -> str:
        facts = [f"{one.parts} patches"] if one.parts > 1 else []
        facts += [one_line(one.author)]
        facts += [counted(one.replies, "reply", "replies")] if one.replies else []
        facts += [signed(one.tags)] if one.tags else []
        facts += ["applied"] if one.merged else []
        return f", {', '.join(facts)}."

    def _version(self, some: Sequence[Posting]) -> Iterable[Line]:
        """The versions of one series in one line: what has changed in the newest."""
        one = some[-1]
        if self._again(one.title):
            self._point(one.title, one.label, one.mail.url)
            return
        changes = one.changes[: self._m.changes]
        more = one.more + len(one.changes) - len(changes)
        told = "; ".join(shorten(one_line(c.text), self._m.quote).rstrip(".;") for c in changes)
        before = f"after {', '.join(p.label for p in some[:-1])} " if some[:-1] else ""
        yield (
            Span(one.title, url=one.mail.url),
            Span(f" {one.label}", Style.STRONG),
            Span(f"{' (' + before.strip() + ')' if before else ''}{self._facts(one)}", Style.FAINT),
            *([Span(f" Changed: {told}{f'; and {more} more' if more else ''}.")] if changes else []),
            *([Span(f" {self._files(one)}", Style.FAINT)] if one.added or one.dropped else []),
        )

    def _files(self, one: Posting) -> str:
        told = ((one.added, "Now also in"), (one.dropped, "No longer in"))
        return " ".join(f"{verb} {self._paths(some)}." for some, verb in told if some)

    def _paths(self, some: Sequence[str]) -> str:
        most = self._m.changes
        return ", ".join(some[:most]) + (f" and {len(some) - most} more" if len(some) > most else "")

    def _waits(self, one: Waiting) -> Iterable[Line]:
        label = f" {one.label}" if one.label != "v1" else ""
        why = {
            "no reply": f"no reply for {one.days} days",
            "asked again": f"asked again, {one.days} days after it was posted",
            "unanswered": "a comment on the version before that I saw no answer to",
        }[one.why]
        head = (Span(one.title, url=one.mail.url), Span(f"{label}, {one.author}: {why}.", Style.FAINT))
        yield (*head, Span(" "), *self._said(one.said)) if one.said else head

    def _newcomer(self, one: Newcomer) -> Iterable[Line]:
        answered = f"{counted(one.answered, 'person', 'people')} answered" if one.answered else "no answer yet"
        yield (
            Span(one.author, Style.STRONG),
            Span(": "),
            Span(one.title, url=one.mail.url),
            Span(f", {answered}.", Style.FAINT),
        )

    def _article(self, one: Article) -> Iterable[Line]:
        yield (Span(one.title, url=one.mail.url), Span(f", {one.source}.", Style.FAINT), *self._quoted(one.gist))
