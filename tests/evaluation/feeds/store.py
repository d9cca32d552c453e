"""Ten thousand mails of an epoch parsed, threaded, cut and stored: mails a second, and memory on the way.

Embedding is left out: it is measured by ``tests.evaluation.bench import``, and takes far longer.
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

from feeds.kinds.archive import open_path
from index.catalog import Catalog
from index.database import Database
from index.model import Batch
from index.passages import VERSION
from tests.evaluation.feeds.real import Real

MAILS = 10_000
ROUNDS = 3


def run(real: Real) -> None:
    """Store the epoch a few times, with and without cutting passages."""
    epoch = real.folder("store-epoch")
    make_epoch(epoch, islice(real.mails(), MAILS))
    for number in range(ROUNDS):
        reading = _timed(_drained(epoch))
        for passages in (False, True):
            seconds, memory = store(epoch, real.folder("store"), passages=passages)
            what = "parsed, threaded, stored and cut" if passages else "parsed, threaded and stored"
            print(f"round {number + 1}: {MAILS} mails {what}: {seconds:.1f} s, {MAILS / seconds:.0f} a second")
            print(f"  resident MiB every 2,000 mails: {', '.join(f'{m:.0f}' for m in memory)}")
        print(f"round {number + 1}: read and parsed alone: {MAILS / reading:.0f} a second")


def make_epoch(folder: Path, mails: Iterable[bytes]) -> None:
    """A bare repository with a commit for every mail, as public-inbox has it."""
    subprocess.run(("git", "init", "--quiet", "--bare", "--initial-branch=master", str(folder)), check=True)
    command = ("git", "-C", str(folder), "fast-import", "--quiet")
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
        assert process.stdin
        for raw in mails:
            process.stdin.write(b"commit refs/heads/master\ncommitter k <k@example.org> 0 +0000\ndata 0\n")
            process.stdin.write(b"M 100644 inline m\ndata %d\n%b\n" % (len(raw), raw))
    if process.returncode:
        raise SystemExit("git fast-import failed")


def store(epoch: Path, folder: Path, *, passages: bool) -> tuple[float, list[float]]:
    """Seconds to store the epoch, and resident MiB every 2,000 mails."""
    database = Database(folder / "krab.db")
    catalog = Catalog(database)
    if passages:
        catalog.begin("none", VERSION, live=True)
    memory, done = [], 0
    started = time.monotonic()
    for batch in open_path(epoch).read(""):
        catalog.put(batch.parts, "epoch")
        if (done + len(batch.parts)) // 2_000 > done // 2_000:
            memory.append(_resident())
        done += len(batch.parts)
    seconds = time.monotonic() - started
    if catalog.totals().parts != done:
        raise SystemExit(f"{done} mails were delivered, {catalog.totals().parts} are stored")
    database.close()
    return seconds, memory


def _drained(epoch: Path) -> Iterator[Batch]:
    yield from open_path(epoch).read("")


def _timed(batches: Iterable[Batch]) -> float:
    started = time.monotonic()
    for _ in batches:
        pass
    return time.monotonic() - started


def _resident() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20
