"""What of one generation is searched: its vectors and its words, kept in files beside the database.

Both are caches. They are compared with the catalogue (a set difference over passage numbers, which are
never used again) and repaired from it; a file that is gone or damaged is only a bigger difference.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Collection, Sequence
from pathlib import Path

from index.catalog import Catalog, Generation
from index.lexical import Entry, Lexical, identifiers
from index.model import Part
from index.stores import VectorStore

_NAMES = re.compile(r"[\s.,-]+")
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
        return self._sync_words(wanted)

    def _sync_vectors(self, wanted: set[int]) -> None:
        have = self.vectors.numbers()
        gone, missing = have - wanted, sorted(wanted - have)
        if gone:
            self.vectors.remove(sorted(gone))
        for start in range(0, len(missing), _AT_ONCE):
            self.vectors.add(*self._catalog.vectors(self.generation, missing[start : start + _AT_ONCE]))
        self._stale = self._stale or bool(gone or missing)

    def _sync_words(self, wanted: set[int]) -> bool:
        self.words.reload()
        have = self.words.numbers()
        gone, missing = have - wanted, sorted(wanted - have)
        return not (gone or missing) or self.words.update(map(_entry, self._catalog.words(missing)), sorted(gone))

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


def handles(part: Part) -> tuple[str, ...]:
    """Return what else the author is called: the label "by:…", and the initials of three or more names."""
    names = [name for name in _NAMES.split(part.author) if name[:1].isalpha()]
    initials = ("".join(name[0] for name in names).lower(),) if 3 <= len(names) <= 4 else ()
    return (*(label[3:] for label in part.labels if label.startswith("by:")), *initials)


def _entry(row: tuple[int, str, Part, bool]) -> Entry:
    number, text, part, first = row
    touched: Sequence[str] = (*part.files, *part.symbols) if first else ()
    return Entry(
        number=number,
        body=text,
        title=part.title,
        author=" ".join((part.author, *handles(part))),
        quoted=part.quoted[:2000] if first else "",
        code=" ".join((*identifiers(part.title), *identifiers(text), *touched)),
    )
