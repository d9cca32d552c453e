"""What the Matrix adapter remembers between starts: what it said because of what, and what it couldn't read yet.

Rules of this file: ``Memory`` alone touches its two tables. Of what others wrote only the ciphertext of
messages whose key has not come is kept, until it comes or nobody waits any more.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from index.database import Database

MIGRATIONS = (
    """
    CREATE TABLE matrix_said (
        event  TEXT PRIMARY KEY,
        room   TEXT NOT NULL,
        origin TEXT NOT NULL,     -- the question's event, or the key of a message of krab's own
        cause  TEXT NOT NULL,     -- the same, or the edit of the question that is answered now
        part   INTEGER NOT NULL,  -- the first message is 0
        thread TEXT NOT NULL,
        at     REAL NOT NULL
    );
    CREATE INDEX matrix_said_origin ON matrix_said (origin, part);
    CREATE TABLE matrix_waiting (
        event TEXT PRIMARY KEY,
        account TEXT NOT NULL,    -- user id of the bot's account
        room  TEXT NOT NULL,
        raw   TEXT NOT NULL,      -- the event as it came, encrypted
        at    REAL NOT NULL,
        told  INTEGER NOT NULL    -- whether its sender was told that we can't read it
    );
    CREATE INDEX matrix_waiting_account ON matrix_waiting (account, at)
    """,
)
MOST_WAITING = 5_000


@dataclass(frozen=True, slots=True)
class Said:
    """One event of ours, and why it was sent."""

    event: str
    room: str
    origin: str
    cause: str
    part: int
    thread: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """A message whose key has not come. ``at`` is when it was seen first, in seconds since 1970."""

    room: str
    raw: Mapping[str, Any]
    at: float
    told: bool


class Memory:
    """Owns the tables ``matrix_said`` and ``matrix_waiting``."""

    def __init__(self, database: Database, most_waiting: int = MOST_WAITING) -> None:
        self._db = database
        self._most = most_waiting
        database.migrate("matrix", MIGRATIONS)

    def keep(self, said: Said, now: float) -> None:
        """Remember an event of ours, or that an edit of it has another cause."""
        row = (said.event, said.room, said.origin, said.cause, said.part, said.thread, now)
        with self._db.write() as connection:
            connection.execute(
                "INSERT INTO matrix_said VALUES (?, ?, ?, ?, ?, ?, ?)"
                " ON CONFLICT (event) DO UPDATE SET cause = excluded.cause, at = excluded.at",
                row,
            )

    def said(self, event: str) -> Said | None:
        """What this event of ours was sent for; None when it is not ours, or forgotten."""
        return next(iter(self._rows("event = ?", event)), None)

    def answers(self, origin: str) -> tuple[Said, ...]:
        """The events that were sent because of ``origin``, first part first."""
        return self._rows("origin = ? ORDER BY part", origin)

    def unsay(self, event: str) -> None:
        """The event was taken back."""
        with self._db.write() as connection:
            connection.execute("DELETE FROM matrix_said WHERE event = ?", (event,))

    def wait(self, account: str, waiting: Waiting) -> None:
        """Keep a message until its key comes; beyond ``most_waiting`` the oldest are given up."""
        row = (waiting.raw["event_id"], account, waiting.room, json.dumps(waiting.raw), waiting.at, waiting.told)
        with self._db.write() as connection:
            connection.execute(
                "INSERT INTO matrix_waiting VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (event) DO NOTHING", row
            )
            connection.execute(
                "DELETE FROM matrix_waiting WHERE account = ? AND event NOT IN"
                " (SELECT event FROM matrix_waiting WHERE account = ? ORDER BY at DESC LIMIT ?)",
                (account, account, self._most),
            )

    def waiting(self, account: str) -> tuple[Waiting, ...]:
        """What is waiting, oldest first."""
        rows = self._db.connection().execute(
            "SELECT room, raw, at, told FROM matrix_waiting WHERE account = ? ORDER BY at", (account,)
        )
        return tuple(Waiting(room, json.loads(raw), at, bool(told)) for room, raw, at, told in rows)

    def told(self, event: str) -> None:
        """Its sender knows."""
        with self._db.write() as connection:
            connection.execute("UPDATE matrix_waiting SET told = 1 WHERE event = ?", (event,))

    def settle(self, event: str) -> None:
        """It was read, or given up."""
        with self._db.write() as connection:
            connection.execute("DELETE FROM matrix_waiting WHERE event = ?", (event,))

    def forget_before(self, when: float) -> None:
        """Drop what is older than ``when``, in seconds since 1970."""
        with self._db.write() as connection:
            connection.execute("DELETE FROM matrix_said WHERE at < ?", (when,))
            connection.execute("DELETE FROM matrix_waiting WHERE at < ?", (when,))

    def _rows(self, where: str, value: str) -> tuple[Said, ...]:
        sql = f"SELECT event, room, origin, cause, part, thread FROM matrix_said WHERE {where}"  # noqa: S608 (ours)
        return tuple(Said(*row) for row in self._db.connection().execute(sql, (value,)))
