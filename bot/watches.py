"""Which series are watched where, for whom, and what was told of them. Owns the table ``watches``.

A watch names a part of the series, not the series: which mails are one series is known better with every mail.
What is told of it goes into the outbox in the same transaction as what is noted here, so that a crash neither
loses nor repeats it; of two processes that see the same news, one tells them (``revision`` is compared).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from bot.chat import Parcel
from bot.outbox import Outbox
from index.database import Database

LASTS = timedelta(days=90)
MIGRATIONS = (
    """
CREATE TABLE watches (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    service TEXT NOT NULL,
    channel TEXT NOT NULL,
    person TEXT NOT NULL,
    part TEXT NOT NULL,
    title TEXT NOT NULL,
    state TEXT NOT NULL,
    revision INTEGER NOT NULL,
    digest TEXT NOT NULL,
    seen TEXT NOT NULL,
    message TEXT NOT NULL,
    created REAL NOT NULL,
    expires REAL NOT NULL
);
CREATE INDEX watches_by_state ON watches (state)
""",
)
_ALL = "number, service, channel, person, part, title, state, revision, digest, seen, message, created, expires"
ADD = f"""
INSERT INTO watches (service, channel, person, part, title, state, revision, digest, seen, message, created, expires)
VALUES (?, ?, ?, ?, ?, 'on', 0, ?, ?, '', ?, ?) RETURNING {_ALL}
"""  # noqa: S608 - constants
TELL = """
UPDATE watches SET title = ?, digest = ?, seen = ?, message = ?, state = ?, revision = revision + 1
WHERE number = ? AND revision = ?
"""
# Without a digest it is looked at anew, whatever happened meanwhile.
TURN = "UPDATE watches SET state = ?, digest = '', revision = revision + 1 WHERE number = ? AND state != 'ended'"


class Phase(StrEnum):
    """Whether a watch is on."""

    ON = "on"
    PAUSED = "paused"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Watch:
    """A series that is watched. ``digest`` and ``seen`` are what was told; ``message`` is its message's reference."""

    number: int
    service: str
    channel: str
    person: str
    part: str
    title: str
    state: Phase
    revision: int
    digest: str
    seen: tuple[str, ...]
    message: str
    created: datetime
    expires: datetime

    @property
    def key(self) -> str:
        """The key of the message that is kept up to date."""
        return f"watch:{self.number}"


@dataclass(frozen=True, slots=True)
class Telling:
    """What is to be told of a watch: the message as it is now, and what goes under it ("" is nothing)."""

    watch: Watch  # as it is afterwards
    message: Parcel
    news: Parcel | None = None


def _now() -> datetime:
    return datetime.now(UTC)


class Watches:
    """Owns the table ``watches``. Safe to share between threads and processes."""

    def __init__(self, database: Database, outbox: Outbox, *, clock: Callable[[], datetime] = _now) -> None:
        """``outbox`` must be in the same database."""
        self._database = database
        self._outbox = outbox
        self._clock = clock
        database.migrate("watches", MIGRATIONS)

    def add(self, wanted: Watch, message: Callable[[Watch], Parcel]) -> Watch:
        """Begin a watch (its number is given here) and send its ``message``."""
        now = self._clock()
        told = (wanted.part, wanted.title, wanted.digest, " ".join(wanted.seen))
        row = (wanted.service, wanted.channel, wanted.person, *told, now.timestamp(), (now + LASTS).timestamp())
        with self._database.write() as connection:
            watch = _watch(connection.execute(ADD, row).fetchone())
            self._outbox.put(watch.service, message(watch), within=connection)
        return watch

    def tell(self, before: Watch, telling: Telling) -> bool:
        """Note what is told, and send it; unless another process has done so since ``before`` was read."""
        after = telling.watch
        told = (after.title, after.digest, " ".join(after.seen), after.message, after.state.value)
        with self._database.write() as connection:
            if not connection.execute(TELL, (*told, before.number, before.revision)).rowcount:
                return False
            edits = "" if after.message else after.key
            self._outbox.put(after.service, telling.message, edits=edits, within=connection)
            if telling.news:
                self._outbox.put(after.service, telling.news, under=edits, within=connection)
        return True

    def turn(self, number: int, state: Phase) -> None:
        """Pause a watch, take it up again, or end it."""
        with self._database.write() as connection:
            connection.execute(TURN, (state.value, number))

    def get(self, number: int) -> Watch | None:
        """The watch with this number."""
        return next(iter(self._select("number = ?", (number,))), None)

    def on(self) -> list[Watch]:
        """Every watch that is on."""
        return self._select("state = 'on'", ())

    def known(self, service: str, person: str, channel: str) -> list[Watch]:
        """The watches of a person, and those of a channel, that have not ended."""
        return self._select(
            "service = ? AND (person = ? OR channel = ?) AND state != 'ended'", (service, person, channel)
        )

    def forget(self, service: str, person: str) -> int:
        """Delete a person's watches; how many those were."""
        with self._database.write() as connection:
            sql = "DELETE FROM watches WHERE service = ? AND person = ?"
            return connection.execute(sql, (service, person)).rowcount

    def _select(self, where: str, values: Sequence[object]) -> list[Watch]:
        sql = f"SELECT {_ALL} FROM watches WHERE {where} ORDER BY number"  # noqa: S608 - constants
        return [_watch(row) for row in self._database.connection().execute(sql, values)]


def draft(service: str, channel: str, person: str, part: str) -> Watch:
    """Return a watch that is not yet kept."""
    never = datetime.fromtimestamp(0, UTC)
    return Watch(0, service, channel, person, part, "", Phase.ON, 0, "", (), "", never, never)


def _watch(row: Sequence[Any]) -> Watch:
    number, service, channel, person, part, title, phase, revision, digest, seen, message, created, expires = row
    begun, over = (datetime.fromtimestamp(at, UTC) for at in (created, expires))
    told = (Phase(phase), revision, digest, tuple(seen.split()), message)
    return Watch(number, service, channel, person, part, title, *told, begun, over)
