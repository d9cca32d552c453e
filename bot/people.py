"""Whom one could ask: who lately applied, reviewed and wrote patches of the kind in question. Pure.

Only what people did in the mail that was read counts, each with the mail it can be seen in; nobody is said to be
responsible for anything. What happened a year earlier counts half; so does what is less to the point.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.series import REVIEWS
from index.history import LATE, History
from index.model import Event

WORTH = {"applied": 3.0, "posted": 1.0} | dict.fromkeys(REVIEWS, 2.0)
DONE = {"applied": "applied", "posted": "posted"} | dict.fromkeys(REVIEWS, "reviewed")
HALF = timedelta(days=365)
FADES = 3  # places after which a history is half as much to the point


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


def people(histories: Sequence[History], is_bot: Callable[[str], bool], limit: int = 6) -> list[Person]:
    """Return who did most in these histories, best first. The histories that are most to the point come first."""
    did: dict[str, list[Event]] = {}
    point: dict[Event, float] = {}
    for place, history in enumerate(histories):
        for event in _events(history):
            if event.when and event not in point and not is_bot(event.part):
                point[event] = 0.5 ** (place / FADES)
                did.setdefault(event.who, []).append(event)
    newest = max(map(_when, point), default=LATE)
    worth = {name: sum(_worth(e, newest) * point[e] for e in events) for name, events in did.items()}
    best = sorted(worth, key=lambda name: (-worth[name], name))[:limit]
    return [Person(name, tuple(sorted(did[name], key=_when, reverse=True))) for name in best]


def _events(history: History) -> Iterator[Event]:
    return (event for event in history.events if event.kind in WORTH)


def _worth(event: Event, newest: datetime) -> float:
    return float(WORTH[event.kind] * 0.5 ** ((newest - _when(event)) / HALF))


def _when(event: Event) -> datetime:
    return event.when or LATE
