"""What people mean by what they type."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.chat import Act, Incoming
from bot.intent import is_question, says_nothing, understood
from bot.orders import found

ORDERS = found()
MESSAGE = Incoming("slack", "C1", "100.1", "C1:100.1", "ann", "", mentioned=True)


@pytest.mark.parametrize(
    "text",
    [
        "does a leaf float?",
        "A leaf floats. Or does it?",
        "who holds the leaf",
        "hey all, what is mud",
        "叶子会浮吗？",
        "is it (really?) so",
        "warum schwimmt ein Blatt",
    ],
)
def test_a_question_is_known(text: str) -> None:
    assert is_question(text)


@pytest.mark.parametrize(
    "text",
    ["good morning", "is fine", "see https://pond.example/?q=leaf for it", "the leaf floats.", "", "ok", "thanks all!"],
)
def test_talk_is_no_question(text: str) -> None:
    assert not is_question(text)


@pytest.mark.parametrize("text", ["thanks!", "Thank you so much :-)", "ok, got it", "👍", "", "great, thanks krab!"])
def test_thanks_and_smiles_ask_for_nothing(text: str) -> None:
    assert says_nothing(text)


@pytest.mark.parametrize("text", ["thanks, and who holds it?", "ok but why", "is it ok", "nice leaf"])
def test_thanks_that_go_on_are_heard(text: str) -> None:
    assert not says_nothing(text)


@pytest.mark.parametrize(
    ("typed", "command", "text"),
    [
        pytest.param("help", "help", "", id="help"),
        pytest.param("  Help! ", "help", "", id="help, loudly"),
        pytest.param("", "help", "", id="only the name"),
        pytest.param("help series", "help", "series", id="help about a command"),
        pytest.param("help me with mud", "", "help me with mud", id="help about the world is a question"),
        pytest.param("status", "status", "", id="a command's name alone"),
        pytest.param("status of the leaf series?", "", "status of the leaf series?", id="a question with such a word"),
        pytest.param("settings mode=off", "settings", "mode=off", id="a word that no question begins with"),
        pytest.param("why?", "", "why?", id="a follow-up"),
        pytest.param("hi!", "help", "", id="a greeting"),
        pytest.param("series green leaves", "series", "green leaves", id="a command without its slash"),
        pytest.param("series green leaves merged?", "", "series green leaves merged?", id="it asks"),
    ],
)
def test_a_message_to_krab_may_be_a_command(typed: str, command: str, text: str) -> None:
    read = understood(replace(MESSAGE, text=typed), ORDERS)
    assert (read.command, read.text) == (command, text)


def test_talk_that_is_not_for_krab_is_no_command() -> None:
    talk = replace(MESSAGE, text="status", mentioned=False)
    assert understood(talk, ORDERS) == talk


@pytest.mark.parametrize(
    ("name", "text", "command", "asked"),
    [
        pytest.param("series", "green leaves", "series", "green leaves", id="a command"),
        pytest.param("why", "2", "why", "2", id="why, with a number"),
        pytest.param("why", "does a leaf float", "ask", "why does a leaf float", id="a question with why"),
        pytest.param("who", "holds the leaf", "ask", "who holds the leaf", id="a question without a command"),
        pytest.param("leaves", "float, do they?", "ask", "leaves float, do they?", id="a question mark says so"),
        pytest.param("serie", "green", "serie", "green", id="a slip stays one"),
        pytest.param("krab", "series green", "series", "green", id="krab's name is no command"),
    ],
)
def test_a_command_may_be_a_question(name: str, text: str, command: str, asked: str) -> None:
    read = understood(replace(MESSAGE, command=name, text=text), ORDERS)
    assert (read.command, read.text) == (command, asked)


def test_a_form_that_asks_is_a_question() -> None:
    act = Act("ask", fields=(("question", ("who holds the leaf?",)),))
    read = understood(replace(MESSAGE, act=act), ORDERS)
    assert (read.command, read.text, read.act) == ("ask", "who holds the leaf?", None)


@given(st.text(max_size=30), st.sampled_from([" ", "!", "ok ", "\u200b", "?"]), st.integers(0, 20_000))
@settings(deadline=500, max_examples=50)
def test_no_message_however_long_keeps_krab_busy(start: str, filler: str, length: int) -> None:
    text = start + filler * (length // len(filler)) + "x"
    understood(replace(MESSAGE, text=text), ORDERS)
    says_nothing(text)
    is_question(text)
