"""What a language model may cost a day, in all and for one person. Owns the table ``spent``.

A budget that is used up costs nobody an answer: it is given without the model. Days are UTC's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from bot.llm import Usage
from index.database import Database

MIGRATIONS = (
    """
    CREATE TABLE spent (
        day    TEXT NOT NULL,
        person TEXT NOT NULL,   -- "service:user"; "" is whoever asks without a name
        tokens INTEGER NOT NULL,
        cost   REAL NOT NULL,
        PRIMARY KEY (day, person)
    )
    """,
)
ADD = """
    INSERT INTO spent (day, person, tokens, cost) VALUES (?, ?, ?, ?)
    ON CONFLICT (day, person) DO UPDATE SET tokens = spent.tokens + excluded.tokens, cost = spent.cost + excluded.cost
"""
IN_ALL = "SELECT coalesce(sum(tokens), 0), coalesce(sum(cost), 0) FROM spent WHERE day = ?"
BY_ONE = "SELECT coalesce(sum(tokens), 0) FROM spent WHERE day = ? AND person = ?"


@dataclass(frozen=True, slots=True)
class Allowance:
    """Limits a day; 0 is none. Prices are per million tokens, in whatever currency ``cost`` is in."""

    tokens: int = 500_000
    personal: int = 50_000
    cost: float = 0.0
    price_in: float = 0.0
    price_out: float = 0.0


def _now() -> datetime:
    return datetime.now(UTC)


class Budget:
    """Counts what was spent. Safe between threads and processes."""

    def __init__(self, database: Database, allowance: Allowance, clock: Callable[[], datetime] = _now) -> None:
        database.migrate("budget", MIGRATIONS)
        self._database = database
        self._allowance = allowance
        self._clock = clock

    def left(self, person: str) -> bool:
        """Whether ``person`` may have something written today."""
        limits, day = self._allowance, self._day()
        connection = self._database.connection()
        tokens, cost = connection.execute(IN_ALL, (day,)).fetchone()
        own = connection.execute(BY_ONE, (day, person)).fetchone()[0]
        spent = ((tokens, limits.tokens), (cost, limits.cost), (own, limits.personal))
        return not any(limit and used >= limit for used, limit in spent)

    def spend(self, person: str, usage: Usage) -> None:
        """Count what an answer took."""
        limits = self._allowance
        cost = (usage.tokens_in * limits.price_in + usage.tokens_out * limits.price_out) / 1_000_000
        with self._database.write() as connection:
            connection.execute(ADD, (self._day(), person, usage.tokens_in + usage.tokens_out, cost))

    def forget(self, person: str) -> None:
        """Drop the name of a person; what was spent stays counted."""
        with self._database.write() as connection:
            rows = connection.execute("SELECT day, tokens, cost FROM spent WHERE person = ?", (person,)).fetchall()
            for day, tokens, cost in rows:
                connection.execute(ADD, (day, "", tokens, cost))
            connection.execute("DELETE FROM spent WHERE person = ? AND person != ''", (person,))

    def _day(self) -> str:
        return self._clock().date().isoformat()
