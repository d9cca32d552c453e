"""Everything into another store: equal, however often it is broken off, and followed by those who write."""

from __future__ import annotations

import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.chat import Incoming
from bot.databases import Databases
from bot.move import move
from bot.settings import Secret, Settings, moved_to, store
from bot.state import State
from bot.wiring.storage import made
from index.catalog import Catalog
from index.database import Database
from index.errors import Moved, Unusable
from index.moving import Movable, Standing, _differences, shared
from tests import postgres as peer
from tests.fakes import FakeClock
from tests.index_fixtures import catalog_contents, differences, part, put, stream

QUESTION = Incoming("slack", "C1", "100.1", "C1:100.1", "U1", "who holds the leaf?")


@pytest.fixture
def url(postgres: peer.Postgres) -> Iterator[str]:
    with postgres.database() as url:
        yield url


@pytest.fixture
def here(tmp_path: Path) -> Settings:
    """Files with some parts and a question."""
    settings = Settings(tmp_path)
    index, memory = opened(settings)
    made(index, memory)
    put(Catalog(index), *(one for batch in stream(60) for one in batch.parts))
    Catalog(index).remove(["m59@pond.example"])
    State(memory, clock=FakeClock()).claim(QUESTION)
    return settings


OPEN: list[Database] = []  # what a test has opened


@pytest.fixture(autouse=True)
def close() -> Iterator[None]:
    yield
    while OPEN:
        OPEN.pop().close()


def opened(settings: Settings) -> list[Movable]:
    found = Databases(settings).all((), even_moved=True)
    OPEN.extend(found)
    return found


def serving(settings: Settings) -> State:
    """The state of a krab that serves."""
    OPEN.append(Databases(settings).memory())
    return State(OPEN[-1])


def at(settings: Settings, url: str) -> Settings:
    return replace(settings, store=store(url, Secret()))


def moved(here: Settings, url: str) -> None:
    pairs = list(zip(opened(here), opened(at(here, url)), strict=True))
    for index, memory in zip(*pairs, strict=True):
        made(index, memory)
    move(pairs, here.data, url, lambda _: None)


def contents(settings: Settings) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table that is moved."""
    found = {}
    for database in opened(settings):
        for table in shared(database, database):
            columns = ", ".join(f'"{name}"' for name in sorted(table.columns))
            rows = database.connection().execute(f"SELECT {columns} FROM {table.name}").fetchall()
            found[table.name] = sorted(map(tuple, rows), key=repr)
    return found


def test_there_and_back_everything_is_as_it_was(here: Settings, url: str) -> None:
    before = contents(here)
    moved(here, url)
    assert contents(at(here, url)) == before
    assert moved_to(here.data) == url
    files = f"sqlite://{here.data / 'again'}"
    moved(at(here, url), files)
    assert contents(at(here, files)) == before


def test_numbers_go_on_where_they_were(here: Settings, url: str) -> None:
    moved(here, url)
    old, new = Catalog(opened(here)[0]), Catalog(opened(at(here, url))[0])
    for catalog in (old, new):
        put(catalog, part("new", "A new leaf."))
    assert differences(catalog_contents(old), catalog_contents(new)) == []
    highest = "SELECT number FROM parts WHERE id = 'new'"
    assert [c._database.connection().execute(highest).fetchall() for c in (old, new)] == [[(67,)], [(67,)]]


def test_what_was_moved_is_not_written_to_any_more(here: Settings, url: str) -> None:
    moved(here, url)
    with pytest.raises(Moved, match=r"\[store\] url"):
        State.at(here.data / "state.db").claim(replace(QUESTION, key="2"))


def test_who_serves_follows(here: Settings, url: str) -> None:
    state = serving(here)
    moved(here, url)
    assert state.claim(replace(QUESTION, key="2"))
    keys = opened(at(here, url))[1].connection().execute("SELECT key FROM asked ORDER BY key").fetchall()
    assert keys == [("2",), ("C1:100.1",)]


def test_what_is_said_while_it_is_moved_is_there_afterwards(here: Settings, url: str) -> None:
    state, ended, claimed = serving(here), threading.Event(), list[str]()

    def ask() -> None:
        while not ended.is_set():
            key = f"{len(claimed):05}"
            assert state.claim(replace(QUESTION, key=key))
            claimed.append(key)
            time.sleep(0.01)

    thread = threading.Thread(target=ask)
    thread.start()
    moved(here, url)
    time.sleep(0.2)
    ended.set()
    thread.join()
    there = opened(at(here, url))[1].connection().execute("SELECT key FROM asked WHERE key LIKE '0%' ORDER BY key")
    assert [key for (key,) in there] == claimed


def test_a_store_that_somebody_uses_is_not_overwritten(here: Settings, url: str, tmp_path: Path) -> None:
    other = Settings(tmp_path / "other")
    index, memory = opened(at(other, url))
    made(index, memory)
    State(memory).claim(QUESTION)
    with pytest.raises(Unusable, match="something is in the new store"):
        moved(here, url)


def test_a_second_move_from_what_was_moved_is_refused(here: Settings, url: str, postgres: peer.Postgres) -> None:
    moved(here, url)
    with pytest.raises(Unusable, match="already"):
        moved(here, url)
    with postgres.database() as other, pytest.raises(Unusable, match="was moved before"):
        moved(here, other)


VICTIM = """
import sys
from pathlib import Path
from bot.settings import Settings
from tests.test_move import moved
moved(Settings(Path(sys.argv[1])), sys.argv[2])
"""


def test_killed_anywhere_and_begun_again_it_ends_equal(here: Settings, url: str) -> None:
    before, chance = contents(here), random.Random(5)
    command = [sys.executable, "-c", VICTIM, str(here.data), url]
    for _ in range(4):
        with subprocess.Popen(command, stderr=subprocess.DEVNULL) as victim:
            time.sleep(0.5 + 0.6 * chance.random())
            victim.kill()
    if moved_to(here.data) != url:
        moved(here, url)
    assert contents(at(here, url)) == before
    assert [one.standing() for one in opened(here)] == [Standing.MOVED] * 2
    assert [one.standing() for one in opened(at(here, url))] == [Standing.LIVE] * 2


ROWS = st.dictionaries(st.text(max_size=3), st.integers(0, 3), max_size=12)


@given(ROWS, ROWS)
def test_what_differs_is_found(ours: dict[str, int], theirs: dict[str, int]) -> None:
    found = list(_differences(iter(sorted(ours.items())), iter(sorted(theirs.items())), 1))
    for wanted, gone in found:
        theirs.update(dict(wanted))
        for (key,) in gone:
            del theirs[key]
    assert theirs == ours
