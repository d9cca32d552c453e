"""The tables of one database into another, while the first one is written to.

A pass reads both sides in the order of their keys, within one snapshot of the source, and writes what differs. So
it needs no log of what was done: broken off anywhere, the next pass goes on, and one that finds no difference has
shown that both are equal. The last pass runs while nobody can write to the source, which is then marked as moved:
whoever writes to it later is told so (``Moved``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from index.database import Connection, Database

AT_ONCE = 500  # rows
NOT_MOVED = frozenset(("schema", "leases", "bot_schema", "feeds_schema"))  # what a database says of itself
FIRST = ("parts", "passages")  # what others refer to

Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A table. ``key`` are the columns that name a row; ``numbered`` the one whose numbers never come back, or ""."""

    name: str
    columns: tuple[str, ...]
    key: tuple[str, ...]
    numbered: str = ""


class Standing(StrEnum):
    """What the tables of a database are. Only ``LIVE`` ones are written to by anybody but who moves them."""

    LIVE = ""
    COPY = "copy"  # which is not complete yet
    MOVED = "moved"  # elsewhere


class Movable(Database, Protocol):
    """A database that can be read and written as a whole."""

    def tables(self) -> list[Table]:
        """Return its tables, in any order."""
        ...

    def snapshot(self) -> AbstractContextManager[Connection]:
        """What is read from at one moment, however long it takes."""
        ...

    def highest(self, table: Table) -> int:
        """Return the highest number that a table has ever given."""
        ...

    def go_on(self, table: Table, number: int) -> None:
        """Have a table give numbers above ``number``."""
        ...

    def mark(self, connection: Connection, standing: Standing) -> None:
        """Say in a transaction what the tables are."""
        ...

    def standing(self) -> Standing:
        """Return what the tables are."""
        ...


@dataclass(frozen=True, slots=True)
class Compared:
    """A table after a pass: its rows and their digest in the source, and how many had to be written or removed."""

    table: str
    rows: int
    digest: str
    changes: int


def empty(database: Movable) -> bool:
    """Whether nothing is in the tables, but for what krab puts there when it makes them."""
    rows = database.connection().execute
    names = [table.name for table in database.tables() if table.name not in NOT_MOVED | {"clock"}]
    return not any(rows(f"SELECT 1 FROM {name} LIMIT 1").fetchone() for name in names)


def shared(source: Movable, target: Movable) -> list[Table]:
    """Return the tables that both have, those that others refer to first."""
    there = {table.name for table in target.tables()}
    tables = [table for table in source.tables() if table.name in there - NOT_MOVED]
    return sorted(tables, key=lambda t: (FIRST.index(t.name) if t.name in FIRST else len(FIRST), t.name))


def catch_up(
    source: Connection, target: Movable, tables: Sequence[Table], said: Callable[[str], None] = lambda _: None
) -> list[Compared]:
    """Bring ``target`` up to what ``source`` reads; what each table is like then."""
    compared = []
    for table in tables:
        compared.append(_table(source, target, table))
        if compared[-1].changes:
            said(f"{table.name}: {compared[-1].rows} rows, {compared[-1].changes} written or removed")
    return compared


def _table(source: Connection, target: Movable, table: Table) -> Compared:
    seen = _Seen()
    changes = 0
    theirs = _rows(target.connection(), table)
    for wanted, gone in _differences(map(seen, _rows(source, table)), theirs, len(table.key)):
        changes += len(wanted) + len(gone)
        with target.write() as connection:
            connection.executemany(_delete(table), gone)
            connection.executemany(_upsert(table), wanted)
    return Compared(table.name, seen.rows, seen.digest.hexdigest(), changes)


class _Seen:
    """Counts and digests rows as they pass."""

    def __init__(self) -> None:
        self.rows = 0
        self.digest = hashlib.blake2b(digest_size=16)

    def __call__(self, row: Row) -> Row:
        self.rows += 1
        self.digest.update(repr(row).encode("utf-8", "replace"))
        return row


def _rows(connection: Connection, table: Table) -> Iterator[Row]:
    """Every row, its key first, in the order of the keys."""
    columns, key = ", ".join(_quoted(_in_order(table))), ", ".join(_quoted(table.key))
    marks = ", ".join("?" * len(table.key))
    page = connection.execute(f"SELECT {columns} FROM {table.name} ORDER BY {key} LIMIT ?", (AT_ONCE,)).fetchall()
    sql = f"SELECT {columns} FROM {table.name} WHERE ({key}) > ({marks}) ORDER BY {key} LIMIT ?"
    while page:
        yield from map(_plain, page)
        page = connection.execute(sql, (*page[-1][: len(table.key)], AT_ONCE)).fetchall()


def _plain(row: Sequence[Any]) -> Row:
    # PostgreSQL has no character number 0; what both have is compared.
    return tuple(value.replace("\0", "\ufffd") if isinstance(value, str) else value for value in row)


def _differences(ours: Iterator[Row], theirs: Iterator[Row], width: int) -> Iterator[tuple[list[Row], list[Row]]]:
    """Yield (rows to be written, keys to be removed), some at a time."""
    wanted: list[Row] = []
    gone: list[Row] = []
    other = next(theirs, None)
    for row in ours:
        while other is not None and other[:width] < row[:width]:
            gone.append(other[:width])
            other = next(theirs, None)
        if other is None or other[:width] > row[:width]:
            wanted.append(row)
        else:
            wanted += [row] if other != row else []
            other = next(theirs, None)
        if len(wanted) + len(gone) >= AT_ONCE:
            yield wanted, gone
            wanted, gone = [], []
    while other is not None:
        gone.append(other[:width])
        other = next(theirs, None)
    if wanted or gone:
        yield wanted, gone


def _in_order(table: Table) -> tuple[str, ...]:
    return (*table.key, *(name for name in table.columns if name not in table.key))


def _quoted(names: Sequence[str]) -> list[str]:
    return [f'"{name}"' for name in names]


def _delete(table: Table) -> str:
    return f"DELETE FROM {table.name} WHERE {' AND '.join(f'{name} = ?' for name in _quoted(table.key))}"


def _upsert(table: Table) -> str:
    names = _in_order(table)
    columns, marks = ", ".join(_quoted(names)), ", ".join("?" * len(names))
    rest = [f"{name} = excluded.{name}" for name in _quoted(names[len(table.key) :])]
    insert = f"INSERT INTO {table.name} ({columns}) VALUES ({marks})"
    if not rest:  # a row is its key; a table without any has none that could conflict
        return insert
    return f"{insert} ON CONFLICT ({', '.join(_quoted(table.key))}) DO UPDATE SET {', '.join(rest)}"
