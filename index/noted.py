"""What curated notes are asked and say, read from the catalogue, and again when that has changed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from index.catalog import Catalog, Generation
from index.curated import Sayings, Titles, asked_of
from index.embed import Embedder
from index.model import Kind
from index.quantized import unpacked
from index.remembered import Remembering

_ASKED, _SPOKEN = "asked.npz", "asked-spoken.npz"  # caches of the vectors of what notes are asked


class Noted:
    """The notes of one generation. Not to be used by several threads at once."""

    def __init__(
        self,
        catalog: Catalog,
        generation: Generation,
        embedder: Embedder,
        terms: Callable[[str], Sequence[str]],
        folder: Path,
    ) -> None:
        self._catalog = catalog
        self._generation = generation
        self._terms = terms
        self._asking = Remembering(embedder, folder / _ASKED)
        self._spoken = Remembering(embedder, folder / _SPOKEN, embedder.embed_for_spans)
        self._seen = -1
        self._asked: tuple[tuple[str, str], ...] = ()
        self._titles = Titles.of((), self._asking.embed, terms)
        self._sayings: Sayings | None = None

    def at(self, tick: int) -> tuple[Titles, Sayings | None]:
        """Return what notes are asked, and what they are asked and say where their sentences have vectors.

        ``tick`` tells whether the catalogue has changed.
        """
        if tick != self._seen:
            # Mail comes all the time, notes hardly ever: questions are embedded only when they have changed.
            notes = self._catalog.of_kind(Kind.NOTE)
            asked = tuple((note.id, text) for note in notes for text in asked_of(note))
            if asked != self._asked:
                self._titles = Titles.of(asked, self._asking.embed, self._terms)
            self._sayings = self._said(asked)
            self._asked, self._seen = asked, tick
        return self._titles, self._sayings

    def _said(self, asked: Sequence[tuple[str, str]]) -> Sayings | None:
        found = self._catalog.passages(self._generation, list(dict.fromkeys(id_ for id_, _ in asked)))
        parts = {f.passage.id: f.passage.part for f in found}
        stored = self._catalog.sentences(self._generation, list(parts))
        if not stored:
            return None
        said = unpacked(stored, self._spoken.dimensions)
        sayers = tuple(parts[n] for n, row in stored.items() for _ in range(len(row) // self._spoken.dimensions))
        askers = tuple(id_ for id_, _ in asked)
        return Sayings(askers, self._spoken.embed([text for _, text in asked]), sayers, said)
