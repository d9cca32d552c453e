"""krab on the stand-in's Slack, as the Slack tests start it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from aiohttp import web

from bot.chat import Past
from bot.chat.slack import Slack
from bot.dispatch import Dispatcher
from bot.model import Answer, Progress, Question
from bot.settings import Secret, SlackSettings
from bot.state import State
from tests.fakes import FakeAnswerer
from tests.order_fixtures import ordering
from tests.slack_standin import SlackStandIn
from tests.slack_standin.delivery import HttpDelivery


def settings(slack: SlackStandIn, mode: str = "socket") -> SlackSettings:
    """What an operator would configure for the stand-in."""
    app = slack.workspace.app
    tokens = Secret(app.bot_token), Secret(app.app_token), Secret(app.signing_secret)
    return SlackSettings(*tokens, api_url=slack.api_url, mode=mode)


@asynccontextmanager
async def krab(
    slack: SlackStandIn,
    answerer: Callable[[Question, Progress], Answer] | None = None,
    *,
    state: State | None = None,
    pace: float = 0.0,
) -> AsyncIterator[asyncio.Task[None]]:
    """krab in Socket Mode; the task is its ``run``."""
    memory = state or State.at(":memory:")
    chat = Slack(settings(slack), past=Past(memory.taken_over), pace=pace, ping=0.1)
    running = asyncio.create_task(
        chat.run(Dispatcher(answerer or FakeAnswerer(), memory, ordering=ordering(memory)).handle)
    )
    await slack.until(lambda: slack.socket.sockets or running.done())
    try:
        yield running
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        if state is None:
            memory.close()


@asynccontextmanager
async def krab_over_http(
    slack: SlackStandIn, answerer: Callable[[Question, Progress], Answer] | None = None
) -> AsyncIterator[HttpDelivery]:
    """krab behind a Request URL; what is given is the way to it."""
    chat, memory = Slack(settings(slack, "http"), pace=0.0), State.at(":memory:")
    app = web.Application()
    app.router.add_post("/slack/events", chat.webhook)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    running = asyncio.create_task(
        chat.run(Dispatcher(answerer or FakeAnswerer(), memory, ordering=ordering(memory)).handle)
    )
    await slack.until(lambda: slack.calls)
    await asyncio.sleep(0.05)
    slack.http = HttpDelivery(
        f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events", slack.workspace.app.signing_secret
    )
    try:
        yield slack.http
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await runner.cleanup()
        memory.close()
