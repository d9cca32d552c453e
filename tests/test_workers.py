"""Mails parsed elsewhere are the mails that would have been parsed here, in the same order, whatever happens."""

from __future__ import annotations

import io
import pickle
from datetime import UTC, datetime

import pytest

from feeds.delivery import Item
from feeds.errors import Unreadable
from feeds.parsing import Found, Way, item, serve
from feeds.workers import CHUNK_MAILS, Stream, Worker, items
from tests.public_inbox import mail

WAY = Way(("list:crabs",), datetime(2026, 1, 1, tzinfo=UTC))
COUNT = 5 * CHUNK_MAILS + 7


def found(number: int) -> Item | Found:
    """A mail; every tenth is a step without one, and every eleventh is none that can be read."""
    if number % 10 == 0:
        return Item("box", ["digest", number])
    raw = b"\0" if number % 11 == 0 else mail(number, 1_750_000_000.0 + number)
    return Found("box", ["digest", number], f"box#{number}", raw, len(raw), removes=number % 7 == 0)


def stream(count: int = COUNT, failure: Exception | None = None) -> Stream:
    yield from map(found, range(count))
    if failure:
        raise failure


@pytest.fixture(scope="module")
def expected() -> list[Item]:
    return list(items(stream(), WAY, workers=0))


@pytest.mark.parametrize(("workers", "alone"), [(1, 0), (2, 0), (3, 100), (2, COUNT), (2, COUNT + 1)])
def test_items_are_the_same_and_in_order(expected: list[Item], workers: int, alone: int) -> None:
    assert list(items(stream(), WAY, workers=workers, alone=alone)) == expected


@pytest.mark.parametrize("count", [0, 1, CHUNK_MAILS, COUNT])
@pytest.mark.parametrize("workers", [0, 2])
def test_what_came_before_an_error_is_delivered_before_it(expected: list[Item], workers: int, count: int) -> None:
    came: list[Item] = []
    with pytest.raises(Unreadable, match="breaks off"):
        came.extend(items(stream(count, Unreadable("it breaks off")), WAY, workers=workers, alone=0))
    assert came == expected[:count]


def test_a_worker_that_dies_costs_nothing_but_time() -> None:
    chunk = [found(n) for n in range(30)]
    with Worker(WAY) as worker:
        worker.give(chunk)
        first = worker.take()
        worker.process.kill()
        worker.process.wait()
        worker.give(chunk)
        assert worker.take() == first


def test_no_worker_is_left_when_nobody_reads_on() -> None:
    with Worker(WAY) as worker:
        worker.give([found(1)])
    assert worker.process.poll() is not None


def test_a_worker_ends_with_its_orders() -> None:
    one = found(1)
    assert isinstance(one, Found)
    out = io.BytesIO()
    serve(io.BytesIO(pickle.dumps((WAY, [one]))), out)
    assert pickle.loads(out.getvalue()) == [item(one, WAY)]
