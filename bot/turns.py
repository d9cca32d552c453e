"""Whose turn it is: people take turns, however many questions one of them has put.

``Turns`` is the order alone, without clocks or tasks; ``Line`` gives it to coroutines, a few at a time.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from itertools import zip_longest
from typing import Generic, TypeVar, cast

T = TypeVar("T")
_NOBODY = object()  # stands where a person has no further item


class Turns(Generic[T]):
    """A queue that goes round over people: each one's first, then each one's second, and so on.

    Items must differ. Who has just had a turn comes after all who wait.
    """

    def __init__(self) -> None:
        self._queues: OrderedDict[str, deque[T]] = OrderedDict()  # the first one is next

    def __len__(self) -> int:
        return sum(map(len, self._queues.values()))

    def add(self, who: str, item: T) -> None:
        """Put an item at the end of a person's own queue."""
        self._queues.setdefault(who, deque()).append(item)

    def next(self) -> T | None:
        """Take the item whose turn it is."""
        if not self._queues:
            return None
        who, queue = self._queues.popitem(last=False)
        item = queue.popleft()
        if queue:
            self._queues[who] = queue
        return item

    def drop(self, item: T) -> bool:
        """Take an item out of the queue; whether it was there."""
        for who, queue in self._queues.items():
            if item in queue:
                queue.remove(item)
                if not queue:
                    del self._queues[who]
                return True
        return False

    def before(self, item: T) -> int:
        """How many items have their turn before this one, if nobody else comes."""
        return next((n for n, other in enumerate(self) if other == item), 0)

    def __iter__(self) -> Iterator[T]:
        """Every item, in the order of their turns."""
        for turn in zip_longest(*self._queues.values(), fillvalue=_NOBODY):
            yield from (cast("T", item) for item in turn if item is not _NOBODY)


Turn = asyncio.Future[None]  # done when the turn has come


class Line:
    """People standing in line for ``at_once`` places."""

    def __init__(self, at_once: int) -> None:
        self._free = at_once
        self._turns: Turns[Turn] = Turns()

    def __len__(self) -> int:
        return len(self._turns)

    def join(self, who: str) -> Turn:
        """Stand in line. Who has had his turn calls ``done``; who goes away before, ``leave``."""
        turn: Turn = asyncio.get_running_loop().create_future()
        self._turns.add(who, turn)
        self._call()
        return turn

    def before(self, turn: Turn) -> int:
        """How many come before."""
        return self._turns.before(turn)

    def leave(self, turn: Turn) -> None:
        """Go away without having used the turn."""
        if not self._turns.drop(turn):
            self.done()

    def done(self) -> None:
        """A place is free again."""
        self._free += 1
        self._call()

    @asynccontextmanager
    async def place(self, who: str) -> AsyncIterator[None]:
        """Stand in line, and have a place for as long as the block lasts."""
        turn = self.join(who)
        try:
            await turn
        except BaseException:
            self.leave(turn)
            raise
        try:
            yield
        finally:
            self.done()

    def _call(self) -> None:
        while self._free and (turn := self._turns.next()):
            self._free -= 1
            if turn.cancelled():
                self._free += 1
            else:
                turn.set_result(None)
