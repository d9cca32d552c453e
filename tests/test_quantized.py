"""Packed vectors keep their directions, in a byte a dimension."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from index.embed import Vectors
from index.quantized import cosines, packed


def units(seed: int, count: int, dimensions: int = 384) -> Vectors:
    """Unit vectors of chance."""
    vectors = np.random.default_rng(seed).standard_normal((count, dimensions))
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


@given(st.integers(0, 1000), st.lists(st.integers(0, 5), max_size=4))
def test_cosines_come_out_as_of_the_vectors_themselves(seed: int, counts: list[int]) -> None:
    question = units(seed, 1)[0]
    vectors = {n: units(seed + n + 1, count) for n, count in enumerate(counts)}
    near = cosines({n: packed(some) for n, some in vectors.items() if len(some)}, question)
    assert sorted(near) == [n for n, some in vectors.items() if len(some)]
    for n, values in near.items():
        np.testing.assert_allclose(values, vectors[n] @ question, atol=0.01)


def test_a_dimension_takes_a_byte() -> None:
    assert len(packed(units(1, 7))) == 7 * 384


def test_how_long_a_vector_is_does_not_matter() -> None:
    assert packed(units(1, 3) * 40) == packed(units(1, 3))
