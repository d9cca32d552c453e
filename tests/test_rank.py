"""Ranking parts: whatever speaks for one lifts it, and every score says what it is made of."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.model import Kind
from index.rank import Candidate, Scored, Weights, lifted, noted, reciprocal, score, spread, told
from tests.fakes import NOON

PLAIN = Candidate("plain", 1, 1, Kind.MAIL, cosine=0.5, words=4.0, quoted=2.0, comments=1.0)
BM25 = st.integers(0, 500).map(lambda tenths: tenths / 10)
CANDIDATES = st.lists(
    st.builds(
        Candidate,
        part=st.uuids().map(str),
        passage=st.integers(0, 10**6),
        document=st.integers(0, 5),
        kind=st.sampled_from(Kind),
        cosine=st.floats(-1, 1),
        words=BM25,
        quoted=BM25,
        comments=BM25,
        author=st.floats(0, 1),
        answered=st.floats(0, 1),
        named=st.booleans(),
        asked=st.floats(0, 1),
    ),
    max_size=12,
    unique_by=lambda c: c.part,
)


def other(**changes: object) -> Candidate:
    return replace(PLAIN, part="other", passage=2, document=2, **changes)  # type: ignore[arg-type]


def order(*candidates: Candidate, weights: Weights = Weights()) -> list[str]:  # noqa: B008
    return [scored.candidate.part for scored in score(candidates, weights)]


@given(CANDIDATES)
def test_every_candidate_is_ranked_once_best_first(candidates: list[Candidate]) -> None:
    scored = score(candidates)
    assert sorted(s.candidate.part for s in scored) == sorted(c.part for c in candidates)
    assert [s.score for s in scored] == sorted((s.score for s in scored), reverse=True)


@given(CANDIDATES)
def test_a_score_is_the_sum_of_what_it_is_made_of(candidates: list[Candidate]) -> None:
    assert all(s.score == pytest.approx(sum(x for _, x in s.why)) for s in score(candidates))


@given(CANDIDATES)
def test_the_order_of_candidates_does_not_matter(candidates: list[Candidate]) -> None:
    assert sorted(map(repr, score(candidates))) == sorted(map(repr, score(candidates[::-1])))


@given(CANDIDATES, st.floats(0.1, 10))
def test_the_scale_of_word_scores_does_not_matter(candidates: list[Candidate], factor: float) -> None:
    scaled = score([replace(c, words=c.words * factor) for c in candidates])
    before = {s.candidate.part: s.score for s in score(candidates)}
    assert {s.candidate.part: s.score for s in scaled} == pytest.approx(before)


@pytest.mark.parametrize(
    "better",
    [
        {"cosine": 0.6},
        {"words": 5.0},
        {"quoted": 3.0},
        {"comments": 2.0},
        {"author": 1.0},
        {"answered": 1.0},
        {"kind": Kind.PAGE},
        {"named": True},
    ],
    ids=lambda better: next(iter(better)),
)
def test_whatever_speaks_for_a_part_lifts_it(better: dict[str, object]) -> None:
    assert order(PLAIN, other(**better)) == ["other", "plain"]


def test_a_summary_comes_behind_what_it_sums_up() -> None:
    assert order(replace(PLAIN, kind=Kind.NOTE), other()) == ["other", "plain"]


def test_a_summary_that_asks_what_is_asked_comes_first() -> None:
    assert order(PLAIN, other(kind=Kind.NOTE, asked=1.0))[0] == "other"


def test_a_part_gains_from_what_stands_in_its_document() -> None:
    fellow = Candidate("fellow", 3, 2, Kind.MAIL, cosine=0.9, words=9.0)
    assert order(PLAIN, other(), fellow) == ["fellow", "other", "plain"]


def test_of_two_alike_the_newer_comes_first() -> None:
    assert order(replace(PLAIN, date=NOON - timedelta(days=900)), other(date=NOON)) == ["other", "plain"]


def test_what_has_no_date_does_not_suffer_for_it() -> None:
    assert order(PLAIN, other(date=NOON), replace(PLAIN, part="x", passage=3, date=NOON)) == ["plain", "other", "x"]


def test_weights_may_be_all_but_one_zero() -> None:
    assert order(PLAIN, other(cosine=0.4, words=9.0), weights=Weights.only(meaning=1)) == ["plain", "other"]


def test_equal_scores_are_ordered_by_passage() -> None:
    assert order(other(), PLAIN) == ["plain", "other"]


# Sentences


def told_order(near: dict[str, float]) -> list[str]:
    scored = [Scored(replace(PLAIN, part=name, passage=n), 0.5 - n / 100) for n, name in enumerate("abc")]
    return [s.candidate.part for s in told(scored, near, Weights(sentence=0.2))]


def test_a_part_comes_forward_by_its_closest_sentence() -> None:
    assert told_order({"a": 0.2, "b": 0.9, "c": 0.3}) == ["b", "a", "c"]


def test_a_part_that_was_not_looked_at_is_no_better_than_those_that_were() -> None:
    assert told_order({"a": 0.2, "b": 0.9}) == ["b", "a", "c"]


def test_where_no_sentence_is_known_the_order_stays_and_nothing_is_said_of_it() -> None:
    scored = score([PLAIN, other()])
    assert told(scored, {}) == scored


def test_what_the_closest_sentence_costs_is_part_of_the_score() -> None:
    (_, far) = told([Scored(PLAIN, 0.5), Scored(other(), 0.4)], {"plain": 0.9, "other": 0.4}, Weights(sentence=0.2))
    name, cost = far.why[-1]
    assert name == "sentence"
    assert cost == pytest.approx(-0.1)
    assert far.score == pytest.approx(0.3)


def test_a_note_that_answers_comes_forward_by_how_surely_it_does() -> None:
    first, rest = noted([Scored(PLAIN, 0.5), Scored(other(), 0.4)], {"other": 0.5}, Weights(noted=0.4))
    assert (first.candidate.part, first.why[-1][0], rest.why) == ("other", "noted", ())
    assert first.score == pytest.approx(0.6)


# Events


def after(telling: list[str], subjects: dict[str, int]) -> list[str]:
    good = Scored(replace(PLAIN, part="good"), 0.9)
    told = Scored(other(), 0.2)
    between = Scored(replace(PLAIN, part="between", passage=3), 0.6)
    return [s.candidate.part for s in lifted([good, between, told], subjects, telling)]


def test_what_tells_the_event_comes_near_the_best_of_its_subject() -> None:
    assert after(["other"], {"good": 7, "other": 7}) == ["good", "other", "between"]


def test_what_tells_the_event_of_something_else_stays_behind() -> None:
    assert after(["other"], {"good": 7, "other": 8}) == ["good", "between", "other"]


def test_what_tells_no_event_stays_where_it_is() -> None:
    assert after([], {"good": 7, "other": 7}) == ["good", "between", "other"]


def test_a_lift_is_part_of_the_score() -> None:
    [scored] = lifted([Scored(PLAIN, 0.5, (("meaning", 0.5),))], {}, ["plain"])
    assert scored.score == pytest.approx(sum(x for _, x in scored.why))
    assert scored.why[-1][0] == "event"


# Fellows


def test_a_thread_does_not_fill_the_first_places_with_what_is_hardly_better() -> None:
    thread = [Scored(replace(PLAIN, part=f"t{n}", passage=n), 0.9 - n / 1000) for n in range(4)]
    alone = Scored(other(), 0.89)
    found = [s.candidate.part for s in spread([*thread, alone])]
    assert found == ["t0", "other", "t1", "t2", "t3"]


@given(CANDIDATES)
def test_spreading_loses_nothing_and_says_what_it_took(candidates: list[Candidate]) -> None:
    spread_out = spread(score(candidates))
    assert sorted(s.candidate.part for s in spread_out) == sorted(c.part for c in candidates)
    assert all(s.score == pytest.approx(sum(x for _, x in s.why)) for s in spread_out)


# The yardstick


def test_reciprocal_ranks_add_up() -> None:
    assert reciprocal(["a", "b"], ["b"], k=60) == ["b", "a"]
