"""Vectors on a server that several processes share: who fills it, and what happens when it can't be reached.

Rules of this file:
- The catalogue is the truth. Whoever reads something in tells the server of it; whoever opens a generation
  compares both, span of numbers by span, and repairs what differs. A number that the catalogue has no more is
  harmless meanwhile: what is found is looked up there.
- How near a given passage is gets computed from the catalogue's own vectors: exact whatever the server's index
  is, and possible without it.
- No question waits for a server that has just failed (``index.circuit``). What could not be told to it is made
  good once it answers again, in a thread of its own.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from index.catalog import Catalog, Generation
from index.circuit import Circuit
from index.embed import Vectors
from index.errors import IndexProblem, Unreachable
from index.stores import VectorServer

SPAN = 50_000  # numbers that are compared at once
_AT_ONCE = 1_000
_PATIENCE = 5.0  # seconds that somebody who tries a broken server is waited for
LOG = logging.getLogger(__name__)


class Served:
    """The vectors of a generation on a server."""

    def __init__(
        self,
        catalog: Catalog,
        generation: Generation,
        server: VectorServer,
        *,
        clock: Callable[[], float] = time.monotonic,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.server = server
        self._catalog = catalog
        self._generation = generation
        self._clock = clock
        self._chance = chance
        self._circuit = Circuit()
        self._guard = threading.Lock()  # of the circuit
        self._repairing = threading.Lock()
        self._closing = False
        self._behind = True  # the server may lack something
        self._missing = 0  # of what it is known to lack
        self._why = ""

    @property
    def trouble(self) -> str:
        """Why nothing is found just now, in a line; "" when all is well. Notices by itself when it is over."""
        why = self._why or (f"{self._missing:,} vectors are still to be brought to the server" if self._missing else "")
        if self._circuit.broken and self._circuit.may_ask(self._clock()):
            self._repair_aside()
        return why

    def sync(self, touched: Collection[int] | None = None) -> None:
        """Tell the server what this process has changed; with None compare everything with the catalogue.

        With nothing to tell it waits for nothing either: what is missing is then brought to the server aside.
        """
        if touched is None or (touched and self._behind):
            self._behind = True
            self._repair()
        elif self._behind:
            self._repair_aside()
        elif touched:
            self._behind = not self._tried(lambda: self._tell(sorted(touched)))

    def nearest(self, vector: Vectors, k: int) -> list[tuple[int, float]] | None:
        """Return at most ``k`` (number, cosine), best first; None when the server was not asked or did not answer."""
        found: list[tuple[int, float]] = []
        if not self._tried(lambda: found.extend(self.server.search(vector, k))):
            return None
        if self._behind:
            self._repair_aside()
        return found

    def cosines(self, vector: Vectors, numbers: Sequence[int]) -> Mapping[int, float]:
        """Return how near each of ``numbers`` is."""
        known, vectors = self._catalog.vectors(self._generation, numbers)
        return dict(zip(known, (vectors @ vector).tolist(), strict=True)) if known else {}

    def save(self) -> None:
        """Nothing is kept here."""

    def close(self) -> None:
        """Let what goes on aside end at its next piece; the next start goes on with it."""
        self._closing = True
        with self._repairing:
            pass

    # Asking, and not asking

    def _tried(self, ask: Callable[[], object]) -> bool:
        """Ask, if that makes sense just now; whether it went well."""
        with self._guard:
            now = self._clock()
            if not self._circuit.may_ask(now):
                return False
            self._circuit = self._circuit.asking(now, _PATIENCE)
        try:
            ask()
        except Unreachable as error:
            self._failed(error)
            return False
        self._succeeded()
        return True

    def _failed(self, error: Unreachable) -> None:
        with self._guard:
            first = not self._circuit.broken
            self._circuit, self._why = self._circuit.failed(self._clock(), self._chance()), str(error)
        if first:
            LOG.warning("answering from words alone: %s", error)

    def _succeeded(self) -> None:
        with self._guard:
            again = self._circuit.broken
            self._circuit, self._why = Circuit(), ""
        if again:
            LOG.info("the vectors can be reached again")

    # Filling

    def _repair_aside(self) -> None:
        if self._repairing.acquire(blocking=False):
            threading.Thread(target=self._repair_for_itself, name="vectors", daemon=True).start()

    def _repair(self) -> None:
        if self._repairing.acquire(blocking=False):  # else whoever is at it sees that something came meanwhile
            self._repair_and_release()

    def _repair_for_itself(self) -> None:
        try:
            self._repair_and_release()
        except IndexProblem as problem:  # the catalogue itself can't be read just now
            LOG.warning("the vectors were not compared: %s", problem)

    def _repair_and_release(self) -> None:
        try:
            # What follows may take long; once the server answers at all, questions need not wait for the end of it.
            if self._circuit.broken and not self._tried(lambda: self.server.count(0, 1)):
                return
            while self._behind and self._compared():
                pass
        finally:
            self._missing = 0
            self._repairing.release()

    def _compared(self) -> bool:
        self._behind, done = False, False  # what is read from now on makes it true again
        try:
            done = self._tried(self._compare)
        finally:
            self._behind = self._behind or not done
        return done

    def _compare(self) -> None:
        wanted = self._catalog.spans(self._generation, SPAN)
        newest = max(wanted, default=0)
        self._missing = max(sum(wanted.values()) - self.server.count(), 0)
        for span in range(newest + 1):
            # The newest is where a process that was killed has left off: counts may agree by chance there.
            if span == newest or self.server.count(span * SPAN, (span + 1) * SPAN) != wanted.get(span, 0):
                self._compare_span(span)
        beyond = (newest + 1) * SPAN
        if self.server.count(beyond):
            self._remove(sorted(self.server.numbers(beyond)))
        if self._catalog.live() == self._generation:
            self.server.publish()

    def _compare_span(self, span: int) -> None:
        low, high = span * SPAN, (span + 1) * SPAN
        wanted, have = set(self._catalog.numbers(self._generation, low, high)), self.server.numbers(low, high)
        self._remove(sorted(have - wanted))
        self._add(sorted(wanted - have))

    def _tell(self, touched: Sequence[int]) -> None:
        for some in _pieces(touched):
            there, vectors = self._catalog.vectors(self._generation, some)
            self.server.add(there, vectors)
            self.server.remove(sorted(set(some).difference(there)))

    def _add(self, numbers: Sequence[int]) -> None:
        for some in _pieces(numbers):
            if self._closing:
                raise Unreachable("krab is being stopped")
            self.server.add(*self._catalog.vectors(self._generation, some))
            self._missing = max(self._missing - len(some), 0)

    def _remove(self, numbers: Sequence[int]) -> None:
        for some in _pieces(numbers):
            self.server.remove(some)


def _pieces(numbers: Sequence[int]) -> Iterable[Sequence[int]]:
    return (numbers[start : start + _AT_ONCE] for start in range(0, len(numbers), _AT_ONCE))
