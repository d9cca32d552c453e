"""Vectors needed at every start are embedded once, and whatever befalls their file they are right."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from index.remembered import Remembering
from tests.index_fixtures import FakeEmbedder

TEXTS = ["where is the frog?", "who holds the leaf?", "where is the frog?"]


def test_what_was_embedded_is_not_embedded_again(tmp_path: Path) -> None:
    embedder = FakeEmbedder()
    first = Remembering(embedder, tmp_path / "kept").embed(TEXTS)
    again = Remembering(embedder, tmp_path / "kept").embed([*TEXTS, "new?"])
    assert embedder.embedded == ["where is the frog?", "who holds the leaf?", "new?"]
    assert np.array_equal(first, FakeEmbedder().embed(TEXTS))
    assert np.array_equal(again[:3], first)


@pytest.mark.parametrize("damage", [b"", b"not a file of vectors", b"PK\x03\x04"])
def test_a_damaged_file_is_only_a_slower_start(tmp_path: Path, damage: bytes) -> None:
    (tmp_path / "kept").write_bytes(damage)
    assert np.array_equal(Remembering(FakeEmbedder(), tmp_path / "kept").embed(TEXTS), FakeEmbedder().embed(TEXTS))


def test_vectors_of_another_embedder_are_not_taken(tmp_path: Path) -> None:
    Remembering(FakeEmbedder(), tmp_path / "kept").embed(TEXTS)
    other = FakeEmbedder("other")
    Remembering(other, tmp_path / "kept").embed(TEXTS)
    assert other.embedded == TEXTS[:2]


def test_a_folder_that_is_not_there_does_no_harm(tmp_path: Path) -> None:
    embedded = Remembering(FakeEmbedder(), tmp_path / "nowhere" / "kept").embed(TEXTS)
    assert np.array_equal(embedded, FakeEmbedder().embed(TEXTS))


def test_nothing_is_no_vectors(tmp_path: Path) -> None:
    assert Remembering(FakeEmbedder(), tmp_path / "kept").embed([]).shape == (0, FakeEmbedder().dimensions)
