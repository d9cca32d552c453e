"""How a series stands, said from observed events only: who posted what, who applied it where. Pure.

Nothing is predicted: "applied" is said when a mail says so, with its words, and otherwise only which
version is the newest that was read. A statement says no more than the mails that it cites: the version and the
patch are those of the mail's own title, a tree is named where the quote names it, and what a bot
saw is told as the bot's report.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from feeds.applied import COMMITTER, where
from feeds.subject import Subject, parse
from index.history import History, Version
from index.model import Event, Part
from index.passages import subject

MOST = 3  # statements
TOGETHER = 3  # mails in one statement
LONGEST = 400  # characters of a quote that is extended
_SUBSET = re.compile(r"\(subset\)\s*", re.IGNORECASE)
_VERSION = re.compile(r"\[[^\]]*\b(?:v\d|RFC\b)", re.IGNORECASE)
Source = Callable[[str], Part | None]


@dataclass(frozen=True, slots=True)
class Cited:
    """The part that says something, and its words there ("" is the part's opening)."""

    part: str
    quote: str


@dataclass(frozen=True, slots=True)
class Statement:
    """One observed fact in a sentence, and what says it: never nothing."""

    text: str
    cited: tuple[Cited, ...]


def best_history(
    subjects: Mapping[str, int], scores: Mapping[str, float], title_share: Callable[[int], float]
) -> list[int]:
    """Return subjects by how well their parts match, best first: the best part, its fellows, and their titles."""
    found: dict[int, list[float]] = {}
    for part, number in subjects.items():
        found.setdefault(number, []).append(scores.get(part, 0.0))
    worth = {n: max(s) + 0.2 * sum(sorted(s)[-4:-1]) + 0.5 * title_share(n) for n, s in found.items()}
    return sorted(worth, key=lambda n: (-worth[n], n))


def statements(history: History, source: Source, until: datetime | None = None) -> Iterator[Statement]:
    """Yield how ``history`` stands: what was applied, the newest version first; else what was posted last.

    ``source`` gives the part of an id.
    """
    versions = [v for v in history.versions if not until or not v.date or v.date <= until]
    applied = [
        Applied(version, event, part)
        for version in reversed(versions)
        for event in version.applied
        if (not until or not event.when or event.when <= until) and (part := source(event.part))
    ]
    yield from map(_told, _together(applied)[:MOST])
    if versions and (not applied or applied[0].version != versions[-1]):
        yield _posted(versions[-1], known=not applied)


@dataclass(frozen=True, slots=True)
class Applied:
    """An event that says that of ``version`` something was applied, and the part that tells it."""

    version: Version
    event: Event
    part: Part

    @property
    def watched(self) -> bool:
        """Whether it is a bot that tells it."""
        return "bot" in self.part.labels

    @property
    def about(self) -> Subject:
        """What the title of the mail says that it is about."""
        return parse(_SUBSET.sub("", self.part.title))

    @property
    def parts(self) -> str:
        """Which patches were applied: "1-3,5"; "" for all of them."""
        return where(self.event.detail).parts

    @property
    def tree(self) -> str:
        """Where to, as far as the quote names it."""
        tree = where(self.event.detail).tree
        return tree if tree and all(word in self.quote for word in re.findall(r"[^/:]+", tree)) else ""

    @property
    def quote(self) -> str:
        """The words that say so, with the line that names the tree if that stands below."""
        quote, tree = self.event.quote, where(self.event.detail).tree
        last = re.split("[/:]", tree)[-1]
        begin = self.part.text.find(quote)
        if not last or last in quote or begin < 0:
            return quote
        end = self.part.text.find(last, begin)
        longer = self.part.text[begin : end + len(last)]
        return longer if end > begin and len(longer) <= LONGEST else quote

    @property
    def single(self) -> bool:
        """Whether the mail answers one patch of several, and speaks of that alone."""
        return bool(self.parts and self.about.position and self.about.numbered)


def _what(group: Sequence[Applied]) -> str:
    """Say what was applied: of the patches no more than the quotes name, or the titles of the mails they stand in."""
    if all(a.single for a in group):
        patches = dict.fromkeys(f"{a.about.position}/{a.about.total} (“{a.about.title}”)" for a in group)
        return f"patch{'es' if len(patches) > 1 else ''} {_listed(list(patches))} of {group[0].about.label}"
    first, about = group[0], group[0].about
    version = f"{about.label} of " if _VERSION.search(first.part.title) else ""
    titles = _listed(list(dict.fromkeys(f"“{a.about.title}”" for a in group)))
    if not first.parts:
        return version + (f"the series of {titles}" if about.numbered and about.position else titles)
    named = set(re.findall(r"\d+", first.parts)) <= set(re.findall(r"\d+", first.quote))
    return f"{f'patches {first.parts}' if named else 'a part'} of {version}{titles}"


def _listed(items: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(items[:-1]), items[-1])))


def _together(applied: Sequence[Applied]) -> list[list[Applied]]:
    """Return what one person says in several mails of one version and tree together.

    Newest version first; of one version what is said of all of it, and what people say themselves.
    """
    groups: dict[tuple[str, str, str, bool], list[Applied]] = {}
    for a in applied:
        groups.setdefault((a.version.root, a.event.who, a.tree, a.single), []).append(a)
    order = {a.version.root: n for n, a in reversed(list(enumerate(applied)))}
    return sorted(groups.values(), key=lambda g: (order[g[0].version.root], bool(g[0].parts), g[0].watched))


def _told(group: Sequence[Applied]) -> Statement:
    first, some = group[0], group[:TOGETHER]
    what, words = _what(some), f"{_on(first.event.when)}: “{' '.join(first.quote.split())}”"
    cited = tuple(Cited(a.part.id, a.quote) for a in some)
    if not first.watched:
        to = f" to {first.tree}" if first.tree else ""
        return Statement(f"{first.event.who} applied {what}{to}{words}", cited)
    committer = COMMITTER.search(first.part.text)
    by = f" (committer: {committer['who']})" if committer else ""
    who = (Cited(first.part.id, committer[0]),) if committer else ()
    return Statement(f"{first.part.author} reported about {what}{by}{words}", cited + who)


def _posted(version: Version, *, known: bool) -> Statement:
    text = f"{version.author} posted {version.label} of “{subject(version.title)}”{_on(version.date)}"
    more = "; I have read no mail that says it was applied" if known else ", which came after that"
    return Statement(f"{text}, the newest version that I have read{more}.", (Cited(version.root, ""),))


def _on(when: datetime | None) -> str:
    return f" on {when.date().isoformat()}" if when else ""
