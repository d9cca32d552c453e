"""From a question to a cited answer, without a language model.

What is said is what the sources say: whole sentences, verbatim, each with its citation. Whether to say
it is decided by a rule over how well the best evidence fits (``Rule``); below it the answer is that
there is none, and the nearest parts are shown.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bot.cite import flat, spoken
from bot.evidence import READ, Candidate, Wanted, candidates, wanted, with_neighbours
from bot.model import Answer, Citation, Progress, Question, Sentence, Status, silent
from bot.question import Want, expectation, read, search_text
from bot.standing import Statement, best_history, statements
from index.engine import Index, Result
from index.history import History
from index.model import Kind

NOTHING = "I found nothing in my sources that answers this."
ELSEWHERE = "That is outside of what I read: Rust in the Linux kernel, and what concerns it."
CLOSEST = "This is the closest I found; it may not answer the question."
_VERSION = re.compile(r"\[[^\]]*\b(v\d{1,3})\b[^\]]*\]", re.IGNORECASE)
RETRIEVED = 50
NEAREST = 3
APPLIED = "applied"
_MEANT = 40  # parts whose histories a question may mean
_TITLE = 0.25  # share of the question's rare words that the title of what is meant holds
_HISTORIES = 4  # histories whose events are shown among what was retrieved
_EMBEDDED = 12  # sentences compared in meaning: what fits into a few milliseconds


@dataclass(frozen=True, slots=True)
class Rule:
    """What makes an answer, and which evidence. Measured on questions: see docs/measurements.md."""

    words: float = 1.0  # weight of the question's rare words in the sentence
    meaning: float = 1.0  # weight of the cosine between question and sentence
    rank: float = 0.1  # what each place down the ranking of parts costs
    neighbour: float = 0.3  # share of the better neighbour's score
    closest: float = 6.5  # confidence: weight of the cosine of the closest passage,
    best: float = 1.8  # of the best sentence's score,
    doubt: float = 6.2  # and what both must outweigh
    answered: float = 0.45  # confidence from which an answer is one
    weak: float = 0.3  # … and from which it is shown as weak evidence
    ours: float = 0.42  # closest passage below which a question is about something else
    close: float = 0.5  # a further sentence must score this share of the best
    most: int = 5  # sentences
    length: int = 120  # words


@dataclass(frozen=True, slots=True)
class Evidence:
    """The sentences chosen, in reading order; the closest passage's cosine; how sure we are (0 … 1)."""

    chosen: tuple[Candidate, ...]
    closest: float
    confidence: float


class Answerer:
    """Answers questions from an index. Safe to call from several threads."""

    def __init__(self, index: Index, rule: Rule | None = None, clock: Callable[[], float] = time.perf_counter) -> None:
        self._index = index
        self._rule = rule or Rule()
        self._clock = clock

    def answer(self, question: Question, _: Progress = silent) -> Answer:
        """Return the final answer; never raises for want of evidence."""
        started = self._clock()
        text = search_text(question)
        events = (APPLIED,) if Want.STATE in read(question).wants else ()
        results = self._index.search(text, RETRIEVED, events=events, until=question.as_of)
        evidence = self._evidence(text, results)
        standing = self._standing(text, results) if events else []
        answer = self._compose(results, evidence, standing, question.as_of)
        sources = tuple(self._note(citation, question.as_of) for citation in answer.sources)
        took = (self._clock() - started) * 1000
        return replace(
            answer,
            sources=sources,
            retrieved=_parts(results),
            as_of=question.as_of or self._index.catalog.newest(),
            took_ms=round(took, 1),
            confidence=round(evidence.confidence, 3),
        )

    def _evidence(self, text: str, results: Sequence[Result]) -> Evidence:
        aim = wanted(self._index.terms(text), self._index.rarity)
        passages = self._index.passages(_parts(results)[:READ])
        bonus = expectation(text.rsplit("\n", 1)[-1])
        rough = [self._by_words(c, aim, bonus) for c in candidates(passages)]
        best = sorted(with_neighbours(rough, self._rule.neighbour), key=lambda c: -c.score)[:_EMBEDDED]
        plain = {(c.result.found.passage.id, c.order): c for c in rough}
        fine = self._by_meaning(text, [plain[c.result.found.passage.id, c.order] for c in best])
        closest = max((dict(r.hit.why)["cosine"] for r in results), default=0.0)
        return Evidence(_choose(fine, self._rule), closest, _confidence(closest, fine, self._rule))

    def _by_words(self, candidate: Candidate, aim: Wanted, bonus: Callable[[str], float]) -> Candidate:
        held = aim.coverage(self._index.terms(candidate.text))
        score = self._rule.words * held + bonus(candidate.text) - self._rule.rank * candidate.rank
        return replace(candidate, score=score)

    def _by_meaning(self, text: str, rough: Sequence[Candidate]) -> list[Candidate]:
        if not rough:
            return []
        vectors = self._index.embedder.embed([text, *(flat(c.text) for c in rough)])
        cosines = vectors[1:] @ vectors[0]
        fine = [replace(c, score=c.score + self._rule.meaning * float(x)) for c, x in zip(rough, cosines, strict=True)]
        return sorted(with_neighbours(fine, self._rule.neighbour), key=lambda c: -c.score)

    def _standing(self, text: str, results: Sequence[Result]) -> list[History]:
        """Return the histories that a question about what became of something may mean, the likeliest first."""
        scores = {r.found.passage.part: r.hit.score for r in reversed(results)}
        subjects = self._index.histories.subjects(_parts(results)[:_MEANT])
        aim = wanted(self._index.terms(text), self._index.rarity)
        known = {number: self._index.histories.history(number) for number in set(subjects.values())}
        titles = {number: aim.coverage(self._index.terms(history.title)) for number, history in known.items()}
        meant = [n for n in best_history(subjects, scores, titles.__getitem__) if titles[n] >= _TITLE]
        return [known[number] for number in meant[:_HISTORIES]]

    def _compose(
        self, results: Sequence[Result], evidence: Evidence, standing: Sequence[History], until: datetime | None
    ) -> Answer:
        said = list(statements(standing[0], until)) if standing else []
        if said and evidence.confidence >= self._rule.weak:
            return self._state(said, evidence)
        return self._say(results, evidence)

    def _state(self, said: Sequence[Statement], evidence: Evidence) -> Answer:
        """How a series stands, then what else was found."""
        facts = [(s.text, self._cite(s.part, s.quote, n)) for n, s in enumerate(said, 1)]
        shown = {flat(citation.quote) for _, citation in facts}
        more = [c for c in evidence.chosen if flat(c.text) not in shown][: max(0, self._rule.most - len(facts) - 1)]
        sources = [citation for _, citation in facts] + [
            self._citation(c.result, c.text, n) for n, c in enumerate(more, len(facts) + 1)
        ]
        texts = [text for text, _ in facts] + [f + _said(c) for f, c in zip(_frames(more), more, strict=True)]
        return Answer(
            status=Status.ANSWERED,
            sentences=tuple(Sentence(text, (source.n,)) for text, source in zip(texts, sources, strict=True)),
            sources=tuple(sources),
        )

    def _cite(self, id_: str, quote: str, n: int) -> Citation:
        result = self._index.passages([id_])[0]
        first = next((c.text for c in candidates([result])), result.found.passage.text[:200])
        return self._citation(result, quote or first, n)

    def _say(self, results: Sequence[Result], evidence: Evidence) -> Answer:
        if evidence.confidence < self._rule.weak or not evidence.chosen:
            return self._nothing(results, evidence)
        sources = [self._citation(c.result, c.text, n) for n, c in enumerate(evidence.chosen, 1)]
        sentences = [
            Sentence(f"{frame}{_said(c)}", (source.n,))
            for c, source, frame in zip(evidence.chosen, sources, _frames(evidence.chosen), strict=True)
        ]
        answered = evidence.confidence >= self._rule.answered
        return Answer(
            status=Status.ANSWERED if answered else Status.WEAK,
            sentences=tuple(sentences),
            sources=tuple(sources),
            remark="" if answered else CLOSEST,
        )

    def _nothing(self, results: Sequence[Result], evidence: Evidence) -> Answer:
        nearest: dict[int, Citation] = {}
        for result in results:
            if result.found.document not in nearest and len(nearest) < NEAREST:
                n = len(nearest) + 1
                nearest[result.found.document] = self._citation(result, _opening(result), n)
        if evidence.closest < self._rule.ours:
            return Answer(Status.OUT_OF_SCOPE, remark=ELSEWHERE)
        return Answer(Status.NOT_FOUND, nearest=tuple(nearest.values()), remark=NOTHING)

    def _note(self, citation: Citation, until: datetime | None) -> Citation:
        """Add what a reader must know of a source: that a bot wrote it, that a newer version took its place."""
        part = self._index.part(citation.id)
        if part is None or "bot" in part.labels:
            return replace(citation, note="bot" if part else None)
        history = self._index.histories.of(part.id)
        version = history.version_of(part.id) if history else None
        newer = [v for v in history.versions if not until or not v.date or v.date <= until] if history else []
        if version is None or not newer or newer[-1].number <= version.number:
            return citation
        return replace(citation, note=f"superseded by {newer[-1].label}")

    def _citation(self, result: Result, quote: str, n: int) -> Citation:
        found = result.found
        part = self._index.part(found.passage.part)
        return Citation(
            n=n,
            id=found.passage.part,
            url=found.url,
            title=found.title,
            author=found.author,
            date=found.date,
            quote=quote,
            kind=found.kind,
            references=part.references if part else (),
        )


def _said(candidate: Candidate) -> str:
    text = candidate.text  # only mail is not Markdown
    return flat(text) if candidate.result.found.kind is Kind.MAIL else spoken(text)


def _frames(chosen: Sequence[Candidate]) -> Iterator[str]:
    """Yield who says it, and of which version, before the first sentence of each mail: "Ada Quill (on v2): "."""
    before = ""
    for candidate in chosen:
        found = candidate.result.found
        fresh, before = found.passage.part != before, found.passage.part
        version = _VERSION.search(found.title)
        on = f" ({'on ' if found.title[:3].lower() == 're:' else ''}{version.group(1).lower()})" if version else ""
        yield f"{flat(found.author)}{on}: " if fresh and found.kind is Kind.MAIL else ""


def _parts(results: Sequence[Result]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(r.found.passage.part for r in results))


def _opening(result: Result) -> str:
    return result.found.passage.text[:200]


def _confidence(closest: float, fine: Sequence[Candidate], rule: Rule) -> float:
    if not fine:
        return 0.0
    return 1 / (1 + math.exp(rule.doubt - rule.closest * closest - rule.best * fine[0].score))


def _choose(fine: Sequence[Candidate], rule: Rule) -> tuple[Candidate, ...]:
    chosen: list[Candidate] = []
    words = 0
    for candidate in fine:
        length = len(candidate.text.split())
        good = not chosen or candidate.score >= rule.close * fine[0].score
        if good and len(chosen) < rule.most and (not chosen or words + length <= rule.length):
            chosen.append(candidate)
            words += length
    return tuple(_in_reading_order(chosen))


def _in_reading_order(chosen: Sequence[Candidate]) -> list[Candidate]:
    # The best sentence leads; sentences of one passage stay together, in their order.
    first = {c.result.found.passage.id: i for i, c in reversed(list(enumerate(chosen)))}
    return sorted(chosen, key=lambda c: (first[c.result.found.passage.id], c.order))
