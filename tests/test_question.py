"""What a question searches with: itself, without the greeting, and with what it leans on."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.model import Question
from bot.question import Want, leans, read, search_text, subject_of

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


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("has the lily series been merged", Want.STATE),
        ("which tree did the reed bindings go into?", Want.STATE),
        ("what did Ada object to in the pond series?", Want.POSITIONS),
        ("why can't a heron be cloned?", Want.REASON),
        ("who maintains the reeds", Want.PERSON),
        ("how many frogs fit into the pond", Want.NUMBER),
        ("since which release does the pond exist", Want.DATE),
        ("how do I enable the lily tests", Want.HOW),
        ("what's a LilyPad?", Want.MEANING),
    ],
)
def test_the_kind_of_answer_that_is_wanted_is_read_off(text: str, want: Want) -> None:
    assert want in read(Question(text)).wants


def test_a_question_that_leans_wants_what_the_one_before_it_wanted() -> None:
    earlier = ("Has the lily series been merged?",)
    assert read(Question("and the later patches for herons?", earlier)).wants == {Want.STATE}
    assert Want.STATE not in read(Question("and why not for herons?", earlier)).wants


def test_what_a_question_names_is_found() -> None:
    reading = read(
        Question("in v3 of CONFIG_LILY for 6.12-rc1, posted 2025-07-08: is CVE-2025-12345 fixed by Pond<Deep>?")
    )
    assert reading.revisions == ("v3",)
    assert reading.releases == ("6.12-rc1",)
    assert reading.dates == ("2025-07-08",)
    assert reading.cves == ("CVE-2025-12345",)
    assert "CONFIG_LILY" in reading.identifiers


def test_a_mail_is_named_by_its_message_id_or_link() -> None:
    text = "see https://lore.kernel.org/r/20250101.1234-1-ada@pond.example/ for the heron"
    assert read(Question(text)).messages == ("20250101.1234-1-ada@pond.example",)


def test_people_are_those_that_the_archive_knows() -> None:
    reading = read(Question("what did aq say of it?", EARLIER), lambda text: ["Ada Quill", "Ada Quill"])
    assert reading.people == ("Ada Quill",)
    assert reading.text.startswith(EARLIER[0])
    assert reading.asked == "what did aq say of it?"


@given(st.text())
def test_any_text_can_be_read(text: str) -> None:
    assert read(Question(text)).text == search_text(Question(text))


def test_what_a_state_is_asked_of_is_apart_from_the_asking() -> None:
    assert subject_of("is the frog merged yet, or which tree took it?").split() == "is the frog yet, or it?".split()
