"""Mails parsed by processes of their own, in the order they came.

Parsing takes twice as long as storing, so on several cores two workers parse while what came before is
stored. A few mails are parsed right here: starting workers costs more. A worker has one chunk at a time and
is read before it gets the next, so no pipe ever fills up on both sides, and little is on its way. It ends
when its input does, so none is left over when we are killed; one that dies costs time and nothing else.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from itertools import chain, islice
from types import TracebackType
from typing import Self

from feeds.delivery import Item
from feeds.errors import FeedError
from feeds.parsing import Found, Way, item

WORKERS = 2
ALONE = 300  # mails that are parsed here before workers are started
CHUNK_MAILS, CHUNK_BYTES = 128, 2 << 20  # two of them are a batch: one is parsed while the other is stored

# With our own path: "-m" would look into whatever folder krab was started in.
PROGRAM = "import sys; sys.path[:] = sys.argv[1:]; from feeds import parsing; parsing.main()"

Stream = Iterator[Item | Found]
Chunk = list[Item | Found]


def items(stream: Stream, way: Way, *, workers: int | None = None, alone: int = ALONE) -> Iterator[Item]:
    """The items of ``stream``, with what was found parsed. What came before an error comes before it here too."""
    count = (WORKERS if _cores() > 1 else 0) if workers is None else workers
    for one in islice(stream, alone) if count else stream:
        yield _item(one, way)
    if count and (first := next(stream, None)):
        yield from _shared(chain([first], stream), way, count)


def _shared(stream: Stream, way: Way, count: int) -> Iterator[Item]:
    failed: FeedError | None = None
    with ExitStack() as stack:
        idle = [stack.enter_context(Worker(way)) for _ in range(count)]
        busy: deque[Worker] = deque()
        try:
            for chunk in _chunks(stream):
                done = [] if idle else busy[0].take()
                worker = idle.pop() if idle else busy.popleft()
                worker.give(chunk)
                busy.append(worker)
                yield from done
        except FeedError as error:
            failed = error
        while busy:
            yield from busy.popleft().take()
    if failed:
        raise failed


def _chunks(stream: Stream) -> Iterator[Chunk]:
    held: Chunk = []
    size = 0
    try:
        for one in stream:
            held.append(one)
            size += len(one.raw) if isinstance(one, Found) else 0
            if len(held) >= CHUNK_MAILS or size >= CHUNK_BYTES:
                yield held
                held, size = [], 0
    except FeedError:
        if held:
            yield held
        raise
    if held:
        yield held


class Worker:
    """A process that parses. ``give`` and ``take`` alternate."""

    def __init__(self, way: Way) -> None:
        self._way = way
        self._chunk: Chunk = []
        self.process = subprocess.Popen(  # noqa: S603 - our own module, by our own interpreter
            (sys.executable, "-P", "-c", PROGRAM, *sys.path),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )

    def give(self, chunk: Chunk) -> None:
        """Have the mails in ``chunk`` parsed."""
        self._chunk = chunk
        assert self.process.stdin
        with suppress(OSError):  # a worker that died is noticed when its answer is wanted
            order = (self._way, [one for one in chunk if isinstance(one, Found)])
            pickle.dump(order, self.process.stdin, pickle.HIGHEST_PROTOCOL)
            self.process.stdin.flush()

    def take(self) -> list[Item]:
        """The items of the chunk that was given, in its order."""
        assert self.process.stdout
        try:
            parsed = iter(pickle.load(self.process.stdout))  # noqa: S301 - our own child's
        except (EOFError, OSError, pickle.UnpicklingError):
            return [_item(one, self._way) for one in self._chunk]
        return [next(parsed) if isinstance(one, Found) else one for one in self._chunk]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.process.kill()
        with suppress(OSError):
            self.process.communicate()


def _item(one: Item | Found, way: Way) -> Item:
    return item(one, way) if isinstance(one, Found) else one


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
