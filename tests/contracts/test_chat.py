"""What every chat service promises, run over each that has a file in chat_peers/."""

from __future__ import annotations

import asyncio
import importlib
import pkgutil
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from bot.chat import Incoming, Reply
from tests.contracts import chat_peers
from tests.contracts.chat_peers import Peer
from tests.fakes import answered, citation

Respond = Callable[[Incoming, Reply], Awaitable[None]]


def _services() -> list[object]:
    names = [module.name for module in pkgutil.iter_modules(chat_peers.__path__)]
    modules = [importlib.import_module(f"{chat_peers.__name__}.{name}") for name in names]
    return [pytest.param(m, id=n, marks=getattr(m, "MARKS", ())) for n, m in zip(names, modules, strict=True)]


@pytest.fixture(params=_services())
async def peer(request: pytest.FixtureRequest) -> AsyncIterator[Peer]:
    async with request.param.connect(request) as connected:
        yield connected


class Script:
    """A handler that keeps every message and replies to it as it was told."""

    def __init__(self, respond: Respond) -> None:
        self._respond = respond
        self.heard: list[Incoming] = []
        self.done = 0

    async def __call__(self, incoming: Incoming, reply: Reply) -> None:
        self.heard.append(incoming)
        await self._respond(incoming, reply)
        self.done += 1

    async def until(self, count: int) -> None:
        end = time.monotonic() + 10
        while self.done < count:
            assert time.monotonic() < end, f"heard only {self.heard}"
            await asyncio.sleep(0.01)


@asynccontextmanager
async def running(peer: Peer, respond: Respond) -> AsyncIterator[Script]:
    script = Script(respond)
    task = asyncio.create_task(peer.chat.run(script.__call__))
    await peer.ready()
    try:
        yield script
    finally:
        task.cancel()
        await asyncio.wait_for(asyncio.gather(task, return_exceptions=True), 5)


async def _silent(_: Incoming, __: Reply) -> None:
    pass


async def _echo(incoming: Incoming, reply: Reply) -> None:
    await reply.text(f"you said {incoming.text}")


async def _answer(_: Incoming, reply: Reply) -> None:
    await reply.working()
    await reply.answer(answered("A leaf outlives its frog.", citation(1), citation(2)))


async def test_a_direct_message_arrives_with_its_words(peer: Peer) -> None:
    async with running(peer, _silent) as script:
        await peer.ask("who holds the leaf?")
        await script.until(1)
    (heard,) = script.heard
    assert (heard.service, heard.text) == (peer.chat.name, "who holds the leaf?")
    assert (heard.direct, heard.from_bot, heard.in_thread) == (True, False, False)
    assert heard.key
    assert heard.user


async def test_messages_have_keys_of_their_own_and_a_thread_in_common(peer: Peer) -> None:
    async with running(peer, _silent) as script:
        thread = await peer.ask("who holds the leaf?")
        await script.until(1)
        await peer.ask("and why?", thread=thread)
        await script.until(2)
    first, second = script.heard
    assert first.key != second.key
    assert (first.channel, first.thread, first.user) == (second.channel, second.thread, second.user)
    assert second.in_thread


async def test_words_are_shown_in_the_thread_they_answer(peer: Peer) -> None:
    async with running(peer, _echo) as script:
        threads = [await peer.ask(text) for text in ("frog", "lily")]
        await script.until(2)
    frog, lily = ["".join(await peer.shown(thread)) for thread in threads]
    assert "you said frog" in frog
    assert "you said lily" in lily


async def test_an_answer_shows_its_sentence_and_each_source_with_its_address(peer: Peer) -> None:
    async with running(peer, _answer) as script:
        thread = await peer.ask("who holds the leaf?")
        await script.until(1)
    (shown,) = await peer.shown(thread)
    for expected in ("A leaf outlives its frog.", "[1]", "[2]", "Ada Frog", "2025-07-08", "A leaf must outlive"):
        assert expected in shown
    for n in (1, 2):
        assert f"https://pond.example/list/{n}.frog@pond.example/" in shown


async def test_krab_stops_when_it_is_told_to(peer: Peer) -> None:
    async with running(peer, _silent):
        started = time.monotonic()
    assert time.monotonic() - started < 3
