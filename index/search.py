"""From a question to ranked parts: candidates from vectors and words, then everything known of each.

Both sides name candidates by a cheap ranking; after that each candidate gets the scores of every side
exactly, whichever named it, so that none is punished for having been found by the other.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial

from index import rank
from index.caches import Caches
from index.catalog import Catalog, Considered
from index.curated import Sayings, Titles, surely
from index.embed import Embedder, Vectors
from index.histories import Histories
from index.lexical import Fields
from index.model import Kind
from index.quantized import cosines

_SCORED = ("body", "quoted", "comments")
_TOLD = 32  # best parts whose sentences are looked at,
_NOTES = 3  # … and nearest notes
_LIFTED = 150  # best parts whose subjects are looked up when an event is asked for


@dataclass(frozen=True, slots=True)
class Ranking:
    """How parts are found and ranked. The defaults are measured: see docs/measurements.md."""

    weights: rank.Weights = field(default_factory=rank.Weights)
    fields: Fields = field(default_factory=Fields)
    depth: int = rank.DEPTH  # candidates a side


DEFAULT_RANKING = Ranking()


@dataclass(frozen=True, slots=True)
class Query:
    """What is searched: the words, whom they speak of (how surely), the events that are asked for, and until when;
    ``notes`` are the titles of those that somebody wrote down the answer in, ``sayings`` the same where sentences have
    vectors.
    """

    text: str
    people: Mapping[str, float] = field(default_factory=dict)
    events: Collection[str] = ()
    named: Sequence[str] = ()
    until: datetime | None = None
    notes: Titles | None = None
    sayings: Sayings | None = None


@dataclass(frozen=True, slots=True)
class Searched:
    """Ranked parts; ``alone`` says that words alone named them, since vectors could not be asked."""

    parts: list[rank.Scored]
    alone: bool = False


@dataclass(frozen=True, slots=True)
class Searcher:
    """One generation, searchable. Not to be used while its caches are written."""

    catalog: Catalog
    histories: Histories
    caches: Caches
    embedder: Embedder

    def search(self, query: Query, k: int, ranking: Ranking = DEFAULT_RANKING) -> Searched:
        """Return at least ``k`` ranked parts, as far as there are so many."""
        weights = ranking.weights
        vector = self.embedder.embed([query.text])[0] if weights.meaning else None
        spoken = partial(self._spoken, query.text)
        notes = query.sayings.near(spoken()) if query.sayings and weights.meaning else {}
        asking = self._asking(query, vector)
        nearest = sorted(notes, key=lambda id_: -notes[id_])
        named = self._named(query.named)
        noted = self._named([*asking, *(nearest if query.until else nearest[:_NOTES])])
        while True:
            asked = self.caches.near.nearest(vector, ranking.depth) if vector is not None else []
            near = asked or []
            worded = self.caches.words.search(query.text, ranking.depth, ranking.fields) if _wordy(weights) else []
            numbers = dict.fromkeys((*named, *noted, *(n for n, _ in (*near, *worded))))
            known = [c for c in self.catalog.considered(self.caches.generation, numbers) if _until(c, query.until)]
            if len(known) >= k or not query.until or max(len(near), len(worded)) < ranking.depth:
                break
            # What came later has filled the first places: look further down.
            ranking = replace(ranking, depth=ranking.depth * 8)
        cosine = self._cosines(vector, known)
        scored = rank.score(self._candidates(query, known, cosine, asking), weights)
        here = {c.part for c in known}
        few = {id_: notes[id_] for id_ in [id_ for id_ in nearest if id_ in here][:_NOTES]}
        told = self._told(scored, known, few, spoken, weights) if weights.sentence or few else scored
        lifted = self._lifted(told, query.events, weights) if query.events else told
        return Searched(rank.spread(lifted, weights), alone=asked is None)

    def _named(self, ids: Sequence[str]) -> list[int]:
        """Return the numbers of all passages of the documents that the parts called ``ids`` are in."""
        fellows = [p.id for id_ in ids if (document := self.catalog.document(id_)) for p in document]
        return [f.passage.id for f in self.catalog.passages(self.caches.generation, fellows)] if ids else []

    def _cosines(self, vector: Vectors | None, known: Sequence[Considered]) -> Mapping[int, float]:
        numbers = [n for c in known for n in c.passages]
        return {} if vector is None else self.caches.near.cosines(vector, numbers)

    def _asking(self, query: Query, vector: Vectors | None) -> Mapping[str, float]:
        if vector is None or query.notes is None:
            return {}
        terms = dict.fromkeys(self.caches.words.terms(query.text))
        return query.notes.asking(vector, {term: self.caches.words.rarity(term) for term in terms})

    def _candidates(
        self,
        query: Query,
        known: Sequence[Considered],
        cosine: Mapping[int, float],
        asking: Mapping[str, float],
    ) -> list[rank.Candidate]:
        firsts = [c.passages[0] for c in known]
        body, quoted, comments = (self.caches.words.scores(query.text, name, firsts) for name in _SCORED)
        return [
            rank.Candidate(
                part=c.part,
                passage=(closest := max(c.passages, key=lambda n: (cosine.get(n, 0.0), -n))),
                document=c.document,
                kind=c.kind,
                date=c.date,
                cosine=cosine.get(closest, 0.0),
                words=body.get(c.passages[0], 0.0),
                quoted=quoted.get(c.passages[0], 0.0),
                comments=comments.get(c.passages[0], 0.0),
                author=query.people.get(c.author, 0.0),
                answered=query.people.get(c.answered, 0.0),
                named=c.part in query.named,
                asked=asking.get(c.part, 0.0),
            )
            for c in known
        ]

    def _spoken(self, text: str) -> Vectors:
        vector: Vectors = self.embedder.embed_for_spans([text])[0]
        return vector

    def _told(
        self,
        scored: Sequence[rank.Scored],
        known: Sequence[Considered],
        notes: Mapping[str, float],
        vector: Callable[[], Vectors],
        weights: rank.Weights,
    ) -> list[rank.Scored]:
        best = {s.candidate.part for s in scored[:_TOLD]}
        passages = {n: c.part for c in known if c.part in best | notes.keys() for n in c.passages}
        stored = self.catalog.sentences(self.caches.generation, list(passages))
        near: dict[str, float] = {}
        for number, cosine in (cosines(stored, vector()) if stored else {}).items():
            near[passages[number]] = max(*cosine, near.get(passages[number], -1.0))
        seen = [near[part] for part in best if part in near]
        if seen:
            near |= {part: sum(seen) / len(seen) for part in best - near.keys()}  # nothing is known of these
            near |= {part: max(near.get(part, -1.0), min(seen)) for part in notes.keys() - best}
        other = max((near[c.part] for c in known if c.part in near and c.kind is not Kind.NOTE), default=-1.0)
        sure = {id_: surely(how, other) for id_, how in notes.items()}
        return rank.noted(rank.told(scored, near, weights), sure, weights)

    def _lifted(
        self, scored: Sequence[rank.Scored], events: Collection[str], weights: rank.Weights
    ) -> list[rank.Scored]:
        best = [s.candidate.part for s in scored[:_LIFTED]]
        return rank.lifted(scored, self.histories.subjects(best), self.histories.telling(best, events), weights)


def _wordy(weights: rank.Weights) -> bool:
    return any((weights.words, weights.quoted, weights.comments, weights.thread))


def _until(considered: Considered, until: datetime | None) -> bool:
    return until is None or bool(considered.date and considered.date <= until)
