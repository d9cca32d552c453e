"""What a digest is made of. Values only; the same for every surface, and for the archive."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Cited:
    """Words to show, and the part whose they are. ``quote`` stands verbatim in the part's own words or its title.

    ``told`` says that ``text`` is not these words but a language model's, which was checked against them.
    """

    text: str
    id: str
    url: str
    quote: str
    who: str = ""
    bot: bool = False
    told: bool = False
    date: datetime | None = None


@dataclass(frozen=True, slots=True)
class Repair:
    """What patches say they repair: ``commits`` (with names), and which stable kernels they are for, ``since`` which.

    ``mends`` says whether they repair anything at all, as these or their title say.
    """

    commits: tuple[str, ...] = ()
    stable: bool = False
    since: str = ""
    mends: bool = False


@dataclass(frozen=True, slots=True)
class Posting:
    """A version of a series that was posted. ``mail`` cites its first mail; ``label`` is as people say it ("v3").

    ``about`` is what it does, in its author's words. ``changes`` are what he says has changed since the
    version before (``before``), ``more`` of them are not shown; ``added`` and ``dropped`` are files.
    """

    title: str
    label: str
    mail: Cited
    author: str
    parts: int
    date: datetime | None
    area: str
    about: tuple[Cited, ...] = ()
    before: Cited | None = None
    changes: tuple[Cited, ...] = ()
    more: int = 0
    added: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    rust: bool = True
    merged: bool = False  # applied in the same span
    series: str = ""  # what all its versions have in common
    replies: int = 0  # of others, in the span
    reviewed: tuple[str, ...] = ()  # who signed it: reviewed, acked or tested
    tags: tuple[tuple[str, str], ...] = ()  # ("reviewed", who)
    repair: Repair = Repair()


@dataclass(frozen=True, slots=True)
class Applied:
    """Somebody says that he has applied something. ``mail`` holds his words; ``which`` is "" for all of it."""

    title: str
    label: str
    mail: Cited
    by: str
    tree: str
    author: str
    which: str = ""
    commit: str = ""
    date: datetime | None = None
    about: tuple[Cited, ...] = ()
    pull: bool = False
    also: tuple[Cited, ...] = ()  # other mails that say so


@dataclass(frozen=True, slots=True)
class Position:
    """What one person holds: ``stance`` is "objects", "proposes" or "agrees". ``to`` is what he answers, if known."""

    stance: str
    said: Cited
    to: Cited | None = None
    answered: bool = True  # whether anybody has replied to it
    worth: float = 0.0  # among what is said in its thread


@dataclass(frozen=True, slots=True)
class Discussion:
    """A thread that people talked in. ``mails`` counts people's mails of the span, ``authors`` are their names,
    those who apply patches first; ``keepers`` is how many of these there are. ``replies`` are what people said
    besides, each with what it answers.

    ``outcome`` is what came of it in the span ("applied to nova-next", "v17 followed", "decided"), "" when nothing
    did as yet; ``settled`` is the mail that shows it. ``tags`` were given in the span: ("reviewed", who).
    """

    title: str
    first: Cited
    mails: int
    authors: tuple[str, ...]
    keepers: int
    area: str
    gist: tuple[Cited, ...] = ()
    positions: tuple[Position, ...] = ()
    weight: float = 0.0
    label: str = ""
    outcome: str = ""
    replies: tuple[Position, ...] = ()  # of no stance
    settled: Cited | None = None
    changes: tuple[Cited, ...] = ()  # of the version that followed, or else of the one that is talked about
    tags: tuple[tuple[str, str], ...] = ()
    last: Cited | None = None  # the last mail of the span


@dataclass(frozen=True, slots=True)
class Waiting:
    """Something that waits for somebody. ``why`` is "no reply", "asked again" or "unanswered"; ``said`` shows it."""

    title: str
    label: str
    mail: Cited
    author: str
    why: str
    days: int
    said: Cited | None = None


@dataclass(frozen=True, slots=True)
class Mention:
    """A thread that belongs under a heading, and the words for which it does.

    ``fate`` is what became of a fix until the span's end ("applied to rust-fixes by Ada"), ``settled`` shows it.
    """

    title: str
    mail: Cited
    said: Cited | None = None
    author: str = ""
    done: str = ""  # what became of it in this span: "applied", "v3"
    repair: Repair = Repair()
    kind: str = ""  # of what is unsound: "fix", "report", "review", "open", "hardening", "advisory"
    fate: str = ""
    settled: Cited | None = None
    tags: tuple[tuple[str, str], ...] = ()  # all that were given until the span's end
    replies: int = 0  # of others, in the span
    first: datetime | None = None  # when its first version was posted
    files: Cited | None = None  # what a merge conflict is in


@dataclass(frozen=True, slots=True)
class Newcomer:
    """Somebody's first patch in all the mail read, and how many people answered it."""

    author: str
    title: str
    mail: Cited
    answered: int = 0


@dataclass(frozen=True, slots=True)
class Article:
    """A post, and what it says, in its own words."""

    title: str
    mail: Cited
    source: str
    date: datetime | None
    gist: tuple[Cited, ...] = ()


@dataclass(frozen=True, slots=True)
class Activity:
    """How much was said about an area: people's mails in this week, and in each of the weeks before, oldest first."""

    area: str
    now: int
    before: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Pulse:
    """One week in numbers, for the chart."""

    week: str
    mails: int
    posted: int
    applied: int


@dataclass(frozen=True, slots=True)
class Digest:
    """What happened between ``begin`` and ``end``. ``week`` is "2025-W28", or "" for another span.

    ``until`` is the date of the newest mail read; ``stalled`` names sources that should have said more.
    """

    week: str
    begin: datetime
    end: datetime
    mails: int
    threads: int
    people: int
    topics: tuple[str, ...] = ()
    applied: tuple[Applied, ...] = ()
    discussions: tuple[Discussion, ...] = ()
    security: tuple[Mention, ...] = ()
    new_series: tuple[Posting, ...] = ()
    new_versions: tuple[Posting, ...] = ()
    waiting: tuple[Waiting, ...] = ()
    toolchain: tuple[Mention, ...] = ()
    pulls: tuple[Mention, ...] = ()
    newcomers: tuple[Newcomer, ...] = ()
    posts: tuple[Article, ...] = ()
    activity: tuple[Activity, ...] = ()
    pulse: tuple[Pulse, ...] = ()
    bots: int = 0
    until: datetime | None = None
    stalled: tuple[str, ...] = field(default=())
    lists: tuple[tuple[str, int], ...] = ()  # where the mails went, and how many
    sources: tuple[str, ...] = ()  # whose posts were read

    @property
    def quiet(self) -> bool:
        """Whether nothing happened that anybody would want to read."""
        return not (self.applied or self.discussions or self.new_series or self.new_versions or self.security)


def citations(value: object) -> Iterator[Cited]:
    """Yield everything that ``value`` cites."""
    if isinstance(value, Cited):
        yield value
    elif isinstance(value, tuple):
        for one in value:
            yield from citations(one)
    elif is_dataclass(value):
        for each in fields(value):
            yield from citations(getattr(value, each.name))
