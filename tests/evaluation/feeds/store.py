"""Ten thousand mails of an epoch parsed, threaded, cut and stored: mails a second, and memory on the way.

Embedding is left out: it is measured by ``tests.evaluation.bench import``, and takes far longer.
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterable
from itertools import islice
from pathlib import Path

from feeds.kinds.archive import open_path
from index.catalog import Catalog
from index.passages import VERSION
from index.sqlite import Sqlite
from tests.evaluation.feeds.real import Real

MAILS = 10_000
ROUNDS = 2


def run(real: Real) -> None:
    """Store the epoch a few times, with and without cutting passages.

    Seconds of the processor are told beside those of the clock: they say what a quiet machine would take.
    """
    epoch = real.folder("store-epoch")
    make_epoch(epoch, islice(real.mails(), MAILS))
    for _ in range(ROUNDS):
        for passages in (False, True):
            here, workers = _processor()
            seconds, memory = store(epoch, real.folder("store"), passages=passages)
            here, workers = _processor()[0] - here, _processor()[1] - workers
            what = "parsed, threaded, stored and cut" if passages else "parsed, threaded and stored"
            print(f"{MAILS} mails {what}: {seconds:.1f} s, {MAILS / seconds:.0f} a second")
            quiet = max(here, (here + workers) / 2)
            print(f"  processor: {here:.1f} s here, {workers:.1f} s in git and workers;", end=" ")
            print(f"two cores with nothing else to do would take {quiet:.1f} s, {MAILS / quiet:.0f} a second")
            print(f"  own MiB every 2,000 mails: {', '.join(f'{m:.0f}' for m in memory)}", flush=True)


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
    """Seconds to store the epoch, and MiB of memory every 2,000 mails."""
    database = Sqlite(folder / "krab.db")
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


def _processor() -> tuple[float, float]:
    """Seconds of the processor used so far by this process, and by those it waited for."""
    used = os.times()
    return used.user + used.system, used.children_user + used.children_system


def _resident() -> float:
    """MiB of memory of our own; what is mapped of the database's file is not counted."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("RssAnon:")) / 1024
