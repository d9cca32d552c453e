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


def cosines(rows: Mapping[int, bytes], vector: Vectors) -> dict[int, list[float]]:
    """Return the cosines to a unit vector of shape (d,) of all that is packed in each row."""
    every = np.frombuffer(b"".join(rows.values()), np.int8).reshape(-1, len(vector)).astype(np.float32)
    near = (every @ vector / np.maximum(np.linalg.norm(every, axis=1), 1e-12)).tolist()
    ends = np.cumsum([len(row) // len(vector) for row in rows.values()]).tolist()
    return {n: near[start:end] for n, start, end in zip(rows, [0, *ends], ends, strict=False)}
