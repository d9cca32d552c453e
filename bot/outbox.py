"""What krab has to say by itself, until it is said: a table that loses nothing and says nothing twice.

Rules of this file:
- ``Outbox`` alone touches the table ``outbox``. Whoever has something to say puts it here, in one transaction
  with his own change when he gives his connection (``within``, of the same file).
- A parcel's key is put once: again, it changes nothing.
- Each channel has a queue of its own, in the order of putting. Its head is taken by one process at a time, for
  ``LEASE`` seconds; what a dead process took is taken again, with the same key, which adapters make harmless.
- Of several edits of one message only the newest is sent. An edit or a thread's reply may name the *key* of the
  message it is about (``edits``, ``under``): its reference is filled in when that was sent, and when that never
  can be, nor can this.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from bot import record
from bot.card import Card
from bot.chat import Parcel
from index.database import Connection, Database

LEASE = 60.0  # seconds that who took a parcel has to deliver it

MIGRATIONS = (
    """
CREATE TABLE outbox (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    service TEXT NOT NULL,
    key TEXT NOT NULL,
    channel TEXT NOT NULL,
    thread TEXT NOT NULL,
    edits TEXT NOT NULL,
    under_key TEXT NOT NULL,
    edits_key TEXT NOT NULL,
    card TEXT NOT NULL,
    state TEXT NOT NULL,
    tries INTEGER NOT NULL,
    due REAL NOT NULL,
    lease REAL NOT NULL,
    owner TEXT NOT NULL,
    ref TEXT NOT NULL,
    error TEXT NOT NULL,
    created REAL NOT NULL,
    UNIQUE (service, key)
);
CREATE INDEX outbox_waiting ON outbox (state, service, channel, number)
""",
)

PUT = """
INSERT INTO outbox (service, key, channel, thread, edits, under_key, edits_key, card,
    state, tries, due, lease, owner, ref, error, created)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'waiting', 0, ?, 0, '', '', '', ?)
ON CONFLICT (service, key) DO NOTHING RETURNING number
"""
# Older edits of the same message that nobody has begun to send.
OUTDATE = """
UPDATE outbox SET state = 'outdated' WHERE state = 'waiting' AND lease <= ? AND number < ?
AND service = ? AND channel = ? AND edits = ? AND edits_key = ?
"""
DUE = "SELECT 1 FROM outbox WHERE state = 'waiting' AND service = ? AND due <= ? AND lease <= ? LIMIT 1"
TAKE = """
UPDATE outbox SET owner = ?, lease = ?, tries = tries + 1
WHERE number IN (
    SELECT number FROM outbox
    WHERE number IN (SELECT min(number) FROM outbox WHERE state = 'waiting' GROUP BY service, channel)
    AND service = ? AND due <= ? AND lease <= ? ORDER BY number LIMIT ?)
RETURNING number, key, channel, thread, edits, under_key, edits_key, card, tries, created
"""
ENDED = (
    "UPDATE outbox SET state = ?, ref = ?, error = ?, lease = 0 WHERE number = ? AND owner = ? AND state = 'waiting'"
)
AGAIN = "UPDATE outbox SET due = ?, lease = 0, error = ? WHERE number = ? AND owner = ? AND state = 'waiting'"


@dataclass(frozen=True, slots=True)
class Taken:
    """A parcel that this process is to deliver now; ``tries`` counts this one. ``lost`` says why it can't be."""

    number: int
    parcel: Parcel
    tries: int
    created: datetime
    lost: str = ""


@dataclass(frozen=True, slots=True)
class Dropped:
    """A parcel that was given up, and why."""

    service: str
    channel: str
    key: str
    error: str
    created: datetime


def _now() -> datetime:
    return datetime.now(UTC)


class Outbox:
    """Owns the table ``outbox``. Safe to share between threads and processes."""

    def __init__(self, database: Database, *, clock: Callable[[], datetime] = _now, owner: str = "") -> None:
        """``owner`` names this process among those that deliver; random when absent."""
        self._database = database
        self._clock = clock
        self._owner = owner or uuid.uuid4().hex
        self._listeners: list[Callable[[], None]] = []
        database.migrate("outbox", MIGRATIONS)

    def when_put(self, listener: Callable[[], None]) -> None:
        """Have ``listener`` called, in the thread of whoever puts, after something was put."""
        self._listeners.append(listener)

    def put(
        self,
        service: str,
        parcel: Parcel,
        *,
        edits: str = "",
        under: str = "",
        within: Connection | None = None,
    ) -> bool:
        """Keep a parcel until it is delivered; whether it is new.

        ``edits`` and ``under`` are keys of earlier parcels of the same channel: the message that this one
        replaces, and the one whose thread it goes to. ``within`` is a connection of this file's in a transaction.
        """
        if within is not None:
            new = self._put(within, service, parcel, edits, under)
        else:
            new = self._database.transact(lambda connection: self._put(connection, service, parcel, edits, under))
        for listener in self._listeners:
            listener()
        return new

    def _put(self, connection: Connection, service: str, parcel: Parcel, edits: str, under: str) -> bool:
        now = self._clock().timestamp()
        where = (parcel.channel, parcel.thread, parcel.edits, under, edits)
        row = (service, parcel.key, *where, record.written(parcel.card), now, now)
        number = connection.execute(PUT, row).fetchone()
        if number and (parcel.edits or edits):
            same = (service, parcel.channel, parcel.edits, edits)
            connection.execute(OUTDATE, (now, number[0], *same))
        return number is not None

    def take(self, service: str, limit: int = 16) -> list[Taken]:
        """Take the heads of channels' queues that are due, to be delivered within ``LEASE`` seconds."""
        now = self._clock().timestamp()
        connection = self._database.connection()
        if not connection.execute(DUE, (service, now, now)).fetchone():
            return []  # looked for every two seconds, by every process: no reason to make anybody wait
        values = (self._owner, now + LEASE, service, now, now, limit)
        rows = self._database.transact(lambda connection: connection.execute(TAKE, values).fetchall())
        return [self._taken(connection, service, row) for row in sorted(rows)]

    def _taken(self, connection: Connection, service: str, row: Sequence[object]) -> Taken:
        number, key, channel, thread, edits, under_key, edits_key, card, tries, created = row
        lost = ""
        known = {"thread": str(thread), "edits": str(edits)}
        for field, name in (("thread", under_key), ("edits", edits_key)):
            if name:
                sql = "SELECT ref, state FROM outbox WHERE service = ? AND key = ?"
                known[field], state = connection.execute(sql, (service, name)).fetchone() or ("", "gone")
                lost = lost if state == "sent" else f"what it is about ({name}) was not sent: {state}"
        parcel = Parcel(str(key), str(channel), record.read(str(card), Card), **known)
        moment = datetime.fromtimestamp(float(str(created)), UTC)
        return Taken(int(str(number)), parcel, int(str(tries)), moment, lost)

    def sent(self, taken: Taken, ref: str) -> None:
        """It was delivered; ``ref`` is what it can be edited by."""
        self._end(taken, "sent", ref, "")

    def dropped(self, taken: Taken, reason: str) -> None:
        """It never can be delivered."""
        self._end(taken, "dropped", "", reason)

    def later(self, taken: Taken, seconds: float, reason: str) -> None:
        """It could not be delivered now: try again after some seconds."""
        row = (self._clock().timestamp() + seconds, reason, taken.number, self._owner)
        self._database.transact(lambda connection: connection.execute(AGAIN, row))

    def _end(self, taken: Taken, state: str, ref: str, error: str) -> None:
        row = (state, ref, error, taken.number, self._owner)
        self._database.transact(lambda connection: connection.execute(ENDED, row))

    # What admins and metrics see

    def ref(self, service: str, key: str) -> str:
        """What a parcel that was sent can be edited by; "" when it was not sent."""
        sql = "SELECT ref FROM outbox WHERE service = ? AND key = ? AND state = 'sent'"
        row = self._database.connection().execute(sql, (service, key)).fetchone()
        return str(row[0]) if row else ""

    def fate(self, service: str, key: str) -> str:
        """What became of a parcel: "waiting", "sent", "dropped", "outdated", or "" when it is not known."""
        sql = "SELECT state FROM outbox WHERE service = ? AND key = ?"
        row = self._database.connection().execute(sql, (service, key)).fetchone()
        return str(row[0]) if row else ""

    def waiting(self) -> int:
        """How many parcels wait."""
        sql = "SELECT count(*) FROM outbox WHERE state = 'waiting'"
        return int(self._database.connection().execute(sql).fetchone()[0])

    def given_up(self, limit: int = 20) -> list[Dropped]:
        """The parcels that were dropped last, newest first."""
        sql = (
            "SELECT service, channel, key, error, created FROM outbox WHERE state = 'dropped'"
            " ORDER BY number DESC LIMIT ?"
        )
        rows = self._database.connection().execute(sql, (limit,))
        return [Dropped(s, c, key, why, datetime.fromtimestamp(at, UTC)) for s, c, key, why, at in rows]

    def forget_before(self, when: datetime) -> int:
        """Drop what was put before ``when`` and no longer waits; how many that were."""
        with self._database.write() as connection:
            sql = "DELETE FROM outbox WHERE state != 'waiting' AND created < ?"
            return connection.execute(sql, (when.timestamp(),)).rowcount
