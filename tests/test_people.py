"""The address book: whom a text speaks of, learned from who wrote."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.people import AddressBook, Row

ROWS: tuple[Row, ...] = (
    ("Ada Mae Quill", "amquill", 40),
    ("Ada Quill", "amquill", 10),
    ("Bo Reed", "boreed", 30),
    ("Bo Reed-Heron Lake", "brl", 20),
    ("Ada Newt", "newt", 50),
    ("Ada Toad", "toad", 2),
    ("Will Marsh", "will", 9),
    ("Lily", "debug", 4),
)
COMMON = {"will": 9000, "debug": 4000, "reed": 100, "ada": 60, "quill": 10, "lily": 20}


def book(rows: Iterable[Row] = ROWS) -> AddressBook:
    return AddressBook(rows, lambda word: COMMON.get(word, 0))


@pytest.mark.parametrize(
    "text",
    [
        "what did Ada Quill say?",
        "ada quill's objection",
        "Ada Mae Quill objects",
        "quill says",
        "what does amquill think?",
        "AMQ on lilies",
        "Ada MQ on lilies",
    ],
)
def test_a_person_is_known_by_every_name(text: str) -> None:
    assert book().find(text) == {"Ada Mae Quill": 1.0, "Ada Quill": 1.0}


def test_a_name_that_several_have_is_theirs_by_what_they_wrote() -> None:
    found = book().find("what did Ada say?")
    assert found == {
        "Ada Mae Quill": pytest.approx(50 / 102),
        "Ada Quill": pytest.approx(50 / 102),
        "Ada Newt": pytest.approx(50 / 102),
    }


def test_a_full_name_is_nobody_else_of_that_first_name() -> None:
    assert set(book().find("Ada Newt on lilies")) == {"Ada Newt"}


@pytest.mark.parametrize("text", ["will it debug?", "Will it debug?", "CONFIG_DEBUG=y"])
def test_an_ordinary_word_is_nobody(text: str) -> None:
    assert book().find(text) == {}


def test_a_common_name_counts_when_it_is_written_as_one() -> None:
    rows = [("Reed Lake", "rl", 5)]
    assert (set(book(rows).find("Reed objects")), book(rows).find("a reed objects")) == ({"Reed Lake"}, {})


def test_two_people_of_one_address_name_are_two() -> None:
    rows = [("Ada Quill", "alex", 5), ("Bo Reed", "alex", 5)]
    assert set(book(rows).find("Bo Reed says")) == {"Bo Reed"}


def test_nobody_is_known_to_an_empty_book() -> None:
    assert book(()).find("Ada Quill says") == {}


@given(st.text(), st.lists(st.tuples(st.text(), st.text(), st.integers(1, 99)), max_size=8))
def test_no_name_and_no_text_breaks_it(text: str, rows: list[Row]) -> None:
    assert all(0 < share <= 1 for share in AddressBook(rows).find(text).values())
