"""The seam between krab and the places it reads: one file in this folder a kind of source.

A kind is found by its file name (``kind = "lore"`` is ``feeds/kinds/lore.py``), which has a function
``open(source: Source, client: Client) -> Feed``. Everything here is synchronous: a poll is one unit
of work that the caller runs in a thread of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from index.model import Batch


@dataclass(frozen=True, slots=True)
class Source:
    """One ``[[sources]]`` entry of the configuration. ``every`` is seconds, or None for adaptive.

    ``private`` are patterns of the channels ("slack:C0123*") whose people may be told what it says; none: all.
    """

    name: str
    kind: str
    url: str
    every: float | None = None
    filter: str = "all"  # "relevant" | "all"
    private: tuple[str, ...] = ()


class Feed(Protocol):
    """A place that parts come from."""

    def read(self, cursor: str) -> Iterator[Batch]:
        """Everything after ``cursor`` ("" is the beginning), oldest first, in batches.

        Each batch carries the cursor that is right once the batch is stored; a crash in between
        delivers the batch again. Raises ``FeedError`` when the source can't be read now.
        """
        ...
