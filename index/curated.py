"""Curated notes are answers that somebody has written down: found when their title asks what is asked.

A note's title is a question, so it is compared with the question itself, and not with the passages of mails:
by meaning, and by how much of the question's rare words it holds. One that is close enough is as good as pinned.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from index.embed import Embedder, Vectors

WORDS = 0.4  # what a title that holds all rare words of the question adds to its cosine
CLOSE, SAME = 0.8, 1.0  # from which sum on a title begins to count, and from which it asks the same


@dataclass(frozen=True, slots=True)
class Titles:
    """The titles of all notes: their ids, unit vectors (n, dimensions) and stemmed words."""

    ids: tuple[str, ...]
    vectors: Vectors
    words: tuple[frozenset[str], ...]

    @classmethod
    def of(cls, titled: Sequence[tuple[str, str]], embedder: Embedder, terms: Callable[[str], Sequence[str]]) -> Titles:
        """Read (id, title) of every note."""
        titles = [title for _, title in titled]
        vectors = embedder.embed(titles) if titles else np.zeros((0, embedder.dimensions), np.float32)
        return cls(tuple(id_ for id_, _ in titled), vectors, tuple(frozenset(terms(t)) for t in titles))

    def asking(self, vector: Vectors, rarity: Mapping[str, float]) -> dict[str, float]:
        """Return how surely (0 … 1) each note's title asks what a question with this vector and these words asks."""
        if not self.ids:
            return {}
        total = sum(rarity.values()) or 1.0
        held = np.array([sum(r for word, r in rarity.items() if word in words) / total for words in self.words])
        sure = np.clip((self.vectors @ vector + WORDS * held - CLOSE) / (SAME - CLOSE), 0.0, 1.0)
        return {self.ids[n]: float(sure[n]) for n in np.flatnonzero(sure)}
