"""Reindexing: a generation made beside the one that answers, then the swap. Owns the table ``builds``.

It goes in steps, each a transaction, so it can be killed anywhere and goes on where it was. Whoever
wants to know how far it is reads ``builds``, also from another process. The generation before is kept
until the next is done: rolling back to it is finishing it, should it lack anything, and swapping again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from index.catalog import Catalog, Generation
from index.database import Database
from index.embed import Embedder
from index.embedding import embed_some
from index.errors import IndexProblem
from index.passages import VERSION

MIGRATIONS = (
    """
CREATE TABLE builds (
    generation INTEGER PRIMARY KEY,
    done INTEGER NOT NULL,
    total INTEGER NOT NULL,
    rate REAL NOT NULL,
    began REAL NOT NULL,
    beat REAL NOT NULL
)
""",
)
_SAVE = (
    "INSERT INTO builds (generation, done, total, rate, began, beat) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (generation)"
    " DO UPDATE SET done = excluded.done, total = excluded.total, rate = excluded.rate, beat = excluded.beat"
)
_CUT_AT_ONCE = 50  # parts a step: some seconds
_EMBED_AT_ONCE = 256  # passages a transaction: little enough to lose


class Cancelled(IndexProblem):
    """Somebody has cancelled the reindex; what answered before still does."""


class AlreadyRunning(IndexProblem):
    """Another process is reindexing."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a reindex is. ``done`` of ``total`` parts; ``rate`` in parts a second, 0 when not known yet."""

    generation: int
    done: int
    total: int
    rate: float
    began: datetime
    beat: datetime  # when it last got on
    running: bool = True

    @property
    def percent(self) -> int:
        """From 0 to 100."""
        return 100 * self.done // max(self.total, 1)

    @property
    def left(self) -> float | None:
        """Seconds until it is done, as far as can be told."""
        return (self.total - self.done) / self.rate if self.rate else None


class Builds:
    """The table of reindexes that are under way."""

    def __init__(self, database: Database) -> None:
        self._database = database
        database.migrate("builds", MIGRATIONS)

    def save(self, progress: Progress) -> None:
        """Remember how far it is; of other generations nothing is remembered."""
        row = (progress.generation, progress.done, progress.total, progress.rate)
        with self._database.write() as connection:
            connection.execute("DELETE FROM builds WHERE generation <> ?", (progress.generation,))
            connection.execute(_SAVE, (*row, progress.began.timestamp(), progress.beat.timestamp()))

    def progress(self, generation: Generation, *, running: bool) -> Progress | None:
        """Return how far the generation is, or None when nothing is known of it."""
        sql = "SELECT generation, done, total, rate, began, beat FROM builds WHERE generation = ?"
        row = self._database.connection().execute(sql, (generation.number,)).fetchone()
        if row is None:
            return None
        number, done, total, rate, began, beat = row
        return Progress(number, done, total, rate, _moment(began), _moment(beat), running)


def reindex(
    database: Database,
    embedder: Embedder,
    *,
    prepare: Callable[[Generation, int], None] = lambda _, __: None,
    clock: Callable[[], float] = lambda: 0.0,
) -> Iterator[Progress]:
    """Cut and embed everything anew beside the live generation, then swap; yields after every step.

    Interrupted and called again it goes on where it was, unless the embedder has changed since.
    ``prepare`` fills the new generation's caches (its vectors have so many dimensions) before the swap.
    Raises ``Cancelled``.
    """
    catalog = Catalog(database)
    building = catalog.building()
    if building and (building.embedder, building.splitter) != (embedder.identity, VERSION):
        catalog.drop(building)
        building = None
    catalog.sweep()
    building = building or catalog.begin(embedder.identity, VERSION, live=False)
    yield from _Build(catalog, Builds(database), building, embedder, clock).run(prepare)


def roll_back(
    database: Database,
    embedder: Callable[[str], Embedder],
    *,
    prepare: Callable[[Generation, int], None] = lambda _, __: None,
    clock: Callable[[], float] = lambda: 0.0,
) -> Iterator[Progress]:
    """Go back to the generation before this one; the present one is then the one that is kept.

    ``embedder`` loads the embedder of that name. Raises ``IndexProblem`` when there is nothing to go back to.
    """
    catalog = Catalog(database)
    if catalog.building():
        raise IndexProblem(
            "a reindex has been begun: finish it (`krab reindex`) or give it up (`krab reindex --cancel`)"
        )
    kept = catalog.kept()
    if kept is None:
        raise IndexProblem("there is no generation to go back to: one is kept once a reindex is done")
    loaded = embedder(kept.embedder)
    kept = catalog.revive() or kept
    yield from _Build(catalog, Builds(database), kept, loaded, clock).run(prepare)


def cancel(database: Database) -> bool:
    """Give up the reindex that is under way or was interrupted; False when there is none."""
    catalog = Catalog(database)
    building = catalog.building()
    if building:
        catalog.drop(building)
    return building is not None


def progress(database: Database) -> Progress | None:
    """Return how far the reindex is that is under way or was interrupted; None when there is none."""
    building = Catalog(database).building()
    return Builds(database).progress(building, running=running(database)) if building else None


@dataclass(frozen=True, slots=True)
class _Build:
    catalog: Catalog
    builds: Builds
    generation: Generation
    embedder: Embedder
    clock: Callable[[], float]

    def run(self, prepare: Callable[[Generation, int], None]) -> Iterator[Progress]:
        yield from self._steps()
        self._embed()
        prepare(self.generation, self.embedder.dimensions)
        if kept := self.catalog.kept():
            self.catalog.drop(kept)
        while not self.catalog.swap(self.generation):  # something was read meanwhile
            self.catalog.cut_missing(self.generation, _CUT_AT_ONCE)
            self._embed()
        self._check(self.catalog.live())

    def _steps(self) -> Iterator[Progress]:
        total, done, began = self.catalog.totals().parts, self.catalog.cut_parts(self.generation), self.clock()
        before = done
        self._check(self.catalog.building())
        self.builds.save(Progress(self.generation.number, done, max(total, done), 0.0, _moment(began), _moment(began)))
        self._embed()  # an earlier run may have cut more than it embedded
        while cut := self.catalog.cut_missing(self.generation, _CUT_AT_ONCE):
            self._embed()
            done, now = done + cut, self.clock()
            rate = (done - before) / (now - began) if now > began else 0.0
            step = Progress(self.generation.number, done, max(total, done), rate, _moment(began), _moment(now))
            self.builds.save(step)
            yield step

    def _embed(self) -> None:
        def check() -> None:
            self._check(self.catalog.building())

        check()
        while embed_some(self.catalog, self.generation, self.embedder, _EMBED_AT_ONCE, check=check):
            pass

    def _check(self, there: Generation | None) -> None:
        if there != self.generation:
            raise Cancelled("the reindex was cancelled; the index that answers is as it was")


@contextmanager
def alone(database: Database) -> Iterator[None]:
    """Be the only process that reindexes a database; one that dies gives it free. Raises ``AlreadyRunning``."""
    with database.alone("reindex") as ours:
        if not ours:
            raise AlreadyRunning("another process is reindexing: `krab status` shows how far it is")
        yield


def running(database: Database) -> bool:
    """Whether some process is reindexing a database."""
    with database.alone("reindex") as ours:
        return not ours


def _moment(stamp: float) -> datetime:
    return datetime.fromtimestamp(stamp, UTC)
