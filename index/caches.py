"""What of one generation is searched: its vectors and its words, both caches of the catalogue.

They are compared with the catalogue and repaired from it; what is gone or damaged is only a bigger difference.
Words are kept in a folder beside the database; where vectors are kept is up to ``index.nearness``.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Collection
from pathlib import Path

from index.catalog import Catalog, Generation
from index.entries import entry
from index.errors import Unusable
from index.lexical import Lexical
from index.nearness import Nearness

_FILE = re.compile(r"(?:words|vectors)-(\d+)(?:\.faiss)?")


class Caches:
    """Vectors (``near``) and words of ``generation``.

    Words are not to be used by two threads at once; the engine sees to that.
    """

    def __init__(self, folder: Path, catalog: Catalog, generation: Generation, near: Nearness) -> None:
        self.generation = generation
        self.near = near
        self.words = Lexical(folder / f"words-{generation.number}")
        self._catalog = catalog

    def sync(self, touched: Collection[int] | None = None) -> bool:
        """Bring both up to the catalogue; ``touched`` is as in ``Nearness.sync``.

        False, and to be tried again, when another process is writing words, or the generation is no more.
        """
        if self.generation.number not in self._catalog.generations():
            return False
        self.near.sync(touched)
        return self._sync_words()

    def _sync_words(self) -> bool:
        # A part stands under the number of its first passage: when it changes, that is another one.
        self.words.reload()
        have, wanted = self.words.numbers(), set(self._catalog.firsts(self.generation))
        gone, missing = have - wanted, sorted(wanted - have)
        entries = (entry(number, part) for number, part in self._catalog.leading(missing))
        return not (gone or missing) or self.words.update(entries, sorted(gone))

    def save(self) -> None:
        """Keep what the next start would have to do again."""
        self.near.save()


def prepare(folder: Path, catalog: Catalog, generation: Generation, near: Nearness) -> None:
    """Fill and save the caches of a generation, so that whoever opens them next need not do it. Raises ``Unusable``."""
    caches = Caches(folder, catalog, generation, near)
    caches.sync()
    if near.trouble:
        raise Unusable(f"{near.trouble}: what was made is kept, run the same command again when that is mended")
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
