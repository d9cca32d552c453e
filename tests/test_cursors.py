"""The books: what a source was read up to survives, and belongs to that source alone."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from feeds.cursors import MIGRATIONS, Cursors
from feeds.kinds import Source
from feeds.schedule import SourceState
from index.sqlite import Sqlite
from tests.stores import Store

SHORE = Source("shore", "feed", "https://shore.example/feed")
STATE = SourceState(1.0, 2.0, "busy", 3, 4.0, 5.0, 6, 7)


@pytest.fixture
def cursors(tmp_path: Path, store: Store) -> Cursors:
    cursors = Cursors(store(tmp_path / "krab.db"))
    cursors.register([SHORE])
    return cursors


def test_a_new_source_is_at_its_beginning(cursors: Cursors) -> None:
    assert cursors.cursor("shore") == ""
    assert cursors.state("shore") == SourceState()


def test_cursor_and_state_are_kept(cursors: Cursors, tmp_path: Path, store: Store) -> None:
    cursors.advance("shore", "here")
    cursors.save("shore", STATE)
    again = Cursors(store(tmp_path / "krab.db"))
    again.register([SHORE])
    assert again.cursor("shore") == "here"
    assert again.states() == {"shore": STATE}


@pytest.mark.parametrize(
    "other", [Source("shore", "feed", "https://dune.example/feed"), Source("shore", "pages", SHORE.url)]
)
def test_another_source_under_the_same_name_starts_anew(cursors: Cursors, other: Source) -> None:
    cursors.advance("shore", "here")
    cursors.register([other])
    assert cursors.cursor("shore") == ""


def test_an_option_in_the_fragment_makes_no_other_source(cursors: Cursors) -> None:
    cursors.advance("shore", "here")
    cursors.register([Source("shore", "feed", SHORE.url + "#since=90d")])
    assert cursors.cursor("shore") == "here"


def test_rewinding_and_forgetting_lead_to_the_beginning(cursors: Cursors) -> None:
    cursors.advance("shore", "here")
    cursors.rewind("shore")
    assert cursors.cursor("shore") == ""
    cursors.forget("shore")
    assert cursors.states() == {}


def test_a_source_nobody_registered_is_at_its_beginning(cursors: Cursors) -> None:
    assert (cursors.cursor("dune"), cursors.state("dune")) == ("", SourceState())


def test_the_books_of_an_older_krab_are_kept(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "krab.db")) as database, database:
        database.executescript(f"{MIGRATIONS[0]}; CREATE TABLE feeds_schema (version INTEGER)")
        database.execute("INSERT INTO feeds_schema VALUES (1)")
        database.execute("INSERT INTO sources (name, kind, url, cursor) VALUES ('shore', 'feed', 'x', 'here')")
    assert Cursors(Sqlite(tmp_path / "krab.db")).cursor("shore") == "here"


def test_threads_may_write_at_once(cursors: Cursors) -> None:
    cursors.register(Source(f"s{n}", "feed", "x") for n in range(8))
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(cursors.advance, [f"s{n % 8}" for n in range(160)], ["there"] * 160, timeout=60))
    assert [cursors.cursor(f"s{n}") for n in range(8)] == ["there"] * 8
