"""How well each sentence may answer a question: a linear rule over what can be seen of it. Pure.

A sentence is judged by what it and its surroundings hold of the question's rare words, how close it and its passage are
in meaning, by whether it has what is asked for (a number, a name, a date), by who wrote it, by the place of its part
among those found, and by how it is put. Shares, cosines and scores count by their distance to the best in the pool:
what is good is known only beside the others. The weights are fitted on questions with known answers by
``python -m tests.evaluation.evidence`` (docs/measurements.md).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import NamedTuple

from bot import speech
from bot.evidence import Candidate, Wanted, scored
from index.model import Kind


@dataclass(frozen=True, slots=True)
class Worth:
    """What each thing counts that can be seen of a sentence; the fields of ``Seen``, in its order."""

    title: float = -0.59
    around: float = 1.03
    words: float = 0.41
    author: float = 0.2
    kind: float = 0.46
    beside: float = -0.22
    passage: float = -0.6
    near: float = 4.54
    share: float = 0.72
    part: float = 1.64
    rank: float = -0.25
    order: float = -0.01
    opening: float = 0.1
    answers: float = 0.4
    length: float = 0.13
    note: float = 0.15
    mail: float = -0.3
    link: float = -0.12
    announces: float = -0.4
    aside: float = -0.27
    first: float = -0.02
    chores: float = -0.01
    orders: float = -0.21
    figure: float = 0.13
    echo: float = 0.2
    flaw: float = -0.3


WITHOUT = Worth(
    title=-0.72,
    around=1.17,
    words=0.54,
    author=0.16,
    kind=0.57,
    beside=-0.22,
    passage=0.98,
    share=0.18,
    part=1.67,
    rank=-0.36,
    order=-0.03,
    opening=0.44,
    answers=0.4,
    length=0.31,
    note=0.15,
    mail=-0.13,
    link=-0.18,
    announces=-0.4,
    aside=-0.26,
    first=-0.1,
    chores=-0.03,
    orders=-0.41,
    figure=0.21,
    echo=0.63,
    flaw=-0.3,
    near=0.0,
)
"""What each counts where sentences have no vectors of their own."""


class Seen(NamedTuple):
    """What can be seen of a sentence. Shares are 0 … 1; distances to the best of the pool are not above 0."""

    title: float  # share of the question's rare words that its title and author hold,
    around: float  # … that it, its neighbours and its title do, beside the most in the pool,
    words: float  # … that it and its title do
    author: float  # somebody who is named wrote it
    kind: float  # it has what is asked for,
    beside: float  # … or a neighbour has
    passage: float  # how far its passage's cosine is below the best,
    near: float  # … and its own is
    share: float  # the score of its part beside the best one's,
    part: float  # … and how far it is below that
    rank: float  # logarithm of its part's place
    order: float  # logarithm of its own place in its passage
    opening: float  # its passage opens its part
    answers: float  # how surely it opens a curated note that answers this very question
    length: float  # logarithm of its words
    note: float
    mail: float
    link: float  # it holds a link
    announces: float  # it only says that something follows
    aside: float  # it stands in brackets
    first: float  # it speaks of its author
    chores: float  # how many words speak of patches, versions, fixes
    orders: float  # it is put as the title of a change
    figure: float  # it holds a digit
    echo: float  # how many of the question's long words it repeats, in fives
    flaw: float  # how badly it reads


@dataclass(frozen=True, slots=True)
class Aim:
    """What sentences are held against: the question's words, whom it names, what kind of answer it wants.

    ``terms`` gives the stemmed words of a text, ``bonus`` what it counts that a sentence has what is asked for,
    ``scores`` are those of the parts that were found, ``asked`` is the question alone, ``notes`` how surely (0 … 1)
    each curated note answers this very question.
    """

    wanted: Wanted
    terms: Callable[[str], Sequence[str]]
    bonus: Callable[[str], float]
    people: Mapping[str, float]
    scores: Mapping[str, float]
    asked: str = ""
    notes: Mapping[str, float] = field(default_factory=dict)
    _known: dict[str, frozenset[str]] = field(default_factory=dict)  # a sentence is its neighbours' neighbour, too,
    _shares: dict[frozenset[str], float] = field(default_factory=dict)  # and many hold the same few words

    def held(self, *texts: str) -> frozenset[str]:
        """Return which of the question's words ``texts`` hold."""
        for text in texts:
            if text not in self._known:
                self._known[text] = frozenset(self.wanted.weights.keys() & set(self.terms(text)))
        return frozenset().union(*(self._known[text] for text in texts))

    def touched(self, candidate: Candidate) -> bool:
        """Whether a sentence, its neighbours or its title hold any of the question's words."""
        return bool(self.held(candidate.text, *candidate.beside, candidate.result.found.title))

    def share(self, candidate: Candidate, *texts: str) -> float:
        """Return the share of the question's rare words that ``texts`` and the candidate's title and author hold."""
        found = candidate.result.found
        here = self.held(*texts, found.title, found.author)
        if here not in self._shares:
            self._shares[here] = self.wanted.coverage(here)
        return self._shares[here]


@dataclass(frozen=True, slots=True)
class Best:
    """The best of a pool in what counts by its distance to it."""

    around: float
    words: float
    passage: float
    near: float
    part: float

    @classmethod
    def of(cls, pool: Sequence[Candidate], aim: Aim) -> Best:
        """Return the best of ``pool``, which isn't empty."""
        return cls(
            around=max(aim.share(c, c.text, *c.beside) for c in pool) or 1.0,
            words=max(aim.share(c, c.text) for c in pool) or 1.0,
            passage=max(c.result.hit.score for c in pool),
            near=max(map(_near, pool)),
            part=max(aim.scores.get(c.part, 0.0) for c in pool) or 1.0,
        )


def seen(candidate: Candidate, aim: Aim, best: Best) -> Seen:
    """Return what can be seen of a sentence."""
    text, found = candidate.text, candidate.result.found
    score = aim.scores.get(candidate.part, 0.0)
    return Seen(
        title=aim.share(candidate),
        around=aim.share(candidate, text, *candidate.beside) / best.around,
        words=aim.share(candidate, text) / best.words,
        author=aim.people.get(found.author, 0.0),
        kind=aim.bonus(text),
        beside=max(map(aim.bonus, candidate.beside)),
        passage=candidate.result.hit.score - best.passage,
        near=_near(candidate) - best.near,
        share=score / best.part,
        part=score - best.part,
        rank=math.log1p(candidate.rank),
        order=math.log1p(candidate.order),
        opening=float(found.passage.start == 0),
        answers=aim.notes.get(candidate.part, 0.0) * candidate.opening,
        length=math.log1p(candidate.words),
        note=float(found.kind is Kind.NOTE),
        mail=float(found.kind is Kind.MAIL),
        link=float("http" in text or "](" in text),
        announces=float(text.endswith(":")),
        aside=float(text.startswith("(")),
        first=float(speech.first_person(text)),
        chores=float(speech.chores(text)),
        orders=float(speech.orders(text)),
        figure=float(any(map(str.isdigit, text))),
        echo=len(speech.long_words(text) & speech.long_words(aim.asked)) / 5,
        flaw=speech.flaw(text),
    )


def _near(candidate: Candidate) -> float:
    return candidate.result.hit.score if candidate.near is None else candidate.near


def judged(pool: Sequence[Candidate], aim: Aim, worth: Worth) -> list[Candidate]:
    """Return ``pool`` with scores, the best first."""
    if not pool:
        return []
    best, weights = Best.of(pool, aim), [getattr(worth, one.name) for one in fields(Worth)]
    scores = [sum(w * x for w, x in zip(weights, seen(candidate, aim, best), strict=True)) for candidate in pool]
    return sorted(map(scored, pool, scores), key=lambda c: -c.score)
