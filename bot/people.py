"""Whom one could ask: who lately applied, reviewed and wrote patches of the kind in question. Pure.

Only what people did in the mail that was read counts, each with the mail it can be seen in; nobody is said to be
responsible for anything. What happened a year earlier counts half.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.series import REVIEWS
from index.history import LATE, History
from index.model import Event

WORTH = {"applied": 3.0, "posted": 1.0} | dict.fromkeys(REVIEWS, 2.0)
DONE = {"applied": "applied", "posted": "posted"} | dict.fromkeys(REVIEWS, "reviewed")
HALF = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody, and what he did of late, newest first."""

    name: str
    did: tuple[Event, ...]

    def counted(self) -> Iterator[tuple[str, int]]:
        """Yield what he did and how often: ("applied", 3), ("reviewed", 2)."""
        for what in ("applied", "reviewed", "posted"):
            if number := sum(DONE[event.kind] == what for event in self.did):
                yield what, number


def people(histories: Iterable[History], is_bot: Callable[[str], bool], limit: int = 6) -> list[Person]:
    """Return who did most in these histories, best first."""
    did: dict[str, list[Event]] = {}
    for event in dict.fromkeys(e for h in histories for e in _events(h)):
        if event.when and not is_bot(event.part):
            did.setdefault(event.who, []).append(event)
    newest = max((_when(e) for events in did.values() for e in events), default=None)
    if newest is None:
        return []
    ranked = sorted(did.items(), key=lambda item: (-_worth(item[1], newest), item[0]))
    return [Person(name, tuple(sorted(events, key=_when, reverse=True))) for name, events in ranked[:limit]]


def _events(history: History) -> Iterator[Event]:
    return (event for event in history.events if event.kind in WORTH)


def _worth(events: Iterable[Event], newest: datetime) -> float:
    return float(sum(WORTH[e.kind] * 0.5 ** ((newest - _when(e)) / HALF) for e in events))


def _when(event: Event) -> datetime:
    return event.when or LATE
