"""The table ``sources``: how far each source was read, and how it stands. Owned by ``Cursors`` alone.

The cursor and the state are saved separately: the cursor right after a batch was stored, the state once
a poll is over. A source whose kind or address changed is another source and starts anew; changing only
the fragment of an address (an option) keeps the state and leaves it to the kind to know its cursor.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from feeds.kinds import Source
from feeds.schedule import SourceState

MIGRATIONS = (
    """
    CREATE TABLE sources (
        name TEXT PRIMARY KEY,
        kind TEXT NOT NULL,
        url TEXT NOT NULL,
        cursor TEXT NOT NULL DEFAULT '',
        next_poll REAL NOT NULL DEFAULT 0,
        last_success REAL,
        last_error TEXT NOT NULL DEFAULT '',
        error_count INTEGER NOT NULL DEFAULT 0,
        last_change REAL,
        habit REAL,
        delivered INTEGER NOT NULL DEFAULT 0,
        left_out INTEGER NOT NULL DEFAULT 0
    ) STRICT
    """,
)
VERSION = "SELECT coalesce(max(version), 0) FROM feeds_schema"
KNOWN = "SELECT kind, url FROM sources WHERE name = ?"
ADD = "INSERT INTO sources (name, kind, url) VALUES (?, ?, ?)"
CURSOR = "SELECT cursor FROM sources WHERE name = ?"
ADVANCE = "UPDATE sources SET cursor = ? WHERE name = ?"
STATE = """
    SELECT name, next_poll, last_success, last_error, error_count, last_change, habit, delivered, left_out
    FROM sources ORDER BY name
"""
SAVE = """
    UPDATE sources SET next_poll = ?, last_success = ?, last_error = ?, error_count = ?, last_change = ?,
        habit = ?, delivered = ?, left_out = ?
    WHERE name = ?
"""
FORGET = "DELETE FROM sources WHERE name = ?"
BUSY = 30.0  # seconds to wait for another writer


@dataclass(frozen=True, slots=True)
class Cursors:
    """``connect`` makes a new connection, which is closed after each use. Safe between threads."""

    connect: Callable[[], sqlite3.Connection]

    @staticmethod
    def at(path: Path) -> Cursors:
        """The table in the database file ``path``, made or brought up to date."""
        cursors = Cursors(lambda: sqlite3.connect(path, timeout=BUSY))
        cursors.migrate()
        return cursors

    def migrate(self) -> None:
        """Make the table, or bring it up to date. Call once before anything else."""
        with self._session() as database:
            database.execute("CREATE TABLE IF NOT EXISTS feeds_schema (version INTEGER PRIMARY KEY)")
            database.execute("BEGIN IMMEDIATE")
            version = database.execute(VERSION).fetchone()[0]
            for number, script in enumerate(MIGRATIONS[version:], version + 1):
                database.execute(script)
                database.execute("INSERT INTO feeds_schema VALUES (?)", (number,))

    def register(self, sources: Iterable[Source]) -> None:
        """Make sure each source has a row, at its beginning when it is new or is another one now."""
        with self._session() as database:
            for source in sources:
                known = database.execute(KNOWN, (source.name,)).fetchone()
                address = source.url.split("#")[0]
                if known == (source.kind, address):
                    continue
                database.execute(FORGET, (source.name,))
                database.execute(ADD, (source.name, source.kind, address))

    def cursor(self, name: str) -> str:
        """Where reading goes on; "" is the beginning."""
        with self._session() as database:
            row = database.execute(CURSOR, (name,)).fetchone()
        return str(row[0]) if row else ""

    def advance(self, name: str, cursor: str) -> None:
        """Everything up to ``cursor`` is stored."""
        with self._session() as database:
            database.execute(ADVANCE, (cursor, name))

    def rewind(self, name: str) -> None:
        """Read the source from its beginning the next time, and soon."""
        self.advance(name, "")

    def hurry(self, name: str) -> None:
        """Have the source polled as soon as can be."""
        with self._session() as database:
            database.execute("UPDATE sources SET next_poll = 0 WHERE name = ?", (name,))

    def states(self) -> dict[str, SourceState]:
        """How every source stands, by name."""
        with self._session() as database:
            return {row[0]: SourceState(*row[1:]) for row in database.execute(STATE)}

    def state(self, name: str) -> SourceState:
        """How one source stands; one that is not known stands at its beginning."""
        return self.states().get(name, SourceState())

    def save(self, name: str, state: SourceState) -> None:
        """Remember how a source stands."""
        values = (state.next_poll, state.last_success, state.last_error, state.error_count, state.last_change)
        with self._session() as database:
            database.execute(SAVE, (*values, state.habit, state.delivered, state.left_out, name))

    def forget(self, name: str) -> None:
        """Drop a source's row."""
        with self._session() as database:
            database.execute(FORGET, (name,))

    @contextmanager
    def _session(self) -> Iterator[sqlite3.Connection]:
        with closing(self.connect()) as database, database:
            yield database
