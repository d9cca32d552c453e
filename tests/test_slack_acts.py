"""All that a person can do with krab in Slack, over the real Bolt and a whole krab: commands, buttons, forms, Home."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bot.channels import Mode
from bot.chat.slack_bolt import GONE, PROMPTS
from bot.orders import found
from tests.slack_pond import NOBODY_KNOWS, WHY, Pond, pond
from tests.slack_standin import SlackStandIn
from tests.slack_standin.block_kit import message_blocks_error, view_error
from tests.slack_standin.workspace import Channel, Message

PATIENCE = 20.0  # seconds: the model is slow on a busy machine


@pytest.fixture
async def slack() -> AsyncIterator[SlackStandIn]:
    async with SlackStandIn() as standin:
        yield standin


@pytest.fixture
async def here(slack: SlackStandIn, tmp_path: Path) -> AsyncIterator[Pond]:
    async with pond(slack, tmp_path / "data") as running:
        yield running
    _all_was_as_slack_has_it(slack)


def _all_was_as_slack_has_it(slack: SlackStandIn) -> None:
    """Every message and view of the test passes the validator; nothing was refused, lost or too fast."""
    assert [m.text for m in slack.transcript if m.blocks and message_blocks_error(m.blocks) != ("", [])] == []
    views = [arguments["view"] for name, arguments in slack.calls if name.startswith("views.")]
    assert [view for view in views if view_error(view) != ("", [])] == []
    assert (slack.socket.lost, dict(slack.limited)) == ([], {})


async def whispers(slack: SlackStandIn, command: str, *, user: str = "UANN", channel: str = "C1") -> str:
    """What only the asker sees after a command."""
    before = len(slack.whispered(user))
    slack.hands.command(command, channel, user=user)
    await slack.until(lambda: len(slack.whispered(user)) > before, PATIENCE)
    return slack.whispered(user)[-1].shown


async def modal(slack: SlackStandIn, command: str, *, user: str = "UANN") -> dict[str, Any]:
    """The form that a command opens."""
    slack.hands.command(command, user=user)
    await slack.until(lambda: slack.workspace.modals, PATIENCE)
    return slack.workspace.modals[-1]


async def answer(slack: SlackStandIn, question: str = WHY) -> Message:
    """The answer to a mention."""
    asked = await slack.say(slack.ask(question))
    await slack.until(lambda: slack.by_krab(asked), PATIENCE)
    return slack.by_krab(asked)[0]


async def pressing(slack: SlackStandIn, message: Message, label: str, *, user: str = "UANN") -> str:
    """What the presser of a button sees."""
    before = len(slack.whispered(user))
    slack.hands.press(message, label, user=user)
    await slack.until(lambda: len(slack.whispered(user)) > before, PATIENCE)
    return slack.whispered(user)[-1].shown


async def home(slack: SlackStandIn, *, holding: str = "krab") -> dict[str, Any]:
    """Ann's App Home, once it shows something."""
    await slack.until(lambda: holding in str(slack.workspace.homes.get("UANN")), PATIENCE)
    return slack.workspace.homes["UANN"]


async def test_an_answer_has_its_sources_and_what_can_be_done_about_it(slack: SlackStandIn, here: Pond) -> None:
    shown = (await answer(slack)).shown
    for expected in ("because a frog keeps a raw pointer to its `leaf_slot`", "|[1]>", "superseded by v2", "Helpful"):
        assert expected in shown
    for label in ("Not helpful", "Show the quoted words", "More sources", "Ask the people", "Resolved"):
        assert label in shown
    assert "Share" not in shown


async def test_what_is_not_known_is_refused_in_public_too(slack: SlackStandIn, here: Pond) -> None:
    assert "outside of what I read" in (await answer(slack, NOBODY_KNOWS)).shown


async def test_every_button_of_an_answer_does_what_it_says(slack: SlackStandIn, here: Pond) -> None:
    shown = await answer(slack)
    assert "noted as helpful" in await pressing(slack, shown, "Helpful")
    assert "Ask the people" in await pressing(slack, shown, "Not helpful", user="UBOB")
    assert "noted as resolved" in await pressing(slack, shown, "Resolved")
    assert "Behind the answer to" in await pressing(slack, shown, "Show the quoted words")
    assert "More on" in await pressing(slack, shown, "More sources")
    assert len(slack.by_krab()) == 1
    slack.hands.press(shown, "Ask the people")
    await slack.until(lambda: len(slack.by_krab(shown.thread)) == 2, PATIENCE)
    assert "I have notified nobody" in slack.by_krab()[-1].shown


async def test_a_private_answer_is_seen_by_all_once_it_is_shared(slack: SlackStandIn, here: Pond) -> None:
    assert "raw pointer" in await whispers(slack, f"ask {WHY}")
    assert slack.by_krab() == []
    slack.hands.press(slack.whispered()[-1], "Share with the channel")
    await slack.until(slack.by_krab, PATIENCE)
    assert "raw pointer" in slack.by_krab()[0].shown


async def test_only_who_asked_can_share(slack: SlackStandIn, here: Pond) -> None:
    await whispers(slack, f"ask {WHY}")
    assert "find that answer any more" in await pressing(
        slack, slack.whispered()[-1], "Share with the channel", user="UBOB"
    )
    assert slack.by_krab() == []


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("", "krab"),
        ("help watch", "watch nova-core falcon"),
        ("hlep", "Did you mean “help”?"),
        ("search lilies", "close at night"),
        ("series pinned leaves", "applied to pond-next by Bo Reed"),
        ("people lilies", "Ada Quill"),
        ("watch pinned leaves", "Watching"),
        ("watching", "You watch nothing here"),
        ("unwatch 7", "Nothing that you may end"),
        ("subscribe mine friday 17:00", "Subscribed, as number 1"),
        ("subscriptions", "No digest is subscribed to here"),
        ("unsubscribe 4", "4"),
        ("digest 2025-W30", "pond: lilies that close at night"),
        ("sources", "pond-list"),
        ("source", "Only krab's admins"),
        ("status", "11 passages"),
        ("why", "I have not answered anything here yet"),
        ("more", "I have not answered anything here yet"),
        ("share", "I have not answered anything here yet"),
        ("feedback helpful", "I have not answered anything here yet"),
        ("forget", "forg"),
        ("reindex", "Only krab's admins"),
        ("review", "Only krab's curators"),
        ("audit", "Only krab's admins"),
        ("note", "Only krab's curators"),
        ("settings mode=off", "Only people who moderate"),
    ],
)
async def test_a_command_is_answered_for_who_gave_it_alone(
    slack: SlackStandIn, here: Pond, command: str, expected: str
) -> None:
    assert expected in await whispers(slack, command)
    assert [m for m in slack.by_krab() if not m.metadata["event_payload"]["key"].startswith("watch:")] == []


def test_no_command_is_left_out() -> None:
    (mark,) = (m for m in test_a_command_is_answered_for_who_gave_it_alone.pytestmark if m.name == "parametrize")  # type: ignore[attr-defined]
    assert {case[0].partition(" ")[0] for case in mark.args[1]} >= set(found()) - {"ask"}


async def test_an_admin_can_do_what_others_can_not(slack: SlackStandIn, here: Pond) -> None:
    assert "Only" not in await whispers(slack, "reindex", user="UROOT")
    assert "Only" not in await whispers(slack, "audit", user="UROOT")


async def test_settings_are_a_form_for_who_manages_the_workspace(slack: SlackStandIn, here: Pond) -> None:
    form = await modal(slack, "settings", user="UROOT")
    slack.hands.submit(form, mode="root_posts", switches=["private"])
    await slack.until(lambda: slack.whispered("UROOT"), PATIENCE)
    assert "root_posts" in slack.whispered("UROOT")[-1].shown
    assert here.krab.channels.manner("slack", "C1").private


async def test_who_made_a_channel_can_set_krab_up_there(slack: SlackStandIn, here: Pond) -> None:
    assert "Only people who moderate this channel" in await whispers(slack, "settings mode=off")
    slack.workspace.channels["C2"].creator = "UANN"
    assert "Only" not in await whispers(slack, "settings mode=off", channel="C2")
    assert here.krab.channels.manner("slack", "C2").mode is Mode.OFF


async def test_a_channel_that_wants_private_answers_gets_them(slack: SlackStandIn, here: Pond) -> None:
    await whispers(slack, "settings private=on", user="UROOT")
    await slack.say(slack.ask(WHY))
    await slack.until(slack.whispered, PATIENCE)
    assert "Share with the channel" in slack.whispered()[-1].shown
    assert slack.by_krab() == []


async def test_a_subscription_is_a_form_with_the_persons_time_zone(slack: SlackStandIn, here: Pond) -> None:
    form = await modal(slack, "subscribe")
    assert "Europe/Berlin" in str(form)
    slack.hands.submit(form, day="friday", time="17:00", topics="")
    await slack.until(slack.whispered, PATIENCE)
    assert "Friday 17:00 Europe/Berlin" in slack.whispered()[-1].shown


async def test_a_form_whose_trigger_expired_waits_behind_a_button(slack: SlackStandIn, here: Pond) -> None:
    for trigger in [slack.hands.command("subscribe")["trigger_id"]]:
        slack.workspace.triggers[trigger] = (1.0, "UANN")
    await slack.until(slack.whispered, PATIENCE)
    slack.hands.press(slack.whispered()[-1], "Fill in the form")
    await slack.until(lambda: slack.workspace.modals, PATIENCE)
    slack.hands.submit(slack.workspace.modals[-1], day="friday", time="17:00")
    await slack.until(lambda: "Subscribed" in slack.whispered()[-1].shown, PATIENCE)


async def test_a_command_in_a_message_gets_its_form_by_a_button_too(slack: SlackStandIn, here: Pond) -> None:
    asked = await slack.say("subscribe", "D1")
    await slack.until(lambda: slack.by_krab(asked), PATIENCE)
    slack.hands.press(slack.by_krab(asked)[0], "Fill in the form")
    await slack.until(lambda: slack.workspace.modals, PATIENCE)


async def test_a_form_that_is_gone_says_so(slack: SlackStandIn, here: Pond) -> None:
    old = await answer(slack)
    slack.hands.act(old, {"type": "button", "action_id": "krab:open form:0", "value": "long ago", "action_ts": "1.1"})
    await slack.until(slack.whispered, PATIENCE)
    assert slack.whispered()[0].shown == GONE


async def test_a_watched_series_is_one_message_that_can_be_ended_under_it(slack: SlackStandIn, here: Pond) -> None:
    await whispers(slack, "watch pinned leaves")
    await slack.until(slack.by_krab, PATIENCE)
    assert "applied to pond-next" in slack.by_krab()[0].shown
    assert "no longer watched" in await pressing(slack, slack.by_krab()[0], "Stop watching")


async def test_a_digest_shows_its_chart_with_words_for_it(slack: SlackStandIn, here: Pond) -> None:
    await whispers(slack, "digest 2025-W30")
    (picture,) = (block for block in slack.whispered()[-1].blocks if block["type"] == "image")
    assert slack.workspace.files[picture["slack_file"]["id"]].content.startswith(b"\x89PNG")
    assert "Mails by area" in picture["alt_text"]


async def test_a_picture_that_slack_still_processes_is_waited_for(slack: SlackStandIn, here: Pond) -> None:
    slack.workspace.processing = 1.0
    await whispers(slack, "digest 2025-W30")
    assert [b["type"] for b in slack.whispered()[-1].blocks].count("image") == 1


async def test_the_shortcut_answers_a_message_for_who_used_it(slack: SlackStandIn, here: Pond) -> None:
    await slack.say(WHY, user="UBOB")
    slack.hands.shortcut(slack.transcript[0])
    await slack.until(slack.whispered, PATIENCE)
    assert "raw pointer" in slack.whispered()[0].shown
    assert slack.by_krab() == []


async def test_commands_and_shortcuts_work_where_krab_is_no_member(slack: SlackStandIn, here: Pond) -> None:
    slack.workspace.channels["C9"] = Channel("C9", member=False)
    assert "raw pointer" in await whispers(slack, f"ask {WHY}", channel="C9")
    elsewhere = Message("C9", slack.workspace.new_ts(), "UBOB", WHY)
    slack.workspace.write(elsewhere)
    slack.hands.shortcut(elsewhere)
    await slack.until(lambda: len(slack.whispered()) == 2, PATIENCE)


async def test_home_shows_what_krab_does_for_somebody_and_changes_it(slack: SlackStandIn, here: Pond) -> None:
    await whispers(slack, "watch pinned leaves")
    await answer(slack)
    slack.hands.home()
    shown = await home(slack, holding="pinned before")
    for expected in ("My digests", "Series I watch for you", "Recent answers", "What I read", "pond-list"):
        assert expected in str(shown)
    slack.hands.press(shown, "Pause 1")
    assert "Resume 1" in str(await home(slack, holding="Resume 1"))
    slack.hands.press(await home(slack), "Words behind 1")
    await home(slack, holding="Behind the answer to")
    slack.hands.press(await home(slack), "End 1")
    await home(slack, holding="You watch nothing here")


async def test_home_opens_forms_and_shows_what_came_of_them(slack: SlackStandIn, here: Pond) -> None:
    slack.hands.home()
    slack.hands.press(await home(slack), "New digest")
    await slack.until(lambda: slack.workspace.modals, PATIENCE)
    slack.hands.submit(slack.workspace.modals[-1], day="tuesday", time="9:00")
    shown = await home(slack, holding="Unsubscribe 1")
    assert "Subscribed, as number 1" in str(shown)
    slack.hands.press(shown, "All commands")
    await home(slack, holding="*subscribe*")
    slack.hands.press(await home(slack), "Unsubscribe 1")
    await home(slack, holding="No digest is subscribed to here")


async def test_the_conversation_with_krab_begins_with_suggestions(slack: SlackStandIn, here: Pond) -> None:
    slack.hands.home(tab="messages")
    await slack.until(lambda: slack.workspace.prompts)
    root = await slack.say("New Assistant Thread", "D1", user="UKRAB0001")
    started = {"type": "assistant_thread_started", "assistant_thread": {"channel_id": "D1", "thread_ts": root}}
    slack.deliver(started)
    await slack.until(lambda: len(slack.workspace.prompts) == 2)
    assert slack.workspace.prompts == [("D1", "", PROMPTS), ("D1", root, PROMPTS)]


async def test_an_edited_question_gets_its_new_answer_in_place_of_the_old(slack: SlackStandIn, here: Pond) -> None:
    first = await answer(slack, NOBODY_KNOWS)
    slack.hands.edit(slack.transcript[0], slack.ask(WHY))
    await slack.until(lambda: first.edits, PATIENCE)
    assert "raw pointer" in first.shown
    assert len(slack.by_krab()) == 1


async def test_an_edit_that_changes_no_word_is_none(slack: SlackStandIn, here: Pond) -> None:
    await answer(slack)
    slack.hands.edit(slack.transcript[0], slack.transcript[0].text)
    await slack.settled()
    assert [m.edits for m in slack.by_krab()] == [0]


@pytest.mark.parametrize("name", ["wave:0", "", "krab:", "krab", "x" * 255])
async def test_unknown_buttons_are_acknowledged_and_ignored(slack: SlackStandIn, here: Pond, name: str) -> None:
    shown = await answer(slack)
    slack.hands.act(shown, {"type": "button", "action_id": name, "value": "x", "action_ts": "1.1"})
    await slack.settled()
    assert slack.whispered() == []
    assert slack.socket.lost == []


async def test_a_button_of_an_older_krab_is_answered_with_a_friendly_word(slack: SlackStandIn, here: Pond) -> None:
    shown = await answer(slack)
    slack.hands.act(shown, {"type": "button", "action_id": "krab:pirouette:0", "value": "x", "action_ts": "1.1"})
    await slack.until(slack.whispered, PATIENCE)
    assert "There is no command" in slack.whispered()[0].shown
