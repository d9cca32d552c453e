"""An index on a real Milvus cluster: the same results, nodes that die, a server that is away and comes back."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from index import caches
from index.catalog import Catalog, Generation
from index.engine import Index, Ranking
from index.model import Batch
from index.nearness import Opening
from index.rank import Weights
from index.reindex import reindex
from index.served import Served
from index.sqlite import Sqlite
from index.stores.milvus import Milvus, Place, discard
from tests.homes import settle
from tests.index_fixtures import FakeEmbedder, opened, stream
from tests.milvus_cluster import Cluster

pytestmark = pytest.mark.cluster

QUESTIONS = ("frog on a leaf", "newt 12", "a heron", "number 40", "car and doctor")
MEANING = Ranking(Weights.only(meaning=1))
PATIENCE = 60.0


@pytest.fixture
def place(milvus: Cluster) -> Place:
    return Place(milvus.url, prefix=f"t_{secrets.token_hex(4)}", replicas=2)


def on(place: Place, searched: str = "Strong") -> Opening:
    """What opens generations on the cluster; searches find at once what was added, if nothing else is said."""

    def near(_: Path, catalog: Catalog, generation: Generation, width: int) -> Served:
        return Served(catalog, generation, Milvus(place, generation.number, width, searched=searched))

    return near


@contextmanager
def served(folder: Path, place: Place, searched: str = "Strong") -> Iterator[Index]:
    """An index in ``folder`` with its vectors on the cluster."""
    database = Sqlite(folder / "krab.db")
    index = Index(folder, database, FakeEmbedder(), on(place, searched), load=FakeEmbedder)
    settle(index)
    try:
        yield index
    finally:
        index.close()
        database.close()


def fill(index: Index) -> None:
    for batch in stream(10):
        index.ingest(batch, "pond")


def scores(index: Index, query: str) -> list[float]:
    """How near what is found is: things equally near may come in any order."""
    return [round(dict(r.hit.why)["cosine"], 3) for r in index.search(query, ranking=MEANING)]


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline, "nothing came of waiting"
        time.sleep(0.2)


def test_it_finds_what_an_index_in_memory_finds(tmp_path: Path, place: Place) -> None:
    (tmp_path / "memory").mkdir()
    with opened(tmp_path / "memory") as known, served(tmp_path, place) as index:
        fill(known)
        fill(index)
        assert [scores(index, q) for q in QUESTIONS] == [scores(known, q) for q in QUESTIONS]


def test_a_second_process_finds_it_without_filling_anything(tmp_path: Path, place: Place) -> None:
    (tmp_path / "other").mkdir()
    with served(tmp_path, place) as index:
        fill(index)
        database = Sqlite(tmp_path / "krab.db")
        other = Index(tmp_path / "other", database, FakeEmbedder(), on(place), load=FakeEmbedder)
        settle(other)
        assert [scores(other, q) for q in QUESTIONS] == [scores(index, q) for q in QUESTIONS]
        other.close()
        database.close()


def test_a_reindex_swaps_to_a_collection_of_its_own_and_the_old_one_can_go(tmp_path: Path, place: Place) -> None:
    with served(tmp_path, place) as index:
        fill(index)
        before = [scores(index, q) for q in QUESTIONS]
        rebuild(tmp_path, place)
        until(lambda: scores(index, QUESTIONS[0]) == before[0] and index._generation == index.catalog.live())
        assert Milvus(place, 2, 64).count() == index.catalog.totals().passages
        discard(place, [2])
        assert [scores(index, q) for q in QUESTIONS] == before


def rebuild(folder: Path, place: Place) -> None:
    """Reindex as another process would."""
    database = Sqlite(folder / "krab.db")
    catalog, near = Catalog(database), on(place)

    def prepare(generation: Generation, width: int) -> None:
        caches.prepare(folder, catalog, generation, near(folder, catalog, generation, width))

    list(reindex(database, FakeEmbedder(), prepare=prepare))
    database.close()


def test_a_query_node_that_is_killed_loses_no_search(tmp_path: Path, place: Place, milvus: Cluster) -> None:
    with opened(tmp_path) as known:
        fill(known)
        wanted = scores(known, QUESTIONS[0])
    patient = replace(place, timeout=20.0)  # on a machine that does much else finding another node takes seconds
    with served(tmp_path, patient, "Bounded") as index:
        until(lambda: scores(index, QUESTIONS[0]) == wanted)
        milvus.kill_query_node()
        try:
            for _ in range(40):
                assert scores(index, QUESTIONS[0]) == wanted
                assert index.trouble == ""
                time.sleep(0.1)
        finally:
            milvus.start_query_node()


def test_without_the_server_words_answer_and_it_is_noticed_when_it_is_back(
    tmp_path: Path, place: Place, milvus: Cluster
) -> None:
    with served(tmp_path, place) as index:
        [first, *rest] = list(stream(10))
        index.ingest(first, "pond")
        milvus.kill_proxy()
        try:
            assert index.search("frog leaf")
            assert "Milvus at http://127.0.0.1:" in index.trouble
            for batch in rest:
                index.ingest(batch, "pond")
        finally:
            milvus.start_proxy()
        until(lambda: not index.trouble)
        until(lambda: Milvus(place, 1, 64).count() == index.catalog.totals().passages)


def test_krab_starts_and_reads_while_the_server_is_away(tmp_path: Path) -> None:
    with served(tmp_path, Place("http://127.0.0.1:9", timeout=0.5)) as index:
        index.ingest(Batch(next(iter(stream(1))).parts), "pond")
        assert index.search("frog")
        assert index.trouble
