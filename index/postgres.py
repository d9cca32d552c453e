"""A schema of a PostgreSQL database: connections, transactions and forward-only migrations.

- Reads are single statements on whatever connection is free; one that was lost is asked again on another.
- One transaction writes to a schema at a time, in all processes: it holds an advisory lock, as SQLite locks
  its file. So no class needs to know how many processes there are.
- A transaction is begun again while nothing was done in it. Once something was, its loss is ``Lost``, and the
  caller decides; ``transact`` does the whole of it again.
- Nothing that is raised or logged here says a password.
"""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.types.numeric import IntDumper
from psycopg.types.string import StrDumperUnknown
from psycopg_pool import ConnectionPool, PoolTimeout

from index import postgres_sql
from index.database import Connection, Rows, T, Values
from index.errors import Lost, Moved, NewerDatabase, Unusable
from index.moving import Standing, Table

CONNECTIONS = 8  # of one process to one schema, at most
PATIENCE = 30.0  # seconds that a server may be away before anybody is told
_PAUSE = 0.2  # seconds between two tries
LOG = logging.getLogger(__name__)
_STANDING = "SELECT coalesce(obj_description(to_regnamespace({}), 'pg_namespace'), '')"
_POOL = logging.getLogger("psycopg.pool")
# A process that vanished must not hold the lock for ever.
_OPTIONS = (
    "-c search_path={schema} -c idle_in_transaction_session_timeout=60s -c tcp_keepalives_idle=30"
    " -c tcp_keepalives_interval=10 -c tcp_keepalives_count=3"
)


class _Text(StrDumperUnknown):
    """A text; PostgreSQL has no character number 0, and hostile mails have."""

    def dump(self, obj: str) -> Any:
        return super().dump(obj.replace("\0", "\ufffd") if "\0" in obj else obj)


class _Truth(IntDumper):
    """A truth value as 0 or 1, as both engines keep it."""

    def dump(self, obj: Any) -> Any:
        return super().dump(int(obj))


class Fetched:
    """What a statement gave, all of it."""

    def __init__(self, cursor: psycopg.Cursor[Any]) -> None:
        self.rowcount = cursor.rowcount
        self._rows = iter(cursor.fetchall() if cursor.description else ())

    def fetchone(self) -> Any:
        """Return the next row, or None."""
        return next(self._rows, None)

    def fetchall(self) -> list[Any]:
        """Return the rows that are left."""
        return list(self._rows)

    def __iter__(self) -> Iterator[Any]:
        return self._rows


class _Open:
    """A connection inside a transaction."""

    def __init__(self, raw: psycopg.Connection) -> None:
        self._raw = raw

    def execute(self, sql: str, values: Values = (), /) -> Rows:
        return _run(self._raw, sql, values)

    def executemany(self, sql: str, rows: Sequence[Values] | Iterator[Values], /) -> Rows:
        with self._raw.cursor() as cursor:
            cursor.executemany(postgres_sql.statement(sql, False), rows)
            return Fetched(cursor)


class _Reading:
    """Any connection that is free, a statement at a time."""

    def __init__(self, database: Postgres) -> None:
        self._database = database

    def execute(self, sql: str, values: Values = (), /) -> Rows:
        return self._database.read(lambda raw: _run(raw, sql, values))

    def executemany(self, sql: str, rows: Sequence[Values] | Iterator[Values], /) -> Rows:
        raise Unusable("many rows are written in a transaction")


def _run(raw: psycopg.Connection, sql: str, values: Values) -> Fetched:
    with raw.cursor(binary=True) as cursor:
        cursor.execute(postgres_sql.statement(sql, isinstance(values, Mapping)), values)
        return Fetched(cursor)


class Postgres:
    """The tables in ``schema`` of the database at ``url``, shared by threads and processes.

    ``password`` is used when the URL has none. ``patience`` is in seconds.
    """

    def __init__(
        self, url: str, schema: str, *, password: str = "", patience: float = PATIENCE, even_moved: bool = False
    ) -> None:
        """``even_moved`` writes also to tables that were moved elsewhere."""
        self.schema = schema
        self._patience = patience
        self._even_moved = even_moved
        self._parameters = _parameters(url, schema, password)
        self.where = _where(self._parameters)
        self._local = threading.local()
        self._writer = threading.RLock()
        self._opening = threading.Lock()
        self._opened: ConnectionPool | None = None

    def connection(self) -> Connection:
        """What this thread reads from: its own transaction, when it is in one."""
        return getattr(self._local, "inside", None) or _Reading(self)

    def read(self, work: Callable[[psycopg.Connection], T]) -> T:
        """Do what may be done twice on a free connection. Raises ``Unusable``."""
        for last in self._tries():
            try:
                with self._pool().connection() as raw:
                    return work(raw)
            except psycopg.OperationalError as error:
                if last or not _lost(error):
                    raise self._translated(error) from error
        raise AssertionError("the last try returns or raises")

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction: all of it is stored, or nothing. Raises ``Lost``, ``Unusable``."""
        with self._writer:
            raw, standing = self._begun()
            try:
                self._local.inside = _Open(raw)
                if not self._even_moved and standing is not Standing.LIVE:
                    raise Moved(f"{self.where} was moved to another database: say in [store] url where it is now")
                yield self._local.inside
                raw.execute("COMMIT")
            except psycopg.OperationalError as error:
                raise self._translated(error) from error
            finally:
                self._local.inside = None
                with suppress(psycopg.Error):
                    raw.rollback()
                self._pool().putconn(raw)

    def transact(self, work: Callable[[Connection], T]) -> T:
        """Do ``work`` in a transaction, and again when the connection was lost."""
        for last in self._tries():
            try:
                with self.write() as connection:
                    return work(connection)
            except Lost:
                if last:
                    raise
        raise AssertionError("the last try returns or raises")

    def _begun(self) -> tuple[psycopg.Connection, Standing]:
        """Return a connection in a transaction that holds the lock, and what the tables are by then."""
        # In one go: most transactions are a statement long, and each way to the server and back costs as much.
        begin = f"BEGIN; SELECT pg_advisory_xact_lock({_key(self.schema)}); {_STANDING.format(repr(self.schema))}"
        for last in self._tries():
            raw = None
            try:
                raw = self._pool().getconn()
                standing = _last(raw.execute(begin.encode()))
            except psycopg.OperationalError as error:
                if raw is not None:
                    self._pool().putconn(raw)
                if last or not _lost(error):
                    raise self._translated(error) from error
            else:
                return raw, Standing(standing)
        raise AssertionError("the last try returns or raises")

    def _tries(self) -> Iterator[bool]:
        """Yield whether this is the last try, as long as it is worth trying."""
        end = time.monotonic() + self._patience
        yield self._patience <= 0
        LOG.warning("%s does not answer: it is tried again for %.0f s", self.where, self._patience)
        while (now := time.monotonic()) < end:
            time.sleep(min(_PAUSE, end - now))
            yield False
        yield True

    def tables(self) -> list[Table]:
        """Return the tables of this schema."""
        found: dict[str, list[Any]] = {}
        for name, *column in self.connection().execute(postgres_sql.COLUMNS, (self.schema,)):
            found.setdefault(name, []).append(column)
        return [_table(name, columns) for name, columns in found.items()]

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """What is read from at one moment, however long it takes."""
        with self._pool().connection() as raw:
            raw.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            try:
                yield _Open(raw)
            finally:
                raw.execute("ROLLBACK")

    def highest(self, table: Table) -> int:
        """Return the highest number that a table has ever given."""
        sql = "SELECT coalesce(pg_sequence_last_value(pg_get_serial_sequence(?, ?)::regclass), 0)"
        number: int = self.connection().execute(sql, (f"{self.schema}.{table.name}", table.numbered)).fetchone()[0]
        return number

    def go_on(self, table: Table, number: int) -> None:
        """Have a table give numbers above ``number``."""
        if number:
            with self.write() as connection:
                sql = "SELECT setval(pg_get_serial_sequence(?, ?)::regclass, ?)"
                connection.execute(sql, (f"{self.schema}.{table.name}", table.numbered, number))

    def mark(self, connection: Connection, standing: Standing) -> None:
        """Say in a transaction what the tables are."""
        connection.execute(f"COMMENT ON SCHEMA {self.schema} IS '{standing}'")

    def standing(self) -> Standing:
        """Return what the tables are."""
        return Standing(self.connection().execute(_STANDING.format("?"), (self.schema,)).fetchone()[0])

    def migrate(self, component: str, scripts: Sequence[str]) -> None:
        """Bring ``component``'s tables to the state after the last script. Raises ``NewerDatabase``."""
        if self._version(component) == len(scripts):
            return
        with self.write() as connection:
            connection.execute(f"CREATE SCHEMA IF NOT EXISTS {self.schema}")
            connection.execute(
                'CREATE TABLE IF NOT EXISTS schema (component TEXT COLLATE "C" PRIMARY KEY, version BIGINT NOT NULL)'
            )
            self._bring(connection, "engine", postgres_sql.PRELUDE)
            self._bring(connection, component, scripts)

    def _bring(self, connection: Connection, component: str, scripts: Sequence[str]) -> None:
        version = self._version(component)
        if version > len(scripts):
            raise NewerDatabase(
                f"{self.where} was written by a newer krab ({component} schema {version}, here {len(scripts)}):"
                " upgrade krab, or restore a dump made by this version"
            )
        for script in scripts[version:]:
            for statement in postgres_sql.migration(script):
                connection.execute(statement)
        sql = "INSERT INTO schema VALUES (?, ?) ON CONFLICT (component) DO UPDATE SET version = excluded.version"
        connection.execute(sql, (component, len(scripts)))

    def _version(self, component: str) -> int:
        connection = self.connection()
        if connection.execute("SELECT to_regclass(?)", (f"{self.schema}.schema",)).fetchone()[0] is None:
            return 0
        row = connection.execute("SELECT version FROM schema WHERE component = ?", (component,)).fetchone()
        return row[0] if row else 0

    @contextmanager
    def alone(self, name: str) -> Iterator[bool]:
        """Whether we are the only process that does what ``name`` says with this schema."""
        try:
            raw = psycopg.connect(**self._parameters, autocommit=True)
        except psycopg.OperationalError as error:
            raise self._translated(error) from error
        try:
            key = _key(f"{self.schema} {name}")
            yield raw.execute("SELECT pg_try_advisory_lock(%s)", (key,)).fetchone() == (True,)
        finally:
            with suppress(psycopg.Error):
                raw.execute("SELECT pg_advisory_unlock_all()")  # not only when the server sees that we are gone
            raw.close()

    def said(self) -> str:
        """What the server says of itself."""
        sql = "SELECT current_setting('server_version'), pg_database_size(current_database())"
        version, size = self.connection().execute(sql).fetchone()
        return f"{self.where}, version {version}, {size / (1 << 20):.0f} MiB"

    def close(self) -> None:
        """Close every connection."""
        with self._opening:
            if self._opened is not None:
                self._opened.close()
            self._opened = None

    def _pool(self) -> ConnectionPool:
        with self._opening:
            if self._opened is None:
                _POOL.setLevel(logging.ERROR)  # what it would warn of is in our own lines and errors
                self._opened = ConnectionPool(
                    kwargs={**self._parameters, "autocommit": True},
                    min_size=1,
                    max_size=CONNECTIONS,
                    configure=_configured,
                    timeout=2.0,
                    reconnect_timeout=2.0,
                    open=True,
                )
            return self._opened

    def _translated(self, error: psycopg.OperationalError) -> Unusable:
        said = str(error).strip().partition("\n")[0]
        if isinstance(error, PoolTimeout):
            return Lost(f"cannot reach {self.where}: {self._why()}; check that the server runs, and [store] url")
        if _lost(error):
            return Lost(f"the connection to {self.where} was lost: {said}; look whether the server runs")
        return Unusable(f"{self.where} does not do what it is asked: {said}; look into the server's log")

    def _why(self) -> str:
        try:
            psycopg.connect(**self._parameters).close()
        except psycopg.OperationalError as error:
            return str(error).strip().partition("\n")[0]
        return "no connection became free"


def _last(cursor: psycopg.Cursor[Any]) -> Any:
    """Return what the last of several statements gave."""
    while cursor.nextset():
        pass
    return (cursor.fetchone() or ("",))[0]


def _table(name: str, columns: Sequence[Sequence[Any]]) -> Table:
    every = tuple(column for column, *_ in columns)
    key = tuple(column for column, place, _ in sorted(columns, key=lambda c: c[1]) if place)
    numbered = next((column for column, _, given in columns if given), "")
    return Table(name, every, key or every, numbered)


def _configured(raw: psycopg.Connection) -> None:
    raw.adapters.register_dumper(str, _Text)
    raw.adapters.register_dumper(bool, _Truth)


def _parameters(url: str, schema: str, password: str) -> dict[str, Any]:
    try:
        told = conninfo_to_dict(url)
    except psycopg.ProgrammingError:  # its text may show a part of the password
        raise Unusable("[store] url can't be read: write postgresql://user@host:5432/database") from None
    usual = {"connect_timeout": "5", "application_name": "krab", "keepalives_idle": "30"}
    options = f"{told.pop('options', '')} {_OPTIONS.format(schema=schema)}".strip()
    if password and not told.get("password"):
        told["password"] = password
    return {**usual, **told, "options": options}


def _where(parameters: Mapping[str, Any]) -> str:
    host, port = parameters.get("host") or "this machine", parameters.get("port") or "5432"
    return f"PostgreSQL at {host}:{port}/{parameters.get('dbname') or ''}"


def _key(name: str) -> int:
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), signed=True)


def _lost(error: psycopg.OperationalError) -> bool:
    """Whether an error says that there is no server, and not that something is wrong with what it was asked."""
    state = error.sqlstate or ""
    return isinstance(error, PoolTimeout) or not state or state.startswith(("08", "57P", "25P03"))
