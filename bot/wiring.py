"""The composition root: the only file that names concrete classes of all three packages.

Everything is built from settings, in the order of need; nothing here decides anything.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from time import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from bot.answer import Answerer
from bot.audit import Audit
from bot.channels import Channels
from bot.chat import Past
from bot.databases import Databases
from bot.feedback import Feedback
from bot.leases import Alone, Leases
from bot.outbox import Outbox
from bot.private import Private
from bot.refusal import Unread
from bot.settings import Settings
from bot.sourcebook import SourceBook, Standing
from bot.state import State
from bot.upkeep import Disk, free_space
from bot.watches import Watches
from bot.whispers import Whispers
from feeds.cursors import Cursors
from feeds.kinds import Source
from index import caches
from index.catalog import Catalog, Generation
from index.database import Database
from index.embed import Embedder, load, of
from index.engine import Index
from index.errors import Unusable
from index.model import Batch
from index.reindex import Progress, cancel, progress, reindex, roll_back

NOTHING = Past()
REMEMBERED = 32  # digests that were made for the web page
STARTER = Source("starter-notes", "notes", "")

if TYPE_CHECKING:
    from aiohttp.web import Application

    from bot.admin import Admin
    from bot.card import Card
    from bot.chat import Chat
    from bot.digest.model import Digest
    from bot.digest.span import Span
    from bot.digest_post import DigestPost
    from bot.digester import Digester
    from bot.dispatch import Dispatcher
    from bot.metrics import Ask, Metrics
    from bot.model import Answer, Question
    from bot.notebook import Notebook
    from bot.ordering import Ordering
    from bot.orders import Context
    from bot.private import Room
    from bot.reindexing import Reindexing
    from bot.subscriptions import Subscriptions
    from bot.watcher import Watcher
    from bot.web import SourceRow, StatusView
    from bot.web_queue import Queue
    from bot.writer import Writer
    from feeds.poll import Poller
    from index.history import History
    from index.nearness import Opening
    from index.stores.milvus import Place


@dataclass(frozen=True, slots=True)
class Krab:
    """krab, ready to answer."""

    settings: Settings
    database: Database
    index: Index
    answerer: Answerer | Writer
    state: State
    cursors: Cursors
    memory: Database  # state.db, for what has tables of its own there
    outbox: Outbox
    feedback: Feedback
    channels: Channels
    book: SourceBook
    audit: Audit
    watches: Watches
    private: Private
    leases: Leases | Alone


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


def forget_old(krab: Krab) -> int:
    """Forget what people asked and said longer ago than the settings allow; how much that was."""
    from bot import upkeep

    whispers = Whispers(krab.memory)
    kept = (krab.state.forget_before, krab.feedback.forget_before, krab.outbox.forget_before, whispers.forget_before)
    return upkeep.forget_old(kept, datetime.now(UTC), krab.settings.upkeep.keep_questions)


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


def polled(krab: Krab) -> tuple[Source, ...]:
    """Return the sources that are asked: those told of and added, less those paused and removed."""
    return krab.book.polled(sources(krab.settings))


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


def _sink(krab: Krab) -> Callable[[Batch, str], None]:
    def store(batch: Batch, source: str) -> None:
        if not krab.private.ingest(batch, source):
            krab.index.ingest(batch, source)

    return store


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


def source_rows(krab: Krab, *, charted: bool = False) -> list[SourceRow]:
    """Return every source and its health; ``charted``, also how much it has of each day of late."""
    from bot.web import SourceRow
    from feeds.schedule import SourceState, stalled

    states, now = krab.cursors.states(), time()
    counts = krab.index.catalog.counts() | krab.private.parts()
    days = by_day(krab) if charted else {}
    every = (*krab.book.known(sources(krab.settings)), *_starter(krab.settings))
    told = {source.name: source for source in every}
    said = {name: entry.standing.value for name, entry in krab.book.entries().items()}
    rows = []
    for name, source in told.items():
        state = states.get(name, SourceState())
        health = "failing" if state.last_error else "stalled" if stalled(state, now) else "ok"
        health = health if state.last_success or state.last_error or counts.get(name) else "not yet read"
        idle = said.get(name, Standing.ACTIVE) != Standing.ACTIVE
        rows.append(
            SourceRow(
                name=name,
                kind=source.kind,
                url=source.url.partition("#")[0],
                state=said[name] if idle else health,
                last_success=_moment(state.last_success),
                last_error=state.last_error,
                next_poll=_moment(state.next_poll) if name != STARTER.name and not idle else None,
                parts=counts.get(name, 0),
                lag=now - state.last_success if state.last_success else None,
                habit=state.habit,
                left_out=state.left_out,
                readers=source.private,
                days=days.get(name, ()),
            )
        )
    others = [
        SourceRow(name, "archive", "", "ok", parts=count, days=days.get(name, ()))
        for name, count in counts.items()
        if name not in told
    ]
    return rows + others


def public_rows(krab: Krab) -> list[SourceRow]:
    """Return the sources that everybody may know of, with how much they have of each day of late."""
    return [row for row in source_rows(krab, charted=True) if not row.readers]


def by_day(krab: Krab) -> dict[str, tuple[int, ...]]:
    """Return how many items each source has of the last days, oldest first."""
    from bot.web_views import DAYS

    today = int(time() // 86_400)
    counted = krab.index.catalog.by_day(datetime.fromtimestamp((today - DAYS + 1) * 86_400, UTC))
    span = range(today - DAYS + 1, today + 1)
    return {source: tuple(days.get(day, 0) for day in span) for source, days in counted.items()}


def _starter(settings: Settings) -> tuple[Source, ...]:
    return (STARTER,) if settings.starter_notes else ()


def _moment(stamp: float | None) -> datetime | None:
    return datetime.fromtimestamp(stamp, UTC) if stamp else None


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


def past(krab: Krab) -> Past:
    """Return what earlier processes did with messages, for a service that can't look itself."""
    return Past(krab.state.taken_over, Whispers(krab.memory).begin)


def chats(
    settings: Settings,
    home: Callable[[str, str], Sequence[Card]] | None = None,
    past: Past = NOTHING,
) -> list[Chat]:
    """Return the chat services that are configured.

    ``home`` is what stands in a (service, user)'s own corner; ``past`` is what earlier processes did.
    """
    adapters: list[Chat] = []
    for workspace in (settings.slack, *settings.slack.workspaces):
        if workspace.bot_token or workspace.name:
            from bot.chat.slack import Slack

            adapters.append(Slack(workspace, home=home, past=past))
    if settings.matrix or any(settings.matrix.accounts):
        from bot.chat.matrix import Matrix

        admins, memory = dict(settings.admins).get("matrix", ()), Databases(settings).memory
        adapters.append(Matrix(settings.matrix, settings.data, admins=admins, memory=memory))
    return adapters


def site(krab: Krab, adapters: Sequence[Chat], metrics: Metrics) -> Application:
    """Return the web page; Slack's requests are taken there too, when it is in HTTP mode."""
    from bot import web, web_digests, web_metrics, web_series

    told = krab.settings.web
    base = told.public_url or f"http://{told.listen}"

    def more(queue: Queue) -> Sequence[web.Pages]:
        digests = web_digests.Digests(PublicDigests(digester(krab), krab.index.catalog.tick), queue.run, base)
        return (web_series.routes(partial(found_series, krab)), digests.routes, web_metrics.routes(metrics.exposition))

    app = web.make_app(
        ask=metrics.measured(aloud(krab, krab.answerer.answer), "web"),
        shelf=web.Shelf(krab.index.part, lambda: public_rows(krab), lambda: status_view(krab)),
        allowed_hosts=(told.listen, *told.allowed_hosts, urlsplit(told.public_url).netloc or told.listen),
        more=more,
    )

    def troubles() -> dict[str, str]:
        told = {chat.name: why for chat in adapters if (why := getattr(chat, "health", ""))}
        return told | ({"vectors": why} if (why := krab.index.trouble) else {})

    app[web.TROUBLES] = troubles
    for adapter in adapters:
        if door := getattr(adapter, "door", ""):
            app.router.add_post(door, getattr(adapter, "webhook"))  # noqa: B009 - only such a service has one
    return app


def home(krab: Krab) -> Callable[[str, str], Sequence[Card]]:
    """Return what makes somebody's own corner of a service."""
    from bot.home import cards

    return partial(cards, context=context(krab))


def digester(krab: Krab) -> Digester:
    """Return what makes digests."""
    from bot.digester import Digester
    from bot.digests import Digests
    from bot.writer import Writer

    def stalled() -> list[str]:
        return [row.name for row in source_rows(krab) if row.state in ("failing", "stalled") and not row.readers]

    rewrite = krab.answerer.rewrite if isinstance(krab.answerer, Writer) else None
    return Digester(krab.index.catalog, krab.index.histories, Digests(krab.memory), stalled=stalled, rewrite=rewrite)


def subscriptions(krab: Krab) -> Subscriptions:
    """Return who gets which digest when."""
    from bot.subscriptions import Subscriptions

    return Subscriptions(krab.memory, krab.outbox)


def digest_post(krab: Krab) -> DigestPost:
    """Return what sends digests to those who subscribed."""
    from bot.chart import picture
    from bot.digest_post import DigestPost, Looks

    def page(week: str) -> str:
        base = krab.settings.web.public_url
        return f"{base}/digests/{week}" if base else ""

    return DigestPost(subscriptions(krab), digester(krab), krab.outbox, looks=Looks(picture, page))


class PublicDigests:
    """The digests on all topics. Those that were not published are remembered until something new is read."""

    def __init__(self, digester: Digester, tick: Callable[[], int]) -> None:
        self.digester = digester
        self._tick = tick
        self._made: dict[tuple[str, int], Digest] = {}

    def weeks(self) -> Sequence[tuple[str, datetime]]:
        """Return the weeks that were published and when, the newest first."""
        return self.digester.archive.weeks()

    def digest(self, span: Span) -> Digest:
        """Return a week's digest, as it was published when it was."""
        key = (span.week, self._tick())
        if key not in self._made:
            while len(self._made) >= REMEMBERED:
                self._made.pop(next(iter(self._made)), None)
            self._made[key] = self.digester.digest(span)
        return self._made[key]

    def latest(self) -> Span:
        """Return the last week that there is anything to tell of."""
        return self.digester.latest()


def found_series(krab: Krab, asked: str) -> tuple[Sequence[History], datetime | None]:
    """Return the series that were meant, the best first, and up to when mail was read."""
    from bot.series import lookup

    return lookup(krab.index.histories, asked), krab.index.histories.newest()


def measuring(krab: Krab) -> Metrics:
    """Return what Prometheus is told."""
    from bot.metrics import Metrics, of_sources, plain
    from bot.metrics import Reading as Value

    def read() -> Iterator[Value]:
        totals, generation = krab.index.catalog.totals(), krab.index.catalog.live()
        step = progress(krab.database)
        yield plain("krab_ready", "1 when questions can be answered", float(krab.index.ready))
        alone = float(not krab.index.trouble)
        yield plain("krab_vectors_reachable", "0 when questions are answered from words alone", alone)
        yield plain("krab_parts", "Mails, posts, pages and notes in the index", totals.parts)
        yield plain("krab_passages", "Passages that are searched", totals.passages)
        yield plain("krab_pending", "Passages that wait for their vector", totals.pending)
        yield plain("krab_generation", "Number of the generation that answers", generation.number if generation else 0)
        percent = step.percent if step else -1
        yield plain("krab_reindex_percent", "How far a reindex is; -1 when none is under way", percent)
        yield plain("krab_outbox_waiting", "Messages of krab's own that wait to be sent", krab.outbox.waiting())
        yield plain("krab_disk_free_bytes", "Free bytes where the data directory is", free_space(krab.settings.data))
        newest = totals.newest.timestamp() if totals.newest else 0
        yield plain("krab_newest_timestamp_seconds", "Date of the newest thing read", newest)
        yield from of_sources(public_rows(krab))

    return Metrics(read)


def ordering(krab: Krab, adapters: Sequence[Chat] = ()) -> Ordering:
    """Return what runs chat commands, with all that they may use."""
    from bot.ordering import Ordering
    from bot.orders import found

    return Ordering(found(), context(krab, adapters))


def context(krab: Krab, adapters: Sequence[Chat] = ()) -> Context:
    """Return what chat commands may use."""
    from bot.chat import Profile
    from bot.orders import Context

    admins = frozenset((service, user) for service, users in krab.settings.admins for user in users)
    curators = frozenset((service, user) for service, users in krab.settings.curators for user in users)
    subscribed, services = subscriptions(krab), {chat.name: chat for chat in adapters}

    async def profile(service: str, user: str) -> Profile:
        return await services[service].profile(user) if service in services else Profile()

    return Context(
        ask=krab.answerer.answer,
        index=krab.index,
        state=krab.state,
        outbox=krab.outbox,
        feedback=krab.feedback,
        channels=krab.channels,
        watches=krab.watches,
        watcher=watcher(krab),
        fetch=partial(fetch_named, krab),
        forgetters=_forgetters(krab, subscribed),
        sources=lambda: source_rows(krab),
        status=lambda: status_view(krab),
        clock=lambda: datetime.now(UTC),
        # Who sits at the console has krab's files anyway.
        # Of several workspaces or accounts ("slack:beta") the ids are told apart by the service itself.
        is_admin=lambda service, user: service == "console" or (service.partition(":")[0], user) in admins,
        is_curator=lambda service, user: (service.partition(":")[0], user) in curators,
        admin=admin(krab),
        audit=krab.audit,
        reindexing=reindexing_ordered(krab),
        notes=notebook(krab),
        subscriptions=subscribed,
        digester=digester(krab),
        digest_post=digest_post(krab),
        profile=profile,
        cancel_reindex=lambda: cancel(krab.database),
    )


def _forgetters(krab: Krab, subscribed: Subscriptions) -> tuple[Callable[[str, str], int], ...]:
    whispers = Whispers(krab.memory)
    return krab.state.forget, krab.feedback.forget, krab.watches.forget, subscribed.forget, whispers.forget


def reindexing_ordered(krab: Krab) -> Reindexing:
    """Return what runs the reindexes that were ordered from chats."""
    from bot.reindexing import Reindexing, Requests, command

    seen = partial(progress, krab.database)
    ours = partial(krab.leases.take, "reindex")
    return Reindexing(Requests(krab.memory), krab.outbox, krab.audit, seen, command(krab.settings), ours=ours)


def watcher(krab: Krab) -> Watcher:
    """Return what looks after watched series."""
    from bot.watcher import Watcher

    return Watcher(krab.watches, krab.outbox, krab.index)


def dispatcher(krab: Krab, adapters: Sequence[Chat] = (), metrics: Metrics | None = None) -> Dispatcher:
    """Return what handles the messages of every chat."""
    from bot.dispatch import Dispatcher

    def answer(question: Question, show: Callable[[str], None]) -> Answer:
        fetch_named(krab, question.text)
        return krab.private.better(question, krab.answerer.answer(question, show))

    told = aloud(krab, answer)
    return Dispatcher(
        metrics.measured(told, "chat") if metrics else told,
        krab.state,
        krab.settings.limits,
        ordering=ordering(krab, adapters),
        manner=krab.channels.manner,
        reading=Reading(krab.index.catalog).words,
    )


def aloud(krab: Krab, ask: Ask) -> Ask:
    """Return ``ask``, or what logs each question too, if the operator wants that."""
    from bot.logs import Aloud

    return Aloud(ask) if krab.settings.upkeep.log_questions else ask


class Reading:
    """What krab says while it thinks. Counted anew once a minute, in a thread: nobody waits for a count."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._words = ""
        self._until = 0.0
        self._count()

    def words(self) -> str:
        """Return "reading 11,364 mails, posts and notes…"."""
        if time() > self._until:
            self._until = time() + 60
            threading.Thread(target=self._count, name="count", daemon=True).start()
        return self._words

    def _count(self) -> None:
        self._words = f"reading {self._catalog.totals().parts:,} mails, posts and notes…"


def status_view(krab: Krab) -> StatusView:
    """Return the whole system in a line, for the web page."""
    from bot.web import StatusView

    totals = krab.index.catalog.totals()
    return StatusView(
        parts=totals.parts,
        documents=totals.documents,
        passages=totals.passages,
        newest=totals.newest,
        embedder=krab.index.embedder.identity,
        version=metadata.version("krab"),
        ready=krab.index.ready,
    )
