"""The seam between krab and places that hold vectors: one file in this folder a store.

A store is a cache: it is filled from the catalogue and can be thrown away. Numbers are those of
passages, unique and never used again. Stores know nothing of texts, parts or generations.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from index.embed import Vectors


class VectorStore(Protocol):
    """Numbered unit vectors, searched by inner product."""

    def add(self, numbers: Sequence[int], vectors: Vectors) -> None:
        """Add float32 vectors of shape (len(numbers), d); a number that is there is replaced."""
        ...

    def remove(self, numbers: Sequence[int]) -> None:
        """Remove vectors; numbers that aren't there are ignored."""
        ...

    def search(self, vector: Vectors, k: int, among: Sequence[int] | None = None) -> list[tuple[int, float]]:
        """Return at most ``k`` (number, inner product), best first, for one vector of shape (d,).

        With ``among`` only those numbers are compared, as far as they are there.
        """
        ...

    def numbers(self) -> set[int]:
        """Return the numbers of all vectors."""
        ...

    def save(self, path: Path) -> None:
        """Write everything to ``path``, atomically. Raises ``Unusable``."""
        ...

    def load(self, path: Path) -> bool:
        """Replace everything by what ``save`` wrote; False (and empty) when that is absent or damaged."""
        ...
