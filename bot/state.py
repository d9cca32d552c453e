"""What was asked where, by whom, and what krab said: the memory behind follow-ups and duplicates.

Rules of this file:
- ``State`` alone touches the tables ``asked`` and ``heard``; migrations only go forward.
- A question is *claimed* before it is worked on, in one statement, so of two deliveries one works.
  A claim that its process did not finish may be taken by a later process, at most ``TRIES`` times
  in all: a question that kills whoever works on it must not do so for ever.
- Only questions put to krab are kept with their words; of other messages only who wrote where.
- The connection is shared by threads under one lock. Give the state a file of its own: an index that
  writes for seconds would make a chat wait.
"""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock

from bot import record
from bot import state_sql as sql
from bot.chat import Incoming
from bot.model import Answer
from index.sqlite import copy_first

TRIES = 6  # processes that may claim the same question, one after the other; under load three kills in a row met one
EARLIER = 10  # questions of a thread that give a follow-up its context


@dataclass(frozen=True, slots=True)
class Asked:
    """A question that was answered, and its answer."""

    service: str
    key: str
    channel: str
    thread: str
    user: str
    text: str
    created: datetime
    answer: Answer
    private: bool = False  # only who asked has seen it


class NewerDatabase(Exception):
    """The database was written by a newer version of krab; this one must not touch it."""


def _now() -> datetime:
    return datetime.now(UTC)


class State:
    """Owns the tables ``asked`` and ``heard``. Safe to share between threads; close it when done."""

    def __init__(
        self,
        database: str | Path | Callable[[], sqlite3.Connection],
        *,
        clock: Callable[[], datetime] = _now,
        owner: str = "",
    ) -> None:
        """``database`` is a path (":memory:" too) or makes a connection usable from every thread.

        ``owner`` names this process among those that used the database; random when absent.
        """
        self._db = database() if callable(database) else _connect(database)
        self._lock = Lock()
        self._clock = clock
        self._owner = owner or uuid.uuid4().hex
        try:
            _migrate(self._db)
        except BaseException:
            self._db.close()
            raise

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            self._db.close()

    def claim(self, incoming: Incoming) -> bool:
        """Whether the caller shall work on this message: nobody has, or a dead process was about to."""
        values: dict[str, object] = {"owner": self._owner, "now": self._clock().timestamp(), "tries": TRIES}
        values |= {name: getattr(incoming, name) for name in sql.KEPT}
        values["command"] = f"act:{incoming.act.name}" if incoming.act else incoming.command
        with self._lock, self._db:
            return self._db.execute(sql.CLAIM, values).fetchone() is not None

    def finish(
        self, incoming: Incoming, status: str, answer: Answer | None = None, *, text: str = "", private: bool = False
    ) -> None:
        """The message got its final word. ``status`` is "answered", "ordered" or why there is no answer.

        ``text`` is the question that was answered, when the message did not say it (a button that shows again);
        ``private`` says that only who asked has seen the answer: then it is nobody else's, here either.
        """
        kept = record.written(answer) if answer else None
        outcome = answer.status.value if answer else ""
        values = (status, self._clock().timestamp(), kept, outcome, text or incoming.text, private)
        with self._lock, self._db:
            self._db.execute(sql.FINISH, (*values, incoming.service, incoming.key))
            if incoming.edits:
                self._db.execute(sql.REPLACED, (incoming.service, incoming.edits, incoming.edits, incoming.key))

    def release(self, incoming: Incoming) -> None:
        """Its chat refused us before it got its final word: who comes next may take it up, this process too."""
        with self._lock, self._db:
            self._db.execute(sql.RELEASE, (incoming.service, incoming.key))

    def unfinished(self, service: str, since: datetime) -> tuple[Incoming, ...]:
        """What earlier processes claimed since then and did not finish, oldest first."""
        with self._lock:
            rows = self._db.execute(sql.UNFINISHED, (service, self._owner, TRIES, since.timestamp())).fetchall()
        return tuple(replace(Incoming(*row[:6]), command=row[6], edits=row[7]) for row in rows)

    def asked(self, edit: Incoming) -> str | None:
        """What the question said that an edit replaces; None when the person had not asked it."""
        values = (edit.service, edit.user, edit.edits, edit.edits)
        with self._lock:
            row = self._db.execute(sql.ASKED, values).fetchone()
        return str(row[0]) if row else None

    def answered(self, service: str, key: str, user: str | None = None) -> Asked | None:
        """The answered question with this key, unless it is private and another's than ``user``'s, if one is given."""
        values = (service, user or "", user is None, key)
        with self._lock:
            return _asked(self._db.execute(f"{sql.ANSWERED} AND key = ?", values).fetchone())

    def latest(self, incoming: Incoming) -> Asked | None:
        """What was answered last in the message's thread, or else to this person in this channel."""
        known = (incoming.service, incoming.user, False, incoming.channel)
        with self._lock:
            for where, who in (("thread", incoming.thread), ("user", incoming.user)):
                query = f"{sql.ANSWERED} AND channel = ? AND {where} = ? ORDER BY created DESC LIMIT 1"
                if row := self._db.execute(query, (*known, who)).fetchone():
                    return _asked(row)
        return None

    def taken_over(self, service: str, key: str) -> bool:
        """Whether an earlier process began to work on a message: it may have said its final word."""
        query = "SELECT 1 FROM asked WHERE service = ? AND key = ? AND tries > 1"
        with self._lock:
            return self._db.execute(query, (service, key)).fetchone() is not None

    def recent(self, service: str, user: str, limit: int) -> tuple[Asked, ...]:
        """What a person asked and got an answer to, newest first."""
        with self._lock:
            rows = self._db.execute(sql.RECENT, (service, user, False, user, limit)).fetchall()
        return tuple(asked for row in rows if (asked := _asked(row)))

    def refused(self, since: datetime, limit: int) -> tuple[Asked, ...]:
        """The questions put to krab in chats since then that it could not answer, newest first."""
        with self._lock:
            rows = self._db.execute(sql.REFUSED, (since.timestamp(), limit)).fetchall()
        return tuple(asked for row in rows if (asked := _asked(row)))

    def forget(self, service: str, user: str) -> int:
        """Delete what a person asked, and that he spoke; how many questions that were."""
        with self._lock, self._db:
            self._db.execute("DELETE FROM heard WHERE service = ? AND user = ?", (service, user))
            return self._db.execute("DELETE FROM asked WHERE service = ? AND user = ?", (service, user)).rowcount

    def earlier(self, incoming: Incoming) -> tuple[str, ...]:
        """The questions that were answered in the message's thread before, oldest first."""
        replaced = incoming.edits or incoming.key
        there = (incoming.service, incoming.channel, incoming.thread)
        where = (*there, incoming.key, replaced, replaced, incoming.user, EARLIER)
        with self._lock:
            rows = self._db.execute(sql.EARLIER_IN_THREAD, where).fetchall()
        return tuple(text for (text,) in reversed(rows))

    def spoken_in(self, incoming: Incoming) -> bool:
        """Whether krab has answered in the message's thread."""
        where = (incoming.service, incoming.channel, incoming.thread, incoming.user)
        with self._lock:
            return self._db.execute(sql.SPOKEN, where).fetchone() is not None

    def hear(self, incoming: Incoming) -> None:
        """Remember who wrote in the thread (not what)."""
        row = (incoming.service, incoming.channel, incoming.thread, incoming.user, self._clock().timestamp())
        with self._lock, self._db:
            self._db.execute("INSERT OR REPLACE INTO heard VALUES (?, ?, ?, ?, ?)", row)

    def people(self, incoming: Incoming) -> frozenset[str]:
        """Everybody (but krab) who was heard in the message's thread."""
        where = (incoming.service, incoming.channel, incoming.thread)
        query = "SELECT user FROM heard WHERE service = ? AND channel = ? AND thread = ?"
        with self._lock:
            return frozenset(user for (user,) in self._db.execute(query, where))

    def citations(self) -> Iterator[tuple[str, str]]:
        """Every (part id, quote) that was ever shown to somebody, once each."""
        for path in ("$.sources", "$.nearest"):
            with self._lock:
                rows = self._db.execute(sql.CITED, (path,)).fetchall()
            yield from rows

    def forget_before(self, when: datetime) -> int:
        """Drop everything older than ``when``; the number of questions dropped."""
        with self._lock, self._db:
            self._db.execute("DELETE FROM heard WHERE last < ?", (when.timestamp(),))
            return self._db.execute("DELETE FROM asked WHERE created < ?", (when.timestamp(),)).rowcount


def _connect(path: str | Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, timeout=30, check_same_thread=False)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = NORMAL")
    return db


def _migrate(db: sqlite3.Connection) -> None:
    """Bring the database to this version: all of it or nothing, and once when two processes start together."""
    if db.execute("SELECT 1 FROM sqlite_master WHERE name = 'bot_schema'").fetchone():
        there: int = db.execute("SELECT coalesce(max(version), 0) FROM bot_schema").fetchone()[0]
        if 0 < there < len(sql.MIGRATIONS):
            copy_first(db, f"bot-{len(sql.MIGRATIONS)}")
    with db:
        db.execute("BEGIN IMMEDIATE")
        db.execute("CREATE TABLE IF NOT EXISTS bot_schema (version INTEGER NOT NULL)")
        version: int = db.execute("SELECT coalesce(max(version), 0) FROM bot_schema").fetchone()[0]
        known = len(sql.MIGRATIONS)
        if version > known:
            raise NewerDatabase(
                f"the bot's database has version {version}, and this krab knows {known}: use the newer krab"
            )
        for number, migration in enumerate(sql.MIGRATIONS[version:], version + 1):
            for statement in migration.split(";"):  # executescript would commit in between
                db.execute(statement)
            db.execute("INSERT INTO bot_schema VALUES (?)", (number,))


def _asked(row: tuple[str, str, str, str, str, str, float, int, str] | None) -> Asked | None:
    if row is None:
        return None
    service, key, channel, thread, user, text, created, private, answer = row
    moment = datetime.fromtimestamp(created, UTC)
    said = record.read(answer, Answer)
    return Asked(service, key, channel, thread, user, text, moment, said, bool(private))
