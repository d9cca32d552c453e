"""Rank parts by everything that speaks for them. Pure.

A part is as good as its best passage and its best sentence in meaning, as its own words, the words it answers
and the comments of its diff match, and as the thread around it does. A person who is named, the kind of source,
and an event that is asked for add to that. Scores are mixed, not ranks: how much better the best one is than the
rest is information. Word scores are scaled by the best one's; weights are measured (docs/measurements.md).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta

from index.model import Kind

DEPTH = 120  # candidates a side
_OLD = timedelta(days=5 * 365)
_FELLOWS = 4


@dataclass(frozen=True, slots=True)
class Weights:
    """What each thing counts that speaks for a part."""

    meaning: float = 0.55  # cosine of its closest passage
    sentence: float = 0.4  # … and of its closest sentence, as far as that is below the closest of all
    words: float = 0.17  # its own words
    quoted: float = 0.085  # the words of others that it answers
    comments: float = 0.04  # comments that its diff adds
    thread: float = 0.085  # the best own words of its whole document
    author: float = 0.13  # somebody who is named wrote it
    answered: float = 0.045  # … or wrote what it answers
    named: float = 1.0  # the question names it by its id
    beside: float = 0.4  # … or another part of its document
    page: float = 0.045  # documentation and policies
    note: float = -0.13  # our own summaries come behind what they sum up,
    asked: float = 0.45  # … but for one whose title asks what is asked: that is the answer somebody wrote down;
    noted: float = 0.3  # the same where it is told by what the note says, too
    age: float = 0.02  # taken from what is five years older than the newest candidate
    fellow: float = 0.013  # taken for each better part of the same document, up to four: a thread speaks once
    event: float = 0.085  # it tells an event of the kind that is asked for,
    subject: float = 0.8  # … and stands for its whole subject: share of the distance to its best part's score

    @classmethod
    def only(cls, **weights: float) -> Weights:
        """Return weights that are zero but for those given."""
        return cls(**{**{field.name: 0.0 for field in fields(cls)}, **weights})


@dataclass(frozen=True, slots=True)
class Candidate:
    """What is known of a part that may answer. Word scores are BM25's as found; ``passage`` is the closest one's
    number; ``author`` and ``answered`` say how surely the part, or the one it answers, is by somebody named;
    ``asked`` how surely its title asks what is asked (curated notes only).
    """

    part: str
    passage: int
    document: int
    kind: Kind
    date: datetime | None = None
    cosine: float = 0.0
    words: float = 0.0
    quoted: float = 0.0
    comments: float = 0.0
    author: float = 0.0
    answered: float = 0.0
    asked: float = 0.0
    named: bool = False


@dataclass(frozen=True, slots=True)
class Scored:
    """A candidate, its score, and what that is made of."""

    candidate: Candidate
    score: float
    why: tuple[tuple[str, float], ...] = ()


def score(candidates: Sequence[Candidate], weights: Weights = Weights()) -> list[Scored]:
    """Return ``candidates`` with their scores, best first."""
    top = {name: _top(getattr(c, name) for c in candidates) for name in ("words", "quoted", "comments")}
    wordiest = _best((c.document, c.words / top["words"]) for c in candidates)
    named = {c.document for c in candidates if c.named}
    newest = max((c.date for c in candidates if c.date), default=None)
    scored = []
    for c in candidates:
        why = {
            "meaning": weights.meaning * c.cosine,
            "words": weights.words * c.words / top["words"],
            "quoted": weights.quoted * c.quoted / top["quoted"],
            "comments": weights.comments * c.comments / top["comments"],
            "thread": weights.thread * wordiest[c.document],
            "author": weights.author * c.author,
            "answered": weights.answered * c.answered,
            "asked": weights.asked * c.asked,
            "kind": {Kind.PAGE: weights.page, Kind.NOTE: weights.note}.get(c.kind, 0.0),
            "named": weights.named if c.named else weights.beside if c.document in named else 0.0,
            "age": -weights.age * _age(c.date, newest),
        }
        scored.append(Scored(c, sum(why.values()), tuple((n, x) for n, x in why.items() if x)))
    return in_order(scored)


def told(scored: Sequence[Scored], near: Mapping[str, float], weights: Weights = Weights()) -> list[Scored]:
    """Lower parts as far as their closest sentence is from the question; ``near`` are the cosines of the best parts'.

    A part that is not there was not looked at, and counts as the farthest that was.
    """
    best, least = max(near.values(), default=0.0), min(near.values(), default=0.0)
    return in_order(_further(s, weights.sentence * (near.get(s.candidate.part, least) - best)) for s in scored)


def _further(scored: Scored, cost: float) -> Scored:
    return Scored(scored.candidate, scored.score + cost, (*scored.why, ("sentence", cost))) if cost else scored


def noted(scored: Sequence[Scored], sure: Mapping[str, float], weights: Weights = Weights()) -> list[Scored]:
    """Lift the notes that answer what is asked, by how surely (0 … 1) each does, as far as its title has not."""
    return in_order(_noted(s, weights.noted * sure.get(s.candidate.part, 0.0)) for s in scored)


def _noted(scored: Scored, worth: float) -> Scored:
    more = max(0.0, worth - dict(scored.why).get("asked", 0.0)) if worth else 0.0
    return Scored(scored.candidate, scored.score + more, (*scored.why, ("noted", more))) if more else scored


def lifted(
    scored: Sequence[Scored], subjects: Mapping[str, int], telling: Iterable[str], weights: Weights = Weights()
) -> list[Scored]:
    """Lift the parts that are ``telling`` the event that is asked for, each towards the best part of its subject."""
    best = _best((subjects[s.candidate.part], s.score) for s in scored if s.candidate.part in subjects)
    told = set(telling)
    return in_order(
        _lift(s, best.get(subjects.get(s.candidate.part, -1), s.score), weights) if s.candidate.part in told else s
        for s in scored
    )


def _lift(scored: Scored, best: float, weights: Weights) -> Scored:
    more = weights.event + weights.subject * max(0.0, best - scored.score)
    return Scored(scored.candidate, scored.score + more, (*scored.why, ("event", more)))


def spread(scored: Sequence[Scored], weights: Weights = Weights()) -> list[Scored]:
    """Let a document speak through its best part first: each better fellow costs a part a little."""
    before: Counter[int] = Counter()
    again = []
    for s in scored:
        cost = weights.fellow * min(before[s.candidate.document], _FELLOWS)
        before[s.candidate.document] += 1
        again.append(Scored(s.candidate, s.score - cost, (*s.why, ("fellows", -cost))) if cost else s)
    return in_order(again)


def in_order(scored: Iterable[Scored]) -> list[Scored]:
    """Return the best first; equal scores by the number of the passage."""
    return sorted(scored, key=lambda s: (-s.score, s.candidate.passage))


def reciprocal(*rankings: Sequence[str], k: int = 60) -> list[str]:
    """Equal-weight reciprocal rank fusion: the textbook way, kept as a yardstick."""
    scores: dict[str, float] = {}
    for ranking in rankings:
        for place, name in enumerate(ranking, 1):
            scores[name] = scores.get(name, 0.0) + 1 / (k + place)
    return sorted(scores, key=lambda name: (-scores[name], name))


def _top(scores: Iterable[float]) -> float:
    return max(scores, default=0.0) or 1.0


def _age(date: datetime | None, newest: datetime | None) -> float:
    """Return how old something is (0 … 1); what has no date is timeless."""
    return min((newest - date) / _OLD, 1.0) if date and newest else 0.0


def _best(scores: Iterable[tuple[int, float]]) -> dict[int, float]:
    best: dict[int, float] = {}
    for key, value in scores:
        best[key] = max(best.get(key, value), value)
    return best
