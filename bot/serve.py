"""``krab serve``: the web page, the chats and the pollers in one process, until a signal ends it.

Each part has its own fate: a chat that refuses our credentials, or a source that can't be reached, is a
line in the log and harms nobody else. On SIGTERM and SIGINT what was begun is finished.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import threading
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from bot.chat import Chat, ChatRefused
from bot.courier import Courier
from bot.dispatch import Dispatcher
from bot.leases import BEAT
from bot.wiring.digests import digest_post
from bot.wiring.krab import Krab
from bot.wiring.orders import reindexing_ordered, watcher
from bot.wiring.serving import chats, dispatcher, forget_old, home, past, site
from bot.wiring.sources import poller
from bot.wiring.status import measuring
from index.errors import Unusable

log = logging.getLogger(__name__)

PAUSE, DAY = 30.0, 86_400.0  # seconds
REFUSED, LONGEST = 60.0, 3_600.0  # seconds until a service that refused us is asked again
LEFT = 300.0  # seconds between two looks for questions that could not be answered
RESUMED = timedelta(hours=6)  # a question older than this was given up by who asked it


async def serve(krab: Krab) -> None:
    """Serve until a signal. Raises ``OSError`` when the web page's address is taken."""
    from bot import web

    stop = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    look = BEAT if krab.settings.store.shared else LEFT
    adapters = chats(krab.settings, home(krab), past(krab))
    metrics = measuring(krab)
    handling = dispatcher(krab, adapters, metrics)
    page = asyncio.create_task(web.serve(site(krab, adapters, metrics), krab.settings.web.listen), name="web")
    tasks = [page, asyncio.create_task(_deliver(krab, adapters), name="courier")]
    tasks += [asyncio.create_task(_reindex(krab), name="reindex")]
    tasks += [asyncio.create_task(_keep_up(krab), name="upkeep")]
    tasks += [asyncio.create_task(_watch(krab), name="watcher")]
    tasks += [asyncio.create_task(_digests(krab), name="digests")]
    tasks += [asyncio.create_task(_chat(chat, handling, look), name=chat.name) for chat in adapters]
    ended = threading.Event()
    polling = threading.Thread(target=_poll, args=(krab, ended), name="poller")
    polling.start()
    try:
        await _until(stop, page)
    finally:
        ended.set()
        await _cancelled(tasks)
        await asyncio.to_thread(polling.join)
    log.info("stopped")


async def _until(stop: asyncio.Event, page: asyncio.Task[None]) -> None:
    waiting = asyncio.create_task(stop.wait())
    await asyncio.wait((waiting, page), return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    if page.done():
        page.result()  # the address is taken, most likely


async def _cancelled(tasks: Sequence[asyncio.Task[None]]) -> None:
    for task in tasks:
        if not task.cancelling():  # a second time would break off what it closes
            task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _chat(chat: Chat, dispatcher: Dispatcher, look: float) -> None:
    """Run a service; one that refuses us is asked again ever less often, since an operator may put it right there."""
    wait = REFUSED
    while True:
        try:
            await _live(chat, dispatcher, look)
        except Unusable as problem:  # the database is away
            log.error("%s: %s; it is tried again in %.0f s", chat.name, problem, PAUSE)
            await asyncio.sleep(PAUSE)
            continue
        except ChatRefused as refusal:
            log.error("%s; the other services go on, and it is tried again in %.0f min", refusal, wait / 60)
        except Exception:
            log.exception("%s: stopped by an error of ours; the other services go on", chat.name)
            return
        await asyncio.sleep(wait)
        wait = min(2 * wait, LONGEST)


async def _live(chat: Chat, dispatcher: Dispatcher, look: float) -> None:
    """Run a service, and answer what was left of its questions; an error of either ends both."""
    tasks = [asyncio.create_task(chat.run(dispatcher.handle)), asyncio.create_task(_resume(chat, dispatcher, look))]
    try:
        await asyncio.gather(*tasks)
    finally:
        await _cancelled(tasks)


async def _deliver(krab: Krab, adapters: Sequence[Chat]) -> None:
    """Send what is in the outbox; a full disk or a bug stops it for a while, not for ever."""
    while True:
        try:
            await Courier(krab.outbox, {chat.name: chat for chat in adapters}).run()
        except Exception:
            log.exception("delivery was stopped by an error of ours; it begins again in %.0f s", PAUSE)
            await asyncio.sleep(PAUSE)


async def _watch(krab: Krab) -> None:
    """Look after watched series, whenever the index has changed."""
    watching = watcher(krab)
    while True:
        try:
            if await asyncio.to_thread(krab.leases.take, "watches"):
                await asyncio.to_thread(watching.look)
        except Exception:
            log.exception("watched series were not looked at; the next look is in %.0f s", PAUSE)
        await asyncio.sleep(PAUSE)


async def _digests(krab: Krab) -> None:
    """Send digests that are due; once a week is over, publish its digest."""
    sending = digest_post(krab)
    while True:
        try:
            if await asyncio.to_thread(krab.leases.take, "digests"):
                await asyncio.to_thread(sending.tick)
                await asyncio.to_thread(sending.archive)
        except Exception:
            log.exception("digests were not looked at; the next look is in %.0f s", PAUSE)
        await asyncio.sleep(PAUSE)


async def _resume(chat: Chat, dispatcher: Dispatcher, look: float) -> None:
    """Answer what was left, now and every ``look`` seconds: after an outage, or because another process has died."""
    reply = getattr(chat, "reply", None)
    while reply is not None:  # a service that delivers again by itself (Matrix) needs none
        await dispatcher.resume(chat.name, datetime.now(UTC) - RESUMED, reply)
        await asyncio.sleep(look)


async def _reindex(krab: Krab) -> None:
    while True:
        try:
            await reindexing_ordered(krab).run()
        except Exception:
            log.exception("reindexing was stopped by an error of ours; it begins again in %.0f s", PAUSE)
        await asyncio.sleep(PAUSE)


async def _keep_up(krab: Krab) -> None:
    """Forget what is old, once a day and at the start."""
    while True:
        try:
            if await asyncio.to_thread(krab.leases.take, "upkeep"):
                await asyncio.to_thread(forget_old, krab)
        except Exception:
            log.exception("old questions were not forgotten; the next try is in a day")
        await asyncio.sleep(DAY)


def _poll(krab: Krab, ended: threading.Event) -> None:
    try:
        poller(krab).run(ended)
    except Exception:
        log.exception("the pollers were stopped by an error of ours; answering goes on")
