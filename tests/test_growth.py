"""Replicas for the measurement of growth: as crowded as the original, and nowhere the same."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from index.model import Batch
from tests.evaluation.growth import grow, replica, turned
from tests.index_fixtures import held, opened, part


def test_a_replica_has_its_own_id_and_answers_its_fellow() -> None:
    again = replica(part("b", "The heron waits.", links=("a",)), 2, lambda word: word)
    assert (again.id, again.links, again.text) == ("b.replica2", ("a.replica2",), "The heron waits.")


def test_the_noise_exchanges_words_and_keeps_every_place() -> None:
    again = replica(part("b", "The heron waits, `x_y`."), 1, lambda word: "z" * len(word))
    assert again.text == "The zzzzz zzzzz, `x_y`."


def test_a_vector_is_turned_a_little_and_stays_a_unit() -> None:
    vector = np.eye(1, 384, dtype=np.float32)[0]
    other = turned(vector, np.random.default_rng(1))
    assert float(np.linalg.norm(other)) == pytest.approx(1, abs=1e-5)
    assert 0.9 < float(vector @ other) < 0.97


def test_an_index_grows_to_what_was_asked_with_every_vector(tmp_path: Path) -> None:
    parts = tuple(part(f"{n}", f"Leaf {n} floats on the pond. " * 60, links=("0",) if n else ()) for n in range(5))
    with opened(tmp_path) as index:
        index.ingest(Batch(parts), "pond")
    grow(tmp_path, 3)
    with opened(tmp_path) as index:
        totals = index.catalog.totals()
        assert (totals.parts, totals.documents, totals.pending) == (15, 3, 0)
        assert len(held(index)) == totals.passages
