"""Which sentences are said, and in which order. Pure.

The best ones as far as they fit, but not five of one mail and not one thing twice: what has been said
makes its own part, and what is like it, less wanted, and its neighbours more, since an answer often goes
on in the next sentence. What is gained by each is in docs/measurements.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.evidence import Candidate
from bot.speech import leans, long_words


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is said, and what makes a sentence less or more wanted once others were chosen."""

    most: int = 5  # sentences
    weak: int = 3  # … where they may not answer
    length: int = 116  # words
    again: float = 0.16  # what each sentence of the same part costs
    alike: float = 0.2  # what the square of the share of words costs that were said already
    next: float = 0.16  # what standing beside a chosen sentence brings
    lost: float = 0.3  # what it costs that it speaks of a sentence before it which is not said
    close: float = 1.6  # how far below the best one a further sentence may be


def choose(candidates: Sequence[Candidate], limits: Limits) -> list[Candidate]:
    """Return the sentences to say, the likeliest first."""
    chosen: list[Candidate] = []
    left = [(c, long_words(c.text)) for c in candidates]
    said: list[frozenset[str]] = []
    room = limits.length
    best = max((c.score for c in candidates), default=0.0)
    while left and len(chosen) < limits.most:
        fit = [(c, words) for c, words in left if c.words <= room] if chosen else left
        worth = [_worth(c, words, chosen, said, limits) for c, words in fit]
        if not fit or max(worth) < best - limits.close:
            break
        pick = fit[worth.index(max(worth))]
        left.remove(pick)
        chosen.append(pick[0])
        said.append(pick[1])
        room -= pick[0].words
    return chosen


def _worth(
    candidate: Candidate,
    words: frozenset[str],
    chosen: Sequence[Candidate],
    said: Sequence[frozenset[str]],
    limits: Limits,
) -> float:
    alike = max((len(words & other) / min(len(words), len(other)) for other in said if words and other), default=0.0)
    passage, order = candidate.place
    return (
        candidate.score
        - limits.again * sum(c.part == candidate.part for c in chosen)
        - limits.alike * alike * alike
        - limits.lost * (leans(candidate.text) and not any(c.place == (passage, order - 1) for c in chosen))
        + limits.next * sum((passage, order + step) == c.place for c in chosen for step in (-1, 1))
    )


def in_reading_order(chosen: Sequence[Candidate]) -> list[Candidate]:
    """The best sentence leads; sentences of one part stay together, in their order."""
    first = {c.part: i for i, c in reversed(list(enumerate(chosen)))}
    return sorted(chosen, key=lambda c: (first[c.part], c.place))


def fewer(chosen: Sequence[Candidate], most: int) -> list[Candidate]:
    """Return the ``most`` likeliest of what was chosen, in the same order."""
    best = sorted(chosen, key=lambda c: -c.score)[:most]
    return [c for c in chosen if c in best]
