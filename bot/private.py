"""Sources that only some channels may be told of: each has an index of its own, and nothing else ever opens it.

So what such a source says can't turn up in another channel's answer, in a digest, on the web page, in a series or a
watch, whoever forgets to ask whether it may: it is not there. A question from a channel that may know is put to
both, the shared index and that of each private source; the better answer is given, never a mixture of two. No
language model is shown a private source unless ``[llm] private`` allows it.
"""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from bot.model import Answer, Question, Status
from feeds.kinds import Source
from index.engine import Index
from index.model import Batch, Part


@dataclass(frozen=True, slots=True)
class Room:
    """A private source's index, what answers from it alone, and what may put such an answer into other words."""

    index: Index
    answer: Callable[[Question], Answer]
    close: Callable[[], None]
    rewrite: Callable[[Question, Answer], Answer] = lambda _, plain: plain


class Private:
    """The indexes of private sources, opened when they are needed. ``sources`` are all there are."""

    def __init__(
        self,
        folder: Path,
        sources: Callable[[], Iterable[Source]],
        enter: Callable[[Path], Room],
        there: Callable[[Path], bool] = Path.exists,
    ) -> None:
        """``there`` says whether something was read into a folder."""
        self._folder = folder
        self._sources = sources
        self._enter = enter
        self._there = there
        self._rooms: dict[str, Room] = {}
        self._lock = threading.Lock()

    def ingest(self, batch: Batch, source: str) -> bool:
        """Store what a source has brought, if it is a private one; whether it is."""
        told = next((one for one in self._sources() if one.name == source), None)
        if told is None or not told.private:
            return False
        self._room(source).index.ingest(batch, source)
        return True

    def better(self, question: Question, public: Answer) -> Answer:
        """Return ``public``, or what a private source answers better, if the asking channel may know it."""
        best, room = public, None
        for other in self._open_to(question.channel):
            best, room = max((best, room), (other.answer(question), other), key=lambda found: _worth(found[0]))
        return room.rewrite(question, best) if room else best

    def parts(self) -> dict[str, int]:
        """Return how many parts each private source has, by its name; only of those that were read."""
        read = [one.name for one in self._sources() if one.private and self._read(one.name)]
        return {name: self._room(name).index.catalog.totals().parts for name in read}

    def part(self, id_: str) -> Part | None:
        """Return a part of whatever private source has it. For checks of krab's own, never for a channel."""
        found = (self._room(name).index.part(id_) for name in self.parts())
        return next((part for part in found if part), None)

    def forget(self, source: str) -> None:
        """Forget everything that a private source has brought."""
        while self._read(source) and self._room(source).index.forget(source, 500):
            pass

    def close(self) -> None:
        """Close what was opened."""
        with self._lock:
            for room in self._rooms.values():
                room.close()
            self._rooms.clear()

    def _open_to(self, channel: str) -> Iterator[Room]:
        for source in self._sources():
            if source.private and may_know(source, channel) and self._read(source.name):
                yield self._room(source.name)

    def _room(self, source: str) -> Room:
        with self._lock:
            if source not in self._rooms:
                self._rooms[source] = self._enter(self._place(source))
            return self._rooms[source]

    def _read(self, source: str) -> bool:
        return source in self._rooms or self._there(self._place(source))

    def _place(self, source: str) -> Path:
        return self._folder / folder_of(source)


def folder_of(source: str) -> str:
    """Return what a source's folder is called."""
    digest = hashlib.sha256(source.encode()).hexdigest()[:8]
    return f"{re.sub(r'[^a-z0-9-]+', '-', source.lower())[:40]}-{digest}"


def may_know(source: Source, channel: str) -> bool:
    """Whether people in a channel ("slack:C0123") may be told what a source says."""
    return told(source.private, channel)


def told(readers: Iterable[str], channel: str) -> bool:
    """Whether a channel is among the ``readers``, which are patterns; without any, all channels are."""
    patterns = tuple(readers)
    return not patterns or any(fnmatchcase(channel, pattern) for pattern in patterns)


def _worth(answer: Answer) -> tuple[int, float]:
    order = (Status.OUT_OF_SCOPE, Status.NOT_FOUND, Status.WEAK, Status.ANSWERED)
    return order.index(answer.status), answer.confidence
