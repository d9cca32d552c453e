"""The composition root: the only file that names concrete classes of all three packages.

Everything is built from settings, in the order of need; nothing here decides anything.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from bot.answer import Answerer
from bot.settings import Settings
from bot.state import State
from feeds.kinds import Source
from index.catalog import Catalog
from index.database import Database
from index.embed import Embedder, load
from index.engine import Index
from index.errors import Unusable

NOTES = "starter-notes"


@dataclass(frozen=True, slots=True)
class Krab:
    """krab, ready to answer."""

    settings: Settings
    database: Database
    index: Index
    answerer: Answerer
    state: State


@contextmanager
def opened(settings: Settings) -> Iterator[Krab]:
    """Open everything under the data directory; the starter notes are indexed on first use.

    Raises ``IndexProblem`` with one clear line when the directory can't be used as it is.
    """
    database = open_database(settings)
    try:
        index = open_index(settings, database)
        state = State(settings.data / "state.db")
        if settings.starter_notes:
            read_starter_notes(index, database)
        yield Krab(settings, database, index, Answerer(index), state)
        index.save()
        state.close()
    finally:
        database.close()


def open_database(settings: Settings) -> Database:
    """Open ``krab.db``, making the data directory (mode 0700) when it is absent. Raises ``Unusable``."""
    try:
        settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise Unusable(
            f"cannot use {settings.data} as data directory: {error.strerror}; give another with --data"
        ) from error
    return Database(settings.data / "krab.db")


def open_index(settings: Settings, database: Database) -> Index:
    """Open the index with the embedder that made it, or the configured one. Raises ``IndexProblem``."""
    from index.stores.faiss import Faiss

    return Index(settings.data, database, open_embedder(settings, database), Faiss)


def open_embedder(settings: Settings, database: Database, *, fresh: bool = False) -> Embedder:
    """Load the configured embedder; unless ``fresh``, on the backend that made the stored vectors."""
    live = None if fresh else Catalog(database).live()
    return load(settings.embedder, prefer=live.embedder if live else "", cache=settings.data / "model")


def sources(settings: Settings) -> tuple[Source, ...]:
    """Return the sources to poll: the configured ones, or the built-in list when none are."""
    from feeds.defaults import SOURCES

    if settings.sources is None:
        return SOURCES
    names = {source.name for source in settings.sources}
    extra = tuple(s for s in SOURCES if s.name not in names) if settings.builtin_sources else ()
    return settings.sources + extra
