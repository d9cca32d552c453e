"""Messages of krab's own on Slack: once each, also after a restart, also to a person."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.card import Picture, note
from bot.chat import Parcel
from bot.chat.slack_errors import NotTaken
from bot.chat.slack_pace import Pace
from bot.chat.slack_parcels import FRESH, Parcels
from bot.chat.slack_post import Poster
from tests.fakes import FakeClock
from tests.slack_standin import SlackStandIn

PARCEL = Parcel("digest:7", "C1", note("Seven frogs"))


@pytest.fixture
async def slack() -> AsyncIterator[SlackStandIn]:
    async with SlackStandIn() as standin:
        yield standin


def parcels(slack: SlackStandIn, clock: FakeClock | None = None) -> Parcels:
    """As a process has them that just began."""
    client = AsyncWebClient(slack.workspace.app.bot_token, base_url=slack.api_url)
    return Parcels(Poster(client, Pace(0.0)), (clock or FakeClock()).time)


def looked(slack: SlackStandIn) -> int:
    return [name for name, _ in slack.calls].count("conversations.history")


async def test_what_an_earlier_process_posted_is_not_posted_again(slack: SlackStandIn) -> None:
    assert await parcels(slack).send(PARCEL) == await parcels(slack).send(PARCEL)
    assert len(slack.by_krab()) == 1


async def test_in_a_thread_it_is_looked_for_there(slack: SlackStandIn) -> None:
    root = await parcels(slack).send(PARCEL)
    under = replace(PARCEL, key="digest:7:news", thread=root)
    assert await parcels(slack).send(under) == await parcels(slack).send(under)
    assert len(slack.by_krab(root)) == 1


async def test_a_process_that_has_run_for_a_while_does_not_look(slack: SlackStandIn) -> None:
    clock = FakeClock()
    running = parcels(slack, clock)
    clock.move(FRESH + 1)
    await running.send(PARCEL)
    assert looked(slack) == 0


async def test_what_seemed_to_fail_is_looked_for_however_late(slack: SlackStandIn) -> None:
    clock = FakeClock()
    running = parcels(slack, clock)
    clock.move(FRESH + 1)
    slack.swallowing = 1
    with pytest.raises(NotTaken):
        await running.send(PARCEL)
    assert await running.send(PARCEL)
    assert (len(slack.by_krab()), looked(slack)) == (1, 1)


async def test_while_it_can_not_be_looked_for_it_is_not_posted(slack: SlackStandIn) -> None:
    running = parcels(slack)
    slack.failing["conversations.history"] = "internal_error"
    with pytest.raises(NotTaken):
        await running.send(PARCEL)
    assert slack.by_krab() == []


async def test_a_person_gets_it_as_a_direct_message_that_can_be_edited(slack: SlackStandIn) -> None:
    running = parcels(slack)
    ref = await running.send(replace(PARCEL, channel="UBOB"))
    await running.send(replace(PARCEL, key="digest:7:1", channel="UBOB", card=note("Eight frogs"), edits=ref))
    (message,) = slack.by_krab()
    assert (message.channel, "Eight frogs" in message.shown) == ("DBOB", True)


async def test_where_krab_is_no_member_it_never_can_be_sent(slack: SlackStandIn) -> None:
    slack.workspace.channels["C2"].member = False
    with pytest.raises(NotTaken, match="invite krab") as refused:
        await parcels(slack).send(replace(PARCEL, channel="C2"))
    assert refused.value.forever


async def test_slack_says_how_long_to_wait(slack: SlackStandIn) -> None:
    slack.limiting = 1e18
    with pytest.raises(NotTaken) as limited:
        await parcels(slack).send(PARCEL)
    assert limited.value.after == 1


async def test_a_picture_that_slack_does_not_take_is_told_in_words(slack: SlackStandIn) -> None:
    slack.failing["files.getUploadURLExternal"] = "file_uploads_disabled"
    shown = replace(PARCEL.card, picture=Picture(b"png", "seven frogs on a leaf"))
    await parcels(slack).send(replace(PARCEL, card=shown))
    assert "[seven frogs on a leaf]" in slack.by_krab()[0].shown
