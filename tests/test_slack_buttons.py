"""Every button and form of krab's cards in Slack, each pressed or sent: those of answers are in ``test_slack_acts``."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.orders import found
from index.reindex import Builds, Progress
from tests.fakes import NOON
from tests.slack_pond import NOBODY_KNOWS, Pond, pond
from tests.slack_standin import SlackStandIn
from tests.test_slack_acts import PATIENCE, modal, pressing, whispers

# What is pressed or sent here and there, by its act; a new one must be added to a test, and then here.
PRESSED = {
    *("helpful", "unhelpful", "resolved", "quotes", "more", "people", "share"),
    *("settings", "subscribe", "unsubscribe", "unwatch", "watch", "forget", "digest"),
    *("subscriptions_preview", "subscriptions_pause", "subscriptions_resume", "watching_pause", "watching_resume"),
    *("source-add", "source-remove", "note-save", "note-about", "reindex-cancel"),
}


@pytest.fixture
async def slack() -> AsyncIterator[SlackStandIn]:
    async with SlackStandIn() as standin:
        yield standin


@pytest.fixture
async def here(slack: SlackStandIn, tmp_path: Path) -> AsyncIterator[Pond]:
    async with pond(slack, tmp_path / "data") as running:
        yield running


def test_no_button_and_no_form_is_left_out() -> None:
    assert {act for order in found().values() for act in order.acts} == PRESSED


async def test_a_series_can_be_watched_paused_and_gone_on_with_by_its_buttons(slack: SlackStandIn, here: Pond) -> None:
    await whispers(slack, "series pinned leaves")
    await pressing(slack, slack.whispered()[-1], "Watch")
    await whispers(slack, "watching")
    assert "paused" in await pressing(slack, slack.whispered()[-1], "Pause 1")
    assert "paused" not in await pressing(slack, slack.whispered()[-1], "Resume 1")


async def test_a_digest_can_be_looked_at_paused_and_gone_on_with_by_its_buttons(
    slack: SlackStandIn, here: Pond
) -> None:
    await whispers(slack, "subscribe mine friday 17:00")
    await whispers(slack, "subscriptions")
    listed = slack.whispered()[-1]
    assert "paused" in await pressing(slack, listed, "Pause 1")
    assert "paused" not in await pressing(slack, slack.whispered()[-1], "Resume 1")
    assert "The week in numbers" in await pressing(slack, listed, "Preview 1")


async def test_what_was_kept_of_a_person_is_deleted_when_he_says_so_twice(slack: SlackStandIn, here: Pond) -> None:
    await whispers(slack, "ask who keeps the leaves?")
    await whispers(slack, "forget")
    assert "things of yours are deleted" in await pressing(slack, slack.whispered()[-1], "Forget me")
    assert here.krab.state.recent("slack", "UANN", 5) == ()


async def test_a_source_is_tried_before_it_is_kept_and_the_form_says_what_was_wrong(
    slack: SlackStandIn, here: Pond
) -> None:
    form = await modal(slack, "source", user="UROOT")
    slack.hands.submit(form, name="my-blog", kind="feed", url="http://127.0.0.1:9/feed")
    await slack.until(lambda: slack.whispered("UROOT") or slack.by_krab(), PATIENCE)
    said = [message.shown for message in (*slack.whispered("UROOT"), *slack.by_krab())]
    assert "That was not done" in said[-1]
    assert here.krab.book.entries() == {}


async def test_a_source_is_removed_after_a_second_word(slack: SlackStandIn, here: Pond) -> None:
    await whispers(slack, "source remove pond-list", user="UROOT")
    assert "items that only it has brought" in slack.whispered("UROOT")[-1].shown
    assert "is removed, with 11 items" in await pressing(slack, slack.whispered("UROOT")[-1], "Remove", user="UROOT")
    assert slack.by_krab() == []


async def test_the_right_answer_to_a_question_without_one_is_written_down_and_given(
    slack: SlackStandIn, here: Pond
) -> None:
    asked = await slack.say(slack.ask(NOBODY_KNOWS))
    await slack.until(lambda: slack.by_krab(asked), PATIENCE)
    await whispers(slack, "review", user="UROOT")
    slack.hands.press(slack.whispered("UROOT")[-1], f"Note on: {NOBODY_KNOWS}", user="UROOT")
    await slack.until(lambda: slack.workspace.modals, PATIENCE)
    slack.hands.submit(slack.workspace.modals[-1], text="Seven otters may share a hydroelectric dam in winter.")
    await slack.until(lambda: "is kept" in slack.whispered("UROOT")[-1].shown, PATIENCE)
    again = await slack.say(slack.ask(NOBODY_KNOWS), "C2")
    await slack.until(lambda: slack.by_krab(again), PATIENCE)
    assert "Seven otters" in slack.by_krab(again)[-1].shown


async def test_a_reindex_is_given_up_by_its_button(slack: SlackStandIn, here: Pond) -> None:
    begun = here.krab.index.catalog.begin("another/1", 1, live=False)
    Builds(here.krab.database).save(Progress(begun.number, 3, 11, 1.0, NOON, NOON))
    await whispers(slack, "reindex status", user="UROOT")
    assert "given up" in await pressing(slack, slack.whispered("UROOT")[-1], "Give it up", user="UROOT")
    assert here.krab.index.catalog.building() is None
