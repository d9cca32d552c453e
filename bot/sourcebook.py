"""The sources that people added, paused and removed while krab ran. Owns the table ``source_book``.

It stands beside the configuration: a source of the TOML file that is paused or removed here stays so across
restarts, until it is resumed; one that was added here is polled like any other. A removed source leaves its
name behind, so that nothing brings it back by accident.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from feeds.kinds import Source
from index.database import Database

MIGRATIONS = (
    """
CREATE TABLE source_book (
    name TEXT PRIMARY KEY,
    state TEXT NOT NULL,
    source TEXT NOT NULL,
    changed_by TEXT NOT NULL,
    changed REAL NOT NULL
)
""",
)
_WRITE = (
    "INSERT INTO source_book (name, state, source, changed_by, changed) VALUES (?, ?, ?, ?, ?) ON CONFLICT (name)"
    " DO UPDATE SET state = excluded.state, source = CASE WHEN excluded.source = '' THEN source_book.source"
    " ELSE excluded.source END, changed_by = excluded.changed_by, changed = excluded.changed"
)


class Standing(StrEnum):
    """What is done with a source."""

    ACTIVE = "active"
    PAUSED = "paused"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Entry:
    """What somebody last said about a source. ``source`` is set when it was added here."""

    name: str
    standing: Standing
    source: Source | None
    by: str
    when: datetime


class SourceBook:
    """Who added, paused and removed which source. Safe to share between threads and processes."""

    def __init__(self, database: Database, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._database = database
        self._clock = clock
        database.migrate("source_book", MIGRATIONS)

    def add(self, source: Source, by: str) -> None:
        """Have a source polled from now on; one of that name that was added before is replaced."""
        self._write(source.name, Standing.ACTIVE, _told(source), by)

    def mark(self, name: str, standing: Standing, by: str) -> None:
        """Pause, resume or remove a source, wherever it was told of."""
        self._write(name, standing, "", by)

    def _write(self, name: str, standing: Standing, source: str, by: str) -> None:
        with self._database.write() as connection:
            connection.execute(_WRITE, (name, standing.value, source, by, self._clock().timestamp()))

    def entries(self) -> dict[str, Entry]:
        """Return what was said, by the source's name."""
        sql = "SELECT name, state, source, changed_by, changed FROM source_book ORDER BY name"
        rows = self._database.connection().execute(sql)
        return {row[0]: _entry(*row) for row in rows}

    def known(self, told: Iterable[Source]) -> tuple[Source, ...]:
        """Return every source there is, paused and removed ones too: those of the configuration, then those added."""
        return _known(self.entries(), told)

    def polled(self, told: Iterable[Source]) -> tuple[Source, ...]:
        """Return the sources that are to be asked."""
        entries = self.entries()
        idle = {name for name, entry in entries.items() if entry.standing is not Standing.ACTIVE}
        return tuple(source for source in _known(entries, told) if source.name not in idle)


def _known(entries: Mapping[str, Entry], told: Iterable[Source]) -> tuple[Source, ...]:
    first = tuple(told)
    names = {source.name for source in first}
    added = (entry.source for entry in entries.values() if entry.source)
    return first + tuple(source for source in added if source.name not in names)


def _entry(name: str, state: str, source: str, by: str, when: float) -> Entry:
    added = json.loads(source) if source else None
    if added:
        added["private"] = tuple(added.get("private", ()))
    made = Source(**added) if added else None
    return Entry(name, Standing(state), made, by, datetime.fromtimestamp(when, UTC))


def _told(source: Source) -> str:
    return json.dumps({field: getattr(source, field) for field in Source.__dataclass_fields__})
