"""krab's connection to Slack: credentials that are refused, sockets that break, a Slack that is away."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from bot.chat import ChatRefused
from bot.chat.slack import Slack
from bot.dispatch import Dispatcher
from bot.settings import Secret
from bot.state import State
from tests.fakes import FakeAnswerer
from tests.slack_app import krab, settings
from tests.slack_standin import SlackStandIn

QUESTION = "who holds the leaf?"


@pytest.fixture
async def slack() -> AsyncIterator[SlackStandIn]:
    async with SlackStandIn() as standin:
        yield standin


@pytest.mark.parametrize("error", ["invalid_auth", "token_revoked", "account_inactive"])
async def test_a_refused_bot_token_ends_with_advice(slack: SlackStandIn, error: str) -> None:
    slack.workspace.revoked[slack.workspace.app.bot_token] = error
    async with krab(slack) as running:
        with pytest.raises(ChatRefused, match="KRAB_SLACK_BOT_TOKEN"):
            await running


async def test_a_refused_app_token_ends_with_advice(slack: SlackStandIn) -> None:
    slack.workspace.revoked[slack.workspace.app.app_token] = "invalid_auth"
    async with krab(slack) as running:
        with pytest.raises(ChatRefused, match="KRAB_SLACK_APP_TOKEN"):
            await asyncio.wait_for(running, 3)


async def test_a_token_that_is_revoked_on_the_way_ends_with_advice(slack: SlackStandIn) -> None:
    async with krab(slack) as running:
        slack.workspace.revoked[slack.workspace.app.bot_token] = "token_revoked"
        await slack.say(slack.ask(QUESTION))
        with pytest.raises(ChatRefused, match="revoked"):
            await asyncio.wait_for(running, 3)


@pytest.mark.parametrize(
    ("change", "advice"),
    [
        ({"mode": "pigeon"}, "pigeon"),
        ({"bot_token": Secret()}, "KRAB_SLACK_BOT_TOKEN"),
        ({"app_token": Secret()}, "KRAB_SLACK_APP_TOKEN"),
        ({"mode": "http", "signing_secret": Secret()}, "KRAB_SLACK_SIGNING_SECRET"),
        ({"bot_token": Secret("xapp-1-standin")}, "mixed up"),
    ],
)
async def test_what_cannot_work_is_refused_at_the_start(
    slack: SlackStandIn, change: dict[str, object], advice: str
) -> None:
    chat = Slack(replace(settings(slack), **change))  # type: ignore[arg-type]
    state = State.at(":memory:")
    with pytest.raises(ChatRefused, match=advice):
        await chat.run(Dispatcher(FakeAnswerer(), state).handle)
    state.close()


async def test_sockets_that_drop_all_the_time_lose_nothing(slack: SlackStandIn) -> None:
    async with krab(slack):
        for number in range(5):
            await slack.say(slack.ask(f"question {number}"))
            await slack.socket.drop()
            await asyncio.sleep(0.3)
        await slack.until(lambda: len(slack.by_krab()) == 5, 10)
        await slack.settled()
    assert len(slack.by_krab()) == 5
    assert slack.socket.opened > 3


async def test_a_socket_that_slack_refreshes_is_replaced(slack: SlackStandIn) -> None:
    async with krab(slack):
        await slack.socket.refresh()
        await slack.until(lambda: slack.socket.opened > 1 and slack.socket.sockets)
        await slack.say(slack.ask(QUESTION))
        await slack.until(slack.by_krab)


async def test_an_address_that_has_expired_is_not_tried_for_ever(slack: SlackStandIn) -> None:
    async with krab(slack):
        slack.socket.shut = True
        await slack.socket.drop()
        await asyncio.sleep(0.5)
        slack.socket.shut = False
        await slack.until(lambda: slack.socket.opened == 2)


async def test_an_outage_is_outlived_without_tracebacks(slack: SlackStandIn, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    async with krab(slack) as running:
        slack.down = True
        await slack.socket.drop()
        await asyncio.sleep(1)
        slack.down = False
        assert not [record for record in caplog.records if record.exc_info]
        await slack.say(slack.ask(QUESTION))
        await slack.until(slack.by_krab, 10)
        assert not running.done()


async def test_running_answers_end_before_krab_does(slack: SlackStandIn) -> None:
    async with krab(slack, FakeAnswerer(delay=0.3)) as running:
        await slack.say(slack.ask(QUESTION))
        await slack.until(lambda: slack.workspace.statuses)
        running.cancel()
    assert len(slack.by_krab()) == 1


async def test_a_slack_that_is_away_at_the_start_is_waited_for(slack: SlackStandIn) -> None:
    slack.down = True
    chat = Slack(settings(slack), pace=0, ping=0.1)
    state = State.at(":memory:")
    running = asyncio.create_task(chat.run(Dispatcher(FakeAnswerer(), state).handle))
    await asyncio.sleep(0.1)
    slack.down = False
    await slack.until(lambda: slack.socket.sockets, 8)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    state.close()
