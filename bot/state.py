"""What was asked where, by whom, and what krab said: the memory behind follow-ups and duplicates.

Rules of this file:
- ``State`` alone touches the tables ``asked`` and ``heard``; migrations only go forward.
- A question is *claimed* before it is worked on, in one statement, so of two deliveries one works.
  A claim that its process did not finish may be taken by a later process, at most ``TRIES`` times
  in all: a question that kills whoever works on it must not do so for ever.
- Only questions put to krab are kept with their words; of other messages only who wrote where.
- Give the state a file, or a schema, of its own: an index that writes for seconds would make a chat wait.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bot import record
from bot import state_sql as sql
from bot.chat import Incoming
from bot.model import Answer
from index.database import Connection, Database, Listed
from index.sqlite import Sqlite

TRIES = 6  # processes that may claim the same question, one after the other; under load three kills in a row met one
PAGE = 500  # answers that are looked through at once
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


def _now() -> datetime:
    return datetime.now(UTC)


class State:
    """Owns the tables ``asked`` and ``heard``. Safe to share between threads; close it when done."""

    def __init__(
        self,
        database: Database,
        *,
        clock: Callable[[], datetime] = _now,
        owner: str = "",
        living: Callable[[], Collection[str]] = tuple,
    ) -> None:
        """``owner`` names this process among those that use the database; random when absent.

        ``living`` names the other processes that work now: what they claimed is theirs.
        """
        self._database = database
        self._clock = clock
        self._living = living
        self.owner = owner or uuid.uuid4().hex
        self._close: Callable[[], None] = lambda: None
        database.migrate("bot", sql.MIGRATIONS)

    @staticmethod
    def at(path: str | Path, *, clock: Callable[[], datetime] = _now, owner: str = "") -> State:
        """The state in a file of its own, or ``:memory:``. Raises ``NewerDatabase``."""
        database = Sqlite(path)
        try:
            state = State(database, clock=clock, owner=owner)
        except BaseException:
            database.close()
            raise
        state._close = database.close
        return state

    def close(self) -> None:
        """Close the file, if it is ours."""
        self._close()

    def claim(self, incoming: Incoming) -> bool:
        """Whether the caller shall work on this message: nobody has, or a dead process was about to."""
        values: dict[str, object] = {"owner": self.owner, "now": self._clock().timestamp(), "tries": TRIES}
        values |= {name: getattr(incoming, name) for name in sql.KEPT}
        values["command"] = f"act:{incoming.act.name}" if incoming.act else incoming.command
        values |= {"living": Listed(self._living()), "again": 0}

        def claimed(connection: Connection) -> bool:
            first = connection.execute(sql.CLAIM, values).fetchone() is not None
            values["again"] = 1  # when the connection is lost now, it may have been claimed by us already
            return first

        return self._database.transact(claimed)

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

        def finished(connection: Connection) -> None:
            connection.execute(sql.FINISH, (*values, incoming.service, incoming.key))
            if incoming.edits:
                connection.execute(sql.REPLACED, (incoming.service, incoming.edits, incoming.edits, incoming.key))

        self._database.transact(finished)

    def release(self, incoming: Incoming) -> None:
        """Its chat refused us before it got its final word: who comes next may take it up, this process too."""
        row = (incoming.service, incoming.key)
        self._database.transact(lambda connection: connection.execute(sql.RELEASE, row))

    def unfinished(self, service: str, since: datetime) -> tuple[Incoming, ...]:
        """What earlier processes claimed since then and did not finish, oldest first."""
        who = (service, self.owner, TRIES, since.timestamp(), Listed(self._living()))
        rows = self._read(sql.UNFINISHED, who)
        return tuple(replace(Incoming(*row[:6]), command=row[6], edits=row[7]) for row in rows)

    def asked(self, edit: Incoming) -> str | None:
        """What the question said that an edit replaces; None when the person had not asked it."""
        values = (edit.service, edit.user, edit.edits, edit.edits)
        row = self._first(sql.ASKED, values)
        return str(row[0]) if row else None

    def answered(self, service: str, key: str, user: str | None = None) -> Asked | None:
        """The answered question with this key, unless it is private and another's than ``user``'s, if one is given."""
        values = (service, user or "", user is None, key)
        return _asked(self._first(f"{sql.ANSWERED} AND key = ?", values))

    def latest(self, incoming: Incoming) -> Asked | None:
        """What was answered last in the message's thread, or else to this person in this channel."""
        known = (incoming.service, incoming.user, False, incoming.channel)
        for where, who in (("thread", incoming.thread), ('"user"', incoming.user)):
            query = f"{sql.ANSWERED} AND channel = ? AND {where} = ? ORDER BY created DESC LIMIT 1"
            if row := self._first(query, (*known, who)):
                return _asked(row)
        return None

    def taken_over(self, service: str, key: str) -> bool:
        """Whether an earlier process began to work on a message: it may have said its final word."""
        query = "SELECT 1 FROM asked WHERE service = ? AND key = ? AND tries > 1"
        return self._first(query, (service, key)) is not None

    def recent(self, service: str, user: str, limit: int) -> tuple[Asked, ...]:
        """What a person asked and got an answer to, newest first."""
        rows = self._read(sql.RECENT, (service, user, False, user, limit))
        return tuple(asked for row in rows if (asked := _asked(row)))

    def refused(self, since: datetime, limit: int) -> tuple[Asked, ...]:
        """The questions put to krab in chats since then that it could not answer, newest first."""
        rows = self._read(sql.REFUSED, (since.timestamp(), limit))
        return tuple(asked for row in rows if (asked := _asked(row)))

    def forget(self, service: str, user: str) -> int:
        """Delete what a person asked, and that he spoke; how many questions that were."""
        with self._database.write() as connection:
            connection.execute('DELETE FROM heard WHERE service = ? AND "user" = ?', (service, user))
            return connection.execute('DELETE FROM asked WHERE service = ? AND "user" = ?', (service, user)).rowcount

    def earlier(self, incoming: Incoming) -> tuple[str, ...]:
        """The questions that were answered in the message's thread before, oldest first."""
        replaced = incoming.edits or incoming.key
        there = (incoming.service, incoming.channel, incoming.thread)
        where = (*there, incoming.key, replaced, replaced, incoming.user, EARLIER)
        rows = self._read(sql.EARLIER_IN_THREAD, where)
        return tuple(text for (text,) in reversed(rows))

    def spoken_in(self, incoming: Incoming) -> bool:
        """Whether krab has answered in the message's thread."""
        where = (incoming.service, incoming.channel, incoming.thread, incoming.user)
        return self._first(sql.SPOKEN, where) is not None

    def hear(self, incoming: Incoming) -> None:
        """Remember who wrote in the thread (not what)."""
        row = (incoming.service, incoming.channel, incoming.thread, incoming.user, self._clock().timestamp())
        self._database.transact(lambda connection: connection.execute(sql.HEAR, row))

    def people(self, incoming: Incoming) -> frozenset[str]:
        """Everybody (but krab) who was heard in the message's thread."""
        where = (incoming.service, incoming.channel, incoming.thread)
        query = 'SELECT "user" FROM heard WHERE service = ? AND channel = ? AND thread = ?'
        return frozenset(user for (user,) in self._read(query, where))

    def citations(self) -> Iterator[tuple[str, str]]:
        """Every (part id, quote) that was ever shown to somebody, once each."""
        seen, last = set[tuple[str, str]](), ("", "")
        while rows := self._read(sql.CITED, (*last, PAGE)):
            last = rows[-1][:2]
            found = {told for *_, answer in rows for told in _cited(json.loads(answer))} - seen
            seen |= found
            yield from sorted(found)

    def forget_before(self, when: datetime) -> int:
        """Drop everything older than ``when``; the number of questions dropped."""
        with self._database.write() as connection:
            connection.execute("DELETE FROM heard WHERE last < ?", (when.timestamp(),))
            return connection.execute("DELETE FROM asked WHERE created < ?", (when.timestamp(),)).rowcount

    def _read(self, query: str, values: Sequence[object]) -> list[Any]:
        return self._database.connection().execute(query, values).fetchall()

    def _first(self, query: str, values: Sequence[object]) -> Any:
        return self._database.connection().execute(query, values).fetchone()


def _cited(answer: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name in ("sources", "nearest"):
        yield from ((one["id"], one["quote"]) for one in answer.get(name, ()))


def _asked(row: tuple[str, str, str, str, str, str, float, int, str] | None) -> Asked | None:
    if row is None:
        return None
    service, key, channel, thread, user, text, created, private, answer = row
    moment = datetime.fromtimestamp(created, UTC)
    said = record.read(answer, Answer)
    return Asked(service, key, channel, thread, user, text, moment, said, bool(private))
