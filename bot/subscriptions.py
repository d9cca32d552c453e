"""Who gets a digest where, when and about what; and which of them were sent. Owns its two tables.

``deliveries`` is what makes a digest come once: a row a subscription and period, written in the transaction
that puts the digest into the outbox. Of two processes one writes it; a restart, a clock that was set back or
a changed hour finds it there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from bot.chat import Parcel
from bot.due import Cadence, Due
from bot.outbox import Outbox
from index.database import Database

MOST = 20  # of one person
MIGRATIONS = (
    """
CREATE TABLE subscriptions (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    service TEXT NOT NULL,
    channel TEXT NOT NULL,
    person TEXT NOT NULL,
    topics TEXT NOT NULL,
    length TEXT NOT NULL,
    dates TEXT NOT NULL,
    weekday INTEGER NOT NULL,
    hour INTEGER NOT NULL,
    minute INTEGER NOT NULL,
    zone TEXT NOT NULL,
    since REAL NOT NULL,
    paused REAL NOT NULL
);
CREATE INDEX subscriptions_by_person ON subscriptions (service, person);
CREATE TABLE deliveries (
    subscription INTEGER NOT NULL,
    period TEXT NOT NULL,
    week TEXT NOT NULL,
    sent REAL NOT NULL,
    PRIMARY KEY (subscription, period)
)
""",
)
_ALL = "number, service, channel, person, topics, length, dates, weekday, hour, minute, zone, since, paused"
ADD = f"""
INSERT INTO subscriptions (service, channel, person, topics, length, dates, weekday, hour, minute, zone, since, paused)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING {_ALL}
"""  # noqa: S608 - constants
CHANGE = """
UPDATE subscriptions SET topics = ?, length = ?, dates = ?, weekday = ?, hour = ?, minute = ?, zone = ?,
    since = ?, paused = ?
WHERE number = ?
"""
SENT = """
INSERT INTO deliveries (subscription, period, week, sent)
SELECT number, ?, ?, ? FROM subscriptions WHERE number = ? AND paused <= ?
ON CONFLICT (subscription, period) DO NOTHING
"""


LONG_AGO = datetime.fromtimestamp(0, UTC)
MONDAY_AT_NINE = Cadence()


class TooMany(Exception):
    """One person has as many subscriptions as krab keeps."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """A digest that comes again and again. ``channel`` may be a person's id: a direct message.

    What was due before ``since`` is not sent; nothing is until ``paused``.
    """

    number: int
    service: str
    channel: str
    person: str
    topics: tuple[str, ...] = ()
    length: str = "short"
    dates: str = "en"
    cadence: Cadence = MONDAY_AT_NINE
    since: datetime = LONG_AGO
    paused: datetime = LONG_AGO

    def key(self, period: str) -> str:
        """The key of the message of a period."""
        return f"digest:{self.number}:{period}"


def _now() -> datetime:
    return datetime.now(UTC)


class Subscriptions:
    """Owns the tables ``subscriptions`` and ``deliveries``. Safe to share between threads and processes."""

    def __init__(self, database: Database, outbox: Outbox, *, clock: Callable[[], datetime] = _now) -> None:
        """``outbox`` must be in the same database."""
        self._database = database
        self._outbox = outbox
        self._clock = clock
        database.migrate("subscriptions", MIGRATIONS)

    def add(self, wanted: Subscription) -> Subscription:
        """Keep a new subscription (its number is given here), from now on. Raises ``TooMany``."""
        if len(self._select("service = ? AND person = ?", (wanted.service, wanted.person))) >= MOST:
            raise TooMany
        who = (wanted.service, wanted.channel, wanted.person)
        with self._database.write() as connection:
            row = connection.execute(ADD, (*who, *_row(replace(wanted, since=self._clock())))).fetchone()
        return _subscription(row)

    def change(self, wanted: Subscription) -> None:
        """Keep a subscription's new wishes. What was sent in a period is not sent in it again."""
        with self._database.write() as connection:
            connection.execute(CHANGE, (*_row(wanted), wanted.number))

    def pause(self, number: int, until: datetime) -> None:
        """Send nothing until then; what is due meanwhile is passed over."""
        with self._database.write() as connection:
            later = "CASE WHEN since < ? THEN ? ELSE since END"
            sql = f"UPDATE subscriptions SET paused = ?, since = {later} WHERE number = ?"  # noqa: S608 - constants
            connection.execute(sql, (*3 * (until.timestamp(),), number))

    def resume(self, number: int) -> None:
        """Send again, from now on."""
        now = self._clock().timestamp()
        with self._database.write() as connection:
            connection.execute("UPDATE subscriptions SET paused = 0, since = ? WHERE number = ?", (now, number))

    def remove(self, number: int) -> None:
        """Forget a subscription."""
        with self._database.write() as connection:
            connection.execute("DELETE FROM deliveries WHERE subscription = ?", (number,))
            connection.execute("DELETE FROM subscriptions WHERE number = ?", (number,))

    def forget(self, service: str, person: str) -> int:
        """Forget all subscriptions of a person; how many those were."""
        gone = self._select("service = ? AND person = ?", (service, person))
        for one in gone:
            self.remove(one.number)
        return len(gone)

    def get(self, number: int) -> Subscription | None:
        """The subscription with this number."""
        return next(iter(self._select("number = ?", (number,))), None)

    def all(self) -> list[Subscription]:
        """Every subscription."""
        return self._select("1 = 1", ())

    def known(self, service: str, person: str, channel: str) -> list[Subscription]:
        """A person's subscriptions, and those of a channel."""
        return self._select("service = ? AND (person = ? OR channel = ?)", (service, person, channel))

    def sent(self, number: int) -> tuple[str, datetime] | None:
        """The last period that was sent, and when."""
        sql = "SELECT period, sent FROM deliveries WHERE subscription = ? ORDER BY sent DESC, period DESC LIMIT 1"
        row = self._database.connection().execute(sql, (number,)).fetchone()
        return (row[0], datetime.fromtimestamp(row[1], UTC)) if row else None

    def was_sent(self, number: int, period: str) -> bool:
        """Whether the digest of a period was sent, or passed to the outbox."""
        sql = "SELECT 1 FROM deliveries WHERE subscription = ? AND period = ?"
        return self._database.connection().execute(sql, (number, period)).fetchone() is not None

    def deliver(self, subscription: Subscription, now_due: Due, week: str, parcels: Sequence[Parcel]) -> bool:
        """Put a digest into the outbox, unless that was done; whether it was done here.

        Its first message stands in the channel, further ones in the thread under it.
        """
        now = self._clock().timestamp()
        with self._database.write() as connection:
            row = (now_due.period, week, now, subscription.number, now)
            if not connection.execute(SENT, row).rowcount:
                return False
            for parcel in parcels:
                under = "" if parcel is parcels[0] else parcels[0].key
                self._outbox.put(subscription.service, parcel, under=under, within=connection)
        return True

    def receivers(self, week: str) -> list[tuple[Subscription, str]]:
        """Who was sent the digest of a week ("2025-W28"), and in which period."""
        sql = "SELECT subscription, period FROM deliveries WHERE week = ?"
        rows = self._database.connection().execute(sql, (week,)).fetchall()
        return [(found, period) for number, period in rows if (found := self.get(number))]

    def _select(self, where: str, values: Sequence[object]) -> list[Subscription]:
        sql = f"SELECT {_ALL} FROM subscriptions WHERE {where} ORDER BY number"  # noqa: S608 - constants
        return [_subscription(row) for row in self._database.connection().execute(sql, values)]


def _row(one: Subscription) -> tuple[object, ...]:
    c = one.cadence
    wishes = ("\n".join(one.topics), one.length, one.dates, c.weekday, c.hour, c.minute, c.zone)
    return (*wishes, one.since.timestamp(), one.paused.timestamp())


def _subscription(row: Sequence[Any]) -> Subscription:
    number, service, channel, person, topics, length, dates, weekday, hour, minute, zone, since, paused = row
    return Subscription(
        number,
        service,
        channel,
        person,
        tuple(filter(None, topics.split("\n"))),
        length,
        dates,
        Cadence(weekday, hour, minute, zone),
        datetime.fromtimestamp(since, UTC),
        datetime.fromtimestamp(paused, UTC),
    )
