"""Answering costs CPU, so questions stand in a line with an end.

Two are worked on at once, 32 may wait, nobody waits longer than 20 seconds. A question whose asker has
given up leaves the line; one that is being worked on holds its place until it is done, since a thread
can't be stopped and its core is really busy.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import BoundedSemaphore
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Limits:
    """How many are worked on ``at_once``, how many ``waiting``, and for how many ``seconds`` at most."""

    at_once: int = 2
    waiting: int = 32
    seconds: float = 20.0


class Busy(Exception):
    """No answer now. ``retry_after`` is in seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"too many questions at once; try again in {retry_after} seconds")
        self.retry_after = retry_after


class Queue:
    """The line before the worker threads."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._places = BoundedSemaphore(limits.at_once + limits.waiting)
        self._workers = ThreadPoolExecutor(limits.at_once, thread_name_prefix="krab-ask")

    async def run(self, work: Callable[[], T]) -> T:
        """Return what ``work`` returns, called in a worker thread. Raises ``Busy``."""
        if not self._places.acquire(blocking=False):
            raise Busy(5)
        future = self._workers.submit(work)
        future.add_done_callback(lambda _: self._places.release())
        try:
            return await asyncio.wait_for(asyncio.wrap_future(future), self._limits.seconds)
        except TimeoutError as error:
            raise Busy(10) from error

    def close(self) -> None:
        """Take nobody else; those waiting are turned away."""
        self._workers.shutdown(wait=False, cancel_futures=True)
