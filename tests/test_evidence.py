"""Sentences as evidence: which may speak, each once, and how much of a question they hold."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.evidence import Candidate, Wanted, candidates, closest, wanted
from bot.speech import speaks
from bot.worth import Aim
from index.catalog import Found
from index.engine import Result
from index.model import Hit, Kind, Passage
from tests.index_fixtures import NOON


def result(text: str, number: int = 1, id_: str = "a") -> Result:
    """A passage found, as the index gives it."""
    passage = Passage(number, id_, 0, len(text), text)
    return Result(Hit(passage, 1.0), Found(passage, 1, Kind.MAIL, "https://pond.example/a", "leaf", "Ada", NOON))


def said(*results: Result) -> list[str]:
    return [candidate.text for candidate in candidates(results)]


LEAF = "A leaf must outlive the frog that sits on it."
REED = "Reeds bend in the wind and never break."


def test_every_sentence_of_a_passage_may_speak_in_its_order() -> None:
    assert [(c.text, c.order) for c in candidates([result(f"{LEAF} {REED}")])] == [(LEAF, 0), (REED, 1)]


def test_a_sentence_is_as_near_as_its_own_vector_says() -> None:
    found = result(f"{LEAF} {REED}", 7)
    assert [c.near for c in candidates([found], {7: [0.25, 0.75]})] == [0.25, 0.75]


@pytest.mark.parametrize("known", [{}, {7: [0.25]}, {7: [0.1, 0.2, 0.3]}])
def test_of_a_sentence_without_a_vector_it_is_not_known_how_near_it_is(known: dict[int, list[float]]) -> None:
    assert [c.near for c in candidates([result(f"{LEAF} {REED}", 7)], known)] == [None, None]


def ranked(*scores: float, id_: str) -> list[Result]:
    """Passages of one part, with their cosines; numbered by these."""
    every = [result(LEAF, round(100 * score), id_) for score in scores]
    return [Result(Hit(r.found.passage, score), r.found) for r, score in zip(every, scores, strict=True)]


def test_the_closest_passages_of_each_part_are_read_in_their_order() -> None:
    found = [*ranked(0.3, 0.1, 0.2, id_="a"), *ranked(0.05, id_="b")]
    assert [r.found.passage.id for r in closest(found, 2)] == [30, 20, 5]


def test_a_passage_is_as_close_as_its_closest_sentence() -> None:
    found = ranked(0.3, 0.1, 0.2, id_="a")
    assert [r.found.passage.id for r in closest(found, 1, {10: [0.0, 0.9], 20: [0.4, 0.5]})] == [10]
    assert [r.found.passage.id for r in closest(found, 1, {10: []})] == [30]


def test_a_sentence_that_is_in_two_mails_speaks_once_for_the_better_one() -> None:
    found = list(candidates([result(LEAF, 1, "better"), result(f"{LEAF} {REED}", 2, "worse")]))
    assert [(c.text, c.result.found.passage.part) for c in found] == [(LEAF, "better"), (REED, "worse")]


def test_wrapping_and_case_make_no_second_sentence() -> None:
    assert said(result(LEAF), result(LEAF.replace(" ", "\n  ").upper(), 2)) == [LEAF]


@pytest.mark.parametrize("mark", ["- ", "* ", "1. ", "2) ", "(3) ", "a) ", "[4] ", "## "])
def test_a_list_items_mark_is_not_said(mark: str) -> None:
    assert said(result(mark + LEAF)) == [LEAF]


def test_a_sentence_is_verbatim_with_its_line_ends() -> None:
    wrapped = LEAF.replace("outlive ", "outlive\n")
    assert said(result(wrapped)) == [wrapped]


@given(st.text(max_size=400))
def test_whatever_speaks_stands_in_the_passage(text: str) -> None:
    assert all(sentence in text for sentence in said(result(text)))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Yes.",
        "Applied, thanks!",
        "Who holds the leaf when the frog is gone?",
        "dead beef 0x0000 0x1111 0x2222 0x3333 4444 5555 6666 7777",
        "---------------------------------------- ======",
        "| 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 |",
        "word " * 200,
    ],
    ids=["nothing", "too short", "a courtesy", "a question", "a dump", "a ruler", "a table", "too long"],
)
def test_what_says_nothing_does_not_speak(text: str) -> None:
    assert not speaks(text)


@pytest.mark.parametrize("text", [LEAF, REED, "The `lily_put()` call drops the last reference to the leaf."])
def test_a_plain_sentence_speaks(text: str) -> None:
    assert speaks(text)


# What a question wants


def test_words_without_meaning_are_not_wanted() -> None:
    assert wanted(["what", "is", "the", "leaf", "leaf"], lambda _: 2.0) == Wanted({"leaf": 2.0})


def test_coverage_is_the_share_of_rarity_that_is_there() -> None:
    aim = Wanted({"leaf": 3.0, "frog": 1.0})
    assert (aim.coverage(["leaf"]), aim.coverage(["frog", "newt"]), aim.coverage([])) == (0.75, 0.25, 0.0)
    assert aim.coverage(["frog", "leaf", "leaf"]) == 1.0


def test_a_question_of_no_meaning_is_covered_by_nothing() -> None:
    assert wanted(["what", "is", "it"], lambda _: 1.0).coverage(["what", "is", "it"]) == 0.0


@pytest.mark.parametrize(("text", "touched"), [(LEAF, True), (REED, False)])
def test_a_sentence_is_touched_by_a_question_whose_words_stand_by_it(text: str, touched: bool) -> None:
    aim = Aim(Wanted({"frog": 2.0}), lambda words: words.lower().split(), lambda _: 0.0, {}, {})
    assert aim.touched(Candidate(result(text), text, 0)) is touched
