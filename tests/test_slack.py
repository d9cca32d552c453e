"""krab in a Slack workspace, over the real Bolt, against a strict stand-in."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.answering import FAILED
from bot.chat.slack import Slack
from bot.chat.slack_events import Me, read
from bot.chat.slack_post import MARK
from bot.dispatch import Dispatcher
from bot.orders.help import ABOUT
from bot.state import State
from tests.fakes import FakeAnswerer, answered, citation
from tests.slack_app import krab, settings
from tests.slack_standin import App, Message, SlackStandIn
from tests.slack_standin.workspace import BOT_ID, BOT_USER

QUESTION = "who holds the leaf?"


@pytest.fixture
async def slack() -> AsyncIterator[SlackStandIn]:
    async with SlackStandIn() as standin:
        yield standin


async def test_a_mention_is_answered_in_its_thread(slack: SlackStandIn) -> None:
    answerer = FakeAnswerer()
    async with krab(slack, answerer):
        asked = await slack.say(slack.ask(QUESTION))
        await slack.until(lambda: slack.by_krab(asked))
        await slack.settled()
    (answer,) = slack.by_krab()
    assert answer.shown.startswith("A leaf outlives its frog. <https://pond.example/list/1.frog@pond.example/|[1]>")
    assert "A leaf outlives its frog. [1]" in answer.text
    assert [question.text for question in answerer.asked] == [QUESTION]


async def test_an_answer_unfurls_nothing_and_resolves_no_names(slack: SlackStandIn) -> None:
    async with krab(slack):
        asked = await slack.say(slack.ask(QUESTION))
        await slack.until(lambda: slack.by_krab(asked))
    sent = slack.by_krab()[0].arguments
    assert (sent["unfurl_links"], sent["unfurl_media"], sent["parse"]) == (False, False, "none")
    assert "link_names" not in sent


async def test_that_krab_is_looking_is_shown_and_taken_away(slack: SlackStandIn) -> None:
    async with krab(slack):
        asked = await slack.say(slack.ask(QUESTION))
        await slack.until(lambda: slack.by_krab(asked))
    assert [(t, bool(status)) for _, t, status in slack.workspace.statuses] == [(asked, True), (asked, False)]


async def test_without_a_status_line_a_short_message_becomes_the_answer(slack: SlackStandIn) -> None:
    slack.failing["assistant.threads.setStatus"] = "unknown_method"
    async with krab(slack):
        for _ in range(2):
            asked = await slack.say(slack.ask(QUESTION))
            await slack.until(lambda thread=asked: any(m.edits for m in slack.by_krab(thread)))  # type: ignore[misc]
        await slack.settled()
    assert ["A leaf outlives" in message.shown for message in slack.by_krab()] == [True, True]
    assert [name for name, _ in slack.calls].count("assistant.threads.setStatus") == 1


async def test_a_direct_message_needs_no_mention(slack: SlackStandIn) -> None:
    async with krab(slack):
        asked = await slack.say(QUESTION, "D1")
        await slack.until(lambda: slack.by_krab(asked))
        await slack.settled()
    assert len(slack.by_krab()) == 1


async def test_a_follow_up_in_the_thread_needs_no_mention(slack: SlackStandIn) -> None:
    answerer = FakeAnswerer()
    async with krab(slack, answerer):
        asked = await slack.say(slack.ask(QUESTION))
        await slack.until(lambda: slack.by_krab(asked))
        await slack.say("and since when?", thread=asked)
        await slack.until(lambda: len(slack.by_krab(asked)) == 2)
    assert answerer.asked[1].earlier == (QUESTION,)


async def test_krab_is_silent_when_two_people_talk(slack: SlackStandIn) -> None:
    async with krab(slack):
        asked = await slack.say(slack.ask(QUESTION))
        await slack.until(lambda: slack.by_krab(asked))
        await slack.say("I have seen it work", thread=asked, user="UBOB")
        await slack.settled(0.1)
        await slack.say("where was that?", thread=asked)
        await slack.settled()
    assert len(slack.by_krab()) == 1


async def test_talk_that_is_not_for_krab_is_left_alone(slack: SlackStandIn) -> None:
    async with krab(slack):
        await slack.say("lunch?")
        await slack.say("<@UBOB> lunch?")
        await slack.settled()
    assert slack.by_krab() == []


async def test_every_event_delivered_three_times_is_answered_once(slack: SlackStandIn) -> None:
    answerer = FakeAnswerer(delay=0.05)
    async with krab(slack, answerer):
        for _ in range(3):
            await slack.say(slack.ask(QUESTION), times=3)
        await slack.until(lambda: len(slack.by_krab()) == 3)
        await slack.settled()
    assert len(slack.by_krab()) == len(answerer.asked) == 3


async def test_a_message_delivered_again_after_a_restart_is_answered_once(slack: SlackStandIn, tmp_path: Path) -> None:
    events: list[dict[str, Any]] = []
    for _ in range(2):
        state = State.at(tmp_path / "bot.sqlite")
        async with krab(slack, state=state):
            if not events:
                await slack.say(slack.ask(QUESTION))
                events = slack.workspace.events_for(slack.transcript[0])
                await slack.until(slack.by_krab)
            for event in events:
                slack.deliver(event)
            await slack.settled()
        state.close()
    assert len(slack.by_krab()) == 1


async def test_a_question_that_a_crash_interrupted_is_answered_after_the_restart(
    slack: SlackStandIn, tmp_path: Path
) -> None:
    ts = await slack.say(slack.ask(QUESTION))
    dead = State.at(tmp_path / "bot.sqlite")
    interrupted = read(slack.workspace.events_for(slack.transcript[0])[0], Me(BOT_USER, BOT_ID))
    assert interrupted is not None
    assert dead.claim(interrupted)
    dead.close()
    state = State.at(tmp_path / "bot.sqlite")
    chat = Slack(settings(slack), pace=0)
    await Dispatcher(FakeAnswerer(), state).resume("slack", datetime.now(UTC) - timedelta(hours=1), chat.reply)
    state.close()
    assert [message.thread for message in slack.by_krab()] == [ts]


async def test_edits_deletions_and_other_bots_are_not_questions(slack: SlackStandIn) -> None:
    asked = slack.ask(QUESTION)
    base = {"type": "message", "channel": "C1", "ts": "9.1", "channel_type": "channel", "text": asked}
    async with krab(slack):
        slack.deliver({**base, "subtype": "message_changed", "hidden": True, "message": {"user": "UANN"}})
        slack.deliver({**base, "subtype": "message_deleted", "deleted_ts": "9.0"})
        slack.deliver({**base, "subtype": "bot_message", "bot_id": "BOTHER"})
        slack.deliver({**base, "user": "UOTHER", "bot_id": "BOTHER"})
        slack.deliver({**base, "user": BOT_USER, "bot_id": BOT_ID})
        slack.deliver({"type": "team_join", "user": {"id": "UNEW"}})
        await slack.settled()
        assert slack.socket.lost == []
    assert slack.by_krab() == []


async def test_help_is_told(slack: SlackStandIn) -> None:
    async with krab(slack):
        await slack.say(slack.ask(""))
        await slack.until(slack.whispered)
    assert ABOUT in slack.whispered()[0].text
    assert slack.by_krab() == []


async def test_an_answerer_that_fails_ends_with_one_friendly_word(slack: SlackStandIn) -> None:
    async with krab(slack, FakeAnswerer(error=RuntimeError("a bug"))):
        await slack.say(slack.ask(QUESTION))
        await slack.until(slack.by_krab)
        await slack.settled()
    assert [message.text for message in slack.by_krab()] == [FAILED]


@pytest.mark.parametrize("failing", [{}, {"assistant.threads.setStatus": "missing_scope"}], ids=["status", "message"])
async def test_blocks_that_slack_refuses_become_plain_text(slack: SlackStandIn, failing: dict[str, str]) -> None:
    slack.failing, slack.workspace.blocks_refused = failing, True
    async with krab(slack):
        await slack.say(slack.ask(QUESTION))
        await slack.until(lambda: slack.by_krab() and "Looking" not in slack.by_krab()[0].text)
        await slack.settled()
    assert [message.shown[:29] for message in slack.by_krab()] == ["A leaf outlives its frog. [1]"]


async def test_too_many_requests_are_waited_out_as_slack_asks(caplog: pytest.LogCaptureFixture) -> None:
    async with SlackStandIn(post_every=0.5) as slack, krab(slack):
        for _ in range(2):
            await slack.say(slack.ask(QUESTION))
        await slack.until(lambda: len(slack.by_krab()) == 2)
        assert slack.limited.total() == 1
    assert [record for record in caplog.records if record.levelname == "WARNING"] == []


async def test_krab_keeps_to_one_message_a_second_in_a_channel_by_itself() -> None:
    async with SlackStandIn(post_every=0.25) as slack, krab(slack, pace=0.3):
        for channel in ("C1", "C1", "C1", "C2"):
            await slack.say(slack.ask(QUESTION), channel)
        await slack.until(lambda: len(slack.by_krab()) == 4)
        assert slack.limited.total() == 0


async def test_the_manifest_asks_for_no_scope_that_krab_can_do_without(slack: SlackStandIn) -> None:
    assert App.from_manifest().scopes == {
        "app_mentions:read",
        "assistant:write",
        "channels:history",
        "channels:read",
        "chat:write",
        "commands",
        "files:write",
        "groups:history",
        "groups:read",
        "im:history",
        "im:write",
        "mpim:history",
        "users:read",
    }


async def test_a_mention_within_code_names_nobody(slack: SlackStandIn) -> None:
    async with krab(slack):
        await slack.say(f"you would type `<@{BOT_USER}> why?` for that")
        await slack.settled()
    assert slack.by_krab() == []


@pytest.mark.parametrize("question", ["Wer hält das Blatt?", "谁拿着叶子？", "מי מחזיק בעלה?", "why " * 10_000])
async def test_questions_of_any_script_and_length_are_answered(slack: SlackStandIn, question: str) -> None:
    async with krab(slack):
        asked = await slack.say(slack.ask(question[:39_000]))
        await slack.until(lambda: slack.by_krab(asked))
        await slack.settled()
    assert len(slack.by_krab()) == 1


async def test_slack_that_limits_everything_for_a_while_gets_every_answer_later(slack: SlackStandIn) -> None:
    async with krab(slack):
        slack.limiting = time.monotonic() + 3
        asked = [await slack.say(slack.ask(QUESTION)) for _ in range(3)]
        await slack.until(lambda: len(slack.by_krab()) == 3, 20)
        await slack.settled()
    assert sorted(message.thread for message in slack.by_krab()) == sorted(asked)


async def test_an_answer_that_a_dead_process_gave_is_not_given_again(slack: SlackStandIn, tmp_path: Path) -> None:
    state = State.at(tmp_path / "bot.sqlite")
    async with krab(slack, state=state):
        asked = await slack.say(slack.ask(QUESTION))
        await slack.until(lambda: slack.by_krab(asked))
        await slack.settled()
    state.close()
    with sqlite3.connect(tmp_path / "bot.sqlite") as raw:  # as if it had died before it noted so
        raw.execute("UPDATE asked SET status = 'claimed', finished = NULL, answer = NULL")
    raw.close()
    state = State.at(tmp_path / "bot.sqlite")
    async with krab(slack, state=state):
        for event in slack.workspace.events_for(slack.transcript[0]):
            slack.deliver(event)
        await slack.settled(0.5)
    assert state.answered("slack", f"C1:{asked}") is not None
    state.close()
    assert len(slack.by_krab()) == 1


async def test_what_a_dead_process_left_standing_becomes_the_answer(slack: SlackStandIn, tmp_path: Path) -> None:
    slack.failing["assistant.threads.setStatus"] = "unknown_method"
    asked = await slack.say(slack.ask(QUESTION))
    about = f"C1:{asked}"
    left = {"event_type": MARK, "event_payload": {"key": about, "about": about, "state": "looking"}}
    interrupted = read(slack.workspace.events_for(slack.transcript[0])[0], Me(BOT_USER, BOT_ID))
    assert interrupted is not None
    dead = State.at(tmp_path / "bot.sqlite")
    assert dead.claim(interrupted)
    dead.close()
    state = State.at(tmp_path / "bot.sqlite")
    slack.workspace.write(Message("C1", slack.workspace.new_ts(), BOT_USER, "Looking…", asked, metadata=left))
    async with krab(slack, state=state):
        slack.deliver(slack.workspace.events_for(slack.transcript[0])[0])
        await slack.until(lambda: "A leaf outlives" in slack.by_krab()[0].shown)
        await slack.settled()
    state.close()
    assert len(slack.by_krab()) == 1


async def test_an_answer_that_seemed_to_fail_is_looked_for_before_it_is_posted_again(
    slack: SlackStandIn,
) -> None:
    async with krab(slack):
        slack.swallowing = 1
        asked = await slack.say(slack.ask(QUESTION))
        await slack.until(lambda: [name for name, _ in slack.calls].count("conversations.replies") == 1, 10)
        await slack.settled()
    assert len(slack.by_krab(asked)) == 1


async def test_hostile_words_reach_slack_harmless(slack: SlackStandIn) -> None:
    hostile = "<!channel> <@UANN> @here <https://evil.example|click> & <b>"
    source = citation(title=hostile, author=hostile, quote=hostile, note=hostile, url="javascript:alert(1)")
    async with krab(slack, FakeAnswerer(answered(hostile, source))):
        await slack.say(slack.ask(QUESTION))
        await slack.until(slack.by_krab)
    message = slack.by_krab()[0]
    assert "<" not in message.shown + message.text
    assert "@here" not in message.shown + message.text
