"""Thirty days of all posts, from hosts with faults, in simulated time.

Posts appear over the days; the poller's own policy decides when a host is asked. In the end every post must
be in, none may have been delivered twice, and no host may have been asked more often than the policy says.
"""

from __future__ import annotations

import logging
import random
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from feeds.cursors import Cursors
from feeds.fetch import Client, Manners
from feeds.guard import Guard
from feeds.kinds import Source
from feeds.poll import Poller
from feeds.schedule import SOONEST
from index.model import Batch, Part
from index.sqlite import Sqlite
from tests.evaluation.feeds.real import Real
from tests.evaluation.feeds.site import DAY, Host, Post, Sites
from tests.web_server import FakeTime, web_server

DAYS = 30
FAULTY = 0.15  # of all requests
PAGES = ("rust-goals", "kernel-docs", "rust-for-linux.com")
SHAPES = ("json", "rss", "atom", "announced")
FIRST = 20  # posts that are there on the first day


@dataclass(slots=True)
class Store:
    """What was delivered, and how often."""

    parts: dict[str, Part] = field(default_factory=dict)
    count: Counter[str] = field(default_factory=Counter)
    removed: int = 0

    def __call__(self, batch: Batch, name: str) -> None:
        self.parts.update((part.id, part) for part in batch.parts)
        self.count.update(part.id for part in batch.parts)
        self.removed += len(batch.removed)


def run(real: Real) -> None:
    """Serve all posts and poll them."""
    logging.disable(logging.WARNING)  # every fault is one
    clock = FakeTime()
    sites = Sites(hosts(real.posts(), clock.now), clock.read, share=FAULTY)
    store, port, states = simulate(sites, clock, real.folder("posts"), days=DAYS)
    report(sites, store, port, sum(states.values()))


def hosts(posts: Sequence[Part], start: float) -> list[Host]:
    """A host for every source of the posts; those of documentation serve pages, the others a feed."""
    by_source: dict[str, list[Part]] = defaultdict(list)
    for part in posts:
        by_source[part.labels[0].removeprefix("source:")].append(part)
    found = []
    ordered = sorted(by_source.items(), key=lambda pair: -len(pair[1]))
    for n, (source, parts) in enumerate(ordered):
        shape = "pages" if source in PAGES else SHAPES[n % len(SHAPES)]
        found.append(Host(f"{source.replace('.', '-')}.example", shape, _published(parts, start, n), start))
    return found


def _published(parts: Sequence[Part], start: float, seed: int) -> list[Post]:
    chance = random.Random(seed)
    moments = sorted(start + chance.uniform(0, (DAYS - 2) * DAY) for _ in parts[FIRST:])
    return [
        Post(n, at, p) for n, (at, p) in enumerate(zip([start - 60] * len(parts[:FIRST]) + moments, parts, strict=True))
    ]


def simulate(sites: Sites, clock: FakeTime, folder: Path, *, days: float) -> tuple[Store, int, Counter[str]]:
    """Poll for ``days``; returns what came, the server's port, and the polls that failed by source."""
    store, failed = Store(), Counter[str]()
    cursors = Cursors(Sqlite(folder / "krab.db"))
    guard = Guard(allow=("127.0.0.1", *sites.hosts), resolver=lambda host, port: ("127.0.0.1",))
    end = clock.now + days * DAY
    with web_server() as web, Client(Manners(), cache=folder, guard=guard, time=clock.time) as client:
        web.site = sites.answer
        told = [_source(host, web.port) for host in sites.hosts.values()]
        chance = random.Random(1)
        poller = Poller(told, client, cursors, store, jitter=chance.random)
        while clock.now < end:
            for name in poller.due(clock.now):
                failed[name] += bool(poller.once([name])[name].error)
            clock.now = max(clock.now, min(state.next_poll for state in cursors.states().values()))
        return store, web.port, failed


def _source(host: Host, port: int) -> Source:
    kind, path = ("pages", "/docs/") if host.shape == "pages" else ("feed", "/feed")
    return Source(host.name, kind, f"http://{host.name}:{port}{path}")


def report(sites: Sites, store: Store, port: int, failed: int) -> None:
    """Print what is missing, what came twice, and how often hosts were asked."""
    wanted = {f"http://{h.name}:{port}{h.path(p)}": (h, p) for h in sites.hosts.values() for p in h.posts}
    indexes = {f"http://{h.name}:{port}/docs/" for h in sites.hosts.values()}
    missing = [url for url in wanted if url not in store.parts]
    twice = [url for url in wanted if store.count[url] > 1]
    others = store.parts.keys() - wanted.keys() - indexes
    whole = sum(
        len(store.parts[url].text) >= 0.7 * len(p.part.text) for url, (_, p) in wanted.items() if url in store.parts
    )
    print(f"{len(wanted)} posts, {len(wanted) - len(missing)} in, {len(missing)} missing, {len(twice)} twice, ", end="")
    print(f"{len(others)} unknown, {store.removed} removed; {whole} with 70 % of their text or more")
    print(f"  missing {missing[:3]} twice {twice[:3]} unknown {sorted(others)[:3]}")
    faults = ", ".join(f"{name} × {count}" for name, count in sorted(sites.faults.items()))
    print(f"{sum(len(h.asked) for h in sites.hosts.values())} requests; {failed} polls failed; {faults}")
    print(f"{'host':<30}{'shape':<10}{'posts':>6}{'requests':>9}{'an hour':>9}{'most':>5}{'polls':>7}", end="")
    print(f"{'< 5 min':>8}{'early':>6}")
    for host in sites.hosts.values():
        print(f"{host.name:<30}{host.shape:<10}{len(host.posts):>6}{_asked(host)}")


def _asked(host: Host) -> str:
    hours = Counter(int(at // 3_600) for at, _ in host.asked)
    first = "/robots.txt" if host.shape == "pages" else "/feed"
    polls = [at for at, path in host.asked if path == first]
    soon = sum(1 < after - before < SOONEST for before, after in pairwise(polls))
    mean = len(host.asked) / (DAYS * 24)
    return f"{len(host.asked):>9}{mean:>9.1f}{max(hours.values(), default=0):>5}{len(polls):>7}{soon:>8}{host.early:>6}"
