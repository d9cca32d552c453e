"""What people thought of answers. Owns the table ``feedback``.

A person has one opinion of an answer (the last one counts), may call its question resolved, and may have asked
for people instead.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from index.database import Database

MIGRATIONS = (
    """
CREATE TABLE feedback (
    service TEXT NOT NULL,
    key TEXT NOT NULL,
    person TEXT NOT NULL,
    subject TEXT NOT NULL,
    verdict TEXT NOT NULL,
    given REAL NOT NULL,
    PRIMARY KEY (service, key, person, subject)
);
CREATE INDEX feedback_by_time ON feedback (given)
""",
)
PUT = """
INSERT INTO feedback (service, key, person, subject, verdict, given) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (service, key, person, subject) DO UPDATE SET verdict = excluded.verdict, given = excluded.given
"""
RATED = """
SELECT service, key,
    count(CASE WHEN verdict = 'helpful' THEN 1 END),
    count(CASE WHEN verdict = 'unhelpful' THEN 1 END),
    count(CASE WHEN verdict = 'resolved' THEN 1 END),
    count(CASE WHEN verdict = 'people' THEN 1 END)
FROM feedback WHERE given >= ? GROUP BY service, key
"""


class Verdict(StrEnum):
    """What somebody said of an answer."""

    HELPFUL = "helpful"
    UNHELPFUL = "unhelpful"
    RESOLVED = "resolved"
    PEOPLE = "people"  # he wanted people instead


OPINIONS = (Verdict.HELPFUL, Verdict.UNHELPFUL)


@dataclass(frozen=True, slots=True)
class Rating:
    """What all people together said of the answer to the question with this key."""

    service: str
    key: str
    helpful: int
    unhelpful: int
    resolved: int
    people: int

    @property
    def badness(self) -> int:
        """How badly it was received: more than 0 is worth a look."""
        return 2 * self.unhelpful + self.people - self.helpful - self.resolved


def _now() -> datetime:
    return datetime.now(UTC)


class Feedback:
    """Owns the table ``feedback``. Safe to share between threads and processes."""

    def __init__(self, database: Database, *, clock: Callable[[], datetime] = _now) -> None:
        self._database = database
        self._clock = clock
        database.migrate("feedback", MIGRATIONS)

    def give(self, service: str, key: str, person: str, verdict: Verdict) -> None:
        """Keep what a person said; an opinion replaces his earlier one."""
        subject = "opinion" if verdict in OPINIONS else verdict.value
        with self._database.write() as connection:
            connection.execute(PUT, (service, key, person, subject, verdict.value, self._clock().timestamp()))

    def ratings(self, since: datetime) -> list[Rating]:
        """What was said since then, the worst first."""
        rows = self._database.connection().execute(RATED, (since.timestamp(),))
        return sorted((Rating(*row) for row in rows), key=lambda rating: (-rating.badness, rating.key))

    def forget(self, service: str, person: str) -> int:
        """Delete what a person said; how much that was."""
        with self._database.write() as connection:
            sql = "DELETE FROM feedback WHERE service = ? AND person = ?"
            return connection.execute(sql, (service, person)).rowcount

    def forget_before(self, when: datetime) -> int:
        """Delete what was said before ``when``; how much that was."""
        with self._database.write() as connection:
            return connection.execute("DELETE FROM feedback WHERE given < ?", (when.timestamp(),)).rowcount
