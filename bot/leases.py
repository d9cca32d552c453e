"""Who of several processes does what one must do: polls a source, sends digests. Owns the table ``leases``.

A lease is held for a while and renewed as long as its process lives (``beat``); one that was not renewed is taken by
whoever asks next. Nothing that must not happen twice rests on a lease alone, since a process may be held up for
longer than it: claims of questions, deliveries of digests and the outbox have rows of their own. A lease saves work.

Each process also holds one that says that it is there. A process takes another for dead only after it has been
there itself, uninterrupted, for as long as a lease lasts: after an outage of the database all begin anew.
"""

from __future__ import annotations

import os
import socket
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Protocol

from index.database import Connection, Database, Listed

LEASE = 15.0  # seconds
BEAT = 3.0  # seconds between two renewals
FORGOTTEN = 86_400.0  # seconds after which a process that has ended is nobody's business

MIGRATIONS = (
    """
CREATE TABLE leases (
    name TEXT PRIMARY KEY,
    holder TEXT NOT NULL,
    since REAL NOT NULL,
    until REAL NOT NULL
);
CREATE INDEX leases_by_holder ON leases (holder)
""",
)
TAKE = """
INSERT INTO leases (name, holder, since, until) VALUES (:name, :holder, :now, :until)
ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until,
    since = CASE WHEN leases.holder = excluded.holder AND leases.until > :now THEN leases.since ELSE :now END
WHERE leases.holder = excluded.holder OR leases.until <= :now
RETURNING name
"""
RENEW = """
UPDATE leases SET until = :until, since = CASE WHEN until > :now THEN since ELSE :now END
WHERE holder = :holder AND name IN (SELECT value FROM texts(:names))
"""
THERE = "SELECT holder, since, until FROM leases WHERE name = 'process:' || holder"
GIVE = "DELETE FROM leases WHERE name = ? AND holder = ?"
FORGET = "DELETE FROM leases WHERE until < ?"


class Taking(Protocol):
    """Whether this process is the one to do something."""

    def take(self, name: str) -> bool:
        """Whether it is ours to do what ``name`` says, from now until ``give``."""
        ...

    def give(self, name: str) -> None:
        """Others may do it."""
        ...


class Alone:
    """The only process there is: everything is its own."""

    holder = ""

    def take(self, name: str) -> bool:
        """It is ours."""
        return True

    def give(self, name: str) -> None:
        """Nobody else wants it."""

    def living(self) -> frozenset[str]:
        """Nobody else."""
        return frozenset()

    @contextmanager
    def beating(self, failed: Callable[[Exception], None]) -> Iterator[None]:
        """Nothing to renew."""
        yield


def _now() -> datetime:
    return datetime.now(UTC)


class Leases:
    """What this process holds. Safe to share between threads."""

    def __init__(self, database: Database, *, holder: str = "", clock: Callable[[], datetime] = _now) -> None:
        self.holder = holder or f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
        self._database = database
        self._clock = clock
        self._held: set[str] = set()
        database.migrate("leases", MIGRATIONS)

    def take(self, name: str) -> bool:
        """Whether it is ours to do what ``name`` says: it was already, nobody holds it, or its holder is gone."""
        now = self._clock().timestamp()
        values = {"name": name, "holder": self.holder, "now": now, "until": now + LEASE}
        taken = self._database.transact(lambda connection: connection.execute(TAKE, values).fetchone() is not None)
        if taken:
            self._held.add(name)
        else:
            self._held.discard(name)
        return taken

    def give(self, name: str) -> None:
        """Others may do it."""
        self._held.discard(name)
        self._database.transact(lambda connection: connection.execute(GIVE, (name, self.holder)))

    def beat(self) -> None:
        """Renew what we hold."""
        self.take(self._presence)
        now = self._clock().timestamp()
        values = {"holder": self.holder, "names": Listed(self._held), "now": now, "until": now + LEASE}

        def renewed(connection: Connection) -> None:
            connection.execute(RENEW, values)
            connection.execute(FORGET, (now - FORGOTTEN,))

        self._database.transact(renewed)

    def living(self) -> frozenset[str]:
        """The other processes that are there, or may be."""
        there = {who: (since, until) for who, since, until in self._database.connection().execute(THERE)}
        now = self._clock().timestamp()
        since, _ = there.pop(self.holder, (now, now))
        settled = since + LEASE <= now
        return frozenset(who for who, (_, until) in there.items() if until > now or not settled)

    @property
    def _presence(self) -> str:
        return f"process:{self.holder}"

    @contextmanager
    def beating(self, failed: Callable[[Exception], None]) -> Iterator[None]:
        """Beat in a thread of its own, so that nothing that takes long here is taken for death; then give all up."""
        self.beat()
        ended = threading.Event()

        def run() -> None:
            while not ended.wait(BEAT):
                try:
                    self.beat()
                except Exception as error:  # the database is away: what we held may be another's soon
                    failed(error)

        thread = threading.Thread(target=run, name="leases", daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()
            for name in (*self._held, self._presence):
                self.give(name)
