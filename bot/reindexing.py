"""A reindex that was ordered from a chat: run as a process of its own, told about in one message that is edited.

Rules of this file:
- ``Requests`` alone touches the table ``reindex_requests``. What was ordered stands there until it has ended,
  so a krab that was killed goes on with it after its start, and with the same message.
- The work is ``krab reindex`` beside this process: its memory and its CPU are not those that answer.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from bot.audit import Audit
from bot.card import Button, Card, Section, note, words
from bot.chat import Parcel
from bot.outbox import Outbox
from bot.settings import Settings
from index.database import Database
from index.reindex import Progress

log = logging.getLogger(__name__)

LOOK = 2.0  # seconds between two looks at what was ordered
TELL = 5.0  # seconds between two edits of the message
TRIES = 5  # processes that are started for one request

MIGRATIONS = (
    """
CREATE TABLE reindex_requests (
    key TEXT PRIMARY KEY,
    service TEXT NOT NULL,
    channel TEXT NOT NULL,
    thread TEXT NOT NULL,
    who TEXT NOT NULL,
    arguments TEXT NOT NULL,
    tries INTEGER NOT NULL,
    outcome TEXT NOT NULL,
    created REAL NOT NULL
)
""",
)


@dataclass(frozen=True, slots=True)
class Request:
    """What was ordered, by whom, and where it is told how it goes. ``arguments`` are those of the command."""

    key: str
    service: str
    channel: str
    thread: str
    who: str
    arguments: tuple[str, ...] = ()
    tries: int = 0


class Requests:
    """The table of ordered reindexes; at most one is open."""

    def __init__(self, database: Database, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._database = database
        self._clock = clock
        database.migrate("reindex_requests", MIGRATIONS)

    def put(self, request: Request) -> bool:
        """Order a reindex; False when another one is open. The same one again changes nothing."""
        row = (request.key, request.service, request.channel, request.thread, request.who)
        with self._database.write() as connection:
            sql = "SELECT 1 FROM reindex_requests WHERE outcome = '' AND key <> ?"
            if connection.execute(sql, (request.key,)).fetchone():
                return False
            connection.execute(
                "INSERT INTO reindex_requests VALUES (?, ?, ?, ?, ?, ?, 0, '', ?) ON CONFLICT (key) DO NOTHING",
                (*row, json.dumps(request.arguments), self._clock().timestamp()),
            )
        return True

    def begin(self) -> Request | None:
        """Return what is open, with its tries counted up; None when nothing is."""
        with self._database.write() as connection:
            row = connection.execute(
                "UPDATE reindex_requests SET tries = tries + 1 WHERE outcome = ''"
                " RETURNING key, service, channel, thread, who, arguments, tries"
            ).fetchone()
        if row is None:
            return None
        key, service, channel, thread, who, arguments, tries = row
        return Request(key, service, channel, thread, who, tuple(json.loads(arguments)), tries)

    def end(self, key: str, outcome: str) -> None:
        """It has ended: "done", or why not."""
        with self._database.write() as connection:
            connection.execute("UPDATE reindex_requests SET outcome = ? WHERE key = ?", (outcome, key))


@dataclass(frozen=True, slots=True)
class Reindexing:
    """Does what was ordered, one at a time. ``progress`` says how far the reindex is that is under way."""

    requests: Requests
    outbox: Outbox
    audit: Audit
    progress: Callable[[], Progress | None]
    command: Sequence[str]
    tell: float = TELL
    ours: Callable[[], bool] = lambda: True  # of several processes one does it

    async def run(self) -> None:
        """Do what was ordered, until cancelled; what was begun is then interrupted, and taken up after a start."""
        while True:
            ours = await asyncio.to_thread(self.ours)
            request = await asyncio.to_thread(self.requests.begin) if ours else None
            if request is not None:
                outcome = (
                    await self._do(request) if request.tries <= TRIES else "given up: it was interrupted too often"
                )
                await asyncio.to_thread(self._ended, request, outcome)
            await asyncio.sleep(LOOK)

    async def _do(self, request: Request) -> str:
        log.info("reindexing for %s", request.who)
        process = await asyncio.create_subprocess_exec(
            *self.command, *request.arguments, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE
        )
        output = asyncio.ensure_future(process.communicate())
        try:
            while not (await asyncio.wait((output,), timeout=self.tell))[0]:
                await asyncio.to_thread(self._tell, request, shown(self.progress()))
        except asyncio.CancelledError:
            process.terminate()
            await output
            raise
        said = output.result()[1].decode("utf-8", "replace").strip().rpartition("\n")[2]
        return "done" if process.returncode == 0 else said.removeprefix("krab: ") or f"ended with {process.returncode}"

    def _tell(self, request: Request, card: Card, last: bool = False) -> None:
        first = f"reindex:{request.key}"
        where = (request.channel, card, request.thread)
        if not self.outbox.put(request.service, Parcel(first, *where)):
            edit = "end" if last else f"{datetime.now(UTC).timestamp():.3f}"
            self.outbox.put(request.service, Parcel(f"{first}:{edit}", *where), edits=first)

    def _ended(self, request: Request, outcome: str) -> None:
        if outcome == "done":
            card = note("The new index answers.", "“reindex rollback” goes back to the one before.")
        else:
            card = note(f"The reindex has ended: {outcome}")
        self._tell(request, card, last=True)
        self.audit.write(request.who, " ".join(("reindex", *request.arguments)), "", outcome)
        self.requests.end(request.key, outcome)


def command(settings: Settings) -> tuple[str, ...]:
    """Return how ``krab reindex`` is called for the same data and configuration."""
    config = ("--config", str(settings.config)) if settings.config else ()
    return (sys.executable, "-m", "bot", "reindex", "--data", str(settings.data), *config)


def shown(step: Progress | None) -> Card:
    """Return how far it is, as a card with a button to give it up."""
    if step is None:
        return note("Reindexing: reading, before the first passages are made…")
    left = f", about {minutes(step.left)} left" if step.left is not None else ""
    bar = "▰" * (step.percent // 10) + "▱" * (10 - step.percent // 10)
    line = f"Reindexing: {bar} {step.percent} %, {step.done:,} of {step.total:,} items, {step.rate:.0f} a second{left}."
    stuck = "" if step.running else " It is interrupted just now."
    button = Button("Give it up", "reindex-cancel", danger=True)
    return Card(sections=(Section((words(line + stuck),)),), buttons=(button,), hint="“reindex cancel” gives it up.")


def minutes(seconds: float) -> str:
    """Return a span of time to come, roughly: "40 s", "3 min", "2 h"."""
    for size, unit in ((3600, "h"), (60, "min")):
        if seconds >= 1.5 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"
