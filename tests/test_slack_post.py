"""Speaking on Slack: the pace, the errors in our words, and one final message whatever Slack refuses."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.chat import ChatRefused, Incoming, Past
from bot.chat.slack_errors import NotTaken, translate
from bot.chat.slack_pace import Pace
from bot.chat.slack_post import EDITS, Poster
from bot.chat.slack_reply import LOOKING, LOST, STATUS_EVERY, Desk, SlackReply
from bot.whispers import Whispers
from index.sqlite import Sqlite
from tests.fakes import FakeClock, answered
from tests.slack_standin import SlackStandIn


@pytest.fixture
async def slack() -> AsyncIterator[SlackStandIn]:
    async with SlackStandIn() as standin:
        yield standin


def refusal(answer: object) -> SlackApiError:
    return SlackApiError("no", answer)  # type: ignore[no-untyped-call]


async def replying(slack: SlackStandIn, channel: str = "C1", *, direct: bool = False) -> SlackReply:
    ts = await slack.say("who holds the leaf?", channel)
    client = AsyncWebClient(slack.workspace.app.bot_token, base_url=slack.api_url)
    desk = Desk(Poster(client, Pace(0.0), courtesy=0.2), again=(0.1, 0.3))
    return SlackReply(desk, Incoming("slack", channel, ts, f"{channel}:{ts}", "UANN", "who?", direct=direct))


async def privately(slack: SlackStandIn, ts: str, past: Past, *, user: str = "UANN") -> None:
    """An answer of two messages that one person sees, by a process that knows ``past``."""
    client = AsyncWebClient(slack.workspace.app.bot_token, base_url=slack.api_url)
    desk = Desk(Poster(client, Pace(0.0)), past=past)
    reply = SlackReply(desk, Incoming("slack", "C1", ts, f"C1:{ts}", user, "who?"))
    await reply.answer(answered(), private=True)
    await reply.answer(answered(), private=True)


async def test_a_channel_is_spoken_in_some_time_after_the_last_word_and_others_at_once() -> None:
    clock = FakeClock()
    pace = Pace(1.0, clock.time)
    async with pace.turn("C1"):
        clock.move(5)
    assert (pace.wait("C1"), pace.wait("C2")) == (1, 0)
    clock.move(0.5)
    assert pace.wait("C1") == 0.5


def test_a_channel_that_slack_wants_left_alone_is_left_alone() -> None:
    clock = FakeClock()
    pace = Pace(1.0, clock.time)
    pace.hold("C1", 30)
    pace.hold("C1", 1)
    assert pace.wait("C1") == 30


@pytest.mark.parametrize("code", ["invalid_auth", "token_revoked", "account_inactive", "not_allowed_token_type"])
def test_refused_credentials_come_with_advice(code: str) -> None:
    problem = translate(refusal({"error": code}))
    assert isinstance(problem, ChatRefused)
    assert "xoxb-" in problem.advice


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (refusal({"error": "not_in_channel"}), "Slack said not_in_channel: invite krab to the channel"),
        (refusal({"error": "fatal_error"}), "Slack said fatal_error"),
        (refusal("<html>"), "Slack said nothing readable"),
        (TimeoutError(), "Slack can't be reached: TimeoutError"),
    ],
)
def test_other_errors_say_what_slack_said(error: Exception, said: str) -> None:
    assert str(translate(error)) == said


@pytest.mark.parametrize("channel", ["D1", "C1"])
async def test_an_answer_in_the_making_grows_in_the_thread_and_becomes_the_answer(
    slack: SlackStandIn, channel: str
) -> None:
    reply = await replying(slack, channel, direct=channel == "D1")
    await reply.working(" ".join(["A leaf"] * 20))
    assert [message.text for message in slack.by_krab()] == ["A leaf " * 20 + "…"]
    await asyncio.sleep(STATUS_EVERY)
    await reply.working(" ".join(["A leaf"] * 40))
    await reply.answer(answered())
    (message,) = slack.by_krab()
    assert (message.edits, "A leaf outlives" in message.shown) == (2, True)


async def test_answers_in_the_making_leave_slack_room_for_those_that_are_made(slack: SlackStandIn) -> None:
    client = AsyncWebClient(slack.workspace.app.bot_token, base_url=slack.api_url)
    desk, asked = Desk(Poster(client, Pace(0.0))), await slack.say("who holds the leaf?")
    replies = [SlackReply(desk, Incoming("slack", "C1", asked, f"C1:{n}", "UANN", "who?")) for n in range(EDITS + 1)]
    await asyncio.gather(*(reply.working("A leaf " * 20) for reply in replies))
    assert len(slack.by_krab()) == EDITS
    assert [status for *_, status in slack.workspace.statuses if status] == ["is writing the answer…"]


async def test_what_one_person_sees_is_begun_once_and_after_a_crash_he_is_asked_to_ask_again(
    slack: SlackStandIn, tmp_path: Path
) -> None:
    memory = Sqlite(tmp_path / "state.db")
    past, ts = Past(whisper=Whispers(memory).begin), await slack.say("who?")
    await privately(slack, ts, past)
    assert ["A leaf outlives" in message.shown for message in slack.whispered()] == [True, True]
    await privately(slack, ts, past)  # a process that found the question unfinished
    memory.close()
    assert [message.text for message in slack.whispered()[2:]] == [LOST]
    assert slack.by_krab() == []


async def test_what_several_people_ask_at_once_is_told_to_each_alone(slack: SlackStandIn, tmp_path: Path) -> None:
    memory = Sqlite(tmp_path / "state.db")
    past = Past(whisper=Whispers(memory).begin)
    await privately(slack, await slack.say("who?"), past)
    await privately(slack, await slack.say("who else?", user="UBOB"), past, user="UBOB")
    memory.close()
    assert (len(slack.whispered()), len(slack.whispered("UBOB"))) == (2, 2)


def test_what_was_noted_of_a_person_is_forgotten_with_him_and_with_time(tmp_path: Path) -> None:
    memory, clock = Sqlite(tmp_path / "state.db"), FakeClock()
    whispers = Whispers(memory, clock=clock)
    assert [whispers.begin("slack", key, "UANN") for key in ("C1:1", "C1:2", "C1:2")] == [True, True, False]
    assert whispers.begin("slack", "C1:3", "UBOB")
    assert whispers.forget("slack", "UANN") == 2
    clock.move(60)
    assert whispers.forget_before(clock()) == 1
    assert whispers.begin("slack", "C1:1", "UANN")
    memory.close()


async def test_a_looking_message_that_somebody_deleted_is_replaced_by_a_new_one(slack: SlackStandIn) -> None:
    slack.failing["assistant.threads.setStatus"] = "missing_scope"
    reply = await replying(slack)
    await reply.working()
    assert slack.transcript.pop().text == LOOKING
    await reply.answer(answered())
    (message,) = slack.by_krab()
    assert (message.edits, "A leaf outlives" in message.shown) == (0, True)


async def test_an_apology_takes_the_place_of_the_looking_message(slack: SlackStandIn) -> None:
    slack.failing["assistant.threads.setStatus"] = "missing_scope"
    reply = await replying(slack)
    await reply.working()
    slack.failing["chat.update"] = "no_permission"
    with pytest.raises(NotTaken):
        await reply.answer(answered())
    del slack.failing["chat.update"]
    await reply.text("Something went wrong.")
    assert [message.shown for message in slack.by_krab()] == ["Something went wrong."]


async def test_where_krab_is_no_member_nothing_is_shown_and_the_final_word_fails_with_a_hint(
    slack: SlackStandIn,
) -> None:
    slack.workspace.channels["C2"].member = False
    reply = await replying(slack, "C2")
    await reply.working()
    with pytest.raises(NotTaken, match="invite krab"):
        await reply.answer(answered())
    assert slack.by_krab() == []


async def test_a_final_word_outlasts_an_outage(slack: SlackStandIn) -> None:
    reply = await replying(slack)
    slack.down = True
    delivering = asyncio.create_task(reply.answer(answered()))
    await asyncio.sleep(0.1)
    slack.down = False
    await delivering
    assert len(slack.by_krab()) == 1


async def test_a_final_word_that_slack_will_never_take_is_given_up(slack: SlackStandIn) -> None:
    reply = await replying(slack)
    slack.failing["chat.postMessage"] = "service_unavailable"
    with pytest.raises(NotTaken, match="service_unavailable"):
        await reply.answer(answered())
    assert [name for name, _ in slack.calls] == ["chat.postMessage", *["conversations.replies", "chat.postMessage"] * 2]


async def test_no_answer_waits_for_a_slow_status(slack: SlackStandIn) -> None:
    reply = await replying(slack)
    slack.slow["assistant.threads.setStatus"] = 30.0
    await asyncio.wait_for(reply.working(), 2)
    await reply.answer(answered())
    assert [message.edits for message in slack.by_krab()] == [0]


async def test_a_slack_that_is_away_makes_no_answer_wait_for_the_status(slack: SlackStandIn) -> None:
    reply = await replying(slack)
    slack.down = True
    await reply.working()
    slack.down = False
    await reply.answer(answered())
    assert len(slack.by_krab()) == 1
