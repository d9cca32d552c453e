"""Watched series: one message each, edited in place as things happen; under it a word about what matters.

``telling`` decides, as values, what is to be told of a watch; the ``Watcher`` looks after every change of the
index and gives it to ``Watches``, which notes and sends it in one transaction.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime

from bot.card import Button, Card, Line, Section, Span, Style
from bot.chat import Parcel
from bot.chat.text import one_line, shorten
from bot.outbox import Outbox
from bot.series import day
from bot.series_card import Archive, card
from bot.watches import LASTS, Phase, Telling, Watch, Watches, draft
from feeds.applied import where
from index.engine import Index
from index.history import History
from index.model import Event

log = logging.getLogger(__name__)

MATTERS = ("posted", "nacked", "applied")
QUOTE = 200
MOST = 50  # watches of one person


class TooMany(Exception):
    """A person watches as much as he may."""


def digest(history: History) -> str:
    """Return a short word that changes whenever anything happened to the series."""
    told = [f"{e.kind} {e.who} {e.part} {e.detail}" for version in history.versions for e in version.events]
    told += [f"{version.seen}/{version.expected}" for version in history.versions]
    return hashlib.blake2b("\n".join(told).encode(), digest_size=8).hexdigest()


def mark(event: Event) -> str:
    """Return a short word for an event that matters."""
    return hashlib.blake2b(f"{event.kind} {event.part} {event.detail}".encode(), digest_size=5).hexdigest()


def mattering(history: History) -> list[Event]:
    """Return what is worth a word: new versions, refusals, what was applied."""
    return [event for event in history.events if event.kind in MATTERS]


def message(watch: Watch, history: History, archive: Archive) -> Card:
    """Return the message that is kept up to date."""
    shown = card(history, archive)
    if watch.state is Phase.ENDED:
        return replace(shown, hint="No longer watched.")
    until = day(watch.expires)
    stop = Button("Stop watching", "unwatch", str(watch.number))
    return replace(shown, buttons=(stop,), hint=f"Watched until {until}. “unwatch {watch.number}” ends it.")


def news(events: Iterable[Event], archive: Archive) -> Card:
    """Return the word about what matters."""
    return Card(sections=(Section(tuple(_news(event, archive) for event in events)),))


def _news(event: Event, archive: Archive) -> Line:
    who, when, url = one_line(event.who), day(event.when), archive.url(event.part)
    faint = Span(f" ({when})", Style.FAINT)
    if event.kind == "posted":
        return (Span(f"{who} posted "), Span(event.detail.split()[0], Style.STRONG, url), faint)
    quote = Span(f": “{shorten(one_line(event.quote), QUOTE)}”")
    if event.kind == "nacked":
        return (Span(f"{who} "), Span("refused it", Style.STRONG, url), faint, quote)
    told = where(event.detail)
    what = f" patches {told.parts}" if told.parts else " it"
    tree = f" to {told.tree}" if told.tree else ""
    bot = " (a bot)" if archive.bot(event.part) else ""
    return (Span(f"{who}{bot} "), Span("applied", Style.STRONG, url), Span(f"{what}{tree}"), faint, quote)


def telling(watch: Watch, history: History | None, archive: Archive, now: datetime) -> Telling | None:
    """Return what is to be told of a watch, if anything is."""
    expired = now >= watch.expires
    if history is None or not (expired or digest(history) != watch.digest):
        return None
    matter = mattering(history)
    fresh = [event for event in matter if mark(event) not in watch.seen]
    after = replace(
        watch,
        title=one_line(history.title),
        digest=digest(history),
        seen=tuple(mark(event) for event in matter),
        state=Phase.ENDED if expired else watch.state,
    )
    key = f"{watch.key}:{watch.revision + 1}"
    shown = Parcel(key, watch.channel, message(after, history, archive), edits=watch.message)
    under = Parcel(f"{key}:news", watch.channel, news(fresh, archive), thread=watch.message) if fresh else None
    return Telling(after, shown, under)


class Watcher:
    """Looks after watches."""

    def __init__(
        self, watches: Watches, outbox: Outbox, index: Index, *, clock: Callable[[], datetime] | None = None
    ) -> None:
        self._watches = watches
        self._outbox = outbox
        self._index = index
        self._clock = clock or (lambda: datetime.now(UTC))
        self._looked = -1

    def watch(self, service: str, channel: str, person: str, history: History) -> Watch:
        """Watch a series in a channel; the watch that is there already, when there is one. Raises ``TooMany``."""
        known = self._watches.known(service, person, channel)
        for one in known:
            if one.channel == channel and history.version_of(one.part):
                self._watches.turn(one.number, Phase.ON)
                return one
        if sum(one.person == person for one in known) >= MOST:
            raise TooMany
        archive = self._archive()
        wanted = replace(
            draft(service, channel, person, history.newest.root),
            title=one_line(history.title),
            digest=digest(history),
            seen=tuple(mark(event) for event in mattering(history)),
            expires=self._clock() + LASTS,
        )
        return self._watches.add(wanted, lambda watch: Parcel(watch.key, channel, message(watch, history, archive)))

    def end(self, watch: Watch) -> None:
        """End a watch, and say so where it stands."""
        history = self._index.histories.of(watch.part)
        over = replace(watch, state=Phase.ENDED)
        if history is None:
            self._watches.turn(watch.number, Phase.ENDED)
            return
        shown = message(over, history, self._archive())
        key = f"{watch.key}:{watch.revision + 1}"
        self._watches.tell(watch, Telling(over, Parcel(key, watch.channel, shown, edits=watch.message)))

    def look(self) -> int:
        """Tell what is new, if the index has changed since the last look; of how many watches there was news."""
        tick = self._index.catalog.tick()
        watches = [self._located(watch) for watch in self._watches.on()]
        due = [w for w in watches if tick != self._looked or not w.digest or self._clock() >= w.expires]
        archive = self._archive() if due else None
        told = sum(self._tell(watch, archive) for watch in due if archive)
        self._looked = tick
        return told

    def _tell(self, watch: Watch, archive: Archive) -> bool:
        if self._outbox.fate(watch.service, watch.key) == "dropped":
            log.warning("watch %d ends: its message can't be brought to %s", watch.number, watch.channel)
            self._watches.turn(watch.number, Phase.ENDED)
            return False
        found = telling(watch, self._index.histories.of(watch.part), archive, self._clock())
        return found is not None and self._watches.tell(watch, found)

    def _located(self, watch: Watch) -> Watch:
        """The watch with its message's reference, once there is one."""
        return watch if watch.message else replace(watch, message=self._outbox.ref(watch.service, watch.key))

    def _archive(self) -> Archive:
        return Archive(self._index.part, self._index.histories.newest())
