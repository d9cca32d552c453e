"""Sentences as units of evidence: which ones of the passages found answer the question. Pure.

A sentence is scored by the passage it stands in, by how much of the question's rare words it and its
surroundings hold, and by how close it is in meaning. The weights are measured (docs/measurements.md).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from bot.question import STOP
from index.engine import Result
from index.sentences import spans

_LETTERS = re.compile(r"[A-Za-z]")
_MARKER = re.compile(r"^(?:[-*+•‣–o]|\(?\d{1,2}[.)]|\[\d{1,2}\]|\(?[a-z]\)|#{1,6})\s+")
_SHORTLOG = re.compile(r"[\w .'-]{2,40} \(\d+\):|[A-Z][a-z]+(?:-[a-z]+)*-by: ")  # of a pull request; a trailer
_ENDS = ".!)”\"'`>:*"
_HEADING = 10  # words: a shorter line without an end is a heading
_MOST = 420  # characters; longer "sentences" are lists and logs
READ = 8  # how many parts are read for evidence


@dataclass(frozen=True, slots=True)
class Candidate:
    """A sentence that may answer. ``order`` is its place in its passage, ``rank`` that of its part (0 is the best)."""

    result: Result
    text: str
    order: int
    rank: int = 0
    score: float = 0.0


@dataclass(frozen=True, slots=True)
class Wanted:
    """The question's meaningful words with their rarity."""

    weights: Mapping[str, float]

    def coverage(self, terms: Sequence[str]) -> float:
        """Return the share (0 … 1) of the question's weight that ``terms`` hold."""
        total = sum(self.weights.values())
        here = set(terms)
        return sum(w for term, w in self.weights.items() if term in here) / total if total else 0.0


def wanted(terms: Sequence[str], rarity: Callable[[str], float]) -> Wanted:
    """Return what to look for in sentences."""
    return Wanted({term: rarity(term) for term in dict.fromkeys(terms) if term not in STOP})


def candidates(results: Sequence[Result]) -> Iterator[Candidate]:
    """Yield the sentences of passages, part by part, each text once: repeated cover letters speak once."""
    seen: set[str] = set()
    ranks: dict[str, int] = {}
    for result in results:
        rank = ranks.setdefault(result.found.passage.part, len(ranks))
        text = result.found.passage.text
        for order, (start, end) in enumerate(spans(text)):
            sentence = _MARKER.sub("", text[start:end])
            key = " ".join(sentence.lower().split())
            if key not in seen and speaks(sentence):
                seen.add(key)
                yield Candidate(result, sentence, order, rank)


def with_neighbours(scored: Sequence[Candidate], share: float) -> list[Candidate]:
    """Add to each score a share of the better neighbour's: an answer stands among sentences about its subject."""
    by_place = {(c.result.found.passage.id, c.order): c.score for c in scored}
    lifted = []
    for c in scored:
        place = c.result.found.passage.id
        near = [by_place[at] for at in ((place, c.order - 1), (place, c.order + 1)) if at in by_place]
        lifted.append(replace(c, score=c.score + share * (max(near) if near else 0.8 * c.score)))
    return lifted


def speaks(sentence: str) -> bool:
    """Whether a stretch of text says something a person could read as an answer."""
    if not 20 <= len(sentence) <= _MOST or sentence.rstrip().endswith("?") or "```" in sentence:
        return False
    words = sentence.split()
    heading = sentence.rstrip()[-1] not in _ENDS and len(words) < _HEADING
    if heading or _SHORTLOG.match(sentence):
        return False
    return len(words) >= 4 and len(_LETTERS.findall(sentence)) >= 0.45 * len("".join(words))
