"""The one file that is the truth: migrations, transactions, threads, full disks."""

from __future__ import annotations

import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from index.database import Database
from index.errors import NewerDatabase, Unusable
from index.sqlite import Sqlite

FIRST = "CREATE TABLE frogs (name TEXT PRIMARY KEY);\nINSERT INTO frogs VALUES ('ada')"
SECOND = "ALTER TABLE frogs ADD COLUMN leaf INTEGER;\nUPDATE frogs SET leaf = 7"
FAILS = "DELETE FROM frogs;\nINSERT INTO herons VALUES (1)"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "krab.db"


def frogs(path: Path, columns: str = "name") -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(f"SELECT {columns} FROM frogs ORDER BY 1").fetchall()


def migrated(path: Path, *scripts: str) -> Database:
    database = Sqlite(path)
    database.migrate("pond", scripts or (FIRST,))
    return database


# Migrations


def test_a_migration_runs_once(path: Path) -> None:
    with closing(migrated(path)) as database:
        database.migrate("pond", (FIRST,))
    migrated(path).close()
    assert frogs(path) == [("ada",)]


def test_a_later_migration_keeps_what_is_there(path: Path) -> None:
    migrated(path).close()
    migrated(path, FIRST, SECOND).close()
    assert frogs(path, "name, leaf") == [("ada", 7)]


def test_a_failing_migration_leaves_nothing_of_itself(path: Path) -> None:
    migrated(path).close()
    with closing(Sqlite(path)) as database, pytest.raises(sqlite3.OperationalError, match="herons"):
        database.migrate("pond", (FIRST, SECOND, FAILS))
    assert frogs(path, "*") == [("ada",)]


def test_after_a_failing_migration_the_right_one_runs(path: Path) -> None:
    with closing(Sqlite(path)) as database:
        with pytest.raises(sqlite3.OperationalError):
            database.migrate("pond", (FIRST, FAILS))
        database.migrate("pond", (FIRST, SECOND))
    assert frogs(path, "name, leaf") == [("ada", 7)]


def test_components_count_their_migrations_apart(path: Path) -> None:
    with closing(migrated(path, FIRST, SECOND)) as database:
        database.migrate("meadow", ("CREATE TABLE larks (name TEXT)",))
        assert database.connection().execute("SELECT * FROM schema ORDER BY 1").fetchall() == [
            ("meadow", 1),
            ("pond", 2),
        ]


def test_a_newer_database_is_refused_with_what_to_do(path: Path) -> None:
    migrated(path, FIRST, SECOND).close()
    with closing(Sqlite(path)) as database, pytest.raises(NewerDatabase, match="upgrade krab") as caught:
        database.migrate("pond", (FIRST,))
    assert "\n" not in str(caught.value)
    assert frogs(path, "name, leaf") == [("ada", 7)]


def test_many_may_open_a_new_database_at_once(path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: migrated(path, FIRST, SECOND).close(), range(8)))
    assert frogs(path, "name, leaf") == [("ada", 7)]


# Transactions


def test_a_write_is_stored_for_the_next_process(path: Path) -> None:
    with closing(migrated(path)) as database, database.write() as connection:
        connection.execute("INSERT INTO frogs VALUES ('bea')")
    assert frogs(path) == [("ada",), ("bea",)]


@pytest.mark.parametrize("error", [ValueError("a bug"), KeyboardInterrupt()], ids=["an error", "Ctrl-C"])
def test_a_write_that_is_broken_off_stores_nothing(path: Path, error: BaseException) -> None:
    with closing(migrated(path)) as database:
        with pytest.raises(type(error)):
            _break_off(database, error)
        _add(database, 1)
    assert frogs(path) == [("ada",), ("frog 1",)]


def _break_off(database: Database, error: BaseException) -> None:
    with database.write() as connection:
        connection.execute("INSERT INTO frogs VALUES ('bea')")
        raise error


def test_a_reader_sees_nothing_of_a_write_until_it_is_whole(path: Path) -> None:
    with closing(migrated(path)) as database:
        with database.write() as connection:
            connection.execute("INSERT INTO frogs VALUES ('bea')")
            assert frogs(path) == [("ada",)]
        assert frogs(path) == [("ada",), ("bea",)]


def test_threads_and_processes_take_turns_at_writing(path: Path) -> None:
    with closing(migrated(path)) as one, closing(migrated(path)) as other, ThreadPoolExecutor(8) as pool:
        list(pool.map(_add, [one, other] * 50, range(100)))
    assert len(frogs(path)) == 101


def _add(database: Database, n: int) -> None:
    with database.write() as connection:
        connection.execute("INSERT INTO frogs VALUES (?)", (f"frog {n}",))


def test_each_thread_has_a_connection_of_its_own(path: Path) -> None:
    with closing(migrated(path)) as database, ThreadPoolExecutor(1) as pool:
        assert database.connection() is database.connection()
        assert pool.submit(database.connection).result() is not database.connection()


def test_a_closed_database_opens_again_when_it_is_used(path: Path) -> None:
    database = migrated(path)
    database.close()
    assert database.connection().execute("SELECT name FROM frogs").fetchall() == [("ada",)]
    database.close()


# What can't be used


def test_a_full_disk_is_said_plainly_and_loses_nothing(path: Path) -> None:
    with closing(migrated(path)) as database:
        pages = database.connection().execute("PRAGMA page_count").fetchone()[0]
        database.connection().execute(f"PRAGMA max_page_count = {pages + 2}")
        with pytest.raises(Unusable, match=r"full.*free some space"), database.write() as connection:
            connection.executemany("INSERT INTO frogs VALUES (?)", [(f"{n} {'x' * 1000}",) for n in range(100)])
        assert frogs(path) == [("ada",)]
        database.connection().execute("PRAGMA max_page_count = 100000")
        _add(database, 1)
    assert frogs(path) == [("ada",), ("frog 1",)]


def test_a_file_in_the_way_of_the_directory_is_named(tmp_path: Path) -> None:
    (tmp_path / "deep").write_text("in the way")
    with pytest.raises(Unusable, match=r"cannot open .*deep.*check the directory"):
        Sqlite(tmp_path / "deep" / "krab.db").connection()


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "krab.db").write_text("a letter from a friend" * 100)
    with pytest.raises(Unusable, match=r"cannot open .*krab\.db"):
        Sqlite(tmp_path / "krab.db").connection()


def test_the_data_directory_is_made_for_its_owner_alone(path: Path) -> None:
    migrated(path).close()
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_threads_that_have_ended_leave_no_file_open(tmp_path: Path) -> None:
    database = Sqlite(tmp_path / "x.db")
    for _ in range(20):
        thread = threading.Thread(target=database.connection)
        thread.start()
        thread.join()
    assert len(database._open) <= 2
    database.close()


def test_a_connection_keeps_as_many_pages_as_it_was_told(tmp_path: Path) -> None:
    with closing(Sqlite(tmp_path / "a.db", cache=2_048)) as database:
        assert database.connection().execute("PRAGMA cache_size").fetchone() == (-2_048,)
