"""Wires what is stored: the tables, the embedder, the index with its vectors, and the reindex that makes it anew.

Nothing here needs an opened krab: a command that does without one (the doctor, a reindex, a move) begins here.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import partial
from importlib.util import find_spec
from time import time
from typing import TYPE_CHECKING

from bot.audit import Audit
from bot.channels import Channels
from bot.databases import Databases
from bot.feedback import Feedback
from bot.leases import Leases
from bot.outbox import Outbox
from bot.settings import Settings
from bot.sourcebook import SourceBook
from bot.state import State
from bot.watches import Watches
from bot.whispers import Whispers
from feeds.cursors import Cursors
from index import caches
from index.catalog import Catalog, Generation
from index.database import Database
from index.embed import Embedder, load, of
from index.engine import Index
from index.errors import Unusable
from index.reindex import Progress, reindex, roll_back

if TYPE_CHECKING:
    from index.nearness import Opening
    from index.stores.milvus import Place


def open_database(settings: Settings) -> Database:
    """Open the index's database, making the data directory (mode 0700) when it is absent. Raises ``Unusable``."""
    try:
        settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise Unusable(
            f"cannot use {settings.data} as data directory: {error.strerror}; give another with --data"
        ) from error
    return Databases(settings).index()


def made(index: Database, memory: Database) -> None:
    """Make every table there is, or bring it up to date. Raises ``NewerDatabase``."""
    from bot.budget import Allowance, Budget
    from bot.chat.matrix_memory import Memory
    from bot.digests import Digests
    from bot.reindexing import Requests
    from bot.subscriptions import Subscriptions
    from index.histories import Histories
    from index.reindex import Builds

    outbox = Outbox(memory)
    owners: tuple[Callable[[Database], object], ...] = (Catalog, Histories, Builds, Cursors, SourceBook)
    for owner in owners:
        owner(index)
    owners = (State, Feedback, Channels, Audit, Digests, Requests, Memory, Whispers, Leases)
    for owner in owners:
        owner(memory)
    Watches(memory, outbox), Subscriptions(memory, outbox)
    Budget(memory, Allowance())


def open_index(settings: Settings, database: Database) -> Index:
    """Open the index with the embedder that made it, or the configured one. Raises ``IndexProblem``."""
    from feeds.kinship import kin

    again = partial(of, cache=settings.data / "model")
    return Index(settings.data, database, open_embedder(settings, database), nearness(settings), kin, load=again)


def nearness(settings: Settings) -> Opening:
    """Return what opens the vectors of a generation: in a file, or on the configured server. Raises ``Unusable``."""
    from index.nearness import filed

    if settings.vectors.kind == "milvus":
        from index.served import Served
        from index.stores.milvus import Milvus

        place = _place(settings)
        return lambda _, catalog, generation, width: Served(
            catalog, generation, Milvus(place, generation.number, width)
        )
    from index.stores.faiss import Faiss

    return filed(Faiss)


def _place(settings: Settings) -> Place:
    from index.stores.milvus import Place

    if find_spec("pymilvus") is None:
        raise Unusable('[vectors] kind = "milvus" needs its client: pip install "krab[milvus]"')
    told = settings.vectors
    return Place(told.url, told.token.reveal(), told.prefix, told.timeout, told.index, told.shards, told.replicas)


def open_embedder(settings: Settings, database: Database) -> Embedder:
    """Load the configured embedder, on the backend that made the stored vectors. Raises ``Unusable``."""
    live = Catalog(database).live()
    return load(settings.embedder, prefer=live.embedder if live else "", cache=settings.data / "model")


def reindexing(settings: Settings, database: Database, *, back: bool = False) -> Iterator[Progress]:
    """Build the next generation, or go ``back`` to the one before, a step at a time. Raises ``IndexProblem``.

    One core stays free for questions.
    """
    threads, cache = max((os.cpu_count() or 1) - 1, 1), settings.data / "model"

    catalog, near = Catalog(database), nearness(settings)

    def prepare(generation: Generation, dimensions: int) -> None:
        opened = near(settings.data, catalog, generation, dimensions)
        caches.prepare(settings.data, catalog, generation, opened)

    if back:
        yield from roll_back(database, partial(of, cache=cache, threads=threads), prepare=prepare, clock=time)
    else:
        yield from reindex(database, load(settings.embedder, cache=cache, threads=threads), prepare=prepare, clock=time)
    caches.discard(settings.data, catalog.generations())
    if settings.vectors.kind == "milvus":
        from index.stores import milvus

        milvus.discard(_place(settings), catalog.generations())
