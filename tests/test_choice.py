"""Which sentences are said: the best, not one thing twice, not all of one mail, and no more than fit."""

from __future__ import annotations

from bot.choice import Limits, choose, fewer, in_reading_order
from bot.evidence import Candidate
from index.catalog import Found
from index.engine import Result
from index.model import Hit, Kind, Passage
from tests.index_fixtures import NOON

LEAF = "A leaf must outlive the frog that sits on it."
LEAF_AGAIN = "The leaf must outlive every frog that sits on it."
REED = "Reeds bend in the wind and never break."
HERON = "The heron guards its nest at night."


def candidate(text: str, score: float, *, part: str = "a", author: str = "Ada", order: int = 0) -> Candidate:
    """A sentence of a part that has one passage."""
    passage = Passage(sum(map(ord, part)), part, 0, len(text), text)
    found = Found(passage, 1, Kind.MAIL, "https://pond.example/a", "pond", author, NOON)
    return Candidate(Result(Hit(passage, 1.0), found), text, order, score=score)


def texts(*candidates: Candidate, limits: Limits | None = None) -> list[str]:
    return [c.text for c in choose(candidates, limits or Limits())]


def test_the_best_sentence_is_said_first() -> None:
    assert texts(candidate(REED, 1.0), candidate(LEAF, 2.0, part="b", author="Ben"))[0] == LEAF


def test_no_more_sentences_are_said_than_may_be() -> None:
    many = [candidate(f"{REED} {n}", 1.0, part=str(n), author=str(n)) for n in range(9)]
    assert len(choose(many, Limits(most=3))) == 3


def test_no_more_words_are_said_than_may_be_but_for_a_first_sentence_that_is_longer() -> None:
    short, long = candidate(REED, 1.0), candidate(" ".join([LEAF] * 3), 2.0, part="b", author="Ben")
    assert texts(short, long, limits=Limits(length=12)) == [long.text]


def test_another_part_comes_before_a_second_sentence_of_the_same_one() -> None:
    first, second = candidate(LEAF, 2.0), candidate(REED, 1.5, order=5)
    assert texts(first, second, candidate(HERON, 1.47, part="b", author="Ben"))[:2] == [LEAF, HERON]


def test_what_was_said_already_is_not_said_again_in_other_words() -> None:
    first, again = candidate(LEAF, 2.0), candidate(LEAF_AGAIN, 1.5, part="b", author="Ben")
    limits = Limits(most=2, alike=2.0)
    assert texts(first, again, candidate(HERON, 1.4, part="c", author="Cy"), limits=limits) == [LEAF, HERON]


def test_an_answer_goes_on_in_the_next_sentence() -> None:
    first, beside, other = candidate(LEAF, 2.0), candidate(REED, 1.5, order=1), candidate(HERON, 1.6, order=7)
    assert texts(first, other, beside)[:2] == [LEAF, REED]


def test_what_is_far_worse_than_the_best_is_not_said() -> None:
    assert texts(candidate(LEAF, 9.0), candidate(HERON, 1.0, part="b", author="Ben")) == [LEAF]


def test_nothing_is_chosen_of_nothing() -> None:
    assert choose([], Limits()) == []


def test_sentences_of_one_part_are_read_together_in_their_order() -> None:
    late, other, early = candidate(REED, 3.0, order=4), candidate(HERON, 2.0, part="b"), candidate(LEAF, 1.0, order=1)
    assert [c.text for c in in_reading_order([late, other, early])] == [LEAF, REED, HERON]


def test_what_leans_on_a_sentence_that_is_not_said_comes_after_what_stands_alone() -> None:
    leaning = candidate("This is why the heron guards its nest.", 1.05, part="b", author="Ben")
    assert texts(candidate(LEAF, 2.0), leaning, candidate(REED, 1.0, part="c", author="Cy"))[:2] == [LEAF, REED]


def test_fewer_are_the_best_ones_in_the_same_order() -> None:
    chosen = [candidate(LEAF, 1.0), candidate(REED, 3.0, order=1), candidate(HERON, 2.0, order=2)]
    assert [c.text for c in fewer(chosen, 2)] == [REED, HERON]
