"""How much krab takes on: of one person, of one channel, in all. Policy as values; nobody sleeps here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic


@dataclass(frozen=True, slots=True)
class Limits:
    """``per_user`` and ``per_channel`` are questions a minute (0 is no limit), ``patience`` seconds of thinking.

    ``at_once`` questions are thought about, ``waiting`` more may wait, for ``queue_patience`` seconds.
    """

    at_once: int = 2
    waiting: int = 500
    patience: float = 60.0
    queue_patience: float = 600.0
    longest: int = 4_000  # characters of a question that are read
    per_user: int = 30
    per_channel: int = 120


@dataclass(frozen=True, slots=True)
class Bucket:
    """What is left of a minute's questions, at a moment."""

    left: float
    at: float


def draw(bucket: Bucket | None, now: float, per_minute: int) -> tuple[Bucket, float]:
    """Take one question out of a bucket; the bucket then, and how many seconds too early this is (0: it is fine)."""
    full = float(per_minute)
    left = full if bucket is None else min(full, bucket.left + (now - bucket.at) * full / 60)
    if left >= 1:
        return Bucket(left - 1, now), 0.0
    return Bucket(left, now), (1 - left) * 60 / full


class Meter:
    """Counts questions of people and channels."""

    def __init__(self, limits: Limits, clock: Callable[[], float] = monotonic) -> None:
        self._limits = limits
        self._clock = clock
        self._buckets: dict[tuple[str, ...], Bucket] = {}

    def too_early(self, person: tuple[str, ...], channel: tuple[str, ...] | None) -> float:
        """Count a question; how many seconds the person should wait before it is taken (0: it is)."""
        now = self._clock()
        self._forget(now)
        asked = [(("person", *person), self._limits.per_user)]
        asked += [(("channel", *channel), self._limits.per_channel)] if channel else []
        drawn = {key: draw(self._buckets.get(key), now, limit) for key, limit in asked if limit}
        wait = max((early for _, early in drawn.values()), default=0.0)
        if not wait:  # who is told to wait has not used up the channel's share
            self._buckets |= {key: bucket for key, (bucket, _) in drawn.items()}
        return wait

    def _forget(self, now: float) -> None:
        """After a minute a bucket is full again, as one that was never drawn from."""
        if len(self._buckets) > 10_000:
            self._buckets = {key: bucket for key, bucket in self._buckets.items() if now - bucket.at < 60}
