"""The index as one thing: takes parts in, gives passages out.

The catalogue is written first, in transactions; vectors follow; the vector store and the lexical index
are caches that are compared with the catalogue and brought up to date (``sync``). So a crash at any
point repeats work and loses none, and another process's writes are seen at the next search.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from index import rank
from index.caches import Caches, discard
from index.catalog import Catalog, Changes, Found, Generation
from index.database import Database
from index.embed import Embedder, Vectors
from index.embedding import embed_some
from index.errors import IndexProblem, Lost, NeedsReindex
from index.histories import Histories, Kin, strangers
from index.model import Batch, Document, Hit, Part
from index.nearness import Opening
from index.noted import Noted
from index.passages import VERSION
from index.people import AddressBook
from index.quantized import cosines
from index.search import DEFAULT_RANKING as DEFAULT_RANKING
from index.search import Query, Searcher
from index.search import Ranking as Ranking

_EMBED_AT_ONCE = 512  # passages a transaction: little enough to lose
LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Result:
    """A passage found, what is known of its part, and why it was found.

    ``alone`` says that words alone were searched for it. What ``Index.trouble`` says may be over by the time one looks.
    """

    hit: Hit
    found: Found
    alone: bool = False


class Index:
    """Everything krab knows, searchable.

    ``near`` opens the vectors of a generation;
    ``load`` gives the embedder of an identity: with it an open index follows a reindex to another embedder.
    """

    def __init__(
        self,
        folder: Path,
        database: Database,
        embedder: Embedder,
        near: Opening,
        kin: Kin = strangers,
        *,
        load: Callable[[str], Embedder] | None = None,
    ) -> None:
        self.catalog = Catalog(database)
        self.histories = Histories(database, kin)
        self.embedder = embedder
        self._folder = folder
        self._near = near
        self._load = load
        self._lock = threading.RLock()
        self._ingesting = threading.Lock()
        self._moving = threading.Lock()
        self._seen = -1
        self._book: tuple[int, AddressBook] | None = None
        self._unfinished = True  # an earlier process may have left passages without vectors
        self._use(self._opened(self._live_generation(), embedder), embedder)
        self.sync()
        discard(folder, self.catalog.generations())

    def _live_generation(self) -> Generation:
        live = self.catalog.live() or self.catalog.begin(self.embedder.identity, VERSION, live=True)
        if live.embedder != self.embedder.identity:
            kept = self.catalog.kept()
            other = "`krab reindex --rollback`" if kept and kept.embedder == self.embedder.identity else ""
            raise NeedsReindex(
                f"the index was made with {live.embedder}, but {self.embedder.identity} is configured:"
                f" run `krab reindex` to embed everything anew, {other or 'or configure the former embedder'}"
            )
        return live

    def _opened(self, generation: Generation, embedder: Embedder) -> Caches:
        near = self._near(self._folder, self.catalog, generation, embedder.dimensions)
        return Caches(self._folder, self.catalog, generation, near)

    def _use(self, caches: Caches, embedder: Embedder) -> None:
        self._caches, self.embedder = caches, embedder
        self._generation, self._words = caches.generation, caches.words
        self._noted = Noted(self.catalog, self._generation, embedder, self._words.terms, self._folder)

    @property
    def ready(self) -> bool:
        """Whether questions can be answered."""
        return self._seen >= 0

    @property
    def trouble(self) -> str:
        """Why questions are answered from words alone just now; "" when all is well."""
        return self._caches.near.trouble

    # In

    def ingest(self, batch: Batch, source: str) -> Changes:
        """Store a batch, its vectors and words. Idempotent; raises ``Unusable``."""
        with self._ingesting:
            ids = (*(part.id for part in batch.parts), *batch.removed)
            before = self.catalog.cut_from(self._generation, ids)
            changes = self._stored(batch, source)
            self.histories.put(batch.parts)
            self.histories.remove(id_ for id_ in batch.removed if self.catalog.part(id_) is None)
            if batch.rejected:
                self.catalog.reject(batch.rejected, source)
            if self._unfinished:
                self._settle(None)
            elif changes.new or changes.changed or changes.removed:
                self._unfinished = True
                self._settle(before ^ self.catalog.cut_from(self._generation, ids))
        return changes

    def _stored(self, batch: Batch, source: str) -> Changes:
        try:
            changes = self.catalog.put(batch.parts, source)
            return changes + Changes(removed=self.catalog.remove(batch.removed, source))
        except Lost:
            self._unfinished = True  # perhaps it was stored, and is known when it comes again
            raise

    def _settle(self, touched: Collection[int] | None) -> None:
        with self._moving:
            self._move()
        self.embed_pending()
        # Not under the lock: a server may be slow to take it, and questions need not wait for that.
        self._caches.near.sync(touched)
        self.sync()
        self._unfinished = False

    def forget(self, source: str, limit: int) -> int:
        """Forget that ``source`` brought at most ``limit`` parts, and the parts that nobody else brought."""
        ids = self.catalog.brought_by(source, limit)
        self.ingest(Batch(removed=tuple(ids)), source)
        return len(ids)

    def embed_pending(self) -> None:
        """Give every passage that lacks one its vector, and its sentences theirs."""
        while embed_some(self.catalog, self._generation, self.embedder, _EMBED_AT_ONCE):
            pass

    def sync(self) -> None:
        """Bring both caches up to what the catalogue holds."""
        with self._lock:
            tick = self.catalog.tick()
            # Busy means that another process writes words, perhaps not all of these: the next search tries again.
            self._seen = tick if self._caches.sync(()) else 0

    def save(self) -> None:
        """Write the vector cache to disk, when it has changed, so that the next start is quick."""
        with self._lock:
            self._caches.save()

    def close(self) -> None:
        """Let what was begun in the background end; the database may then be closed."""
        with self._moving:
            self._caches.near.close()

    # Out

    def search(
        self,
        query: str,
        k: int = 10,
        *,
        ranking: Ranking = DEFAULT_RANKING,
        events: Collection[str] = (),
        named: Sequence[str] = (),
        until: datetime | None = None,
    ) -> list[Result]:
        """Return the closest passages of the ``k`` parts that suit ``query`` best, best first, one of each.

        ``events`` are the kinds of events that it asks for, ``named`` the ids of parts that it names; nothing
        dated after ``until`` is found.
        """
        self._refresh()
        with self._lock:
            searcher = Searcher(self.catalog, self.histories, self._caches, self.embedder)
            asked = Query(query, self.people(query), events, named, until, *self._noted.at(self._seen))
            searched = searcher.search(asked, k, ranking)
        scored = searched.parts[:k]
        found = self.catalog.found([s.candidate.passage for s in scored])
        known = [(s, found[s.candidate.passage]) for s in scored if s.candidate.passage in found]
        return [_result(s, passage, alone=searched.alone) for s, passage in known]

    def people(self, text: str) -> Mapping[str, float]:
        """Return the authors that ``text`` speaks of, with how likely (0 … 1)."""
        tick = self._seen
        if self._book is None or self._book[0] != tick:
            self._book = tick, AddressBook(self.catalog.authors(), self._uses)
        return self._book[1].find(text)

    def _uses(self, word: str) -> int:
        return max(map(self._words.uses, self._words.terms(word)), default=0)

    def _refresh(self) -> None:
        # While this process ingests, it syncs by itself: a question need not wait for that.
        if self.catalog.tick() != self._seen and not self._ingesting.locked():
            if self.catalog.live() != self._generation:
                self._follow()
            self.sync()

    def _follow(self) -> None:
        # Another process has swapped in a new generation. The one before is kept until the next reindex is
        # done, so questions go on with it while the new one is opened; unless that has happened already.
        if self._generation.number not in self.catalog.generations():
            with self._moving:
                self._move()
            if self._generation.number not in self.catalog.generations():
                raise NeedsReindex("the index was made anew with another embedder: restart krab to answer from it")
        elif self._moving.acquire(blocking=False):
            threading.Thread(target=self._move_and_release, name="index-move", daemon=True).start()

    def _move_and_release(self) -> None:
        try:
            self._move()
        finally:
            self._moving.release()

    def _move(self) -> None:
        """Open the live generation, if it is another one, and answer from it."""
        live = self.catalog.live()
        embedder = self._embedder_of(live) if live and live != self._generation else None
        if live and embedder:
            caches = self._opened(live, embedder)
            caches.sync()
            with self._lock:
                self._use(caches, embedder)
                self._seen = 0  # what came meanwhile is seen at the next search
            LOG.info("answering from generation %s of the index", live.number)

    def _embedder_of(self, generation: Generation) -> Embedder | None:
        if generation.embedder == self.embedder.identity:
            return self.embedder
        if self._load is None:
            return None  # this process stays with what it has, as long as that is kept
        try:
            return self._load(generation.embedder)
        except IndexProblem as problem:
            LOG.warning("generation %s can't be used before a restart: %s", generation.number, problem)
            return None

    def passages(self, parts: Sequence[str], vector: Vectors | None = None) -> list[Result]:
        """Return every passage of ``parts``, part by part in that order; their score is the cosine to ``vector``."""
        found = self.catalog.passages(self._generation, parts)
        numbers = [f.passage.id for f in found]
        with self._lock:
            near = {} if vector is None else self._caches.near.cosines(vector, numbers)
        return [Result(Hit(f.passage, near.get(f.passage.id, 0.0)), f) for f in found]

    def sentences(self, passages: Sequence[int], vector: Callable[[], Vectors]) -> Mapping[int, Sequence[float]]:
        """Return the cosines to ``vector`` of the sentences of the passages with these numbers.

        Their order is that of ``index.sentences.spans``. Passages are left out that were embedded without; where all
        were, ``vector`` is not asked for.
        """
        stored = self.catalog.sentences(self._generation, passages)
        return cosines(stored, vector()) if stored else {}

    def terms(self, text: str) -> list[str]:
        """Return the stemmed words of ``text``, repeated ones too."""
        return self._words.terms(text)

    def rarity(self, term: str) -> float:
        """Return how rare a stemmed word is over all parts (BM25's inverse document frequency)."""
        return self._words.rarity(term)

    def part(self, id_: str) -> Part | None:
        """Return the part called ``id_``."""
        return self.catalog.part(id_)

    def document(self, id_: str) -> Document | None:
        """Return the document that the part called ``id_`` belongs to."""
        return self.catalog.document(id_)


def _result(scored: rank.Scored, found: Found, *, alone: bool) -> Result:
    as_found = (("cosine", scored.candidate.cosine), ("bm25", scored.candidate.words))
    why = tuple((name, round(value, 4)) for name, value in (*as_found, *scored.why))
    return Result(Hit(found.passage, scored.score, why), found, alone)
