"""What admins do to the sources, the same from a chat and from the command line; each deed is written down.

A source is tried before it is kept. Removing one removes what only it has brought, a few hundred items a
transaction, so that questions and polls go on meanwhile; done again after a crash, it goes on.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.audit import Audit
from bot.sourcebook import SourceBook, Standing
from feeds.kinds import Source
from feeds.trial import Trial

if TYPE_CHECKING:
    from feeds.cursors import Cursors
    from index.engine import Index

_AT_ONCE = 500


class Refusal(Exception):
    """It can't be done as told. ``str(error)`` is one line that says why and what to do."""


@dataclass(frozen=True, slots=True)
class Admin:
    """``told`` are the sources of the configuration, ``trial`` reads the first of a source."""

    book: SourceBook
    audit: Audit
    cursors: Cursors
    index: Index
    told: Sequence[Source]
    trial: Callable[[Source], Trial]
    forget_private: Callable[[str], None] = lambda _: None

    def add(self, source: Source, by: str) -> Trial:
        """Try a source and keep it. Raises ``Refusal`` or ``FeedError``."""
        with self._written(by, "add source", f"{source.name} {source.kind} {source.url}"):
            entry = self.book.entries().get(source.name)
            if any(s.name == source.name for s in self.told):
                raise Refusal(f"{source.name!r} stands in the configuration: change it there, or choose another name")
            if entry and entry.standing is not Standing.REMOVED:
                raise Refusal(f"there is a source {source.name!r} already: remove it first, or choose another name")
            trial = self.trial(source)
            self.book.add(source, by)
            return trial

    def pause(self, name: str, by: str) -> None:
        """Ask a source no more until it is resumed; what it brought stays. Raises ``Refusal``."""
        with self._written(by, "pause source", name):
            self.book.mark(self._known(name), Standing.PAUSED, by)

    def resume(self, name: str, by: str) -> None:
        """Ask a source again, one that was removed too. Raises ``Refusal``."""
        with self._written(by, "resume source", name):
            self.book.mark(self._known(name), Standing.ACTIVE, by)
            self.cursors.hurry(name)

    def poll(self, name: str, by: str) -> None:
        """Have a source asked as soon as can be. Raises ``Refusal``."""
        with self._written(by, "poll source", name):
            if self._known(name) not in {source.name for source in self.book.polled(self.told)}:
                raise Refusal(f"{name} is not polled just now: resume it first")
            self.cursors.hurry(name)

    def holds(self, name: str) -> int:
        """Return how many items would go if the source were removed. Raises ``Refusal``."""
        return self.index.catalog.only_from(self._known(name))

    def remove(self, name: str, by: str) -> int:
        """Ask a source no more and forget what only it has brought; how many items went. Raises ``Refusal``."""
        with self._written(by, "remove source", name):
            self.book.mark(self._known(name), Standing.REMOVED, by)
            removed = 0
            while gone := self.index.forget(name, _AT_ONCE):
                removed += gone
            self.forget_private(name)
            self.cursors.forget(name)
            return removed

    def _known(self, name: str) -> str:
        names = [source.name for source in self.book.known(self.told)]
        names += [n for n in self.index.catalog.counts() if n not in names]
        if name in names:
            return name
        near = difflib.get_close_matches(name, names, 1)
        raise Refusal(f"there is no source {name!r}: " + (f"did you mean {near[0]!r}?" if near else "see the list"))

    @contextmanager
    def _written(self, by: str, action: str, about: str) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            self.audit.write(by, action, about, f"failed: {error}")
            raise
        self.audit.write(by, action, about)
