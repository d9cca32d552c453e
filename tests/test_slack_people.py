"""What Slack says of people is asked sparingly, and never needed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.chat import Profile
from bot.chat.slack_people import A_MINUTE, People, Person
from tests.fakes import FakeClock
from tests.slack_standin import App, SlackStandIn


@pytest.fixture
async def slack() -> AsyncIterator[SlackStandIn]:
    async with SlackStandIn() as standin:
        yield standin


def people(slack: SlackStandIn, clock: FakeClock) -> People:
    client = AsyncWebClient(slack.workspace.app.bot_token, base_url=slack.api_url)
    return People(client, clock.time)


def asked(slack: SlackStandIn) -> int:
    return [name for name, _ in slack.calls].count("users.info")


async def test_a_person_has_a_name_a_time_zone_and_perhaps_the_workspace_to_manage(slack: SlackStandIn) -> None:
    known = people(slack, FakeClock())
    assert await known.get("UANN") == Person(Profile("Ann", "Europe/Berlin"), manages=False)
    assert (await known.get("UROOT")).manages


async def test_who_made_a_channel_moderates_it_and_no_other(slack: SlackStandIn) -> None:
    slack.workspace.channels["G1"].creator = "UANN"
    known = people(slack, FakeClock())
    assert [await known.moderates(user, "G1") for user in ("UANN", "UBOB", "UROOT")] == [True, False, True]
    assert [await known.moderates("UANN", channel) for channel in ("C1", "D1", "CNOWHERE", "")] == [False] * 4


async def test_who_made_a_channel_is_asked_once_an_hour(slack: SlackStandIn) -> None:
    known = people(slack, FakeClock())
    await asyncio.gather(*(known.moderates(user, "C1") for user in ("UANN", "UBOB", "UANN")))
    assert [name for name, _ in slack.calls].count("conversations.info") == 1


async def test_without_its_scope_nobody_made_a_channel(slack: SlackStandIn) -> None:
    slack.workspace.channels["C1"].creator = "UANN"
    slack.workspace.app.scopes = App.from_manifest().scopes - {"channels:read"}
    assert not await people(slack, FakeClock()).moderates("UANN", "C1")


async def test_one_asking_an_hour_will_do_also_for_two_at_once(slack: SlackStandIn) -> None:
    clock = FakeClock()
    known = people(slack, clock)
    await asyncio.gather(*(known.get("UANN") for _ in range(5)))
    assert asked(slack) == 1
    clock.move(3_601)
    await known.get("UANN")
    assert asked(slack) == 2


async def test_who_is_not_known_is_not_asked_after_again(slack: SlackStandIn) -> None:
    known = people(slack, FakeClock())
    assert [await known.get("UNOBODY") for _ in range(3)] == [Person()] * 3
    assert asked(slack) == 1


async def test_a_crowd_is_not_asked_after_faster_than_slack_takes(slack: SlackStandIn) -> None:
    known = people(slack, FakeClock())
    await asyncio.gather(*(known.get(f"U{number}") for number in range(A_MINUTE + 20)))
    assert (asked(slack), slack.limited.total()) == (A_MINUTE, 0)


async def test_without_the_scope_nobody_manages_anything_and_slack_is_asked_once(slack: SlackStandIn) -> None:
    slack.workspace.app.scopes = App.from_manifest().scopes - {"users:read"}
    known = people(slack, FakeClock())
    assert [await known.get(user) for user in ("UROOT", "UANN")] == [Person(), Person()]
    assert asked(slack) == 1
