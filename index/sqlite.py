"""One SQLite file: connections, transactions and forward-only migrations.

The database is the truth; everything else under the data directory can be rebuilt from it. Each class
that owns tables brings its migrations as whole SQL scripts and has its own line in ``schema``.
"""

from __future__ import annotations

import fcntl
import math
import os
import re
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from functools import lru_cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from index.database import Connection, T
from index.errors import Moved, NewerDatabase, Unusable
from index.moving import Standing, Table

_PRAGMAS = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;
PRAGMA foreign_keys = ON;
PRAGMA temp_store = MEMORY;
PRAGMA mmap_size = 268435456;
PRAGMA cache_size = -{cache};
"""
CACHE = 32 << 10  # KiB of pages that a connection keeps


_COPIES = 3  # of a file, made before its tables were changed
_LISTS = re.compile(r"\b(?:numbers|texts)\((\?|:\w+)\)")
# Two classes kept the version of their tables in tables of their own once.
_FORMERLY = {"bot": "bot_schema", "feeds": "feeds_schema"}


@lru_cache(maxsize=1024)
def _spoken(sql: str) -> str:
    return _LISTS.sub(r"json_each(\1)", sql)


class _Speaking(sqlite3.Connection):
    """A connection that understands the SQL of this project."""

    def execute(self, sql: str, values: Any = (), /) -> sqlite3.Cursor:
        return super().execute(_spoken(sql), values)

    def executemany(self, sql: str, rows: Any, /) -> sqlite3.Cursor:
        return super().executemany(_spoken(sql), rows)


class Sqlite:
    """A SQLite file shared by threads: a connection each, and one writer at a time. ``:memory:`` has but one."""

    def __init__(self, path: Path | str, *, even_moved: bool = False, cache: int = CACHE) -> None:
        """``even_moved`` writes also to tables that were moved elsewhere; ``cache`` is in KiB, for each thread."""
        self.path = Path(path)
        self._even_moved = even_moved
        self._cache = cache
        self._memory = str(path) == ":memory:"
        self._local: Any = SimpleNamespace() if self._memory else threading.local()
        self._writer = threading.RLock()
        self._open: list[tuple[threading.Thread, sqlite3.Connection]] = []
        self._opening = threading.Lock()

    def connection(self) -> sqlite3.Connection:
        """This thread's connection. Raises ``Unusable`` when the file can't be opened."""
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = self._connect()
            self._remember(connection)
        return connection

    def _remember(self, connection: sqlite3.Connection) -> None:
        # Threads come and go; the files of one that has ended would stay open for as long as we run.
        with self._opening:
            ended = [one for one in self._open if not (one[0].is_alive() or self._memory)]
            for one in ended:
                one[1].close()
                self._open.remove(one)
            self._open.append((threading.current_thread(), connection))

    def _connect(self) -> sqlite3.Connection:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            connection = sqlite3.connect(
                self.path, timeout=60, isolation_level=None, check_same_thread=False, factory=_Speaking
            )
            connection.executescript(_PRAGMAS.format(cache=self._cache))
            connection.create_function("ln", 1, math.log, deterministic=True)
        except (OSError, sqlite3.Error) as error:
            raise Unusable(
                f"cannot open {self.path}: {error}; check the directory, its owner and free space"
            ) from error
        return connection

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """A transaction: all of it is stored, or nothing. Raises ``Unusable`` when the disk is full."""
        connection = self.connection()
        with self._writer:
            try:
                connection.execute("BEGIN IMMEDIATE")
                if not self._even_moved and self.standing() is not Standing.LIVE:
                    raise Moved(f"{self.path} was moved to another database: say in [store] url where it is now")
                yield connection
                connection.execute("COMMIT")
            except sqlite3.OperationalError as error:
                _roll_back(connection)
                if not _outside(error):
                    raise
                raise Unusable(
                    f"cannot write {self.path}: {error}; nothing was lost, free some space and run again"
                ) from error
            except BaseException:
                _roll_back(connection)
                raise

    def transact(self, work: Callable[[Connection], T]) -> T:
        """Do ``work`` in a transaction. A file is not lost, so it is done once."""
        with self.write() as connection:
            return work(connection)

    def tables(self) -> list[Table]:
        """Return the tables in this file."""
        execute = self.connection().execute
        names = [name for (name,) in execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
        return [self._table(name) for name in names if not name.startswith("sqlite_")]

    def _table(self, name: str) -> Table:
        execute = self.connection().execute
        columns = execute("SELECT name, pk FROM pragma_table_info(?)", (name,)).fetchall()
        key = tuple(column for column, place in sorted(columns, key=lambda c: c[1]) if place)
        sql = "SELECT 1 FROM sqlite_master WHERE name = ? AND sql LIKE '%AUTOINCREMENT%'"
        numbered = key[0] if execute(sql, (name,)).fetchone() else ""
        every = tuple(column for column, _ in columns)
        return Table(name, every, key or every, numbered)

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """What is read from at one moment, however long it takes."""
        connection = self._connect()
        try:
            connection.execute("BEGIN")
            yield connection
        finally:
            connection.close()

    def highest(self, table: Table) -> int:
        """Return the highest number that a table has ever given."""
        row = self.connection().execute("SELECT seq FROM sqlite_sequence WHERE name = ?", (table.name,)).fetchone()
        return row[0] if row else 0

    def go_on(self, table: Table, number: int) -> None:
        """Have a table give numbers above ``number``."""
        with self.write() as connection:
            connection.execute("DELETE FROM sqlite_sequence WHERE name = ?", (table.name,))
            connection.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", (table.name, number))

    def mark(self, connection: Connection, standing: Standing) -> None:
        """Say in a transaction what the tables are."""
        connection.execute(f"PRAGMA user_version = {list(Standing).index(standing)}")

    def standing(self) -> Standing:
        """Return what the tables are."""
        number: int = self.connection().execute("PRAGMA user_version").fetchone()[0]
        return list(Standing)[number]

    def migrate(self, component: str, scripts: Sequence[str]) -> None:
        """Bring ``component``'s tables to the state after the last script. Raises ``NewerDatabase``."""
        if 0 < self._version(component) < len(scripts):
            copy_first(self.connection(), f"{component}-{len(scripts)}")
        with self.write() as connection:
            connection.execute(
                "CREATE TABLE IF NOT EXISTS schema (component TEXT PRIMARY KEY, version INTEGER NOT NULL)"
            )
            version = self._version(component)
            if version > len(scripts):
                raise NewerDatabase(
                    f"{self.path} was written by a newer krab ({component} schema {version}, here {len(scripts)}):"
                    " upgrade krab, or restore a backup made by this version"
                )
            for script in scripts[version:]:
                _run(connection, script)
            connection.execute("INSERT OR REPLACE INTO schema VALUES (?, ?)", (component, len(scripts)))

    def _version(self, component: str) -> int:
        connection = self.connection()
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        row = None
        if "schema" in tables:
            row = connection.execute("SELECT version FROM schema WHERE component = ?", (component,)).fetchone()
        if row is None and (former := _FORMERLY.get(component)) in tables:
            row = connection.execute(f"SELECT max(version) FROM {former}").fetchone()  # noqa: S608 - a constant
        return row[0] or 0 if row else 0

    @contextmanager
    def alone(self, name: str) -> Iterator[bool]:
        """Whether we are the only process that does what ``name`` says with this file's directory."""
        descriptor = os.open(self.path.with_name(f"{name}.lock"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            yield _locked(descriptor)
        finally:
            os.close(descriptor)

    def close(self) -> None:
        """Close every thread's connection."""
        for _, connection in self._open:
            connection.close()
        self._open.clear()
        self._local = SimpleNamespace() if self._memory else threading.local()


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def copy_first(connection: sqlite3.Connection, name: str) -> None:
    """Copy a file whose tables are about to be changed, to ``FILE.before-NAME``; the newest few copies are kept.

    Nothing is copied of a database in memory. Raises ``Unusable`` when there is no room.
    """
    file = connection.execute("PRAGMA database_list").fetchone()[2]
    target = Path(f"{file}.before-{name}")
    if not file or target.exists():
        return
    unfinished = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        with closing(sqlite3.connect(unfinished)) as copy:
            connection.backup(copy)
        unfinished.chmod(0o600)
        unfinished.replace(target)
    except (OSError, sqlite3.Error) as error:
        raise Unusable(f"no copy of {file} could be made before it is upgraded: {error}; free some space") from error
    finally:
        unfinished.unlink(missing_ok=True)
    copies = sorted(target.parent.glob(f"{Path(file).name}.before-*"), key=lambda copy: copy.stat().st_mtime_ns)
    for old in copies[:-_COPIES]:
        old.unlink(missing_ok=True)


def _outside(error: sqlite3.Error) -> bool:
    """Whether an error comes from the disk or from another process, and not from our SQL."""
    name = getattr(error, "sqlite_errorname", "")
    return name.startswith(("SQLITE_FULL", "SQLITE_IOERR", "SQLITE_READONLY", "SQLITE_BUSY", "SQLITE_CANTOPEN"))


def _roll_back(connection: sqlite3.Connection) -> None:
    if connection.in_transaction:
        connection.execute("ROLLBACK")


def _run(connection: sqlite3.Connection, script: str) -> None:
    # executescript() would commit the transaction that holds the migration together.
    for statement in filter(str.strip, script.split(";\n")):
        connection.execute(statement)
