"""Vectors in a dictionary, compared one by one: the exact reference the others are held against."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from index.embed import Vectors
from index.stores.files import read_sealed, write_sealed


class Flat:
    """An exact store in memory."""

    def __init__(self, dimensions: int) -> None:
        self._dimensions = dimensions
        self._vectors: dict[int, Vectors] = {}

    def add(self, numbers: Sequence[int], vectors: Vectors) -> None:
        """Add or replace vectors."""
        self._vectors.update(zip(numbers, np.asarray(vectors, np.float32), strict=True))

    def remove(self, numbers: Sequence[int]) -> None:
        """Remove vectors."""
        for number in numbers:
            self._vectors.pop(number, None)

    def search(self, vector: Vectors, k: int, among: Sequence[int] | None = None) -> list[tuple[int, float]]:
        """Return at most ``k`` (number, inner product), best first."""
        wanted = self._vectors.keys() if among is None else self._vectors.keys() & set(among)
        scored = [(number, float(self._vectors[number] @ vector)) for number in wanted]
        return sorted(scored, key=lambda pair: -pair[1])[:k]

    def numbers(self) -> set[int]:
        """Return the numbers of all vectors."""
        return set(self._vectors)

    def save(self, path: Path) -> None:
        """Write everything to ``path``, atomically."""
        numbers = np.fromiter(self._vectors, np.int64)
        matrix = np.array(list(self._vectors.values()), np.float32).reshape(len(numbers), self._dimensions)
        file = io.BytesIO()
        np.savez(file, numbers=numbers, matrix=matrix)
        write_sealed(path, file.getvalue())

    def load(self, path: Path) -> bool:
        """Replace everything by what ``save`` wrote; False (and empty) when that is absent or damaged."""
        self._vectors = {}
        data = read_sealed(path)
        if data is None:
            return False
        saved = np.load(io.BytesIO(data))
        if saved["matrix"].shape[1] != self._dimensions:
            return False
        self.add(saved["numbers"].tolist(), saved["matrix"])
        return True
