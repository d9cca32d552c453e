"""Two processes on one database, each with a folder of its own for what it searches with."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from index.engine import Index
from index.model import Batch
from index.nearness import filed
from index.reindex import AlreadyRunning, alone, progress, reindex
from index.stores.faiss import Faiss
from tests.index_fixtures import FakeEmbedder, part
from tests.stores import Store

LEAVES = tuple(part(f"leaf{n}", f"Leaf number {n} floats.") for n in range(60))


@pytest.fixture
def two(tmp_path: Path, store: Store) -> Iterator[tuple[Index, Index]]:
    folders = [tmp_path / "one", tmp_path / "other"]
    for folder in folders:
        folder.mkdir()
    one, other = (
        Index(folder, store(tmp_path / "krab.db"), FakeEmbedder(), filed(Faiss), load=FakeEmbedder)
        for folder in folders
    )
    yield one, other
    for index in (one, other):
        index.close()


def ids(index: Index, query: str) -> list[str]:
    return [result.hit.passage.part for result in index.search(query, 3)]


def test_what_one_reads_the_other_finds_and_what_it_forgets_too(two: tuple[Index, Index]) -> None:
    one, other = two
    one.ingest(Batch((part("frog", "A frog sleeps in the mud."),)), "pond")
    assert ids(other, "who sleeps in the mud?") == ["frog"]
    other.ingest(Batch(removed=("frog",)), "pond")
    assert ids(one, "who sleeps in the mud?") == []


def test_both_read_the_same_and_there_is_one_of_it(two: tuple[Index, Index]) -> None:
    for index in two:
        index.ingest(Batch(LEAVES), "pond")
    assert [index.catalog.totals().parts for index in two] == [60, 60]
    assert [index.catalog.totals().pending for index in two] == [0, 0]


def test_one_makes_the_index_anew_and_the_other_goes_on_with_it(
    two: tuple[Index, Index], tmp_path: Path, store: Store
) -> None:
    one, other = two
    one.ingest(Batch(LEAVES), "pond")
    database = store(tmp_path / "krab.db")
    with alone(database):
        steps = reindex(database, FakeEmbedder("fake/2"))
        next(steps)
        seen = progress(store(tmp_path / "krab.db"))
        assert seen
        assert (seen.done, seen.running) == (50, True)
        list(steps)
    assert ids(other, "leaf number 7")[0] == ids(one, "leaf number 7")[0] == "leaf7"
    live = other.catalog.live()
    assert live
    assert live.embedder == "fake/2"


def test_only_one_makes_the_index_anew(tmp_path: Path, store: Store) -> None:
    one, other = store(tmp_path / "krab.db"), store(tmp_path / "krab.db")
    with alone(one), pytest.raises(AlreadyRunning, match="krab status"), alone(other):
        pass
