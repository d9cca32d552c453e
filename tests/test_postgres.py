"""A schema of PostgreSQL as a database: what is particular about it. Its users' suites say the rest."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import psycopg
import pytest

from index import postgres_sql
from index.database import Connection, Listed
from index.errors import Lost, NewerDatabase, Unusable
from index.postgres import Postgres
from tests import postgres as peer

POND = "CREATE TABLE frogs (number INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, weight REAL, egg BLOB)"
MORE = "ALTER TABLE frogs ADD COLUMN leaf INTEGER NOT NULL DEFAULT 7"
ADD = "INSERT INTO frogs (name) VALUES (?) RETURNING number"


@pytest.fixture
def url(postgres: peer.Postgres) -> Iterator[str]:
    with postgres.database() as url:
        yield url


@pytest.fixture
def pond(url: str) -> Iterator[Postgres]:
    with closing(Postgres(url, "pond", patience=20.0)) as database:
        database.migrate("frogs", (POND,))
        yield database


def names(database: Postgres) -> list[str]:
    return [name for (name,) in database.connection().execute("SELECT name FROM frogs ORDER BY name")]


def add(connection: Connection, name: str = "ada") -> int:
    number: int = connection.execute(ADD, (name,)).fetchone()[0]
    return number


def test_a_schema_is_a_world_of_its_own(pond: Postgres, url: str) -> None:
    with closing(Postgres(url, "mud")) as other:
        other.migrate("frogs", (POND,))
        pond.transact(add)
        assert (names(pond), names(other)) == (["ada"], [])


def test_a_later_migration_keeps_what_is_there_and_a_newer_one_is_left_alone(pond: Postgres, url: str) -> None:
    pond.transact(add)
    pond.migrate("frogs", (POND, MORE))
    assert pond.connection().execute("SELECT name, leaf FROM frogs").fetchall() == [("ada", 7)]
    with pytest.raises(NewerDatabase, match="upgrade krab"):
        pond.migrate("frogs", (POND,))


def test_processes_that_start_together_migrate_once(url: str) -> None:
    every = [Postgres(url, "crowd") for _ in range(6)]
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda one: one.migrate("frogs", (POND, MORE)), every))
    assert names(every[0]) == []
    for one in every:
        one.close()


def test_a_transaction_that_fails_leaves_nothing_and_the_next_one_works(pond: Postgres) -> None:
    with pytest.raises(psycopg.errors.UniqueViolation):
        pond.transact(lambda connection: [add(connection), add(connection)])
    pond.transact(add)
    assert names(pond) == ["ada"]


def test_inside_a_transaction_one_reads_what_one_wrote_and_others_do_not(pond: Postgres, url: str) -> None:
    with closing(Postgres(url, "pond")) as other, pond.write() as connection:
        add(connection)
        assert (names(pond), names(other)) == (["ada"], [])


def test_one_transaction_writes_at_a_time_in_all_processes(pond: Postgres, url: str) -> None:
    def grow(database: Postgres) -> None:
        for _ in range(20):
            with database.write() as connection:
                most = connection.execute("SELECT count(*) FROM frogs").fetchone()[0]
                add(connection, f"frog {most}")

    every = [pond, Postgres(url, "pond"), Postgres(url, "pond")]
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(grow, every))
    assert len(names(pond)) == 60
    for one in every[1:]:
        one.close()


def test_what_postgresql_cannot_hold_or_tells_apart_is_made_to_fit(pond: Postgres) -> None:
    sql = "INSERT INTO frogs (name, weight, egg) VALUES (?, ?, ?) RETURNING name, weight, egg"
    assert pond.transact(lambda c: c.execute(sql, ("a\0b", True, b"\0")).fetchone()) == ("a\ufffdb", 1.0, b"\0")


def test_lists_are_rows_in_their_order(pond: Postgres) -> None:
    for name in ("ada", "bo"):
        pond.transact(lambda connection, name=name: add(connection, name))  # type: ignore[misc]
    sql = "SELECT name FROM texts(?) j CROSS JOIN frogs ON name = j.value ORDER BY j.key"
    assert pond.connection().execute(sql, (Listed(["bo", "ada", "cy"]),)).fetchall() == [("bo",), ("ada",)]
    few = "SELECT count(*) FROM frogs WHERE number IN (SELECT value FROM numbers(:these)) AND name NOT LIKE 'b%'"
    assert pond.connection().execute(few, {"these": Listed([1, 2])}).fetchone() == (1,)
    assert pond.connection().execute("SELECT value FROM numbers(?)", (Listed(),)).fetchall() == []


def test_one_process_does_a_thing_alone(pond: Postgres, url: str) -> None:
    with closing(Postgres(url, "pond")) as other:
        with pond.alone("reindex") as first, other.alone("reindex") as second, other.alone("poll") as third:
            assert (first, second, third) == (True, False, True)
        with other.alone("reindex") as again:
            assert again


# The server goes away


@pytest.fixture
def server() -> Iterator[peer.Postgres]:
    try:
        server = peer.Postgres()
    except peer.NotInstalled as error:
        pytest.skip(str(error))
    server.start()
    yield server
    server.remove()


def test_a_restart_of_the_server_is_waited_for(server: peer.Postgres) -> None:
    with closing(Postgres(server.url(), "pond")) as pond:
        pond.migrate("frogs", (POND,))
        pond.transact(add)
        server.stop()
        again = threading.Timer(0.5, server.start)
        again.start()
        assert names(pond) == ["ada"]
        again.join()
        server.stop()
        server.start()
        pond.transact(lambda connection: add(connection, "bo"))
        assert names(pond) == ["ada", "bo"]


def cut_off(pond: Postgres, server: peer.Postgres) -> None:
    with pond.write() as connection:
        add(connection)
        server.stop()
        add(connection, "bo")


def test_a_transaction_that_is_cut_off_is_lost_as_a_whole_and_said_to_be(server: peer.Postgres) -> None:
    with closing(Postgres(server.url(), "pond", patience=20.0)) as pond:
        pond.migrate("frogs", (POND,))
        with pytest.raises(Lost, match="connection to PostgreSQL"):
            cut_off(pond, server)
        server.start()
        assert names(pond) == []


def test_work_that_was_cut_off_is_done_again(server: peer.Postgres) -> None:
    again = threading.Thread(target=server.start)

    def work(connection: Connection) -> None:
        add(connection)
        if not again.ident:
            server.stop()
            again.start()
            connection.execute("SELECT 1")

    with closing(Postgres(server.url(), "pond", patience=20.0)) as pond:
        pond.migrate("frogs", (POND,))
        pond.transact(work)
        assert names(pond) == ["ada"]


@pytest.mark.parametrize(
    "url", ["postgresql://krab:sesame@127.0.0.1:1/pond", "postgresql://krab:ses%ame@127.0.0.1:1/pond"]
)
def test_a_server_that_cannot_be_reached_is_named_by_us_alone_and_the_password_is_not(
    url: str, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(Unusable) as caught, closing(Postgres(url, "pond", patience=3.0)) as database:
        names(database)
    assert [record.name for record in caplog.records if record.name != "index.postgres"] == []
    said = str(caught.value)
    assert "[store] url" in said
    assert "ame" not in said.replace("name", "")


# The SQL


def test_statements_get_the_marks_of_psycopg() -> None:
    assert postgres_sql.statement("a = ? AND b LIKE 'x:%'", False) == "a = %s AND b LIKE 'x:%%'"
    assert postgres_sql.statement("a = :a::text", True) == "a = %(a)s::text"
    assert postgres_sql.statement("SELECT group_concat(s.n)", False) == "SELECT string_agg((s.n)::text, ',')"


def test_full_text_tables_are_left_out_and_types_are_translated() -> None:
    script = "CREATE VIRTUAL TABLE t USING fts5 (a);\nCREATE TABLE u (a TEXT) WITHOUT ROWID;\nUPDATE u SET a = 'TEXT'"
    assert postgres_sql.migration(script) == ['CREATE TABLE u (a TEXT COLLATE "C")', "UPDATE u SET a = 'TEXT'"]
