"""How a series stands, said from observed events only: who posted what, who applied it where. Pure.

Nothing is predicted: "applied" is said when a mail says so, with its words, and otherwise only which
version is the newest that was read. Every statement has the part and the quote it comes from.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from feeds.applied import where
from index.history import History, Version
from index.model import Event
from index.passages import subject

MOST = 3  # statements


@dataclass(frozen=True, slots=True)
class Statement:
    """One observed fact in a sentence, the part that says it, and its words there ("" is the part's opening)."""

    text: str
    part: str
    quote: str


def best_history(
    subjects: Mapping[str, int], scores: Mapping[str, float], title_share: Callable[[int], float]
) -> list[int]:
    """Return subjects by how well their parts match, best first: the best part, its fellows, and their titles."""
    found: dict[int, list[float]] = {}
    for part, number in subjects.items():
        found.setdefault(number, []).append(scores.get(part, 0.0))
    worth = {n: max(s) + 0.2 * sum(sorted(s)[-4:-1]) + 0.5 * title_share(n) for n, s in found.items()}
    return sorted(worth, key=lambda n: (-worth[n], n))


def statements(history: History, until: datetime | None = None) -> Iterator[Statement]:
    """Yield how ``history`` stands: what was applied, the newest version first; else what was posted last."""
    versions = [v for v in history.versions if not until or not v.date or v.date <= until]
    applied = [
        Applied(version, event, where(event.detail).tree, where(event.detail).parts)
        for version in reversed(versions)
        for event in version.applied
        if not until or not event.when or event.when <= until
    ]
    yield from map(_applied, _together(applied)[:MOST])
    if versions and (not applied or applied[0].version != versions[-1]):
        yield _posted(versions[-1], known=not applied)


@dataclass(frozen=True, slots=True)
class Applied:
    """An event that says that of ``version`` some ``parts`` ("" is all of it) went into ``tree`` ("" is unknown)."""

    version: Version
    event: Event
    tree: str
    parts: str


def _together(applied: Sequence[Applied]) -> list[Applied]:
    """Make one of what one person says in several mails of one version and tree: patch by patch."""
    groups: dict[tuple[str, str, str], list[Applied]] = {}
    for a in applied:
        groups.setdefault((a.version.root, a.event.who, a.tree), []).append(a)
    return [replace(g[0], parts=_joined([a.parts for a in g])) for g in groups.values()]


def _joined(parts: Sequence[str]) -> str:
    return "" if "" in parts else ",".join(dict.fromkeys(parts))


def _applied(applied: Applied) -> Statement:
    version, event = applied.version, applied.event
    several = "es" if re.search("[-,]", applied.parts) else ""
    what = f"patch{several} {applied.parts} of " if applied.parts else ""
    to = f" to {applied.tree}" if applied.tree else ""
    text = f"{event.who} applied {what}{version.label} of “{subject(version.title)}”{to}{_on(event.when)}"
    return Statement(f"{text}: “{' '.join(event.quote.split())}”", event.part, event.quote)


def _posted(version: Version, *, known: bool) -> Statement:
    text = f"{version.author} posted {version.label} of “{subject(version.title)}”{_on(version.date)}"
    more = "; I have read no mail that says it was applied" if known else ", which came after that"
    return Statement(f"{text}, the newest version that I have read{more}.", version.root, "")


def _on(when: datetime | None) -> str:
    return f" on {when.date().isoformat()}" if when else ""
