"""Many digests due at one minute, several processes: ``python -m tests.evaluation.due``.

Real processes on a real PostgreSQL look at the same moment who is to get a digest, and deliver; one line is written
for each message that reaches the chat. First nobody dies; then, with another 200, one process is killed with SIGKILL
in the middle. What a killed process had sent and not noted is sent again with the same key, which chats know
(``repeated``); what people see is each digest once.

``--free`` has every process make digests at once, without asking for the lease: then a digest rests on its own row.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

from bot.courier import Courier
from bot.databases import Databases
from bot.digest_post import DigestPost
from bot.digester import Digester
from bot.digests import Digests
from bot.leases import Leases
from bot.outbox import Outbox
from bot.settings import Secret, Settings, store
from bot.subscriptions import Subscription, Subscriptions
from feeds.kinship import kin
from index.catalog import Catalog
from index.histories import Histories
from tests.digest_fixtures import THIS, WEEK
from tests.fakes import FakeChat, FakeClock
from tests.postgres import Postgres

MONDAY = THIS.end.replace(hour=9, minute=0)


class Lines(FakeChat):
    """A chat that writes a line for each message, and takes a moment as chats do."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self._file = file

    async def send(self, parcel) -> str:  # type: ignore[no-untyped-def]
        await asyncio.sleep(0.02)
        with self._file.open("a") as lines:
            lines.write(f"{os.getpid()} {parcel.key}\n")
        return f"ref of {parcel.key}"


def clock_at_nine() -> FakeClock:
    """Monday at nine, and going on."""
    clock = FakeClock()
    clock.move((MONDAY - clock()).total_seconds())
    return clock


def parts(url: str, folder: Path, clock: FakeClock) -> tuple[DigestPost, Outbox, Leases]:
    """Everything a process needs."""
    databases = Databases(Settings(folder, store=store(url, Secret())))
    index, memory = databases.index(), databases.memory()
    outbox = Outbox(memory, clock=clock)
    digester = Digester(Catalog(index), Histories(index, kin), Digests(memory), clock=clock)
    post = DigestPost(Subscriptions(memory, outbox, clock=clock), digester, outbox, clock=clock)
    return post, outbox, Leases(memory)


async def work(url: str, folder: Path, free: bool) -> None:
    """Make digests and deliver them, until killed."""
    clock = clock_at_nine()
    post, outbox, leases = parts(url, folder, clock)
    while not (folder / "go").exists():
        await asyncio.sleep(0.005)
    courier = Courier(outbox, {"chat": Lines(folder / "lines")}, clock=clock)
    with leases.beating(lambda _: None):
        while True:
            if free or await asyncio.to_thread(leases.take, "digests"):
                await asyncio.to_thread(post.tick)
            await courier.once()
            clock.move(0.5)
            await asyncio.sleep(0.5)


def subscribed(url: str, folder: Path, count: int) -> None:
    """Write a week's mail, and have ``count`` people want its digest on Monday at nine."""
    databases = Databases(Settings(folder, store=store(url, Secret())))
    index, memory = databases.index(), databases.memory()
    Catalog(index).put(WEEK, "pond")
    Histories(index, kin).put(WEEK)
    clock = FakeClock()
    clock.move((MONDAY - clock()).total_seconds() - 86_400)
    subscriptions = Subscriptions(memory, Outbox(memory, clock=clock), clock=clock)
    for n in range(count):
        one = Subscription(0, "chat", f"C{n}", f"U{n}", topics=("drm",) if n % 4 == 0 else ())
        subscriptions.add(replace(one, length="full" if n % 3 else "short"))
    Leases(memory)
    index.close()
    memory.close()


def run(server: Postgres, count: int, processes: int, *, kill: bool, free: bool) -> None:
    """Have them all do it, and say what came of it."""
    with server.database() as url, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        subscribed(url, folder, count)
        mode = "free" if free else "leased"
        command = (sys.executable, "-m", "tests.evaluation.due", "--work", url, str(folder), mode)
        working = [subprocess.Popen(command) for _ in range(processes)]
        time.sleep(6)
        (folder / "go").touch()
        began, killed = time.monotonic(), -1
        while time.monotonic() - began < 150 and len(set(keys(folder))) < count:
            time.sleep(0.05)
            if kill and killed < 0 and len(keys(folder)) > count // 4:
                killed = int((folder / "lines").read_text().split()[-2])
                next(one for one in working if one.pid == killed).kill()
        seconds = time.monotonic() - began
        time.sleep(3)
        for one in working:
            one.kill()
            one.wait()
        _report(folder, count, seconds, kill=kill, mode=mode)


def keys(folder: Path) -> list[str]:
    """The keys of the messages that reached the chat; those under a digest's first one are left out."""
    file = folder / "lines"
    lines = file.read_text().splitlines() if file.exists() else []
    return [key for key in (line.partition(" ")[2] for line in lines) if key.count(":") == 2]


def _report(folder: Path, count: int, seconds: float, *, kill: bool, mode: str) -> None:
    sent = Counter(keys(folder))
    by = Counter(line.split()[0] for line in (folder / "lines").read_text().splitlines())
    print(
        f"{mode}{', one killed' if kill else ''}: {count} due, {len(sent)} came, {count - len(sent)} missing,"
        f" {sum(sent.values()) - len(sent)} repeated with the same key, in {seconds:.1f} s;"
        f" messages by process: {sorted(by.values(), reverse=True)}"
    )


def main() -> None:
    """Run, or be one of the processes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--processes", type=int, default=3)
    parser.add_argument("--work", nargs=3, metavar=("URL", "FOLDER", "MODE"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        url, folder, mode = options.work
        asyncio.run(work(url, Path(folder), mode == "free"))
        return
    server = Postgres(durable=True)
    server.start()
    try:
        for free, kill in ((False, False), (True, False), (False, True), (True, True)):
            run(server, options.count, options.processes, kill=kill, free=free)
    finally:
        server.remove()


if __name__ == "__main__":
    main()
