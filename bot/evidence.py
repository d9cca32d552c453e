"""Sentences as units of evidence: which ones of the passages found may answer. Pure.

How well each does is judged by ``bot.worth``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple

from bot.cite import spoken
from bot.question import STOP
from bot.speech import long_words, plain, speaks
from index.engine import Result
from index.sentences import spans

_EARLIER = 0.4  # share of its weight that a word of an earlier question keeps
READ = 16  # how many parts are read for evidence,
LOOKED = 24  # … how many passages of each are looked at,
CLOSEST = 6  # … and how many are read


@dataclass(frozen=True, slots=True)
class Candidate:
    """A sentence that may answer. ``order`` is its place in its passage, ``rank`` that of its part (0 is the best).

    ``beside`` are the sentences before and after it in its passage ("" where there is none), ``near`` is its own cosine
    to the question, where that is known, ``score`` is how well it suits the question.
    """

    result: Result
    text: str
    order: int
    rank: int = 0
    score: float = 0.0
    beside: tuple[str, str] = ("", "")
    near: float | None = None

    @property
    def part(self) -> str:
        """The id of the part that it stands in."""
        return self.result.found.passage.part

    @property
    def place(self) -> tuple[int, int]:
        """Its passage's number, and its place there."""
        return self.result.found.passage.id, self.order

    @property
    def opening(self) -> float:
        """How near (1 … 0) it is to the beginning of its part."""
        return 1 / (1 + self.order) if self.result.found.passage.start == 0 else 0.0

    @property
    def words(self) -> int:
        """How many words a reader has to read."""
        return _length(self.text)


@dataclass(frozen=True, slots=True)
class Wanted:
    """The question's meaningful words with their rarity."""

    weights: Mapping[str, float]

    def coverage(self, terms: Iterable[str]) -> float:
        """Return the share (0 … 1) of the question's weight that ``terms`` hold."""
        total = sum(self.weights.values())
        here = frozenset(terms)
        return sum(w for term, w in self.weights.items() if term in here) / total if total else 0.0

    def leaning(self, asked: Sequence[str]) -> Wanted:
        """Return the same, but for words that only earlier questions have: those count less."""
        own = set(asked)
        return Wanted({t: weight if t in own else _EARLIER * weight for t, weight in self.weights.items()})


@lru_cache(maxsize=8192)
def _length(text: str) -> int:
    return len(spoken(text).split())


def wanted(terms: Sequence[str], rarity: Callable[[str], float]) -> Wanted:
    """Return what to look for in sentences."""
    return Wanted({term: rarity(term) for term in dict.fromkeys(terms) if term not in STOP})


def closest(
    results: Sequence[Result], most: int, near: Mapping[int, Sequence[float]] = MappingProxyType({})
) -> list[Result]:
    """Return the ``most`` closest passages of each part, in their order: a long post has dozens.

    A passage is as close as its closest sentence, where ``near`` has the cosines of its sentences.
    """

    def close(result: Result) -> float:
        return max(near.get(result.found.passage.id, ()), default=result.hit.score)

    by_part: dict[str, list[Result]] = {}
    for result in results:
        by_part.setdefault(result.found.passage.part, []).append(result)
    best = {id(r) for some in by_part.values() for r in sorted(some, key=close, reverse=True)[:most]}
    return [r for r in results if id(r) in best]


def candidates(
    results: Sequence[Result], near: Mapping[int, Sequence[float]] = MappingProxyType({})
) -> Iterator[Candidate]:
    """Yield the sentences of passages, part by part, each text once: repeated cover letters speak once.

    ``near`` are the cosines of the sentences by their passages' numbers, where they are known.
    """
    seen: set[str] = set()
    ranks: dict[str, int] = {}
    for result in results:
        rank = ranks.setdefault(result.found.passage.part, len(ranks))
        said = _sentences(result.found.passage.text, result.found.title)
        known = near.get(result.found.passage.id, ())
        for order, sentence, key, beside in said.sentences:
            if key not in seen:
                seen.add(key)
                close = known[order] if len(known) == said.total else None
                yield Candidate(result, sentence, order, rank, beside=beside, near=close)


class _Said(NamedTuple):
    """What may be said of a passage: place, sentence, what it is told from its copies by, its neighbours.

    ``total`` is how many sentences it has, those too that say nothing.
    """

    total: int
    sentences: tuple[tuple[int, str, str, tuple[str, str]], ...]


@lru_cache(maxsize=512)  # what is asked about is asked about again: some 5 KB each
def _sentences(text: str, title: str) -> _Said:
    places = list(spans(text))
    said = ((order, plain(text[start:end])) for order, (start, end) in enumerate(places))
    speaking = (
        (order, sentence, " ".join(sentence.lower().split()), _beside(text, places, order))
        for order, sentence in said
        if speaks(sentence) and not _echoes(sentence, title)
    )
    return _Said(len(places), tuple(speaking))


def _echoes(sentence: str, title: str) -> bool:
    return long_words(spoken(sentence)) <= long_words(title)


def _beside(text: str, places: Sequence[tuple[int, int]], order: int) -> tuple[str, str]:
    before, after = places[max(0, order - 1) : order], places[order + 1 : order + 2]
    return "".join(text[a:b] for a, b in before), "".join(text[a:b] for a, b in after)


def scored(candidate: Candidate, score: float) -> Candidate:
    """Return ``candidate`` with another score."""
    c = candidate  # dataclasses.replace takes four times as long, and there are hundreds
    return Candidate(c.result, c.text, c.order, c.rank, score, c.beside, c.near)
