"""What a Slack event says."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.chat import Incoming
from bot.chat.slack_events import Me, read, words

ME = Me("UKRAB", "BKRAB")
MESSAGE = {
    "type": "message",
    "channel": "C1",
    "user": "U1",
    "ts": "5.1",
    "text": "<@UKRAB> why?",
    "channel_type": "channel",
}


def test_a_message_becomes_an_incoming_without_the_mention() -> None:
    assert read(MESSAGE, ME) == Incoming("slack", "C1", "5.1", "C1:5.1", "U1", "why?", mentioned=True)


def test_a_reply_knows_its_root() -> None:
    found = read({**MESSAGE, "ts": "5.2", "thread_ts": "5.1", "text": "why?"}, ME)
    assert found == Incoming("slack", "C1", "5.1", "C1:5.2", "U1", "why?", in_thread=True)


def test_the_root_of_a_thread_is_not_in_it() -> None:
    found = read({**MESSAGE, "thread_ts": "5.1"}, ME)
    assert found
    assert not found.in_thread


def test_both_events_for_one_mention_have_the_same_key() -> None:
    mention = {**MESSAGE, "type": "app_mention"}
    del mention["channel_type"]
    assert read(mention, ME) == read(MESSAGE, ME)


def test_a_conversation_of_two_is_direct() -> None:
    found = read({**MESSAGE, "channel_type": "im"}, ME)
    assert found
    assert found.direct


def test_another_bot_is_marked_as_such() -> None:
    found = read({**MESSAGE, "bot_id": "BOTHER"}, ME)
    assert found
    assert found.from_bot


@pytest.mark.parametrize(
    "change",
    [
        {"subtype": "message_changed"},
        {"subtype": "message_deleted"},
        {"subtype": "channel_join"},
        {"subtype": "bot_message"},
        {"hidden": True},
        {"user": "UKRAB"},
        {"bot_id": "BKRAB"},
        {"user": None},
        {"ts": None},
        {"channel": 5},
    ],
)
def test_what_nobody_said_is_nothing(change: dict[str, Any]) -> None:
    assert read({**MESSAGE, **change}, ME) is None


@pytest.mark.parametrize("subtype", ["thread_broadcast", "file_share", "me_message"])
def test_people_also_speak_in_other_ways(subtype: str) -> None:
    assert read({**MESSAGE, "subtype": subtype}, ME) is not None


@pytest.mark.parametrize(
    ("written", "seen"),
    [
        ("<@UKRAB>: who?", "who?"),
        ("<@UKRAB|krab>, who?", "who?"),
        ("hey <@UKRAB> who?", "hey   who?"),
        ("<@U2> who?", "@U2 who?"),
        ("<@U2|bob> who?", "@bob who?"),
        ("in <#C2|general>?", "in #general?"),
        ("<!here> <!subteam^S1|@frogs> <!subteam^S1>", "@here @frogs @subteam"),
        ("see <https://pond.example/?a=1&amp;b=2|this>", "see https://pond.example/?a=1&b=2"),
        ("Arc&lt;T&gt; &amp;amp; co", "Arc<T> &amp; co"),
        ("a < b > c", "a < b > c"),
    ],
)
def test_words_are_read_as_their_author_sees_them(written: str, seen: str) -> None:
    assert words(written, ME) == seen


@given(st.text(alphabet="<>@#!|&^;: abU1") | st.text())
def test_any_text_can_be_read(text: str) -> None:
    assert "<@UKRAB>" not in words(text, ME)


_JUNK = st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=8), lambda c: st.lists(c, max_size=3))


@given(st.dictionaries(st.sampled_from([*MESSAGE, "thread_ts", "subtype", "bot_id", "hidden"]), _JUNK))
def test_an_event_of_any_shape_can_be_read(event: dict[str, Any]) -> None:
    assert isinstance(read(event, ME), Incoming | None)
