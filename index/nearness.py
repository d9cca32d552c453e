"""What of one generation is near in meaning: a cache of the catalogue's vectors, in memory and in a file.

It is compared with the catalogue (a set difference over passage numbers, which are never used again) and
repaired from it; a file that is gone or damaged is only a bigger difference. ``index.served`` is the other
way: vectors on a server that several processes share.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from index.catalog import Catalog, Generation
from index.embed import Vectors
from index.stores import VectorFile

_AT_ONCE = 10_000


class Nearness(Protocol):
    """The vectors of one generation. May be used by several threads."""

    def sync(self, touched: Collection[int] | None = None) -> None:
        """Bring it up to the catalogue.

        ``touched`` are the numbers that this process has added or removed; None when more may differ.
        """
        ...

    def nearest(self, vector: Vectors, k: int) -> list[tuple[int, float]] | None:
        """Return at most ``k`` (number, cosine), best first; None when it could not be asked."""
        ...

    def cosines(self, vector: Vectors, numbers: Sequence[int]) -> Mapping[int, float]:
        """Return how near each of ``numbers`` is, exactly."""
        ...

    def save(self) -> None:
        """Keep what the next start would have to do again. Raises ``Unusable``."""
        ...

    def close(self) -> None:
        """End what was begun in the background."""
        ...

    @property
    def trouble(self) -> str:
        """Why nothing is found just now, in a line; "" when all is well."""
        ...


Opening = Callable[[Path, Catalog, Generation, int], Nearness]
"""Opens the vectors of a generation: the data directory, the catalogue, the generation, its dimensions."""


def filed(new_store: Callable[[int], VectorFile]) -> Opening:
    """Return what opens vectors kept in a file of the data directory."""

    def opened(folder: Path, catalog: Catalog, generation: Generation, dimensions: int) -> Filed:
        return Filed(folder / f"vectors-{generation.number}.faiss", catalog, generation, new_store(dimensions))

    return opened


class Filed:
    """Vectors in this process's memory, and in a file that saves the next start some work."""

    trouble = ""

    def __init__(self, file: Path, catalog: Catalog, generation: Generation, store: VectorFile) -> None:
        self._file = file
        self._catalog = catalog
        self._generation = generation
        self._lock = threading.Lock()
        self._seen = -1
        self.store = store
        self._stale = not store.load(file)

    def sync(self, touched: Collection[int] | None = None) -> None:
        """Bring it up to the catalogue, whoever has changed that."""
        with self._lock:
            tick = self._catalog.tick()
            if touched is None or tick != self._seen:
                self._repair()
                self._seen = tick

    def _repair(self) -> None:
        wanted, have = set(self._catalog.numbers(self._generation)), self.store.numbers()
        gone, missing = have - wanted, sorted(wanted - have)
        if gone:
            self.store.remove(sorted(gone))
        for start in range(0, len(missing), _AT_ONCE):
            self.store.add(*self._catalog.vectors(self._generation, missing[start : start + _AT_ONCE]))
        self._stale = self._stale or bool(gone or missing)

    def nearest(self, vector: Vectors, k: int) -> list[tuple[int, float]]:
        """Return at most ``k`` (number, cosine), best first."""
        with self._lock:
            return self.store.search(vector, k)

    def cosines(self, vector: Vectors, numbers: Sequence[int]) -> Mapping[int, float]:
        """Return how near each of ``numbers`` is."""
        with self._lock:
            return dict(self.store.search(vector, len(numbers), numbers))

    def save(self) -> None:
        """Write the vectors to disk, when they have changed, so that the next start is quick."""
        with self._lock:
            if self._stale:
                self.store.save(self._file)
                self._stale = False

    def close(self) -> None:
        """Nothing goes on in the background."""
