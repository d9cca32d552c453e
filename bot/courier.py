"""Delivers what is in the outbox: one message a channel at a time, in order, as the services allow.

``verdict`` says what becomes of a message that was not taken; the ``Courier`` acts on it. A message that
never can be delivered, or could not be for ``PATIENCE``, is dropped with one line in the log.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bot.chat import Chat, ChatRefused, Undelivered
from bot.outbox import LEASE, Outbox, Taken

log = logging.getLogger(__name__)

FIRST, LONGEST = 2.0, 900.0  # seconds between tries
PATIENCE = timedelta(days=2)
BUGS = 5  # tries of a message that our own code can't bring out
LOOK = 2.0  # seconds between looks for what another process put
AT_ONCE = 16
GRACE = 8.0  # seconds that messages on their way get when krab stops


@dataclass(frozen=True, slots=True)
class Again:
    """Try again after some seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Never:
    """Give it up."""


def verdict(error: Exception, tries: int, age: timedelta) -> Again | Never:
    """What becomes of a message that was not taken ``tries`` times, the first time ``age`` ago."""
    wait = min(LONGEST, FIRST * 2 ** min(tries - 1, 20))
    if isinstance(error, Undelivered):
        if error.forever or age > PATIENCE:
            return Never()
        return Again(max(wait, error.after))
    if isinstance(error, (ChatRefused, TimeoutError, OSError)):
        return Never() if age > PATIENCE else Again(wait)
    return Never() if tries >= BUGS else Again(wait)


def _now() -> datetime:
    return datetime.now(UTC)


class Courier:
    """Delivers for the given services until cancelled."""

    def __init__(self, outbox: Outbox, chats: Mapping[str, Chat], *, clock: Callable[[], datetime] = _now) -> None:
        self._outbox = outbox
        self._chats = chats
        self._clock = clock
        self._slots = asyncio.Semaphore(AT_ONCE)

    async def run(self) -> None:
        """Deliver whatever is due, and wait for more. Cancelled, it finishes what is on its way."""
        loop, more = asyncio.get_running_loop(), asyncio.Event()
        tasks: set[asyncio.Task[None]] = set()

        def ended(task: asyncio.Task[None]) -> None:
            tasks.discard(task)
            more.set()  # the channel's next may go
            if not task.cancelled() and (error := task.exception()):  # the disk is full, say: its lease will end
                log.error("a message was not noted as delivered, and will be sent again", exc_info=error)

        self._outbox.when_put(lambda: _wake(loop, more))
        try:
            while True:
                more.clear()
                for service, taken in await asyncio.to_thread(self._take):
                    tasks.add(task := asyncio.create_task(self._deliver(service, taken)))
                    task.add_done_callback(ended)
                await self._wait(more)
        finally:
            await _finished(tasks)

    async def once(self) -> int:
        """Deliver what is due now and what that makes due; how many were tried."""
        tried = 0
        while due := await asyncio.to_thread(self._take):
            await asyncio.gather(*(self._deliver(service, taken) for service, taken in due))
            tried += len(due)
        return tried

    def _take(self) -> list[tuple[str, Taken]]:
        return [(name, taken) for name in self._chats for taken in self._outbox.take(name)]

    async def _wait(self, more: asyncio.Event) -> None:
        try:
            async with asyncio.timeout(LOOK):
                await more.wait()
        except TimeoutError:
            return

    async def _deliver(self, service: str, taken: Taken) -> None:
        if taken.lost:
            await self._drop(service, taken, taken.lost)
            return
        try:
            async with asyncio.timeout(LEASE * 0.75), self._slots:
                ref = await self._chats[service].send(taken.parcel)
        except Exception as error:
            await self._failed(service, taken, error)
        else:
            await asyncio.to_thread(self._outbox.sent, taken, ref)

    async def _failed(self, service: str, taken: Taken, error: Exception) -> None:
        reason = str(error) or type(error).__name__
        decided = verdict(error, taken.tries, self._clock() - taken.created)
        if isinstance(decided, Never):
            await self._drop(service, taken, reason)
            return
        if not isinstance(error, (Undelivered, ChatRefused, TimeoutError, OSError)):
            log.error("%s: %s can't be brought out", service, taken.parcel.key, exc_info=error)
        await asyncio.to_thread(self._outbox.later, taken, decided.seconds, reason)

    async def _drop(self, service: str, taken: Taken, reason: str) -> None:
        log.warning("%s: given up: %s for %s: %s", service, taken.parcel.key, taken.parcel.channel, reason)
        await asyncio.to_thread(self._outbox.dropped, taken, reason)


async def _finished(tasks: Set[asyncio.Task[None]]) -> None:
    if tasks:
        _, late = await asyncio.wait(tasks, timeout=GRACE)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)


def _wake(loop: asyncio.AbstractEventLoop, event: asyncio.Event) -> None:
    if not loop.is_closed():
        loop.call_soon_threadsafe(event.set)
