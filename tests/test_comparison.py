"""Misses are told sort by sort; two runs are compared question by question."""

from __future__ import annotations

import pytest

from bot.comparison import SORTS, changes, misses, row, sort
from bot.evaluation import Asked, Outcome
from bot.model import Answer, Sentence, Status
from tests.test_evaluation import went

ASKED = Asked("q", "Who holds the leaf?", "who", frozenset({"leaf"}), (("frog",), ("newt", "toad")))
SAID = Answer(Status.ANSWERED, (Sentence("The frog does.", (1,)),), confidence=0.75)


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        (went(), ""),
        (went(facts=0.5), SORTS[4]),
        (went(facts=0.5, cites_gold=False), SORTS[3]),
        (went(facts=0.0, rank=None, cites_gold=False), SORTS[2]),
        (went(facts=0.0, rank=40, cites_gold=False), SORTS[2]),
        (went(facts=0.0, status=Status.NOT_FOUND), SORTS[1]),
        (went(answerable=False, facts=None, rank=None), SORTS[0]),
        (went(answerable=False, facts=None, rank=None, status=Status.OUT_OF_SCOPE), ""),
    ],
)
def test_a_miss_is_of_the_sort_that_says_where_it_went_wrong(outcome: Outcome, expected: str) -> None:
    assert sort(outcome) == expected


def test_a_miss_is_told_with_all_that_is_needed_to_work_on_it() -> None:
    told = "\n".join(misses([row(ASKED, SAID, went(facts=0.5))]))
    assert told == (
        f"== {SORTS[4]}: 1\n\n"
        "q fact: Who holds the leaf?\n"
        "  answered (0.75)\n"
        "  known   leaf, first at rank 1\n"
        "  missing newt | toad\n"
        "  said    The frog does. [1]\n"
    )


def test_what_went_well_is_no_miss() -> None:
    assert list(misses([row(ASKED, SAID, went())])) == []


def test_what_became_better_and_what_became_worse_is_told() -> None:
    before = [row(ASKED, SAID, went(id="a", facts=0.5)), row(ASKED, SAID, went(id="b"))]
    after = [row(ASKED, SAID, went(id="a")), row(ASKED, SAID, went(id="b", cites_gold=False))]
    assert list(changes(before, after)) == [
        "better    a       facts 0.5 → 1.0",
        "worse     b       cites_gold True → False",
        "1 better, 1 worse, 0 otherwise",
    ]


def test_a_question_that_is_refused_at_last_became_better() -> None:
    before = [row(ASKED, SAID, went(answerable=False, facts=None, rank=None))]
    after = [row(ASKED, SAID, went(answerable=False, facts=None, rank=None, status=Status.NOT_FOUND))]
    assert list(changes(before, after))[-1] == "1 better, 0 worse, 0 otherwise"


def test_questions_that_are_new_or_gone_are_not_compared() -> None:
    assert list(changes([row(ASKED, SAID, went(id="a"))], [row(ASKED, SAID, went(id="b"))])) == [
        "0 better, 0 worse, 0 otherwise"
    ]
