"""What is said when nothing answers: what was not found, and what was not read."""

from __future__ import annotations

import pytest

from bot.confidence import Signs
from bot.refusal import NOTHING, Unread, nothing


@pytest.mark.parametrize(
    ("signs", "words"),
    [
        (Signs(unmeasured=1.0), "such a figure"),
        (Signs(undone=1.0), "says this was done"),
        (Signs(undated=1.0), "from that time"),
    ],
)
def test_what_nothing_found_has_is_named(signs: Signs, words: str) -> None:
    assert words in nothing(signs)


def test_what_is_there_in_part_is_not_said_to_be_missing() -> None:
    assert nothing(Signs(unmeasured=0.6, undone=0.9)) == NOTHING


def test_a_person_of_whom_nobody_says_it_is_named() -> None:
    assert (
        nothing(Signs(undone=1.0), "Ada Quill") == "I found nothing by or about Ada Quill in my sources that says so."
    )


def test_sources_that_are_silent_and_those_never_read_are_told_apart() -> None:
    told = Unread(("pond-devel",), ("reed-devel", "blog")).told()
    assert told == "Something may be missing: pond-devel can't be read just now. Not read yet: reed-devel, blog."


def test_many_sources_are_counted() -> None:
    assert Unread(never=[f"s{n}" for n in range(9)]).told() == "Not read yet: s0, s1, s2 and 6 more."


def test_nothing_is_said_when_all_was_read() -> None:
    assert Unread().told() == ""
