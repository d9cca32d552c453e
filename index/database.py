"""One SQLite file: connections, transactions and forward-only migrations.

The database is the truth; everything else under the data directory can be rebuilt from it. Each class
that owns tables brings its migrations as whole SQL scripts and has its own line in ``schema``.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from index.errors import NewerDatabase, Unusable

_PRAGMAS = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;
PRAGMA foreign_keys = ON;
PRAGMA temp_store = MEMORY;
PRAGMA mmap_size = 268435456;
PRAGMA cache_size = -32768;
"""


_COPIES = 3  # of a file, made before its tables were changed


class Database:
    """A SQLite file shared by threads: a connection each, and one writer at a time."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._local = threading.local()
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
            ended = [one for one in self._open if not one[0].is_alive()]
            for one in ended:
                one[1].close()
                self._open.remove(one)
            self._open.append((threading.current_thread(), connection))

    def _connect(self) -> sqlite3.Connection:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            connection = sqlite3.connect(self.path, timeout=60, isolation_level=None, check_same_thread=False)
            connection.executescript(_PRAGMAS)
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

    def migrate(self, component: str, scripts: Sequence[str]) -> None:
        """Bring ``component``'s tables to the state after the last script. Raises ``NewerDatabase``."""
        if 0 < self._version(component) < len(scripts):
            copy_first(self.connection(), f"{component}-{len(scripts)}")
        with self.write() as connection:
            connection.execute(
                "CREATE TABLE IF NOT EXISTS schema (component TEXT PRIMARY KEY, version INTEGER NOT NULL)"
            )
            row = connection.execute("SELECT version FROM schema WHERE component = ?", (component,)).fetchone()
            version = row[0] if row else 0
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
        if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'schema'").fetchone():
            return 0
        row = connection.execute("SELECT version FROM schema WHERE component = ?", (component,)).fetchone()
        return row[0] if row else 0

    def close(self) -> None:
        """Close every thread's connection."""
        for _, connection in self._open:
            connection.close()
        self._open.clear()
        self._local = threading.local()


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
