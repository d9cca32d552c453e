"""The seam between krab and places that hold vectors: one file in this folder a store.

A store is a cache: it is filled from the catalogue and can be thrown away. Numbers are those of
passages, unique and never used again. Stores know nothing of texts, parts or generations.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from index.embed import Vectors

ALL = sys.maxsize  # above every number


class VectorStore(Protocol):
    """Numbered unit vectors, searched by inner product. A server raises ``Unreachable`` where it can't be used."""

    def add(self, numbers: Sequence[int], vectors: Vectors) -> None:
        """Add float32 vectors of shape (len(numbers), d); a number that is there is replaced."""
        ...

    def remove(self, numbers: Sequence[int]) -> None:
        """Remove vectors; numbers that aren't there are ignored."""
        ...

    def search(self, vector: Vectors, k: int) -> list[tuple[int, float]]:
        """Return at most ``k`` (number, inner product), best first, for one vector of shape (d,)."""
        ...

    def numbers(self) -> set[int]:
        """Return the numbers of all vectors."""
        ...


class VectorFile(VectorStore, Protocol):
    """A store in this process's memory, kept in a file."""

    def search(self, vector: Vectors, k: int, among: Sequence[int] | None = None) -> list[tuple[int, float]]:
        """Search as every store does; with ``among`` only those numbers are compared, as far as they are there."""
        ...

    def save(self, path: Path) -> None:
        """Write everything to ``path``, atomically. Raises ``Unusable``."""
        ...

    def load(self, path: Path) -> bool:
        """Replace everything by what ``save`` wrote; False (and empty) when that is absent or damaged."""
        ...


class VectorServer(VectorStore, Protocol):
    """A store that several processes share. What was added may be found some seconds later."""

    def numbers(self, low: int = 0, high: int = ALL) -> set[int]:
        """Return the numbers of all vectors from ``low`` to before ``high``, those just added too."""
        ...

    def count(self, low: int = 0, high: int = ALL) -> int:
        """Return how many vectors have numbers from ``low`` to before ``high``, those just added too."""
        ...

    def publish(self) -> None:
        """Tell whoever else reads the server that these are the vectors that answer."""
        ...
