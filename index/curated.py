"""Curated notes are answers that somebody has written down: found when they are asked, or say, what is asked.

A note's title is a question, and it may name other ways to ask it, so these are compared with the question itself,
and not with the passages of mails: by meaning, and by how much of the question's rare words they hold (``Titles``).
Where sentences have vectors a note is found, too, by how near the nearest of its questions and its nearest sentence
come together, beside the nearest sentence that anything else says (``Sayings``). A note that is close enough is as
good as pinned.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from index.embed import Vectors
from index.model import Part

Places = npt.NDArray[np.int64]

WORDS = 0.4  # what a title that holds all rare words of the question adds to its cosine
CLOSE, SAME = 0.8, 1.0  # from which sum on a title begins to count, and from which it asks the same
NEAR, NEARER = 0.1, 0.5  # the same for what a note is asked and says, less what anything else says,
ELSE = 0.4  # … which is taken for as near as this at least: in a large archive something always is


def asked_of(note: Part) -> tuple[str, ...]:
    """Return the questions that ``note`` answers: its title, and what it says it is asked besides."""
    return (note.title, *note.asks)


@dataclass(frozen=True, slots=True)
class Titles:
    """The questions that notes answer, several of one note at times: ids, unit vectors (n, dimensions), stems."""

    ids: tuple[str, ...]
    vectors: Vectors
    words: tuple[frozenset[str], ...]

    @classmethod
    def of(
        cls,
        titled: Sequence[tuple[str, str]],
        embed: Callable[[Sequence[str]], Vectors],
        terms: Callable[[str], Sequence[str]],
    ) -> Titles:
        """Read (id of a note, question that it answers)."""
        titles = [title for _, title in titled]
        words = tuple(frozenset(terms(title)) for title in titles)
        return cls(tuple(id_ for id_, _ in titled), embed(titles), words)

    def asking(self, vector: Vectors, rarity: Mapping[str, float]) -> dict[str, float]:
        """Return how surely (0 … 1) each note answers what a question with this vector and these words asks."""
        if not self.ids:
            return {}
        total = sum(rarity.values()) or 1.0
        held = np.array([sum(r for word, r in rarity.items() if word in words) / total for words in self.words])
        sure = np.clip((self.vectors @ vector + WORDS * held - CLOSE) / (SAME - CLOSE), 0.0, 1.0)
        return {self.ids[n]: float(sure[n]) for n in np.argsort(sure, kind="stable") if sure[n]}  # the surest one stays


@dataclass(frozen=True, slots=True)
class Sayings:
    """The questions that notes answer, and their sentences, as questions are held against sentences.

    ``asked`` and ``said`` are unit vectors of shape (n, dimensions); ``askers`` and ``sayers`` say which of ``ids``
    each belongs to.
    """

    ids: tuple[str, ...]
    askers: Places
    asked: Vectors
    sayers: Places
    said: Vectors

    def near(self, vector: Vectors) -> dict[str, float]:
        """Return how near each note comes to a question: the cosines of its nearest question and sentence, added.

        A note none of whose sentences has a vector is left out.
        """
        both = self._nearest(self.askers, self.asked @ vector) + self._nearest(self.sayers, self.said @ vector)
        return {id_: float(near) for id_, near in zip(self.ids, both, strict=True) if np.isfinite(near)}

    def _nearest(self, places: Places, cosines: Vectors) -> Vectors:
        nearest = np.full(len(self.ids), -np.inf, np.float32)
        np.maximum.at(nearest, places, cosines)
        return nearest


def surely(near: float, other: float) -> float:
    """Return how surely (0 … 1) a note that comes so near answers what is asked; ``other`` is how near the nearest
    sentence comes that is no note's.
    """
    return float(np.clip((near - max(other, ELSE) - NEAR) / (NEARER - NEAR), 0.0, 1.0))
