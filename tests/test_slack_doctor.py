"""krab doctor on Slack: tokens, scopes and sockets, and what is missing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.commands.doctor_chat import SCOPES, check_slack
from bot.settings import Secret, Settings
from bot.wiring.serving import chats
from tests.slack_app import settings
from tests.slack_standin import App, SlackStandIn


@pytest.fixture
async def slack() -> AsyncIterator[SlackStandIn]:
    async with SlackStandIn() as standin:
        yield standin


async def test_all_is_well(slack: SlackStandIn) -> None:
    assert await check_slack(Settings(Path(), slack=settings(slack))) == "krab in Pond"
    assert slack.socket.opened == 1


def test_it_looks_for_every_scope_of_the_manifest() -> None:
    assert set(SCOPES) == App.from_manifest().scopes


async def test_a_missing_scope_is_named_with_what_it_is_for(slack: SlackStandIn) -> None:
    slack.workspace.app.scopes = App.from_manifest().scopes - {"files:write"}
    with pytest.raises(ValueError, match=r"lacks files:write \(the chart of a digest\)"):
        await check_slack(Settings(Path(), slack=settings(slack)))


async def test_tokens_that_are_mixed_up_are_told(slack: SlackStandIn) -> None:
    told = replace(settings(slack), app_token=Secret("xoxb-1-standin"))
    with pytest.raises(ValueError, match="not_allowed_token_type"):
        await check_slack(Settings(Path(), slack=told))


async def test_a_socket_that_can_not_be_opened_is_told(slack: SlackStandIn) -> None:
    slack.socket.shut = True
    with pytest.raises(ValueError, match="no socket"):
        await check_slack(Settings(Path(), slack=settings(slack)))


async def test_every_workspace_is_looked_at(slack: SlackStandIn) -> None:
    further = replace(settings(slack), name="beta", bot_token=Secret("xoxb-old"))
    told = replace(settings(slack), workspaces=(further,))
    assert [chat.name for chat in chats(Settings(Path(), slack=told))] == ["slack", "slack:beta"]
    with pytest.raises(ValueError, match="workspace beta: Slack says invalid_auth"):
        await check_slack(Settings(Path(), slack=told))
