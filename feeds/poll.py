"""Polling: read what is new, hand it over, and only then move the cursor.

``poll`` does one source once. ``Poller`` does those that are due, a few at a time, and keeps the books; a
source that fails, in whatever way, is written down with the time of its next try and harms no other.
"""

from __future__ import annotations

import logging
import pkgutil
import random
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from importlib import import_module
from typing import Protocol, cast

from feeds import kinds
from feeds.cursors import Cursors
from feeds.errors import FeedError, Refused
from feeds.fetch import Client
from feeds.kinds import Feed, Source
from feeds.relevance import relevant
from feeds.schedule import Outcome, SourceState, next_poll, stalled
from index.model import Batch

Sink = Callable[[Batch, str], None]

AT_ONCE = 4
LOOK = 1.0  # seconds between two looks at what is due
LOG = logging.getLogger(__name__)


class Stopping(Exception):
    """krab is shutting down, or the source was paused; what was being read is read again the next time."""


def open_feed(source: Source, client: Client) -> Feed:
    """The source's feed, by the file in ``feeds/kinds`` that is named like its kind."""
    known = sorted(module.name for module in pkgutil.iter_modules(kinds.__path__))
    if source.kind not in known:
        raise Refused(f"{source.name}: there is no kind {source.kind!r}; there are {', '.join(known)}")
    return cast(Feed, import_module(f"feeds.kinds.{source.kind}").open(source, client))


def poll(source: Source, feed: Feed, cursors: Cursors, sink: Sink) -> Outcome:
    """Read everything that is new. ``sink`` has stored a batch when it returns."""
    outcome = Outcome()
    try:
        for batch in feed.read(cursors.cursor(source.name)):
            kept = _kept(batch, source)
            if kept.parts or kept.removed or kept.rejected:
                sink(kept, source.name)
            cursors.advance(source.name, batch.cursor)
            outcome = _counted(outcome, batch, kept)
    except FeedError as error:
        return replace(outcome, error=str(error), retry_after=error.retry_after)
    return outcome


def _kept(batch: Batch, source: Source) -> Batch:
    if source.filter != "relevant":
        return batch
    return replace(batch, parts=tuple(part for part in batch.parts if relevant(part)))


def _counted(outcome: Outcome, batch: Batch, kept: Batch) -> Outcome:
    return replace(
        outcome,
        delivered=outcome.delivered + len(kept.parts),
        removed=outcome.removed + len(batch.removed),
        left_out=outcome.left_out + len(batch.parts) - len(kept.parts),
        rejected=outcome.rejected + len(batch.rejected),
    )


class Claims(Protocol):
    """Which of several processes polls a source."""

    def take(self, name: str) -> bool:
        """Whether it is ours from now until ``give``."""
        ...

    def give(self, name: str) -> None:
        """Others may have it."""
        ...


class OneProcess:
    """There is only one."""

    def take(self, name: str) -> bool:
        """It is ours."""
        return True

    def give(self, name: str) -> None:
        """Nobody else wants it."""


class Poller:
    """Polls sources when they are due. ``jitter`` gives random numbers from 0 to 1.

    ``watch`` says which sources there are now, since they may be added, paused and removed while this runs. Of
    several processes with the same books, ``claims`` says which polls a source.
    """

    def __init__(
        self,
        sources: Iterable[Source],
        client: Client,
        cursors: Cursors,
        sink: Sink,
        *,
        jitter: Callable[[], float] = random.random,
        watch: Callable[[], Iterable[Source]] | None = None,
    ) -> None:
        self.claims: Claims = OneProcess()
        self._watch = watch
        self._sources = {source.name: source for source in sources}
        self._client = client
        self._cursors = cursors
        self._sink = sink
        self._jitter = jitter
        self._busy: dict[str, threading.Lock] = {name: threading.Lock() for name in self._sources}
        self._stop = threading.Event()
        cursors.register(self._sources.values())

    def once(self, names: Iterable[str] = ()) -> dict[str, Outcome]:
        """Poll these sources now, or all of them; a few at a time. Unknown names raise ``KeyError``."""
        chosen = tuple(names) or tuple(self._sources)
        sources = [self._sources[name] for name in chosen]
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="poll") as pool:
            return dict(zip(chosen, pool.map(self._poll, sources), strict=True))

    def due(self, now: float) -> tuple[str, ...]:
        """The names of the sources whose time has come, the longest waiting first."""
        states = self._cursors.states()
        waiting = [(states.get(name, SourceState()).next_poll, name) for name in self._sources]
        return tuple(name for when, name in sorted(waiting) if when <= now)

    def run(self, stop: threading.Event) -> None:
        """Poll what is due until ``stop`` is set; then finish the batches in hand and return."""
        self._stop = stop
        running: dict[str, Future[Outcome]] = {}
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="poll") as pool:
            while not stop.is_set():
                self._look()
                running = {name: future for name, future in running.items() if not future.done()}
                now = self._client.time.wall()
                for name in self.due(now):
                    if name not in running:
                        running[name] = pool.submit(self._poll, self._sources[name], due=now)
                stop.wait(LOOK)
            pool.shutdown(cancel_futures=True)

    def _look(self) -> None:
        now = self._sources if self._watch is None else {source.name: source for source in self._watch()}
        if now != self._sources:
            self._cursors.register(now.values())
            self._busy |= {name: threading.Lock() for name in now if name not in self._busy}
            self._sources = now

    def _poll(self, source: Source, due: float | None = None) -> Outcome:
        """One source, once, by one thread of one process at a time; only if nobody has since it was ``due``."""
        with self._busy[source.name]:
            if not self.claims.take(_claim(source.name)):
                return Outcome(error="another process reads it just now")
            try:
                if due is not None and self._cursors.state(source.name).next_poll > due:
                    return Outcome()
                return self._polled(source)
            finally:
                self.claims.give(_claim(source.name))

    def _polled(self, source: Source) -> Outcome:
        """One source, with its outcome written down."""
        try:
            outcome = poll(source, open_feed(source, self._client), self._cursors, self._store)
        except FeedError as error:
            outcome = Outcome(error=str(error), retry_after=error.retry_after)
        except Stopping:
            return Outcome()
        except Exception as error:  # the outermost loop: a bug in one kind must not stop the others
            LOG.exception("%s: an error of krab's own", source.name)
            outcome = Outcome(error=f"an error of krab's own ({type(error).__name__}: {error}); see the log")
        outcome = replace(outcome, fresh_for=self._client.fresh_for(source.url))
        self._write_down(source, outcome)
        return outcome

    def _store(self, batch: Batch, name: str) -> None:
        if self._stop.is_set() or name not in self._sources or not self.claims.take(_claim(name)):
            raise Stopping
        self._sink(batch, name)

    def _write_down(self, source: Source, outcome: Outcome) -> None:
        now = self._client.time.wall()
        before = self._cursors.state(source.name)
        state = next_poll(before, outcome, now, self._jitter(), every=source.every)
        self._cursors.save(source.name, state)
        when = datetime.fromtimestamp(state.next_poll, UTC)
        if outcome.error:
            LOG.warning("%s: %s; next try %s", source.name, outcome.error, f"{when:%Y-%m-%d %H:%M} UTC")
        elif stalled(state, now):
            LOG.warning("%s: silent for far longer than is its habit; has it moved?", source.name)
        else:
            LOG.info("%s: %d new, %d left out", source.name, outcome.delivered, outcome.left_out)


def _claim(name: str) -> str:
    return f"poll:{name}"
