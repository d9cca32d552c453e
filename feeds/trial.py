"""Trying a source before it is kept: its first batch is read, and nothing is stored."""

from __future__ import annotations

from dataclasses import dataclass

from feeds.errors import Unreadable
from feeds.kinds import Feed
from feeds.relevance import relevant

SHOWN = 3


@dataclass(frozen=True, slots=True)
class Trial:
    """What a source's first batch holds: how many items, how many of them are relevant, some titles."""

    items: int
    relevant: int
    titles: tuple[str, ...]
    rejected: int


def try_out(feed: Feed) -> Trial:
    """Read the first batch. Raises ``FeedError`` when nothing can be read, or nothing in it is usable."""
    for batch in feed.read(""):
        if not batch.parts and batch.rejected:
            first = batch.rejected[0]
            raise Unreadable(f"nothing in it can be used: {first.where}: {first.reason}")
        titles = tuple(part.title for part in batch.parts[:SHOWN])
        return Trial(len(batch.parts), sum(map(relevant, batch.parts)), titles, len(batch.rejected))
    return Trial(0, 0, (), 0)
