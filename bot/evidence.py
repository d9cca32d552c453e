"""Sentences as units of evidence: which ones of the passages found may answer, and how well each does. Pure.

A sentence is judged by what it and its surroundings hold of the question's rare words, by how close it and
its passage are in meaning, by whether it has what is asked for (a number, a name, a date), by who wrote it,
and by the place of its part among those found. The weights are fitted on questions with known answers by
``python -m tests.evaluation.evidence`` (docs/measurements.md).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from bot.cite import flat, spoken
from bot.question import STOP
from bot.speech import flaw, plain, speaks
from index.engine import Result
from index.sentences import spans

_EARLIER = 0.4  # share of its weight that a word of an earlier question keeps
READ = 16  # how many parts are read for evidence,
_CLOSEST = 6  # … and how many passages of each


@dataclass(frozen=True, slots=True)
class Candidate:
    """A sentence that may answer. ``order`` is its place in its passage, ``rank`` that of its part (0 is the best).

    ``around`` is the sentence with its neighbours, ``score`` how well it suits the question.
    """

    result: Result
    text: str
    order: int
    rank: int = 0
    score: float = 0.0
    around: str = ""

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
        return len(spoken(self.text).split())


@dataclass(frozen=True, slots=True)
class Wanted:
    """The question's meaningful words with their rarity."""

    weights: Mapping[str, float]

    def coverage(self, terms: Sequence[str]) -> float:
        """Return the share (0 … 1) of the question's weight that ``terms`` hold."""
        total = sum(self.weights.values())
        here = set(terms)
        return sum(w for term, w in self.weights.items() if term in here) / total if total else 0.0

    def leaning(self, asked: Sequence[str]) -> Wanted:
        """Return the same, but for words that only earlier questions have: those count less."""
        own = set(asked)
        return Wanted({t: weight if t in own else _EARLIER * weight for t, weight in self.weights.items()})


@dataclass(frozen=True, slots=True)
class Worth:
    """What each thing counts that speaks for a sentence."""

    words: float = 0.35  # share of the question's rare words that it holds, its title counted in
    around: float = 0.43  # … that it and its neighbours hold
    meaning: float = 0.65  # its cosine to the question
    passage: float = 1.0  # its passage's cosine
    kind: float = 0.7  # it has what is asked for
    author: float = 0.4  # somebody who is named wrote it
    opening: float = 1.0  # it opens a note that answers this very question
    length: float = 0.18  # logarithm of its words: a longer one says more
    flaw: float = 0.5  # what it costs that it reads badly on its own
    rank: float = 0.6  # what the logarithm of its part's place costs


@dataclass(frozen=True, slots=True)
class Aim:
    """What sentences are held against: the question's words, whom it names, what kind of answer it wants.

    ``terms`` gives the stemmed words of a text, ``bonus`` what it counts that a sentence has what is asked for,
    ``notes`` how surely (0 … 1) each curated note answers this very question.
    """

    wanted: Wanted
    terms: Callable[[str], Sequence[str]]
    bonus: Callable[[str], float]
    people: Mapping[str, float]
    notes: Mapping[str, float] = field(default_factory=dict)

    def touched(self, candidate: Candidate) -> bool:
        """Whether a sentence, its neighbours or its title hold any of the question's words."""
        return self.wanted.coverage(self.terms(f"{candidate.around} {candidate.result.found.title}")) > 0

    def rough(self, candidate: Candidate, worth: Worth) -> float:
        """Return how well a sentence suits, its own meaning apart."""
        found = candidate.result.found
        title = self.terms(f"{found.title} {found.author}")
        return (
            worth.words * self.wanted.coverage([*self.terms(candidate.text), *title])
            + worth.around * self.wanted.coverage([*self.terms(candidate.around), *title])
            + worth.passage * candidate.result.hit.score
            + worth.kind * self.bonus(candidate.text)
            + worth.author * self.people.get(found.author, 0.0)
            + worth.opening * self.notes.get(candidate.part, 0.0) * candidate.opening
            + worth.length * math.log(1 + candidate.words)
            - worth.flaw * flaw(candidate.text)
            - worth.rank * math.log1p(candidate.rank)
        )


def wanted(terms: Sequence[str], rarity: Callable[[str], float]) -> Wanted:
    """Return what to look for in sentences."""
    return Wanted({term: rarity(term) for term in dict.fromkeys(terms) if term not in STOP})


def closest(results: Sequence[Result]) -> list[Result]:
    """Return the few best passages of each part, in their order: a long post has dozens."""
    by_part: dict[str, list[Result]] = {}
    for result in results:
        by_part.setdefault(result.found.passage.part, []).append(result)
    best = {p: {id(r) for r in sorted(some, key=lambda r: -r.hit.score)[:_CLOSEST]} for p, some in by_part.items()}
    return [r for r in results if id(r) in best[r.found.passage.part]]


def candidates(results: Sequence[Result]) -> Iterator[Candidate]:
    """Yield the sentences of passages, part by part, each text once: repeated cover letters speak once."""
    seen: set[str] = set()
    ranks: dict[str, int] = {}
    for result in results:
        rank = ranks.setdefault(result.found.passage.part, len(ranks))
        text = result.found.passage.text
        places = list(spans(text))
        for order, (start, end) in enumerate(places):
            sentence = plain(text[start:end])
            key = " ".join(sentence.lower().split())
            if key not in seen and speaks(sentence):
                seen.add(key)
                around = text[places[max(0, order - 1)][0] : places[min(len(places) - 1, order + 1)][1]]
                yield Candidate(result, sentence, order, rank, around=flat(around))


def scored(candidate: Candidate, score: float) -> Candidate:
    """Return ``candidate`` with another score."""
    return replace(candidate, score=score)
