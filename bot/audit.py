"""Who did what to krab, and when. Owns the table ``audit``; nothing is ever changed in it.

Every action of an admin, curator or moderator is one line, also one that failed. What people ask is no such
action and does not stand here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from index.database import Database

MIGRATIONS = (
    """
CREATE TABLE audit (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    at REAL NOT NULL,
    who TEXT NOT NULL,
    action TEXT NOT NULL,
    about TEXT NOT NULL,
    outcome TEXT NOT NULL
)
""",
)


@dataclass(frozen=True, slots=True)
class Deed:
    """One action. ``who`` is "service:user"; ``outcome`` is "done", or why it failed."""

    at: datetime
    who: str
    action: str
    about: str
    outcome: str


class Audit:
    """The log of administration. Safe to share between threads and processes."""

    def __init__(self, database: Database, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._database = database
        self._clock = clock
        database.migrate("audit", MIGRATIONS)

    def write(self, who: str, action: str, about: str = "", outcome: str = "done") -> None:
        """Add a line."""
        with self._database.write() as connection:
            connection.execute(
                "INSERT INTO audit (at, who, action, about, outcome) VALUES (?, ?, ?, ?, ?)",
                (self._clock().timestamp(), who, action, about[:500], outcome[:500]),
            )

    def last(self, limit: int = 20) -> list[Deed]:
        """Return the newest lines, newest first."""
        sql = "SELECT at, who, action, about, outcome FROM audit ORDER BY number DESC LIMIT ?"
        rows = self._database.connection().execute(sql, (limit,))
        return [Deed(datetime.fromtimestamp(at, UTC), *rest) for at, *rest in rows]
