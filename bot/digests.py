"""Digests as they were published: made once for a week and topics, and kept. Owns its table.

What was said in a digest stays as it was said, with how far was read then; ``replace`` writes a corrected one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from bot import record
from bot.digest.model import Digest
from index.database import Database

MIGRATIONS = (
    """
CREATE TABLE digests (
    week TEXT NOT NULL,
    topics TEXT NOT NULL,
    made REAL NOT NULL,
    digest TEXT NOT NULL,
    PRIMARY KEY (week, topics)
)
""",
)
KEEP = "INSERT INTO digests (week, topics, made, digest) VALUES (?, ?, ?, ?) ON CONFLICT (week, topics)"


def _now() -> datetime:
    return datetime.now(UTC)


class Digests:
    """The archive, in a file shared by threads and processes."""

    def __init__(self, database: Database, *, clock: Callable[[], datetime] = _now) -> None:
        self._database = database
        self._clock = clock
        database.migrate("digests", MIGRATIONS)

    def get(self, week: str, topics: Sequence[str] = ()) -> Digest | None:
        """Return the digest of a week ("2025-W28") as it was published."""
        sql = "SELECT digest FROM digests WHERE week = ? AND topics = ?"
        row = self._database.connection().execute(sql, (week, _key(topics))).fetchone()
        return record.read(row[0], Digest) if row else None

    def keep(self, digest: Digest) -> Digest:
        """Publish a digest, unless another process has just done so; return the one that is published."""
        self._write(f"{KEEP} DO NOTHING", digest)
        return self.get(digest.week, digest.topics) or digest

    def replace(self, digest: Digest) -> None:
        """Publish a corrected digest in place of the one before."""
        self._write(f"{KEEP} DO UPDATE SET made = excluded.made, digest = excluded.digest", digest)

    def _write(self, sql: str, digest: Digest) -> None:
        row = (digest.week, _key(digest.topics), self._clock().timestamp(), record.written(digest))
        with self._database.write() as connection:
            connection.execute(sql, row)

    def weeks(self, topics: Sequence[str] = ()) -> list[tuple[str, datetime]]:
        """Return the weeks there are digests of and when these were made, the newest first."""
        sql = "SELECT week, made FROM digests WHERE topics = ? ORDER BY week DESC"
        rows = self._database.connection().execute(sql, (_key(topics),))
        return [(week, datetime.fromtimestamp(made, UTC)) for week, made in rows]


def _key(topics: Sequence[str]) -> str:
    return "\n".join(sorted(topics))
