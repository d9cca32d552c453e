"""An index whose vectors are on a server: it fills it, follows it, does without it and notices when it is back."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bot.answer import WORDS_ALONE, Answerer
from bot.chat.text import plain
from bot.model import Question
from index import caches
from index.catalog import Catalog, Generation
from index.engine import Index, Ranking
from index.errors import Unusable
from index.model import Batch
from index.rank import Weights
from index.reindex import reindex
from index.served import Served
from index.sqlite import Sqlite
from tests.homes import settle
from tests.index_fixtures import FakeEmbedder, FakeServer, part, post

CAR = part("car", "The automobile is fast.")
LEAF = part("leaf", "A leaf outlives its frog.")
MEANING = Ranking(Weights.only(meaning=1))


class Installation:
    """Servers by generation, and a clock; ``open`` is one process."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.now = 0.0
        self.servers: dict[int, FakeServer] = {}

    def near(self, _: Path, catalog: Catalog, generation: Generation, width: int) -> Served:
        server = self.servers.setdefault(generation.number, FakeServer(width))
        return Served(catalog, generation, server, clock=lambda: self.now, chance=lambda: 0.0)

    @contextmanager
    def open(self, name: str = "one") -> Iterator[Index]:
        folder = self.folder / name  # each process has its own words
        folder.mkdir(exist_ok=True)
        database = Sqlite(self.folder / "krab.db")
        index = Index(folder, database, FakeEmbedder(), self.near, load=FakeEmbedder)
        settle(index)
        try:
            yield index
        finally:
            index.close()
            database.close()

    @property
    def server(self) -> FakeServer:
        return self.servers[1]


@pytest.fixture
def place(tmp_path: Path) -> Installation:
    return Installation(tmp_path)


def numbers(index: Index) -> set[int]:
    generation = index.catalog.live()
    assert generation
    return set(index.catalog.numbers(generation))


def ids(index: Index, query: str) -> list[str]:
    return [result.found.passage.part for result in index.search(query, ranking=MEANING)]


def test_what_is_read_is_on_the_server_and_found_by_its_meaning(place: Installation) -> None:
    with place.open() as index:
        index.ingest(Batch((CAR, LEAF)), "pond")
        assert set(place.server.held) == numbers(index)
        assert ids(index, "vehicle")[0] == "car"
        assert index.trouble == ""


def test_what_one_process_has_read_another_finds_without_telling_the_server(place: Installation) -> None:
    with place.open("one") as one, place.open("other") as other:
        one.ingest(Batch((CAR, LEAF)), "pond")
        assert ids(other, "vehicle")[0] == "car"


def test_what_changed_or_went_is_gone_from_the_server_too(place: Installation) -> None:
    with place.open() as index:
        index.ingest(Batch((post("p", "About herons."), CAR)), "pond")
        index.ingest(Batch((post("p", "About newts."),), removed=("car",)), "pond")
        assert set(place.server.held) == numbers(index)


def test_a_server_that_was_emptied_is_filled_at_the_next_start(place: Installation) -> None:
    with place.open() as index:
        index.ingest(Batch((CAR, LEAF)), "pond")
    place.server.held.clear()
    with place.open() as index:
        assert set(place.server.held) == numbers(index) != set()


def test_while_it_is_filled_krab_answers_and_says_what_is_missing(place: Installation) -> None:
    with place.open() as index:
        index.ingest(Batch((CAR, LEAF)), "pond")
        place.server.held.clear()
        place.server.slow = threading.Event()
        near = place.near(place.folder, index.catalog, index._generation, 64)
        near.sync(())
        place.server.reached.wait(10)
        assert near.trouble == "2 vectors are still to be brought to the server"
        place.server.slow.set()
        with near._repairing:
            assert near.trouble == ""
        assert set(place.server.held) == numbers(index)


def test_what_is_on_the_server_and_not_in_the_catalogue_goes_at_the_next_start(place: Installation) -> None:
    with place.open() as index:
        index.ingest(Batch((CAR, LEAF)), "pond")
    place.server.held |= {77: place.server.held[1], 10**9: place.server.held[1]}
    with place.open() as index:
        assert set(place.server.held) == numbers(index)


def test_without_the_server_words_alone_answer(place: Installation) -> None:
    with place.open() as index:
        index.ingest(Batch((CAR, LEAF)), "pond")
        place.server.down = True
        assert next(r.found.passage.part for r in index.search("leaf frog")) == "leaf"
        assert index.trouble == "the server is down"


def test_what_words_alone_have_found_says_so_even_when_the_server_is_back_by_then(place: Installation) -> None:
    with place.open() as index:
        index.ingest(Batch((CAR, LEAF)), "pond")
        place.server.down = True
        found = index.search("leaf frog")
        place.server.down = False
        place.now += 60
        again = index.search("leaf frog")
        assert index.trouble == ""
        assert [r.alone for r in found] == [True] * len(found) != []
        assert [r.alone for r in again] == [False] * len(again) != []


def test_an_answer_that_was_found_by_words_alone_says_so_when_the_server_is_back_by_then(place: Installation) -> None:
    with place.open() as index:
        index.ingest(Batch((CAR, LEAF)), "pond")

        def back() -> float:
            place.server.down = False
            place.now += 60
            index.search("frog")
            return 1.0

        moments = iter((lambda: 0.0, back))  # before the search, and after it
        place.server.down = True
        answer = Answerer(index, clock=lambda: next(moments)()).answer(
            Question("Where does the leaf of the frog swim?")
        )
        assert index.trouble == ""
        assert WORDS_ALONE in answer.limited
        assert Answerer(index).answer(Question("Where does the leaf of the frog swim?")).limited == ""


def test_meaning_still_counts_among_what_was_found_by_its_words(place: Installation) -> None:
    with place.open() as index:
        index.ingest(Batch((CAR, LEAF)), "pond")
        near = [dict(found.hit.why)["cosine"] for found in index.search("leaf frog")]
        place.server.down = True
        assert [dict(found.hit.why)["cosine"] for found in index.search("leaf frog")] == near


def test_a_server_that_failed_is_not_asked_by_every_question(place: Installation) -> None:
    with place.open() as index:
        index.ingest(Batch((CAR, LEAF)), "pond")
        place.server.down = True
        for _ in range(10):
            index.search("leaf")
        assert place.server.asked == 1


def test_it_is_noticed_without_a_question_when_the_server_is_back(place: Installation) -> None:
    with place.open() as index:
        index.ingest(Batch((CAR, LEAF)), "pond")
        place.server.down = True
        index.search("leaf")
        place.server.down = False
        place.now += 60
        assert index.trouble  # looks, aside
        settle(index)
        assert index.trouble == ""


def test_what_was_read_meanwhile_is_brought_to_the_server_when_it_is_back(place: Installation) -> None:
    with place.open() as index:
        index.ingest(Batch((CAR,)), "pond")
        place.server.down = True
        index.ingest(Batch((LEAF,)), "pond")
        place.server.down = False
        place.now += 60
        ids(index, "frog")
        settle(index)
        assert set(place.server.held) == numbers(index)
        assert ids(index, "frog")[0] == "leaf"


def test_an_answer_says_when_words_alone_found_it(place: Installation) -> None:
    with place.open() as index:
        index.ingest(Batch((CAR, LEAF)), "pond")
        whole = Answerer(index).answer(Question("What does a leaf outlive?"))
        place.server.down = True
        limited = Answerer(index).answer(Question("What does a leaf outlive?"))
    assert (whole.limited, limited.limited) == ("", WORDS_ALONE)
    assert WORDS_ALONE in plain(limited)


def test_krab_starts_without_the_server_and_fills_it_later(place: Installation) -> None:
    place.servers[1] = FakeServer(down=True)
    with place.open() as index:
        index.ingest(Batch((CAR, LEAF)), "pond")
        assert index.trouble
        place.server.down = False
        place.now += 60
        assert index.trouble
        settle(index)
        assert set(place.server.held) == numbers(index)


def test_a_reindex_fills_a_collection_of_its_own_which_answers_after_the_swap(place: Installation) -> None:
    with place.open() as index:
        index.ingest(Batch((CAR, LEAF)), "pond")
        rebuild(place)
        assert set(place.servers[2].held) == numbers(index)
        assert ids(index, "vehicle")[0] == "car"


def test_the_collection_that_answers_is_published_and_one_in_the_making_is_not(place: Installation) -> None:
    with place.open() as index:
        index.ingest(Batch((CAR, LEAF)), "pond")
        assert place.server.published
        place.servers[2] = FakeServer()
        catalog = index.catalog
        building = catalog.begin("fake/1", 1, live=False)
        place.near(place.folder, catalog, building, 64).sync()
        assert place.servers[2].published == 0


def test_a_reindex_stops_before_the_swap_when_the_server_is_down(place: Installation) -> None:
    with place.open() as index:
        index.ingest(Batch((CAR, LEAF)), "pond")
        before = index.catalog.live()
        place.servers[2] = FakeServer(down=True)
        with pytest.raises(Unusable, match="the server is down: what was made is kept"):
            rebuild(place)
        assert index.catalog.live() == before


def rebuild(place: Installation) -> None:
    """Reindex as another process would."""
    (place.folder / "rebuild").mkdir(exist_ok=True)
    database = Sqlite(place.folder / "krab.db")
    catalog = Catalog(database)

    def prepare(generation: Generation, width: int) -> None:
        near = place.near(place.folder, catalog, generation, width)
        caches.prepare(place.folder / "rebuild", catalog, generation, near)

    try:
        list(reindex(database, FakeEmbedder(), prepare=prepare))
    finally:
        database.close()
