"""What is shown to one person alone, where nobody can look whether it was shown. Owns the table ``whispered``.

Slack shows an ephemeral message and forgets it. So it is noted before it is sent: a process that finds the note
of an earlier one can't know whether the message was seen, and asks the person to ask again rather than show it twice.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from index.database import Database

MIGRATIONS = (
    """
CREATE TABLE whispered (
    service TEXT NOT NULL,
    key TEXT NOT NULL,
    person TEXT NOT NULL,
    begun REAL NOT NULL,
    PRIMARY KEY (service, key)
);
CREATE INDEX whispered_by_time ON whispered (begun)
""",
)
BEGIN = "INSERT INTO whispered (service, key, person, begun) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING RETURNING key"


def _now() -> datetime:
    return datetime.now(UTC)


class Whispers:
    """Owns the table ``whispered``. Safe to share between threads and processes."""

    def __init__(self, database: Database, *, clock: Callable[[], datetime] = _now) -> None:
        self._database = database
        self._clock = clock
        database.migrate("whispers", MIGRATIONS)

    def begin(self, service: str, key: str, person: str) -> bool:
        """Note that the answer to a message is about to be shown to a person; whether nobody had begun before."""
        with self._database.write() as connection:
            row = connection.execute(BEGIN, (service, key, person, self._clock().timestamp())).fetchone()
            return row is not None

    def forget(self, service: str, person: str) -> int:
        """Delete what was noted of a person; how much that was."""
        with self._database.write() as connection:
            sql = "DELETE FROM whispered WHERE service = ? AND person = ?"
            return connection.execute(sql, (service, person)).rowcount

    def forget_before(self, when: datetime) -> int:
        """Delete what was noted before ``when``; how much that was."""
        with self._database.write() as connection:
            return connection.execute("DELETE FROM whispered WHERE begun < ?", (when.timestamp(),)).rowcount
