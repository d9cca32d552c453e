"""From a question to a cited answer, without a language model.

What is said is what the sources say: whole sentences, verbatim, each with its citation. Whether to say
it is decided by a rule over a few signs (``bot.confidence``); below it the answer is that there is none, and
the nearest parts are shown.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

import numpy as np

from bot.choice import Limits, choose, fewer, in_reading_order
from bot.compose import ELSEWHERE, Composer
from bot.confidence import TRUST_WITHOUT, Signs, Trust
from bot.evidence import CLOSEST, LOOKED, READ, Candidate, candidates, closest, wanted
from bot.expected import expectation
from bot.model import Answer, Progress, Question, Status, silent
from bot.premise import contradicted, doers, supported
from bot.question import Reading, Want, read, subject_of
from bot.refusal import Unread, nothing
from bot.signs import signs
from bot.standing import best_history, statements
from bot.worth import WITHOUT, Aim, Worth, judged
from index.embed import Vectors
from index.engine import DEFAULT_RANKING, Index, Result
from index.history import History

RETRIEVED = 50
APPLIED = "applied"
WORDS_ALONE = "The search by meaning can't be used in full just now; this was found mostly by the question's words."
_MEANT = 40  # parts whose histories a question may mean
_TITLE = 0.15  # share of the question's rare words that the title of what is meant holds
_CONSIDERED = 24  # sentences that may be said


@dataclass(frozen=True, slots=True)
class Rule:
    """What makes an answer, and which evidence. Measured on questions: see docs/measurements.md.

    ``without`` is what sentences are worth where they have no vectors of their own, and ``trust_without`` how sure it
    is then that they answer.
    """

    worth: Worth = field(default_factory=Worth)
    without: Worth = WITHOUT
    limits: Limits = field(default_factory=Limits)
    trust: Trust = field(default_factory=Trust)
    trust_without: Trust = TRUST_WITHOUT

    def trusts(self, signs: Signs) -> Trust:
        """Return what to go by where there are these signs."""
        return self.trust_without if signs.nearest is None else self.trust


@dataclass(frozen=True, slots=True)
class Evidence:
    """The sentences chosen, in reading order; what speaks for and against them; whom the question says did what,
    and whether anything that was found is by or about them.
    """

    chosen: tuple[Candidate, ...]
    signs: Signs
    doers: frozenset[str] = frozenset()
    supported: bool = True


class Answerer:
    """Answers questions from an index. Safe to call from several threads."""

    def __init__(
        self,
        index: Index,
        rule: Rule | None = None,
        *,
        clock: Callable[[], float] = time.perf_counter,
        unread: Callable[[], Unread] = Unread,
    ) -> None:
        """``unread`` is asked, when nothing answers, which sources may know more."""
        self._index = index
        self._unread = unread
        self._rule = rule or Rule()
        self._clock = clock
        self._composer = Composer(index)

    def answer(self, question: Question, _: Progress = silent) -> Answer:
        """Return the final answer; never raises for want of evidence."""
        started = self._clock()
        reading, results = self.found(question)
        evidence = self.evidence(reading, results)
        trust = self._rule.trusts(evidence.signs)
        sure = trust.confidence(evidence.signs) if evidence.chosen and evidence.supported else 0.0
        answer = self._compose(question, reading, results, evidence, sure)
        sources = tuple(self._composer.noted(citation, question.as_of) for citation in answer.sources)
        took = (self._clock() - started) * 1000
        return replace(
            answer,
            sources=sources,
            retrieved=_parts(results),
            as_of=question.as_of or self._index.catalog.newest(),
            took_ms=round(took, 1),
            confidence=round(sure, 3),
            why=evidence.signs.told(),
            limited=" ".join(filter(None, (answer.limited, WORDS_ALONE if self._alone(results) else ""))),
        )

    def found(self, question: Question) -> tuple[Reading, list[Result]]:
        """Return what a question is taken for, and what is found for it."""
        reading = read(question)
        events = (APPLIED,) if Want.STATE in reading.wants else ()
        named, until = reading.messages, question.as_of
        return reading, self._index.search(reading.text, RETRIEVED, events=events, named=named, until=until)

    def pool(self, reading: Reading, results: Sequence[Result]) -> tuple[Aim, list[Candidate]]:
        """Return the sentences of ``results`` that may answer, and what they are held against."""
        index, terms = self._index, lru_cache(None)(self._index.terms)
        asked = list(dict.fromkeys((reading.text, reading.asked)))
        vector = _towards(index.embedder.embed(asked))
        words = wanted(terms(reading.text), index.rarity).leaning(terms(reading.asked))
        scores = {r.found.passage.part: r.hit.score for r in reversed(results)}
        aim = Aim(
            wanted=words,
            terms=terms,
            bonus=expectation(reading.asked),
            people=index.people(reading.text),
            scores=scores,
            notes=_asked(results),
            asked=reading.asked,
        )
        looked = closest(index.passages(_parts(results)[:READ], vector), LOOKED)
        numbers = [result.found.passage.id for result in looked]
        near = index.sentences(numbers, lambda: _towards(index.embedder.embed_for_spans(asked)))
        return aim, list(candidates(closest(looked, CLOSEST, near), near))

    def evidence(self, reading: Reading, results: Sequence[Result]) -> Evidence:
        """Return the sentences of ``results`` that answer best, and how well."""
        aim, pool = self.pool(reading, results)
        # What shares no word with the question is said only where nothing does: it may be the question put otherwise.
        worth = self._rule.worth if any(c.near is not None for c in pool) else self._rule.without
        fine = judged([c for c in pool if aim.touched(c)] or pool, aim, worth)
        chosen = tuple(in_reading_order(choose(fine[:_CONSIDERED], self._rule.limits)))
        who = doers(reading.asked, self._index.people)
        known = not who or supported(who, aim.wanted, pool, aim.terms)
        told = signs(self._index, reading, aim, results=results, fine=fine, chosen=chosen)
        return Evidence(chosen, told, who, known)

    def _compose(
        self, question: Question, reading: Reading, results: Sequence[Result], evidence: Evidence, sure: float
    ) -> Answer:
        trust = self._rule.trusts(evidence.signs)
        # "Why take a CStr?" asks for a reason, whatever its verb.
        asks_state = Want.STATE in reading.wants and Want.REASON not in reading.wants
        history = self._history(reading, results) if asks_state or evidence.doers else None
        if event := contradicted(reading.asked, evidence.doers, history):
            return self._composer.otherwise(event)
        if sure < trust.weak or not evidence.chosen:
            outside = trust.outside(evidence.signs) and not self._alone(results)
            return Answer(Status.OUT_OF_SCOPE, remark=ELSEWHERE) if outside else self._nothing(results, evidence)
        if asks_state and history and (said := list(statements(history, self._index.part, question.as_of))):
            return self._composer.state(said, evidence.chosen)
        if sure >= trust.answered:
            return self._composer.say(evidence.chosen, Status.ANSWERED)
        return self._composer.say(fewer(evidence.chosen, self._rule.limits.weak), Status.WEAK)

    def _alone(self, results: Sequence[Result]) -> bool:
        """Whether the search by meaning could not be used in full for this question, or can't just now."""
        return any(result.alone for result in results) or bool(self._index.trouble)

    def _nothing(self, results: Sequence[Result], evidence: Evidence) -> Answer:
        unheard = "" if evidence.supported else min(evidence.doers, key=len, default="")
        answer = self._composer.nothing(results, nothing(evidence.signs, unheard))
        return replace(answer, limited=self._unread().told())

    def _history(self, reading: Reading, results: Sequence[Result]) -> History | None:
        """Return the history that a question about what became of something most likely means."""
        scores = {r.found.passage.part: r.hit.score for r in reversed(results)}
        subjects = self._index.histories.subjects(_parts(results)[:_MEANT])
        terms = self._index.terms
        aim = wanted(terms(subject_of(reading.text)), self._index.rarity).leaning(terms(reading.asked))
        known = {number: self._index.histories.history(number) for number in set(subjects.values())}
        titles = {number: aim.coverage(terms(history.title)) for number, history in known.items()}
        meant = best_history(subjects, scores, titles.__getitem__)[:1]
        return next((known[n] for n in meant if titles[n] >= _TITLE), None)


def _towards(vectors: Vectors) -> Vectors:
    """Return the direction of a question, and of its own words again when it leans on others."""
    total = vectors.sum(axis=0)
    unit: Vectors = total / max(float(np.linalg.norm(total)), 1e-12)
    return unit


def _asked(results: Sequence[Result]) -> dict[str, float]:
    """Return how surely each note that was found answers this very question."""
    weights = DEFAULT_RANKING.weights
    why = {r.found.passage.part: dict(r.hit.why) for r in results}
    sure = {part: w.get("asked", 0.0) / weights.asked + w.get("noted", 0.0) / weights.noted for part, w in why.items()}
    return {part: min(how, 1.0) for part, how in sure.items() if how}


def _parts(results: Sequence[Result]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(r.found.passage.part for r in results))
