"""The table ``sources``: how far each source was read, and how it stands. Owned by ``Cursors`` alone.

The cursor and the state are saved separately: the cursor right after a batch was stored, the state once
a poll is over. A source whose kind or address changed is another source and starts anew; changing only
the fragment of an address (an option) keeps the state and leaves it to the kind to know its cursor.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

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


class Session(Protocol):
    """What statements are put to."""

    def execute(self, sql: str, values: Sequence[Any] = (), /) -> Any:
        """Run one statement."""
        ...


class Store(Protocol):
    """The database that the table is in; ``transact`` may do its work twice."""

    def connection(self) -> Session:
        """What is read from."""
        ...

    def transact(self, work: Callable[[Any], Any]) -> Any:
        """Do ``work`` in a transaction."""
        ...

    def migrate(self, component: str, scripts: Sequence[str]) -> None:
        """Bring the table up to date."""
        ...


@dataclass(frozen=True, slots=True)
class Cursors:
    """How far each source was read. Safe between threads and processes."""

    store: Store

    def __post_init__(self) -> None:
        self.store.migrate("feeds", MIGRATIONS)

    def register(self, sources: Iterable[Source]) -> None:
        """Make sure each source has a row, at its beginning when it is new or is another one now."""
        every = tuple(sources)
        if any(self._changed(self.store.connection(), source) for source in every):
            self.store.transact(lambda session: self._register(session, every))

    def _register(self, session: Session, sources: Sequence[Source]) -> None:
        for source in sources:
            if self._changed(session, source):
                session.execute(FORGET, (source.name,))
                session.execute(ADD, (source.name, source.kind, source.url.split("#")[0]))

    @staticmethod
    def _changed(session: Session, source: Source) -> bool:
        known = session.execute(KNOWN, (source.name,)).fetchone()
        return bool(known != (source.kind, source.url.split("#")[0]))

    def cursor(self, name: str) -> str:
        """Where reading goes on; "" is the beginning."""
        row = self.store.connection().execute(CURSOR, (name,)).fetchone()
        return str(row[0]) if row else ""

    def advance(self, name: str, cursor: str) -> None:
        """Everything up to ``cursor`` is stored."""
        self._write(ADVANCE, (cursor, name))

    def rewind(self, name: str) -> None:
        """Read the source from its beginning the next time, and soon."""
        self.advance(name, "")

    def hurry(self, name: str) -> None:
        """Have the source polled as soon as can be."""
        self._write("UPDATE sources SET next_poll = 0 WHERE name = ?", (name,))

    def states(self) -> dict[str, SourceState]:
        """How every source stands, by name."""
        return {row[0]: SourceState(*row[1:]) for row in self.store.connection().execute(STATE)}

    def state(self, name: str) -> SourceState:
        """How one source stands; one that is not known stands at its beginning."""
        return self.states().get(name, SourceState())

    def save(self, name: str, state: SourceState) -> None:
        """Remember how a source stands."""
        values = (state.next_poll, state.last_success, state.last_error, state.error_count, state.last_change)
        self._write(SAVE, (*values, state.habit, state.delivered, state.left_out, name))

    def forget(self, name: str) -> None:
        """Drop a source's row."""
        self._write(FORGET, (name,))

    def _write(self, sql: str, values: Sequence[Any]) -> None:
        self.store.transact(lambda session: session.execute(sql, values))
