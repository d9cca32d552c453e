"""FAISS: an exact scan over half-precision vectors.

At 100,000 passages a scan costs milliseconds, adds and removals cost nothing, and there is nothing to
train or to tune. FAISS notices a truncated file but not a flipped byte, so the file ends with a digest.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from index.embed import Vectors
from index.stores.files import read_sealed, write_sealed


def _library() -> Any:
    """FAISS, with one thread for whoever calls it.

    More gain nothing for one query and ruin it under load: they spin until the next one comes. OpenMP keeps the number
    for each calling thread apart, and questions are answered in many.
    """
    import faiss

    faiss.omp_set_num_threads(1)
    return faiss


class Faiss:
    """Vectors in a FAISS index. Not to be written by two threads at once; the engine sees to that."""

    def __init__(self, dimensions: int) -> None:
        self._dimensions = dimensions
        self._index: Any = self._empty()

    def _empty(self) -> Any:
        faiss = _library()
        scalar = faiss.IndexScalarQuantizer(self._dimensions, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT)
        return faiss.IndexIDMap2(scalar)

    def add(self, numbers: Sequence[int], vectors: Vectors) -> None:
        """Add or replace vectors."""
        if not len(numbers):
            return
        self.remove(numbers)  # FAISS would silently keep both
        self._index.add_with_ids(np.ascontiguousarray(vectors, np.float32), np.asarray(numbers, np.int64))

    def remove(self, numbers: Sequence[int]) -> None:
        """Remove vectors."""
        if len(numbers) and self._index.ntotal:
            self._index.remove_ids(_library().IDSelectorBatch(np.asarray(numbers, np.int64)))

    def search(self, vector: Vectors, k: int, among: Sequence[int] | None = None) -> list[tuple[int, float]]:
        """Return at most ``k`` (number, inner product), best first."""
        if not self._index.ntotal or (among is not None and not len(among)):
            return []
        faiss = _library()
        chosen: Any = None
        if among is not None:
            named = faiss.IDSelectorBatch(np.asarray(among, np.int64))
            chosen = faiss.SearchParameters(sel=named)
        scores, numbers = self._index.search(
            np.asarray(vector, np.float32)[None],
            min(k, self._index.ntotal),
            params=chosen,
        )
        return [(n, s) for n, s in zip(numbers[0].tolist(), scores[0].tolist(), strict=True) if n >= 0]

    def numbers(self) -> set[int]:
        """Return the numbers of all vectors."""
        return set(_library().vector_to_array(self._index.id_map).tolist())

    def save(self, path: Path) -> None:
        """Write the index and a digest of it to ``path``, atomically."""
        write_sealed(path, _library().serialize_index(self._index).data)

    def load(self, path: Path) -> bool:
        """Replace everything by what ``save`` wrote; False (and empty) when that is absent or damaged."""
        self._index = self._empty()
        data = read_sealed(path)
        if data is None:
            return False
        index = _library().deserialize_index(np.frombuffer(data, np.uint8))
        if index.d != self._dimensions:
            return False
        self._index = index
        return True
