"""A month of polling in simulated time: with every fault a host can have, all posts come in, and none twice.

The same over real posts: ``python -m tests.evaluation.feeds posts``.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from feeds.schedule import SOONEST
from tests.evaluation.feeds.posts import Store, hosts, simulate
from tests.evaluation.feeds.site import Sites
from tests.index_fixtures import post
from tests.web_server import FakeTime

WORDS = "A crab grows its shell anew, line by line, and hides meanwhile under a stone of its own. "
SOURCES = ("rust-goals", "one", "two", "three")
COUNT = 30


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    logging.disable(logging.WARNING)
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture
def month(tmp_path: Path) -> tuple[Sites, Store]:
    clock = FakeTime()
    parts = [
        post(
            f"{source}-{n}", WORDS.replace("line", f"line {n}") * 9, title=f"{source} {n}", labels=(f"source:{source}",)
        )
        for source in SOURCES
        for n in range(COUNT)
    ]
    sites = Sites(hosts(parts, clock.now), clock.read, share=0.2)
    store, _, failed = simulate(sites, clock, tmp_path, days=30)
    assert failed.total() > 50
    return sites, store


def test_a_month_of_faults_loses_nothing_doubles_nothing_and_hurries_nobody(month: tuple[Sites, Store]) -> None:
    sites, store = month
    assert len(sites.faults) == 9
    assert len([name for name in store.parts if not name.endswith("/docs/")]) == COUNT * len(SOURCES)
    assert [name for name, count in store.count.items() if count > 1 and not name.endswith("/docs/")] == []
    assert store.removed == 0
    assert [host.early for host in sites.hosts.values()] == [0] * len(SOURCES)
    polls = [[at for at, path in host.asked if path == "/feed"] for host in sites.hosts.values()]
    assert [after - before for times in polls for before, after in pairwise(times) if after - before < SOONEST] == []
