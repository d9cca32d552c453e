"""The index as one thing: takes parts in, gives passages out.

The catalogue is written first, in transactions; vectors follow; the vector store and the lexical index
are caches that are compared with the catalogue and brought up to date (``sync``). So a crash at any
point repeats work and loses none, and another process's writes are seen at the next search.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from index import rank
from index.catalog import Catalog, Changes, Found, Generation
from index.database import Database
from index.embed import Embedder
from index.errors import NeedsReindex
from index.histories import Histories, Kin, strangers
from index.lexical import Entry, Lexical, Weights, identifiers
from index.model import Batch, Document, Hit, Part
from index.passages import VERSION
from index.stores import VectorStore

_NAMES = re.compile(r"[\s.,-]+")
_EMBED_AT_ONCE = 512  # passages a transaction: little enough to lose
_CUT_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Result:
    """A passage found, what is known of its part, and why it was found."""

    hit: Hit
    found: Found


@dataclass(frozen=True, slots=True)
class Ranking:
    """How passages are ranked. The defaults are measured: see docs/measurements.md."""

    dense: float = 0.4  # share of the vectors; 0 is words alone, 1 vectors alone
    fields: Weights = field(default_factory=Weights)
    depth: int = rank.DEPTH
    reciprocal: bool = False


DEFAULT_RANKING = Ranking()


class Index:
    """Everything krab knows, searchable."""

    def __init__(
        self,
        folder: Path,
        database: Database,
        embedder: Embedder,
        new_store: Callable[[int], VectorStore],
        kin: Kin = strangers,
    ) -> None:
        self.catalog = Catalog(database)
        self.histories = Histories(database, kin)
        self.embedder = embedder
        self._folder = folder
        self._new_store = new_store
        self._lock = threading.RLock()
        self._ingesting = threading.Lock()
        self._seen = -1
        self._stale = False
        self._unfinished = True  # an earlier process may have left passages without vectors
        self._generation = self._live_generation()
        self._open_caches()

    def _live_generation(self) -> Generation:
        live = self.catalog.live() or self.catalog.begin(self.embedder.identity, VERSION, live=True)
        if live.embedder != self.embedder.identity:
            raise NeedsReindex(
                f"the index was made with {live.embedder}, but {self.embedder.identity} is configured:"
                " run `krab reindex` to embed everything anew, or configure the former embedder"
            )
        return live

    def _open_caches(self) -> None:
        self._vectors = self._new_store(self.embedder.dimensions)
        self._stale = not self._vectors.load(self._vector_file)
        self._words = Lexical(self._folder / f"words-{self._generation.number}")
        self.sync()

    @property
    def _vector_file(self) -> Path:
        return self._folder / f"vectors-{self._generation.number}.faiss"

    @property
    def ready(self) -> bool:
        """Whether questions can be answered."""
        return self._seen >= 0

    # In

    def ingest(self, batch: Batch, source: str) -> Changes:
        """Store a batch, its vectors and words. Idempotent; raises ``Unusable``."""
        with self._ingesting:
            changes = self.catalog.put(batch.parts, source)
            changes += Changes(removed=self.catalog.remove(batch.removed, source))
            self.histories.put(batch.parts)
            self.histories.remove(id_ for id_ in batch.removed if self.catalog.part(id_) is None)
            if batch.rejected:
                self.catalog.reject(batch.rejected, source)
            self._unfinished = self._unfinished or bool(changes.new or changes.changed or changes.removed)
            if self._unfinished:
                self.embed_pending()
                self._catch_up()
                self._unfinished = False
        return changes

    def embed_pending(self) -> None:
        """Give every passage that lacks one its vector."""
        _embed(self.catalog, self.embedder)

    def sync(self) -> None:
        """Bring both caches up to what the catalogue holds."""
        with self._lock:
            tick = self.catalog.tick()
            wanted = set(self.catalog.numbers(self._generation))
            self._sync_vectors(wanted)
            # Busy means that another process writes words, perhaps not all of these: the next search tries again.
            self._seen = tick if self._sync_words(wanted) else 0

    def _sync_vectors(self, wanted: set[int]) -> None:
        have = self._vectors.numbers()
        gone, missing = have - wanted, sorted(wanted - have)
        if gone:
            self._vectors.remove(sorted(gone))
        for start in range(0, len(missing), 10_000):
            self._vectors.add(*self.catalog.vectors(self._generation, missing[start : start + 10_000]))
        self._stale = self._stale or bool(gone or missing)

    def _sync_words(self, wanted: set[int]) -> bool:
        self._words.reload()
        have = self._words.numbers()
        gone, missing = have - wanted, sorted(wanted - have)
        return not (gone or missing) or self._words.update(map(_entry, self.catalog.words(missing)), sorted(gone))

    def save(self) -> None:
        """Write the vector cache to disk, when it has changed, so that the next start is quick."""
        with self._lock:
            if self._stale:
                self._vectors.save(self._vector_file)
                self._stale = False

    # Out

    def search(
        self, query: str, k: int = 10, *, ranking: Ranking = DEFAULT_RANKING, until: datetime | None = None
    ) -> list[Result]:
        """Return at most ``k`` passages for ``query``, best first; none dated after ``until``."""
        self._refresh()
        if until is None:
            return self._results(self._scored(query, ranking)[:k])
        while True:
            scored = self._scored(query, ranking)
            known = [r for r in self._results(scored) if r.found.date and r.found.date <= until]
            if len(known) >= k or len(scored) < ranking.depth:
                return known[:k]
            # What came later has filled the first places: look further down.
            ranking = replace(ranking, depth=ranking.depth * 8)

    def _results(self, scored: Sequence[rank.Scored]) -> list[Result]:
        found = self.catalog.found([s.number for s in scored])
        return [_result(s, found[s.number]) for s in scored if s.number in found]

    def _scored(self, query: str, ranking: Ranking) -> list[rank.Scored]:
        with self._lock:
            vector = self.embedder.embed([query])[0] if ranking.dense else None
            dense = self._vectors.search(vector, ranking.depth) if vector is not None else []
            lexical = self._words.search(query, ranking.depth, ranking.fields) if ranking.dense < 1 else []
        if ranking.reciprocal:
            return [rank.Scored(n, s) for n, s in rank.reciprocal(dense, lexical)]
        return rank.fuse(dense, lexical, ranking.dense, ranking.depth)

    def _refresh(self) -> None:
        # While this process ingests, it syncs by itself: a question need not wait for that.
        if self.catalog.tick() != self._seen and not self._ingesting.locked():
            self._catch_up()

    def _catch_up(self) -> None:
        # Another process may have swapped in a new generation, so what is live is looked up each time.
        with self._lock:
            if self.catalog.live() != self._generation:
                self._generation = self._live_generation()
                self._open_caches()
            else:
                self.sync()

    def passages(self, parts: Sequence[str]) -> list[Result]:
        """Return every passage of ``parts``, part by part in that order; found by nothing, their score is 0."""
        return [Result(Hit(f.passage, 0.0), f) for f in self.catalog.passages(self._generation, parts)]

    def terms(self, text: str) -> list[str]:
        """Return the stemmed words of ``text``, repeated ones too."""
        return self._words.terms(text)

    def rarity(self, term: str) -> float:
        """Return how rare a stemmed word is over all passages (BM25's inverse document frequency)."""
        return self._words.rarity(term)

    def part(self, id_: str) -> Part | None:
        """Return the part called ``id_``."""
        return self.catalog.part(id_)

    def document(self, id_: str) -> Document | None:
        """Return the document that the part called ``id_`` belongs to."""
        return self.catalog.document(id_)


def reindex(database: Database, embedder: Embedder) -> Iterator[tuple[int, int]]:
    """Cut and embed everything anew beside the live generation, then swap; yields (done, total) parts.

    Interrupted and called again it goes on where it was, unless the embedder has changed since.
    """
    catalog = Catalog(database)
    building = catalog.building()
    if building and (building.embedder, building.splitter) != (embedder.identity, VERSION):
        catalog.drop(building)
        building = None
    building = building or catalog.begin(embedder.identity, VERSION, live=False)
    total = catalog.totals().parts
    done = catalog.cut_parts(building)
    while cut := catalog.cut_missing(building, _CUT_AT_ONCE):
        _embed(catalog, embedder)
        done += cut
        yield done, total
    _embed(catalog, embedder)
    catalog.swap(building)


def _embed(catalog: Catalog, embedder: Embedder) -> None:
    while pending := catalog.pending(embedder.identity, _EMBED_AT_ONCE):
        catalog.add_vectors(embedder.identity, [key for key, _ in pending], embedder.embed([t for _, t in pending]))


def _result(scored: rank.Scored, found: Found) -> Result:
    names = ("dense", "lexical", "cosine", "bm25")
    why = tuple((name, round(getattr(scored, name), 4)) for name in names)
    return Result(Hit(found.passage, scored.score, why), found)


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
