"""A card that is longer than a message of Slack's, as the reply to a command."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from bot.card import Button, Card, Section, words
from bot.chat import Handler, Incoming, Past, Reply
from bot.chat.slack import Slack
from bot.state import State
from tests.slack_app import settings
from tests.slack_standin import SlackStandIn

LINES = [f"frog {n} sits on its leaf " + "and sings " * 60 for n in range(40)]
LONG = Card(
    "All frogs", tuple(Section((words(line),)) for line in LINES), (Button("Croak", "croak"),), hint="“pond” ends this."
)


@pytest.fixture
async def slack() -> AsyncIterator[SlackStandIn]:
    async with SlackStandIn() as standin:
        yield standin


@asynccontextmanager
async def answering(slack: SlackStandIn, handler: Handler) -> AsyncIterator[None]:
    """krab's Slack with a handler of the test's."""
    memory = State.at(":memory:")
    chat = Slack(settings(slack), past=Past(memory.taken_over), pace=0.0, ping=0.1)
    running = asyncio.create_task(chat.run(handler))
    await slack.until(lambda: slack.socket.sockets)
    try:
        yield
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        memory.close()


async def shown(incoming: Incoming, reply: Reply) -> None:
    await reply.card(LONG)


async def test_a_long_card_comes_in_several_messages_and_loses_nothing(slack: SlackStandIn) -> None:
    async with answering(slack, shown):
        asked = await slack.say("frogs", "D1")
        await slack.until(lambda: any("ends this" in m.shown for m in slack.by_krab(asked)))
        await slack.settled()
    text = "\n".join(message.shown for message in slack.by_krab(asked))
    assert len(slack.by_krab(asked)) > 1
    assert [n for n in range(40) if text.count(f"frog {n} sits") != 1] == []


async def test_what_can_be_done_stands_under_the_last_message(slack: SlackStandIn) -> None:
    async with answering(slack, shown):
        asked = await slack.say("frogs", "D1")
        await slack.until(lambda: any("ends this" in m.shown for m in slack.by_krab(asked)))
        await slack.settled()
    assert ["ends this" in message.shown for message in slack.by_krab(asked)][-2:] == [False, True]


async def test_a_further_page_that_was_said_is_not_said_again(slack: SlackStandIn) -> None:
    async def twice(incoming: Incoming, reply: Reply) -> None:
        await reply.card(LONG)
        await reply.card(Card(sections=LONG.sections))

    async with answering(slack, twice):
        asked = await slack.say("frogs", "D1")
        await slack.until(lambda: len(slack.by_krab(asked)) > 2)
        await slack.settled()
    text = "\n".join(message.shown for message in slack.by_krab(asked))
    assert text.count("frog 39 sits") == 1
