"""Curated notes are answers that somebody has written down: found when their title asks what is asked.

A note's title is a question, and it may name other ways to ask it, so these are compared with the question itself,
and not with the passages of mails: by meaning, and by how much of the question's rare words they hold. A note
of which one is close enough is as good as pinned.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from index.embed import Vectors
from index.model import Part

WORDS = 0.4  # what a title that holds all rare words of the question adds to its cosine
CLOSE, SAME = 0.8, 1.0  # from which sum on a title begins to count, and from which it asks the same


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
