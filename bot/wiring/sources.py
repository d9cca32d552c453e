"""Wires the sources: which there are, what reads them into the index, and what admins and curators manage them with."""

from __future__ import annotations

from collections.abc import Callable
from time import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from bot.refusal import Unread
from bot.settings import Settings
from bot.sourcebook import SourceBook, Standing
from bot.upkeep import Disk
from bot.wiring.krab import Krab
from feeds.cursors import Cursors
from feeds.kinds import Source
from index.catalog import Catalog
from index.model import Batch

if TYPE_CHECKING:
    from bot.admin import Admin
    from bot.notebook import Notebook
    from feeds.poll import Poller

STARTER = Source("starter-notes", "notes", "")


def sources(settings: Settings) -> tuple[Source, ...]:
    """Return the sources to poll: the configured ones, or the built-in list when none are."""
    from bot.notebook import source as notes_of
    from feeds.defaults import BUILTIN

    ours = notes_of(settings.data)
    if settings.sources is None:
        return BUILTIN + ours
    names = {source.name for source in settings.sources}
    extra = BUILTIN if settings.builtin_sources else ()
    return settings.sources + tuple(s for s in (*extra, *ours) if s.name not in names)


def polled(krab: Krab) -> tuple[Source, ...]:
    """Return the sources that are asked: those told of and added, less those paused and removed."""
    return krab.book.polled(sources(krab.settings))


def unread(settings: Settings, catalog: Catalog, book: SourceBook, cursors: Cursors) -> Unread:
    """Return the sources that may know more than was read: those in trouble, and those never read. None is private."""
    from feeds.schedule import SourceState, stalled

    states, now = cursors.states(), time()
    idle = {name for name, entry in book.entries().items() if entry.standing != Standing.ACTIVE}
    public = [one.name for one in book.known(sources(settings)) if not one.private and one.name not in idle]
    known = [(name, states.get(name, SourceState())) for name in public]
    held = catalog.counts()  # what was imported by hand was read, too
    never = [name for name, state in known if not state.last_success and name not in held]
    silent = [name for name, state in known if state.last_success and (state.last_error or stalled(state, now))]
    return Unread(silent, never)


def read_starter_notes(krab: Krab) -> None:
    """Index the notes that come with krab, as far as they changed since the last time."""
    from feeds.kinds import notes
    from feeds.poll import poll

    krab.cursors.register([STARTER])
    poll(STARTER, notes.starter(), krab.cursors, _sink(krab))


def poller(krab: Krab) -> Poller:
    """Return the driver of all sources."""
    from feeds.fetch import Client, Manners
    from feeds.guard import Guard
    from feeds.poll import Poller

    settle_private(krab)
    told = krab.settings.fetch
    client = Client(Manners(told.contact), cache=krab.settings.data / "lore", guard=Guard(told.allow_private))
    disk = Disk(krab.settings.data, krab.settings.upkeep.keep_free)

    def watch() -> tuple[Source, ...]:
        return polled(krab) if disk.has_room() else ()

    made = Poller(polled(krab), client, krab.cursors, _sink(krab), watch=watch)
    made.claims = krab.leases
    return made


def _sink(krab: Krab) -> Callable[[Batch, str], None]:
    def store(batch: Batch, source: str) -> None:
        if not krab.private.ingest(batch, source):
            krab.index.ingest(batch, source)

    return store


def settle_private(krab: Krab) -> None:
    """See to it that a source which has become private, or is so no more, is where it belongs; it is read again."""
    shared, apart = krab.index.catalog.counts(), krab.private.parts()
    for source in krab.book.known(sources(krab.settings)):
        if source.private and shared.get(source.name):
            while krab.index.forget(source.name, 500):
                pass
            krab.cursors.rewind(source.name)
    for name in apart:
        if not any(s.name == name and s.private for s in krab.book.known(sources(krab.settings))):
            krab.private.forget(name)
            krab.cursors.rewind(name)


def fetch_named(krab: Krab, text: str) -> None:
    """Index the threads of the mails that ``text`` names, when a list is read and they are not known yet."""
    from bot import lookup
    from feeds.fetch import Client, Manners
    from feeds.guard import Guard
    from feeds.kinds import lore
    from feeds.permalink import may_name, named

    if not may_name(text):
        return
    base = lore.archive(polled(krab))
    hosts = [urlsplit(base).netloc.lower()]
    names = [name for name in named(text, hosts) if krab.index.part(name) is None] if base else []
    if not names:
        return
    told = krab.settings.fetch
    hasty = Manners(told.contact, connect=4.0, read=8.0, total=8.0, redirects=1)
    with Client(hasty, cache=krab.settings.data / "lore", guard=Guard(told.allow_private)) as client:
        for batch in lookup.missing(names, lambda name: lore.thread(name, client, base)):
            krab.index.ingest(batch, "threads")


def notebook(krab: Krab) -> Notebook:
    """Return the notes that curators write."""
    from bot.notebook import Notebook, source
    from feeds.kinds import notes
    from feeds.poll import poll

    def read_again() -> None:
        for told in source(krab.settings.data):
            krab.cursors.register([told])
            poll(told, notes.open(told, None), krab.cursors, _sink(krab))

    return Notebook(krab.settings.data / "notes", krab.audit, read_again)


def admin(krab: Krab) -> Admin:
    """Return what admins manage the sources with."""
    from bot.admin import Admin
    from feeds.fetch import Client, Manners
    from feeds.guard import Guard
    from feeds.poll import open_feed
    from feeds.trial import Trial, try_out

    told = krab.settings.fetch

    def trial(source: Source) -> Trial:
        hasty = Manners(told.contact, connect=10.0, read=20.0, total=60.0)
        with Client(hasty, cache=krab.settings.data / "lore", guard=Guard(told.allow_private)) as client:
            return try_out(open_feed(source, client))

    return Admin(krab.book, krab.audit, krab.cursors, krab.index, sources(krab.settings), trial, krab.private.forget)
