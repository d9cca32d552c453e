"""Hard times for the Matrix side: bursts, kills, outages. Small in the tests, large in ``tests.evaluation.matrix``."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sqlite3
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from bot.chat.matrix import Matrix
from bot.settings import MatrixSettings, Secret
from tests.matrix_person import Person, Wary, until
from tests.matrix_proxy import Mood, Proxy
from tests.matrix_scene import Answerer, running
from tests.synapse import Account, Synapse

AT_A_TIME = 10  # messages a person sends at once


@dataclass(frozen=True, slots=True)
class Tally:
    """What became of questions. ``seconds`` is from the restart to the last answer."""

    asked: int
    once: int
    never: int
    often: int
    strangers: int  # answers to what was no question for us
    seconds: float

    @property
    def perfect(self) -> bool:
        """Whether each was answered once, and nothing else was."""
        return self.once == self.asked and not (self.never or self.often or self.strangers)


@dataclass
class Process:
    """krab in a process of its own, with the log and the data it leaves."""

    server: Synapse
    account: Account
    data: Path

    async def start(self) -> asyncio.subprocess.Process:
        self.data.mkdir(parents=True, exist_ok=True)
        with (self.data / "log").open("ab") as log:
            return await asyncio.create_subprocess_exec(
                sys.executable, "-m", "tests.matrix_bot", str(self.data), self.server.url, self.account.user,
                env={**os.environ, "KRAB_MATRIX_PASSWORD": self.account.password},
                stdout=log, stderr=log,
            )  # fmt: skip

    @asynccontextmanager
    async def running(self) -> AsyncIterator[asyncio.subprocess.Process]:
        process = await self.start()
        try:
            yield process
        finally:
            await end(process, signal.SIGKILL)

    @property
    def stores(self) -> list[Path]:
        """Every database it keeps."""
        return [self.data / "state.db", *(self.data / "matrix").glob("*.db")]

    def damage(self) -> list[str]:
        """What SQLite finds wrong with them."""
        found = []
        for store in self.stores:
            with sqlite3.connect(store) as db:
                found += [row[0] for row in db.execute("PRAGMA integrity_check") if row[0] != "ok"]
            db.close()
        return found


async def end(process: asyncio.subprocess.Process, how: signal.Signals) -> None:
    """End a process, and wait for that."""
    if process.returncode is None:
        process.send_signal(how)
        await process.wait()


async def burst(server: Synapse, data: Path, count: int, *, encrypted: bool) -> Tally:
    """``count`` questions while krab is away, as many as a tenth before it joined."""
    krab, person = await _cast(server, encrypted)
    bot = Process(server, krab, data)
    try:
        # Without encryption, or nobody could tell a question that krab must not read from one it can't.
        early = await person.room(encrypted=False)
        await _ask(person, early, count // 10, "early")
        async with bot.running() as process:
            room = await person.room(krab.user, encrypted=encrypted)
            await until(lambda: _joined(person, room), 60)
            await person.until_knows(krab.user)
            first = await person.say(room, "before the burst")
            await until(lambda: _answered(person, room, {first}), 60)
            await person.client.room_invite(early, krab.user)
            await until(lambda: _joined(person, early), 60)
            await asyncio.sleep(1)
            await end(process, signal.SIGTERM)
        asked = await _ask(person, room, count, "burst")
        began = time.monotonic()
        async with bot.running():
            await until(lambda: _answered(person, room, asked), 60 + count)
            seconds = time.monotonic() - began
            await asyncio.sleep(2)
        return await _tally(person, {room: {first, *asked}, early: set()}, seconds)
    finally:
        await person.close()


async def kills(
    server: Synapse, data: Path, times: int, *, longest: float = 5.0, say: Callable[[str], None] = lambda _: None
) -> tuple[Tally, list[str]]:
    """Kill krab again and again while people ask in a plain and in an encrypted room; the tally, and damage found."""
    chance = random.Random(1)
    krab, eve = await _cast(server, True)
    ann = Person(server, await asyncio.to_thread(server.account, "ann"))
    bot = Process(server, krab, data)
    asked: dict[str, set[str]] = {}
    try:
        async with bot.running():
            rooms = {await ann.room(krab.user): ann, await eve.room(krab.user): eve}
            for room, person in rooms.items():
                await until(lambda p=person, r=room: _joined(p, r), 60)  # type: ignore[misc]
                await person.until_knows(krab.user)
                asked[room] = {await person.say(room, "before")}
                await until(lambda p=person, r=room: _answered(p, r, asked[r]), 60)  # type: ignore[misc]
        enough = asyncio.Event()
        asking = [asyncio.create_task(_keep_asking(p, r, asked[r], enough)) for r, p in rooms.items()]
        for number in range(times):
            process = await bot.start()
            pause = chance.uniform(0.8, longest)
            await asyncio.sleep(pause)
            await end(process, signal.SIGKILL)
            say(f"kill {number + 1} after {pause:.2f} s, {sum(map(len, asked.values()))} asked")
        enough.set()
        await asyncio.gather(*asking)
        began = time.monotonic()
        async with bot.running():
            for room, person in rooms.items():
                with suppress(TimeoutError):  # then the tally says how many
                    await until(lambda p=person, r=room: _answered(p, r, asked[r]), 90)  # type: ignore[misc]
            seconds = time.monotonic() - began
            await asyncio.sleep(3)
        tallies = [await _tally(person, {room: asked[room]}, seconds) for room, person in rooms.items()]
        return _sum(tallies), bot.damage()
    finally:
        await ann.close()
        await eve.close()


@dataclass
class Outage:
    """What an outage showed. ``asked`` counts requests by how they were met, in ``seconds`` each."""

    seconds: float
    tally: Tally | None = None
    asked: Counter[Mood] = field(default_factory=Counter)
    stopped: int = 0  # log lines while the homeserver was stopped
    crashed: bool = False


async def outage(
    server: Synapse, data: Path, seconds: float, *, stop: float = 0, say: Callable[[str], None] = lambda _: None
) -> Outage:
    """Everything a homeserver can do wrong, each for ``seconds``, with a question before, in and after each."""
    krab = await asyncio.to_thread(server.account, "krab")
    ann = Person(server, await asyncio.to_thread(server.account, "ann"))
    shown, asked, answerer = Outage(seconds), set(), Answerer()
    try:
        async with Proxy(server.url) as proxy:
            bot = Matrix(MatrixSettings(proxy.url, krab.user, password=Secret(krab.password)), data)
            task = asyncio.create_task(_run(bot, answerer))
            room = await ann.room(krab.user)
            await until(lambda: _joined(ann, room), 60)
            for mood in (m for m in Mood if m is not Mood.FINE):
                proxy.mood = mood
                await asyncio.sleep(seconds / 2)
                asked.add(await ann.say(room, f"asked during {mood}"))
                await asyncio.sleep(seconds / 2)
                proxy.mood = Mood.FINE
                asked.add(await ann.say(room, f"asked after {mood}"))
                await until(lambda: _answered(ann, room, asked), 90)
                say(f"{mood}: {proxy.asked[mood]} requests in {seconds:.0f} s")
            if stop:
                await asyncio.to_thread(server.stop)
                before = proxy.asked.total()
                await asyncio.sleep(stop)
                shown.stopped = proxy.asked.total() - before
                await asyncio.to_thread(server.start)
                asked.add(await ann.say(room, "asked after the stop"))
                await until(lambda: _answered(ann, room, asked), 120)
                say(f"stopped: {shown.stopped} requests in {stop:.0f} s")
            shown.crashed = task.done()
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            shown.tally, shown.asked = await _tally(ann, {room: asked}, 0.0), proxy.asked
        return shown
    finally:
        await ann.close()


async def _run(bot: Matrix, answerer: Answerer) -> None:
    async with running(bot, answerer):
        await asyncio.Event().wait()


async def _cast(server: Synapse, encrypted: bool) -> tuple[Account, Person]:
    krab, account = await asyncio.to_thread(lambda: (server.account("krab"), server.account("eve")))
    return krab, await Wary(server, account).open() if encrypted else Person(server, account)


async def _ask(person: Person, room: str, count: int, word: str) -> set[str]:
    slots = asyncio.Semaphore(AT_A_TIME)

    async def one(number: int) -> str:
        async with slots:
            return await person.say(room, f"{word} {number}")

    return set(await asyncio.gather(*(one(n) for n in range(count))))


async def _keep_asking(person: Person, room: str, asked: set[str], enough: asyncio.Event) -> None:
    number = 0
    while not enough.is_set():
        number += 1
        asked.add(await person.say(room, f"under load {number}"))
        await asyncio.sleep(0.4)


async def _joined(person: Person, room: str) -> bool:
    return len((await person.client.joined_members(room)).members) >= 2


async def _answers(person: Person, room: str) -> Counter[str]:
    """How many answers each event has; a message that can't be read counts as one."""
    counted: Counter[str] = Counter()
    for event in await person.events(room):
        relation = event["content"].get("m.relates_to") or {}
        if event["sender"] != person.user and relation.get("rel_type") == "m.thread":
            counted[relation["m.in_reply_to"]["event_id"]] += 1
    return counted


async def _answered(person: Person, room: str, asked: set[str]) -> bool:
    await asyncio.sleep(0.3)
    return set(await _answers(person, room)) >= asked


async def _tally(person: Person, asked: dict[str, set[str]], seconds: float) -> Tally:
    found = {room: await _answers(person, room) for room in asked}
    counts = [found[room][event] for room, events in asked.items() for event in events]
    strangers = sum(len(set(answers) - asked[room]) for room, answers in found.items())
    return Tally(
        len(counts), counts.count(1), counts.count(0), sum(c > 1 for c in counts), strangers, seconds
    )  # fmt: skip


def _sum(tallies: list[Tally]) -> Tally:
    parts = zip(*((t.asked, t.once, t.never, t.often, t.strangers) for t in tallies), strict=True)
    asked, once, never, often, strangers = map(sum, parts)
    return Tally(asked, once, never, often, strangers, max(t.seconds for t in tallies))
