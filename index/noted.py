"""What curated notes are asked and say, read from the catalogue, and again when that has changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

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
        self._passages: tuple[int, ...] = ()  # of which all sentences have been read
        self._titles = Titles.of((), self._asking.embed, terms)
        self._sayings: Sayings | None = None

    def at(self, tick: int) -> tuple[Titles, Sayings | None]:
        """Return what notes are asked, and what they are asked and say where their sentences have vectors.

        ``tick`` tells whether the catalogue has changed.
        """
        if tick != self._seen:
            # Mail comes all the time, notes hardly ever: they are read anew only when they have changed.
            notes = self._catalog.of_kind(Kind.NOTE)
            asked = tuple((note.id, text) for note in notes for text in asked_of(note))
            found = self._catalog.passages(self._generation, [note.id for note in notes])
            if asked != self._asked:
                self._titles = Titles.of(asked, self._asking.embed, self._terms)
            if asked != self._asked or tuple(f.passage.id for f in found) != self._passages:
                self._said(asked, {f.passage.id: f.passage.part for f in found})
            self._asked, self._seen = asked, tick
        return self._titles, self._sayings

    def _said(self, asked: Sequence[tuple[str, str]], parts: Mapping[int, str]) -> None:
        stored = self._catalog.sentences(self._generation, list(parts))
        self._passages = tuple(parts) if len(stored) == len(parts) else ()  # others may be embedded yet
        self._sayings = None
        if stored:
            ids = tuple(dict.fromkeys(id_ for id_, _ in asked))
            place = {id_: n for n, id_ in enumerate(ids)}
            sizes = [len(row) // self._spoken.dimensions for row in stored.values()]
            self._sayings = Sayings(
                ids=ids,
                askers=np.array([place[id_] for id_, _ in asked], np.int64),
                asked=self._spoken.embed([text for _, text in asked]),
                sayers=np.repeat([place[parts[n]] for n in stored], sizes),
                said=unpacked(stored, self._spoken.dimensions),
            )
