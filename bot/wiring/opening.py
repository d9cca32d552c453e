"""Wires what krab is from settings: its tables, its index, what answers, and the indexes of private sources."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from bot.answer import Answerer
from bot.audit import Audit
from bot.channels import Channels
from bot.databases import Databases
from bot.feedback import Feedback
from bot.leases import Alone, Leases
from bot.outbox import Outbox
from bot.private import Private
from bot.refusal import Unread
from bot.settings import Settings
from bot.sourcebook import SourceBook
from bot.state import State
from bot.watches import Watches
from bot.wiring.krab import Krab
from bot.wiring.sources import read_starter_notes, sources, unread
from bot.wiring.storage import open_database, open_index
from feeds.cursors import Cursors
from index.database import Database
from index.embed import Embedder, of
from index.engine import Index

if TYPE_CHECKING:
    from bot.private import Room
    from bot.writer import Writer


@contextmanager
def opened(settings: Settings) -> Iterator[Krab]:
    """Open everything under the data directory; the starter notes are indexed on first use.

    Raises ``IndexProblem`` with one clear line when the directory can't be used as it is.
    """
    database = open_database(settings)
    databases = Databases(settings)
    memory = databases.memory()
    try:
        index = open_index(settings, database)
        leases = Leases(memory) if settings.store.shared else Alone()
        state = State(memory, owner=leases.holder, living=leases.living)
        outbox, book, cursors = Outbox(memory), SourceBook(database), Cursors(database)
        private = Private(
            settings.data / "private",
            lambda: book.known(sources(settings)),
            partial(enter, settings, index.embedder, memory),
            partial(databases.has, database),
        )
        krab = Krab(
            settings,
            database,
            index,
            open_answerer(settings, index, memory, partial(unread, settings, index.catalog, book, cursors)),
            state,
            cursors,
            memory,
            outbox,
            Feedback(memory),
            Channels(memory),
            book,
            Audit(memory),
            Watches(memory, outbox),
            private,
            leases,
        )
        if settings.starter_notes:
            read_starter_notes(krab)
        index.save()
        yield krab
        private.close()
        index.close()
        index.save()
        state.close()
    finally:
        memory.close()
        database.close()


def open_answerer(
    settings: Settings, index: Index, memory: Database, unread: Callable[[], Unread] = Unread
) -> Answerer | Writer:
    """Return what answers: the index alone, or with the configured language model behind it."""
    answerer, told = Answerer(index, unread=unread), settings.llm
    if not told.base_url:
        return answerer
    from bot.budget import Allowance, Budget
    from bot.llm import OpenAi
    from bot.support import lens_of
    from bot.writer import Writer

    allowance = Allowance(told.daily_tokens, told.personal_tokens, told.daily_cost, told.price_in, told.price_out)
    return Writer(answerer.answer, OpenAi(told), lens_of(index.terms, index.embedder), Budget(memory, allowance))


def enter(settings: Settings, embedder: Embedder, memory: Database, folder: Path) -> Room:
    """Open the index of a private source; a language model sees it only if it may. Raises ``IndexProblem``."""
    from bot.private import Room
    from index.nearness import filed
    from index.stores.faiss import Faiss

    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    database = Databases(settings).private(folder)
    index = Index(folder, database, embedder, filed(Faiss), load=partial(of, cache=settings.data / "model"))

    def close() -> None:
        index.close()
        index.save()
        database.close()

    room = Room(index, Answerer(index).answer, close)
    writer = open_answerer(settings, index, memory) if settings.llm.private else None
    return replace(room, rewrite=writer.rewrite) if writer and not isinstance(writer, Answerer) else room
