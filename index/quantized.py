"""Many vectors in little room: a signed byte a dimension, each vector by a scale of its own. Pure.

Only directions are kept: no scale is stored, and the cosine comes out within 0.01.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from index.embed import Vectors

_HIGHEST = 127


def packed(vectors: Vectors) -> bytes:
    """Return vectors of shape (n, d), none of them zero, in n * d bytes."""
    highest = np.abs(vectors).max(axis=1, keepdims=True)
    scaled: npt.NDArray[np.int8] = np.rint(vectors * (_HIGHEST / highest)).astype(np.int8)
    return scaled.tobytes()


def unpacked(rows: Mapping[int, bytes], dimensions: int) -> Vectors:
    """Return all that is packed in ``rows`` as unit vectors of shape (n, dimensions), row by row."""
    every = np.frombuffer(b"".join(rows.values()), np.int8).reshape(-1, dimensions).astype(np.float32)
    units: Vectors = every / np.maximum(np.linalg.norm(every, axis=1, keepdims=True), 1e-12)
    return units


def cosines(rows: Mapping[int, bytes], vector: Vectors) -> dict[int, list[float]]:
    """Return the cosines to a unit vector of shape (d,) of all that is packed in each row."""
    near = (unpacked(rows, len(vector)) @ vector).tolist()
    ends = np.cumsum([len(row) // len(vector) for row in rows.values()]).tolist()
    return {n: near[start:end] for n, start, end in zip(rows, [0, *ends], ends, strict=False)}
