"""What of one generation is searched: its vectors and its words, kept in files beside the database.

Both are caches. They are compared with the catalogue (a set difference over passage numbers, which are
never used again) and repaired from it; a file that is gone or damaged is only a bigger difference.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Collection
from pathlib import Path

from index.catalog import Catalog, Generation
from index.entries import entry
from index.lexical import Lexical
from index.stores import VectorStore

_FILE = re.compile(r"(?:words|vectors)-(\d+)(?:\.faiss)?")
_AT_ONCE = 10_000


class Caches:
    """Vectors and words of ``generation``. Not to be used by two threads at once; the engine sees to that."""

    def __init__(self, folder: Path, catalog: Catalog, generation: Generation, vectors: VectorStore) -> None:
        self.generation = generation
        self.vectors = vectors
        self.words = Lexical(folder / f"words-{generation.number}")
        self._catalog = catalog
        self._file = folder / f"vectors-{generation.number}.faiss"
        self._stale = not vectors.load(self._file)

    def sync(self) -> bool:
        """Bring both up to the catalogue.

        False, and to be tried again, when another process is writing words, or the generation is no more.
        """
        wanted = set(self._catalog.numbers(self.generation))
        if self.generation.number not in self._catalog.generations():
            return False
        self._sync_vectors(wanted)
        return self._sync_words()

    def _sync_vectors(self, wanted: set[int]) -> None:
        have = self.vectors.numbers()
        gone, missing = have - wanted, sorted(wanted - have)
        if gone:
            self.vectors.remove(sorted(gone))
        for start in range(0, len(missing), _AT_ONCE):
            self.vectors.add(*self._catalog.vectors(self.generation, missing[start : start + _AT_ONCE]))
        self._stale = self._stale or bool(gone or missing)

    def _sync_words(self) -> bool:
        # A part stands under the number of its first passage: when it changes, that is another one.
        self.words.reload()
        have, wanted = self.words.numbers(), set(self._catalog.firsts(self.generation))
        gone, missing = have - wanted, sorted(wanted - have)
        entries = (entry(number, part) for number, part in self._catalog.leading(missing))
        return not (gone or missing) or self.words.update(entries, sorted(gone))

    def save(self) -> None:
        """Write the vectors to disk, when they have changed, so that the next start is quick."""
        if self._stale:
            self.vectors.save(self._file)
            self._stale = False


def prepare(folder: Path, catalog: Catalog, generation: Generation, vectors: VectorStore) -> None:
    """Fill and save the caches of a generation, so that whoever opens them next need not do it."""
    caches = Caches(folder, catalog, generation, vectors)
    caches.sync()
    caches.save()


def discard(folder: Path, keep: Collection[int]) -> None:
    """Remove the caches of all generations but those called ``keep``."""
    for path in folder.iterdir():
        match = _FILE.fullmatch(path.name)
        if match is None or int(match[1]) in keep:
            continue
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
