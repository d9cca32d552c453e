"""Reindexing beside the index that answers: progress, killing, cancelling, going back, following."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path

import pytest

from index import caches
from index.catalog import Catalog
from index.database import Database
from index.engine import Index
from index.errors import IndexProblem, NeedsReindex
from index.model import Batch
from index.reindex import AlreadyRunning, Cancelled, Progress, alone, cancel, progress, reindex, roll_back, running
from tests.homes import FILED, Home
from tests.index_fixtures import FakeEmbedder, catalog_contents, differences, part, stream

ROOT = Path(__file__).resolve().parents[1]
FIRST, SECOND = FakeEmbedder(), FakeEmbedder("fake/2")


@pytest.fixture
def database(home: Home) -> Iterator[Database]:
    """That of an index of 250 parts."""
    with home.opened() as index:
        index.ingest(Batch(tuple(part(f"{n}", f"Leaf number {n}.") for n in range(250))), "pond")
        index.save()
    with closing(home.database()) as database:
        yield database


@pytest.fixture
def following(home: Home, database: Database) -> Iterator[Index]:
    """An index that can load either embedder."""
    with home.opened(load=FakeEmbedder) as index:
        yield index


def ids(index: Index, query: str) -> list[str]:
    return [result.hit.passage.part for result in index.search(query, 3)]


def ticking() -> Callable[[], float]:
    moments = iter(range(10_000))
    return lambda: 10.0 * next(moments)


def test_every_step_says_how_far_it_is_and_how_long_it_will_take(database: Database) -> None:
    steps = list(reindex(database, SECOND, clock=ticking()))
    assert [(s.done, s.total, s.percent) for s in steps][::2] == [(50, 250, 20), (150, 250, 60), (250, 250, 100)]
    assert {s.rate for s in steps} == {5.0}
    assert [s.left for s in steps][::2] == [40.0, 20.0, 0.0]


def test_others_see_how_far_it_is_and_whether_it_runs(database: Database) -> None:
    assert progress(database) is None
    next(reindex(database, SECOND, clock=ticking()))
    seen = progress(database)
    assert seen
    assert (seen.done, seen.running) == (50, False)
    with alone(database):
        assert progress(database) == Progress(2, 50, 250, 5.0, seen.began, seen.beat, running=True)


def test_only_one_process_reindexes_at_a_time(database: Database) -> None:
    with alone(database), pytest.raises(AlreadyRunning, match="krab status"), alone(database):
        pass
    assert not running(database)


def test_a_reindex_is_cancelled_by_anybody_and_leaves_the_index_as_it_was(database: Database, home: Home) -> None:
    before = home.contents()
    steps = reindex(database, SECOND)
    next(steps)
    with closing(home.database()) as other:
        assert cancel(other)
        assert not cancel(other)
    with pytest.raises(Cancelled):
        list(steps)
    assert differences(before, home.contents()) == []
    assert Catalog(database).building() is None


def test_after_a_cancelled_reindex_the_next_begins_anew(database: Database) -> None:
    next(reindex(database, SECOND))
    cancel(database)
    assert next(step.done for step in reindex(database, SECOND)) == 50


def test_going_back_takes_the_generation_before_with_what_was_read_since(database: Database, home: Home) -> None:
    list(reindex(database, SECOND))
    with home.opened(FakeEmbedder("fake/2")) as index:
        index.ingest(Batch((part("newt", "A newt sleeps."),), removed=("7",)), "pond")
    wanted = home.contents()
    list(roll_back(database, FakeEmbedder))
    live = Catalog(database).live()
    assert live
    assert live.embedder == "fake/1"
    assert differences(wanted, home.contents()) == []
    with home.opened() as index:
        assert ids(index, "newt")[0] == "newt"


def test_going_back_twice_is_going_nowhere(database: Database) -> None:
    list(reindex(database, SECOND))
    live = Catalog(database).live()
    list(roll_back(database, FakeEmbedder))
    list(roll_back(database, FakeEmbedder))
    assert Catalog(database).live() == live


def test_there_is_nothing_to_go_back_to_before_the_first_reindex(database: Database) -> None:
    with pytest.raises(IndexProblem, match="no generation to go back to"):
        list(roll_back(database, FakeEmbedder))


def test_nobody_goes_back_while_a_reindex_is_begun(database: Database) -> None:
    list(reindex(database, SECOND))
    next(reindex(database, FIRST))
    with pytest.raises(IndexProblem, match="--cancel"):
        list(roll_back(database, FakeEmbedder))


def test_only_the_last_generation_is_kept(database: Database) -> None:
    for embedder in (SECOND, FIRST, SECOND):
        list(reindex(database, embedder))
    catalog = Catalog(database)
    assert [g.number for g in catalog.generations().values()] == [3, 4]
    assert len(catalog_contents(catalog).passages) == 250
    vectors = database.connection().execute("SELECT embedder, count(*) FROM vectors GROUP BY embedder").fetchall()
    assert vectors == [("fake/1", 250), ("fake/2", 250)]


@pytest.mark.parametrize("home", FILED, indirect=True)
def test_caches_of_generations_that_are_no_more_are_removed(home: Home, database: Database) -> None:
    for embedder in (SECOND, FIRST):
        list(reindex(database, embedder))
    caches.discard(home.folder, Catalog(database).generations())
    with home.opened() as index:
        index.save()
    assert sorted(path.name for path in home.folder.glob("*-[0-9]*")) == ["vectors-3.faiss", "words-3"]


def test_an_open_index_follows_to_another_embedder(following: Index, database: Database) -> None:
    list(reindex(database, SECOND))
    assert ids(following, "number 77")[0] == "77"
    following.close()
    assert following.embedder.identity == "fake/2"
    assert ids(following, "number 77")[0] == "77"


def test_an_index_that_cannot_follow_goes_on_with_what_it_has(home: Home, database: Database) -> None:
    with home.opened() as index:
        list(reindex(database, SECOND))
        assert ids(index, "number 77")[0] == "77"
        assert index.embedder.identity == "fake/1"


def test_an_index_whose_generation_is_gone_says_that_it_must_be_restarted(home: Home, database: Database) -> None:
    with home.opened() as index:
        list(reindex(database, SECOND))
        list(reindex(database, FakeEmbedder("fake/3")))
        with pytest.raises(NeedsReindex, match="restart"):
            index.search("leaf")


def test_an_index_that_was_left_two_generations_behind_follows_at_once(following: Index, database: Database) -> None:
    list(reindex(database, SECOND))
    list(reindex(database, FakeEmbedder("fake/3")))
    assert ids(following, "number 77")[0] == "77"
    assert following.embedder.identity == "fake/3"


def test_a_step_of_the_reindex_makes_nobody_look_at_the_catalogue_again(following: Index, database: Database) -> None:
    before = following.catalog.tick()
    list(islice(reindex(database, SECOND), 2))
    assert following.catalog.tick() == before


@pytest.mark.parametrize("home", FILED, indirect=True)
def test_with_prepared_caches_the_next_start_does_nothing_but_open_them(home: Home, database: Database) -> None:
    catalog = Catalog(database)
    list(
        reindex(
            database,
            SECOND,
            prepare=lambda generation, width: caches.prepare(
                home.folder, catalog, generation, home.near(home.folder, catalog, generation, width)
            ),
        )
    )
    stamp = (home.folder / "vectors-2.faiss").stat().st_mtime_ns
    with home.opened(FakeEmbedder("fake/2")) as index:
        index.save()
    assert (home.folder / "vectors-2.faiss").stat().st_mtime_ns == stamp


# Killed

SLOW = """
import sys, time
from pathlib import Path
from index import reindex
from tests.index_fixtures import FakeEmbedder
from tests.stores import Opened

class Slow(FakeEmbedder):
    def embed(self, texts):
        time.sleep(0.01)
        return super().embed(texts)

reindex._CUT_AT_ONCE = 20
database = Opened(sys.argv[2])(Path(sys.argv[1]) / "krab.db")
with reindex.alone(database):
    for step in reindex.reindex(database, Slow("fake/2"), clock=time.time):
        print(step.done, flush=True)
"""


def killed(home: Home, steps: int, delay: float) -> int:
    """Reindex until ``steps`` are done and ``delay`` seconds more, then SIGKILL."""
    command = [sys.executable, "-c", SLOW, str(home.folder), home.url]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        list(islice(process.stdout, steps))
        time.sleep(delay)
        process.kill()
        return process.wait()


def test_killed_again_and_again_while_questions_are_asked_it_ends_as_if_nothing_had_happened(home: Home) -> None:
    with home.opened() as index:
        for batch in stream():
            index.ingest(batch, "pond")
    wanted = home.contents()
    with home.opened(load=FakeEmbedder) as index, closing(home.database()) as database:
        said = ids(index, "frog and newt on a leaf")
        for kill in range(4):
            assert killed(home, 2, 0.007 * kill) == -signal.SIGKILL
            assert ids(index, "frog and newt on a leaf") == said
        list(reindex(database, FakeEmbedder("fake/2")))
        assert ids(index, "frog and newt on a leaf") == said
    assert differences(wanted, home.contents()) == []
