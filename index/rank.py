"""Fuse what vectors and words find. Pure.

Scores are fused, not ranks: how much better the best one is than the rest is information. Each side is
scaled by its own range over the candidates (the inner products of a question's neighbours lie close
together, BM25 spreads), then mixed by a weight that was tuned (docs/measurements.md).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

DEPTH = 200  # candidates a side


@dataclass(frozen=True, slots=True)
class Scored:
    """A passage's number, its fused score, and the two scores it is made of: scaled (0 … 1) and as found."""

    number: int
    score: float
    dense: float = 0.0
    lexical: float = 0.0
    cosine: float = 0.0
    bm25: float = 0.0


def fuse(
    dense: Sequence[tuple[int, float]], lexical: Sequence[tuple[int, float]], weight: float = 0.5, depth: int = DEPTH
) -> list[Scored]:
    """Fuse two rankings of (number, score), best first; ``weight`` is the share of ``dense``.

    A ranking of ``depth`` candidates was cut off there: what it lacks counts like its last one.
    """
    left, right = _scaled(dense, depth), _scaled(lexical, depth)
    cosines, bm25s = dict(dense), dict(lexical)
    scored = []
    for n in left.keys() | right.keys():
        d, x = left.get(n, 0.0), right.get(n, 0.0)
        scored.append(Scored(n, weight * d + (1 - weight) * x, d, x, cosines.get(n, 0.0), bm25s.get(n, 0.0)))
    return sorted(scored, key=lambda s: (-s.score, s.number))


def reciprocal(*rankings: Sequence[tuple[int, float]], k: int = 60) -> list[tuple[int, float]]:
    """Equal-weight reciprocal rank fusion: the textbook way, kept as a yardstick."""
    scores: dict[int, float] = {}
    for ranking in rankings:
        for rank, (number, _) in enumerate(ranking, 1):
            scores[number] = scores.get(number, 0.0) + 1 / (k + rank)
    return sorted(scores.items(), key=lambda pair: (-pair[1], pair[0]))


def _scaled(ranking: Sequence[tuple[int, float]], depth: int) -> Mapping[int, float]:
    if not ranking:
        return {}
    low = max(0.0, ranking[-1][1]) if len(ranking) >= depth else 0.0
    span = max(ranking[0][1] - low, 1e-9)
    return {number: max(0.0, (score - low) / span) for number, score in ranking}
