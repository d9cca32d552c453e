"""How fast krab speaks. Slack takes about one message a second in a channel, and says when to wait longer.

https://docs.slack.dev/apis/web-api/rate-limits
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from weakref import WeakValueDictionary

KNOWN = 1_000  # channels remembered before those that may speak again are forgotten


class Pace:
    """Gives each message to a channel its turn, in the order of asking.

    The next turn begins some time after the last one *ended*: two requests that set out a second apart may arrive
    together.
    """

    def __init__(self, every: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._every = every
        self._clock = clock
        self._next: dict[str, float] = {}
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def wait(self, channel: str) -> float:
        """The seconds until the channel may be spoken in."""
        return max(self._next.get(channel, 0.0) - self._clock(), 0.0)

    def hold(self, channel: str, seconds: float) -> None:
        """Let nobody speak in a channel for a while."""
        now = self._clock()
        self._next[channel] = max(self._next.get(channel, 0.0), now + seconds)
        if len(self._next) > KNOWN:
            self._next = {name: when for name, when in self._next.items() if when > now}

    @asynccontextmanager
    async def turn(self, channel: str) -> AsyncIterator[None]:
        """Wait for a turn, and have it until the block is left."""
        lock = self._locks.setdefault(channel, asyncio.Lock())
        async with lock:
            while wait := self.wait(channel):  # noqa: ASYNC110 - each time as long as is known to be needed
                await asyncio.sleep(wait)
            try:
                yield
            finally:
                self.hold(channel, self._every)


class Budget:
    """So many a minute, and no more."""

    def __init__(self, most: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._spent: deque[float] = deque(maxlen=most)
        self._most = most
        self._clock = clock

    def spend(self, reserve: int = 0) -> bool:
        """Spend one, unless that would leave less than ``reserve`` of this minute's; whether it was spent."""
        now = self._clock()
        while self._spent and self._spent[0] <= now - 60:
            self._spent.popleft()
        if len(self._spent) >= self._most - reserve:
            return False
        self._spent.append(now)
        return True


class Sparse:
    """Lets something be done now and then: a status that changes with every word is shown every second."""

    def __init__(self, every: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._every = every
        self._clock = clock
        self._next = 0.0

    def due(self) -> bool:
        """Whether it may be done now; if so, it is taken as done."""
        now = self._clock()
        if now < self._next:
            return False
        self._next = now + self._every
        return True
