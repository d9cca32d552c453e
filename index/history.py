"""A subject's history as a value: its versions, and what happened to each. No tables here.

A ``posted`` event's ``detail`` says "LABEL PLACE/TOTAL", as in "v3 2/17": parts with one label are one
version, place 0 is an introduction and counts for no part. That a version is superseded is said by the
next one's being there, and cited from it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from index.model import Event

DETAIL = re.compile(r"(?P<label>.*?v(?P<number>\d+)) (?P<place>\d+)/(?P<total>\d+)$")
LATE = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a subject. ``root`` is its first part; ``expected`` of its parts exist, ``seen`` were read.

    ``parts`` are the ids of all parts that posted it; ``events`` what happened to it, oldest first.
    """

    label: str
    number: int
    root: str
    title: str
    author: str
    date: datetime | None
    expected: int
    seen: int
    parts: tuple[str, ...]
    events: tuple[Event, ...]

    @property
    def applied(self) -> tuple[Event, ...]:
        """Where it says that it was applied."""
        return tuple(e for e in self.events if e.kind == "applied")


@dataclass(frozen=True, slots=True)
class History:
    """A subject: its versions, oldest first, and everything that happened. ``subject`` is the first root's id."""

    subject: str
    versions: tuple[Version, ...]

    @property
    def newest(self) -> Version:
        """The version that no other supersedes."""
        return self.versions[-1]

    @property
    def title(self) -> str:
        """The newest version's title."""
        return self.newest.title

    @property
    def events(self) -> tuple[Event, ...]:
        """Everything, oldest first."""
        return tuple(sorted((e for v in self.versions for e in v.events), key=_order))

    @property
    def applied(self) -> tuple[Event, ...]:
        """Where it says that something of it was applied, oldest first."""
        return tuple(e for e in self.events if e.kind == "applied")

    def version_of(self, part: str) -> Version | None:
        """Return the version that ``part`` posted, or else is an event of."""
        posted = (v for v in self.versions if part in v.parts)
        answered = (v for v in self.versions if any(e.part == part for e in v.events))
        return next(posted, None) or next(answered, None)


def labelled(posted: Iterable[tuple[int, Event]]) -> dict[str, list[Event]]:
    """Return posted events, each given with the number of its issue, by a name of their version.

    Issues of one label are one version sent again when they are entitled alike; else two that bear the same number.
    """
    issues: dict[int, list[Event]] = {}
    for issue, event in posted:
        issues.setdefault(issue, []).append(event)
    found: dict[str, list[Event]] = {}
    for some in issues.values():
        first = min(some, key=place)
        name = _label(first)
        heads = {_entitled(event) for event in found.get(name, ()) if _head(event)}
        if heads and _head(first) and _entitled(first) not in heads:
            name = f"{name} of {first.part}"
        found.setdefault(name, []).extend(some)
    return found


def _head(event: Event) -> bool:
    """Whether a posted event stands for its whole version: an introduction, or the only part."""
    match = DETAIL.match(event.detail)
    return match is None or match["place"].strip("0") == "" or match["total"] == "1"


def _entitled(event: Event) -> str:
    """A title without its tags."""
    return event.quote.rpartition("]")[2].strip().casefold()


def history(posted: Mapping[str, Sequence[Event]], happened: Mapping[str, Sequence[Event]]) -> History:
    """Put a history together out of what was posted and what happened to that, both by label."""
    versions = [_version(some, happened.get(name, ())) for name, some in posted.items()]
    versions.sort(key=lambda v: (v.date or LATE, v.number, v.root))
    name = versions[0].root
    after: list[Version | None] = [*versions[1:], None]
    return History(name, tuple(_named(v, name, newer) for v, newer in zip(versions, after, strict=True)))


def _version(posted: Sequence[Event], events: Sequence[Event]) -> Version:
    posted = sorted(posted, key=place)
    root = posted[0]
    read = [m for event in posted if (m := DETAIL.match(event.detail))]
    return Version(
        label=_label(root),
        number=max((int(m["number"]) for m in read), default=1),
        root=root.part,
        title=root.quote,
        author=root.who,
        date=min((e.when for e in posted if e.when), default=None),
        expected=max((int(m["total"]) for m in read), default=1),
        seen=len({m["place"].lstrip("0") for m in read} - {""}) if read else 1,
        parts=tuple(event.part for event in posted),
        events=(replace(root, detail=_label(root)), *sorted(events, key=_order)),
    )


def _named(version: Version, subject: str, newer: Version | None) -> Version:
    events = version.events
    if newer:
        quote = newer.title
        events += (Event(subject, "superseded", newer.author, newer.date, newer.root, quote, f"by {newer.label}"),)
    return replace(version, events=tuple(replace(event, subject=subject) for event in events))


def place(event: Event) -> tuple[int, tuple[datetime, str, str]]:
    """Return a key that sorts posted events: introductions first, then by place and date."""
    match = DETAIL.match(event.detail)
    return int(match["place"]) if match else 1, _order(event)


def _label(event: Event) -> str:
    match = DETAIL.match(event.detail)
    return match["label"] if match else event.detail


def _order(event: Event) -> tuple[datetime, str, str]:
    return (event.when or LATE, event.part, event.kind)
