"""How fast krab speaks. Slack takes about one message a second in a channel, and says when to wait longer.

https://docs.slack.dev/apis/web-api/rate-limits
"""

from __future__ import annotations

import time
from asyncio import sleep
from collections.abc import Callable


class Pace:
    """Gives each message to a channel its turn, in the order of asking."""

    def __init__(self, every: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._every = every
        self._clock = clock
        self._free: dict[str, float] = {}
        self._held: dict[str, float] = {}

    def wait(self, channel: str) -> float:
        """Take the channel's next turn; the seconds until it comes."""
        now = self._clock()
        self._free = {name: when for name, when in self._free.items() if when > now}
        self._held = {name: when for name, when in self._held.items() if when > now}
        turn = max(self._free.get(channel, now), self._held.get(channel, now))
        self._free[channel] = turn + self._every
        return turn - now

    def hold(self, channel: str, seconds: float) -> None:
        """Let nobody have a turn for a while; who has one already takes another."""
        until = self._clock() + seconds
        if until > self._held.get(channel, 0.0):
            self._held[channel] = self._free[channel] = until

    def held(self, channel: str) -> bool:
        """Whether a turn that has come is not to be used."""
        return self._held.get(channel, 0.0) > self._clock()

    async def turn(self, channel: str) -> None:
        """Wait for a turn."""
        await sleep(self.wait(channel))
        while self.held(channel):  # noqa: ASYNC110 - each time as long as is known to be needed
            await sleep(self.wait(channel))


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
