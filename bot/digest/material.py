"""What a digest is composed of, as it was read from the index. Values only."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property

from bot.digest.model import Cited
from bot.digest.sentences import sentences
from bot.digest.span import Span
from feeds.signed import plain_name
from index.history import History, Version
from index.model import Event, Part

_RECALL = re.compile(r"(?:\s*re:)?\s*(?:recall:|message recall|撤回)", re.IGNORECASE)
LETTER = ("cover", "patch", "pull")


@dataclass(frozen=True)  # no slots: what is derived is kept
class Talk:
    """A thread with all re-rolls of its series in the span: every part until the span's end, oldest first.

    ``histories`` are the series that its parts post or answer, known as far as the span's end.
    """

    span: Span
    parts: tuple[Part, ...]
    histories: tuple[History, ...] = ()

    @cached_property
    def fresh(self) -> tuple[Part, ...]:
        """What was written in the span."""
        return tuple(p for p in self.parts if p.date and p.date >= self.span.begin)

    @cached_property
    def said(self) -> tuple[Part, ...]:
        """What people answered in the span: no patches, no machines."""
        return tuple(p for p in self.fresh if person(p) and not posts(p))

    @cached_property
    def people(self) -> tuple[str, ...]:
        """Who answered in the span, most mails first."""
        names: dict[str, list[str]] = {}
        for part in self.said:
            names.setdefault(plain_name(part.author), []).append(part.author)
        return tuple(found[0] for found in sorted(names.values(), key=len, reverse=True))

    @cached_property
    def own(self) -> Mapping[str, tuple[Cited, ...]]:
        """The sentences of what was written in the span, by part."""
        return {p.id: tuple(sentences(p)) for p in self.fresh}

    @cached_property
    def by_id(self) -> Mapping[str, Part]:
        """Its parts, by id."""
        return {p.id: p for p in self.parts}

    def part(self, id_: str) -> Part | None:
        """Return one of its parts."""
        return self.by_id.get(id_)

    def version(self, id_: str) -> tuple[History, Version] | None:
        """Return the version that a part posted or is an event of."""
        for history in self.histories:
            if version := history.version_of(id_):
                return history, version
        return None


@dataclass(frozen=True, slots=True)
class Past:
    """What is known of a mail of the weeks before: enough to count it, and to see who waits."""

    part: str
    document: int
    author: str
    date: datetime
    labels: tuple[str, ...]
    applied: bool = False

    @property
    def posts(self) -> bool:
        """Whether it posts something."""
        return any(label in self.labels for label in LETTER) and "reply" not in self.labels


@dataclass(frozen=True, slots=True)
class Material:
    """Everything that ``compose`` looks at.

    ``keepers`` are the people who have applied patches before the span's end, by their plain names;
    ``firsts`` when each person first posted something, in all mail read; ``past`` the mails of the weeks
    before the span and in it; ``waiting`` the threads of those that may still wait for a reply.
    """

    span: Span
    talks: tuple[Talk, ...] = ()
    waiting: tuple[Talk, ...] = ()
    open: tuple[Talk, ...] = ()  # repairs of the weeks before, of which nothing was heard in the span
    posts: tuple[Part, ...] = ()
    past: tuple[Past, ...] = ()
    keepers: frozenset[str] = frozenset()
    firsts: Mapping[str, datetime] = field(default_factory=dict)
    written: Mapping[str, int] = field(default_factory=dict)  # mails of each person before the span
    named: frozenset[str] = frozenset()  # who post for the first time, but were named in mails before the span
    until: datetime | None = None
    stalled: tuple[str, ...] = ()


def person(part: Part) -> bool:
    """Whether somebody wrote it himself."""
    return "bot" not in part.labels


def posts(part: Part) -> bool:
    """Whether it posts patches or a pull request."""
    return any(event.kind == "posted" for event in part.events)


def recalled(part: Part) -> bool:
    """Whether a mail program says that somebody wants a mail of his back."""
    return bool(_RECALL.match(part.title))


def known_at(history: History, end: datetime) -> History | None:
    """Return a history as it was known at ``end``; None when nothing of it was."""
    versions = [replace(v, events=_before(v.events, end)) for v in history.versions if v.date and v.date < end]
    return replace(history, versions=tuple(versions)) if versions else None


def _before(events: tuple[Event, ...], end: datetime) -> tuple[Event, ...]:
    return tuple(e for e in events if e.when and e.when < end)
