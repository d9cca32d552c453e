"""What a database is to the classes that own its tables: connections, transactions, migrations.

Two engines stand behind it: a SQLite file (``index.sqlite``) and a schema of a PostgreSQL database
(``index.postgres``). The SQL of this project runs on both. What is particular about it:

- Parameters are ``?``, or ``:name`` with a mapping. A list is one parameter, ``Listed``; ``numbers(?)`` and
  ``texts(?)`` are its rows, with ``value`` and ``key`` (its place).
- ``CROSS JOIN … ON`` is a join whose left side SQLite walks through first.
- ``user`` is quoted; nulls come first in ascending order only where ``NULLS FIRST`` says so.
- In migrations ``INTEGER``, ``REAL``, ``BLOB`` are 64 bits, 64 bits and bytes; ``INTEGER PRIMARY KEY
  AUTOINCREMENT`` gives numbers that never come back. Texts compare byte by byte.

One transaction writes at a time, in all processes, so what it has read stays so until it ends. Reads see
what was committed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol, TypeVar

Values = Sequence[Any] | Mapping[str, Any]
T = TypeVar("T")


class Listed(list[Any]):
    """A list that is one parameter of a statement."""

    def __conform__(self, _: object) -> str:
        """Return it as SQLite takes it."""
        return json.dumps(self)


class Rows(Protocol):
    """What a statement gave."""

    @property
    def rowcount(self) -> int:
        """How many rows were changed."""
        ...

    def fetchone(self) -> Any:
        """Return the next row, or None."""
        ...

    def fetchall(self) -> list[Any]:
        """Return the rows that are left."""
        ...

    def __iter__(self) -> Iterator[Any]: ...


class Connection(Protocol):
    """What statements are put to."""

    def execute(self, sql: str, values: Values = (), /) -> Rows:
        """Run one statement."""
        ...

    def executemany(self, sql: str, rows: Sequence[Values] | Iterator[Values], /) -> Rows:
        """Run one statement for each of ``rows``."""
        ...


class Database(Protocol):
    """Tables shared by threads and processes."""

    def connection(self) -> Connection:
        """What this thread reads from. Raises ``Unusable`` when there is no database."""
        ...

    def write(self) -> AbstractContextManager[Connection]:
        """A transaction: all of it is stored, or nothing. Raises ``Unusable`` when it can't be."""
        ...

    def transact(self, work: Callable[[Connection], T]) -> T:
        """Do ``work`` in a transaction; once more when the connection is lost, so twice must be as good as once."""
        ...

    def migrate(self, component: str, scripts: Sequence[str]) -> None:
        """Bring ``component``'s tables to the state after the last script. Raises ``NewerDatabase``."""
        ...

    def alone(self, name: str) -> AbstractContextManager[bool]:
        """Whether we are the only process that does what ``name`` says, until the end; one that dies gives it free."""
        ...

    def close(self) -> None:
        """Close every connection."""
        ...
