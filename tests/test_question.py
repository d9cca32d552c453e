"""What a question searches with: itself, without the greeting, and with what it leans on."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.model import Question
from bot.question import leans, search_text

EARLIER = ("Who holds the leaf of the pond?", "Which heron guards the reeds at night?")
WHOLE = "Which abstraction for lily pads was merged in the last summer?"


@pytest.mark.parametrize("text", ["Is it merged?", "And the second one?", "why?", "What about v4?", "Did they agree?"])
def test_a_question_that_leans_is_searched_with_what_came_before(text: str) -> None:
    assert leans(text)
    assert search_text(Question(text, EARLIER)).splitlines() == [*EARLIER, text]


def test_a_question_that_stands_alone_is_searched_alone() -> None:
    assert search_text(Question(WHOLE, EARLIER)) == WHOLE


def test_the_first_question_has_nothing_to_lean_on() -> None:
    assert search_text(Question("Is it merged?")) == "Is it merged?"


def test_only_the_latest_questions_count() -> None:
    assert "forgotten" not in search_text(Question("Is it merged?", ("long forgotten", *EARLIER)))


@pytest.mark.parametrize("greeting", ["Hi krab, ", "hello! ", "Hey ", "Thanks! ", "thank you, "])
def test_a_greeting_is_not_searched(greeting: str) -> None:
    assert search_text(Question(greeting + WHOLE)) == WHOLE


@pytest.mark.parametrize("text", ["hi", "Thanks!", "hello krab"])
def test_a_mere_greeting_is_searched_as_it_is(text: str) -> None:
    assert search_text(Question(text)) == text


def test_a_word_that_begins_like_a_greeting_is_none() -> None:
    assert search_text(Question("Hibernation of frogs in lily ponds is done how, exactly?")).startswith("Hibernation")


@given(st.text(), st.lists(st.text(), max_size=3))
def test_the_question_itself_is_never_lost(text: str, earlier: list[str]) -> None:
    searched = search_text(Question(text, tuple(earlier)))
    assert text.strip().endswith(searched.split("\n")[-1].strip())
