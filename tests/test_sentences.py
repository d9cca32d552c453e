"""Where sentences begin and end: nothing is lost, and what belongs together stays together."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.sentences import spans

# Text as people type it: words, stops, brackets, quotes, bullets and line ends in any order.
PIECES = ["Leaf", "frog", "e.g.", "v6.12.1", ".", "!", "?", "…", ":", ";", '"', ")", "(", " ", "  ", "\n", "\n\n"]
TYPED = st.lists(st.sampled_from([*PIECES, "\n- ", "\n1. ", "\n\t", "# ", "| a | b |", "\u00a0", "\r\n"])).map("".join)
TEXTS = TYPED | st.text(max_size=200)


def sentences(text: str) -> list[str]:
    return [text[start:end] for start, end in spans(text)]


@given(TEXTS)
def test_every_character_that_is_not_blank_is_in_exactly_one_sentence(text: str) -> None:
    assert "".join("".join(sentences(text)).split()) == "".join(text.split())


@given(TEXTS)
def test_sentences_come_in_order_and_do_not_overlap(text: str) -> None:
    ends = [place for span in spans(text) for place in span]
    assert ends == sorted(ends)


@given(TEXTS)
def test_sentences_have_no_blanks_around_them_and_are_never_empty(text: str) -> None:
    assert all(sentence == sentence.strip() != "" for sentence in sentences(text))


@pytest.mark.parametrize("text", ["", " ", "\n\n \t\n", "\u00a0"])
def test_where_nothing_is_written_there_is_no_sentence(text: str) -> None:
    assert sentences(text) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One leaf. Two frogs! Three newts? Yes.", ["One leaf.", "Two frogs!", "Three newts?", "Yes."]),
        ("It works on\nlily 6.12.1 now. Really.", ["It works on\nlily 6.12.1 now.", "Really."]),
        ("First thought\n\nsecond thought", ["First thought", "second thought"]),
        ("No stop at the end", ["No stop at the end"]),
        ('"It is done." Then we left.', ['"It is done."', "Then we left."]),
        ("(It is done.) Then we left.", ["(It is done.)", "Then we left."]),
        ("He said “done.” Then he left.", ["He said “done.”", "Then he left."]),
        ("Steps:\n\nJump in.", ["Steps:", "Jump in."]),
        ("# A title\nThe text below it.", ["# A title\nThe text below it."]),
        ("Text above.\n# A title", ["Text above.", "# A title"]),
    ],
)
def test_a_text_is_cut_at_the_ends_of_its_sentences(text: str, expected: list[str]) -> None:
    assert sentences(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "It is merged in v6.18.2 of the tree.",
        "Use a leaf, e.g. the green one, to sit on.",
        "Use a leaf, i.e. A green one.",
        "See Fig. 3 for the pond.",
        "J. R. Frog wrote the driver.",
        "The heron vs. the newt is decided.",
        "Look at lily.rs and pond.example/leaf.html for more.",
        "Wait... what happens then is unclear.",
        "The macro module_pond!{} sits on leaf.await!() here.",
        "It costs approx. 3.5 ms per jump.",
        "The call `leaf.sit().await` returns.",
    ],
)
def test_what_looks_like_an_end_and_is_none_tears_nothing(text: str) -> None:
    assert sentences(text) == [text]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Two things:\n- a leaf\n- a reed", ["Two things:", "- a leaf", "- a reed"]),
        ("Steps:\n1. First jump.\n2. Then swim.", ["Steps:", "1. First jump.", "2. Then swim."]),
        ("(1) First jump.\n(2) Then swim.", ["(1) First jump.", "(2) Then swim."]),
        ("* a leaf that goes\n  on and on\n* a reed", ["* a leaf that goes\n  on and on", "* a reed"]),
        ("a) one leaf\nb) two leaves", ["a) one leaf", "b) two leaves"]),
        ("It has\n[1] a leaf\n[2] a reed", ["It has", "[1] a leaf", "[2] a reed"]),
    ],
)
def test_list_items_are_sentences_with_their_marks(text: str, expected: list[str]) -> None:
    assert sentences(text) == expected


@pytest.mark.parametrize("hostile", [".", "(", "?!", '."', ": ", ":\n", "\n", " \t", "\n- ", "a.", "1. "], ids=repr)
def test_the_time_grows_with_the_length_and_no_faster(hostile: str) -> None:
    started = time.process_time()
    sentences(hostile * (200_000 // len(hostile)))
    assert time.process_time() - started < 3
