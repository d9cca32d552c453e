"""Fusing two rankings: what is better on both sides comes first, and scores keep their meaning."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.rank import fuse, reciprocal

RANKINGS = st.dictionaries(st.integers(0, 30), st.floats(0.001, 50), max_size=20).map(
    lambda scores: sorted(scores.items(), key=lambda pair: -pair[1])
)


def order(dense: list[tuple[int, float]], lexical: list[tuple[int, float]], weight: float = 0.5) -> list[int]:
    return [scored.number for scored in fuse(dense, lexical, weight)]


@given(RANKINGS, RANKINGS, st.floats(0, 1))
def test_everything_found_is_ranked_once_best_first(
    dense: list[tuple[int, float]], lexical: list[tuple[int, float]], weight: float
) -> None:
    fused = fuse(dense, lexical, weight)
    assert sorted(s.number for s in fused) == sorted(dict(dense).keys() | dict(lexical).keys())
    assert [s.score for s in fused] == sorted((s.score for s in fused), reverse=True)


@given(RANKINGS, RANKINGS, st.floats(0, 1))
def test_scores_lie_between_none_and_one(
    dense: list[tuple[int, float]], lexical: list[tuple[int, float]], weight: float
) -> None:
    assert all(-1e-9 <= s.score <= 1 + 1e-9 for s in fuse(dense, lexical, weight))


@given(RANKINGS, RANKINGS, st.floats(0.1, 10))
def test_the_scale_of_one_side_does_not_matter(
    dense: list[tuple[int, float]], lexical: list[tuple[int, float]], factor: float
) -> None:
    scaled = fuse(dense, [(n, score * factor) for n, score in lexical])
    assert {s.number: s.score for s in scaled} == pytest.approx({s.number: s.score for s in fuse(dense, lexical)})


@given(RANKINGS, RANKINGS)
def test_of_two_passages_the_one_that_is_better_on_both_sides_wins(
    dense: list[tuple[int, float]], lexical: list[tuple[int, float]]
) -> None:
    fused = order([(99, 60.0), *dense], [(99, 60.0), *lexical])
    assert fused[0] == 99


def test_the_weight_decides_between_the_sides() -> None:
    dense, lexical = [(1, 0.9), (2, 0.1)], [(2, 9.0), (1, 1.0)]
    assert (order(dense, lexical, 1.0), order(dense, lexical, 0.0)) == ([1, 2], [2, 1])


def test_one_side_alone_keeps_its_order() -> None:
    ranking = [(3, 0.9), (1, 0.5), (2, 0.2)]
    assert (order(ranking, []), order([], ranking)) == ([3, 1, 2], [3, 1, 2])


def test_nothing_found_is_nothing_ranked() -> None:
    assert fuse([], []) == []


def test_how_much_better_the_best_is_counts() -> None:
    close = {s.number: s.score for s in fuse([(1, 0.9), (2, 0.89)], [])}
    apart = {s.number: s.score for s in fuse([(1, 0.9), (2, 0.1)], [])}
    assert close[2] > apart[2]


def test_the_scores_as_found_are_kept() -> None:
    [scored] = fuse([(1, 0.7)], [(1, 12.5)])
    assert (scored.cosine, scored.bm25) == (0.7, 12.5)


def test_equal_scores_are_ordered_by_number() -> None:
    assert order([(2, 0.5), (1, 0.5)], []) == [1, 2]


def test_what_a_cut_off_ranking_lacks_counts_like_its_last() -> None:
    fused = {s.number: s for s in fuse([(1, 0.9), (2, 0.5)], [(3, 4.0)], 0.5, depth=2)}
    assert fused[2].dense == fused[3].dense == 0


def test_reciprocal_ranks_add_up() -> None:
    [(first, best), (second, other)] = reciprocal([(1, 9.0), (2, 8.0)], [(2, 1.0)], k=60)
    assert (first, second) == (2, 1)
    assert (best, other) == pytest.approx((1 / 62 + 1 / 61, 1 / 61))
