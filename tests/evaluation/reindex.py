"""SIGKILL at random moments of a reindex while questions are asked: ``python -m tests.evaluation.reindex FOLDER FILE``.

FOLDER is a data directory, which is copied to ``--work``; FILE a question file. The copy's vectors are
given another embedder's name (the packaged model's other backend), so that the reindex embeds everything
from scratch, and in the end its index must equal FOLDER's. A running krab is asked ``--rate`` questions a second
first idle, then while the reindex is killed ``--kills`` times and at last let through; each answer must
be the one that the index before or the index after gives.
"""

from __future__ import annotations

import argparse
import itertools
import json
import random
import shutil
import sqlite3
import statistics
import subprocess
import sys
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from index.embed import NAME
from tests.index_fixtures import contents, differences

KRAB = (sys.executable, "-m", "bot")
ADDRESS = "127.0.0.1:18482"
OTHER = {f"{NAME}/int8": f"{NAME}/fp32", f"{NAME}/fp32": f"{NAME}/int8"}


@dataclass
class Asked:
    """What a stretch of time came to: milliseconds of each answer, and every answer by its question."""

    took: list[float] = field(default_factory=list)
    said: dict[str, set[str]] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)

    @property
    def p95(self) -> float:
        return statistics.quantiles(self.took, n=20)[-1]

    def ask(self, question: str) -> None:
        started = time.monotonic()
        try:
            self.said.setdefault(question, set()).add(answer(question))
        except OSError as error:
            self.failed.append(f"{question}: {error}")
        self.took.append(1000 * (time.monotonic() - started))

    def __str__(self) -> str:
        middle = statistics.median(self.took)
        worst = max(self.took)
        return f"{len(self.took)} questions, p50 {middle:.0f} ms, p95 {self.p95:.0f} ms, worst {worst:.0f} ms"


def answer(question: str) -> str:
    """Ask the running krab; what it says, without how long it took."""
    url = f"http://{ADDRESS}/api/ask?{urllib.parse.urlencode({'q': question})}"
    with urllib.request.urlopen(url, timeout=30) as response:
        said = json.load(response)
    return json.dumps({key: said[key] for key in ("status", "text", "sources")})


def renamed(folder: Path, target: Path) -> Path:
    """Copy ``folder``, its vectors as if another embedder had made them; caches are made anew."""
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(folder, target)
    with closing(sqlite3.connect(target / "krab.db")) as database, database:
        (name,) = database.execute("SELECT embedder FROM generations WHERE live = 1").fetchone()
        database.execute("UPDATE generations SET embedder = ?", (OTHER[name],))
        database.execute("UPDATE vectors SET embedder = ?", (OTHER[name],))
    return target


@contextmanager
def serving(folder: Path) -> Iterator[None]:
    """A krab that serves ``folder`` and polls nothing."""
    config = folder / "serve.toml"
    config.write_text(f'sources = []\n[web]\nlisten = "{ADDRESS}"\n')
    command = [*KRAB, "serve", "--data", str(folder), "--config", str(config)]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as server:
        try:
            _wait()
            yield
        finally:
            server.terminate()


def _wait() -> None:
    for _ in range(600):
        try:
            with urllib.request.urlopen(f"http://{ADDRESS}/readyz", timeout=5):
                return
        except OSError:
            time.sleep(0.1)
    raise SystemExit("krab does not serve")


@contextmanager
def asking(questions: Sequence[str], rate: float) -> Iterator[Asked]:
    """Ask ``rate`` questions a second, whether or not earlier ones are answered, for the length of a ``with``."""
    asked, stop = Asked(), threading.Event()

    def run() -> None:
        due = time.monotonic()
        with ThreadPoolExecutor(50) as pool:
            for question in itertools.cycle(questions):
                if stop.wait(max(due - time.monotonic(), 0)):
                    return
                pool.submit(asked.ask, question)
                due += 1 / rate

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield asked
    finally:
        stop.set()
        thread.join()


def reindexer(folder: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen([*KRAB, "reindex", "--data", str(folder)], stdout=sys.stderr, stderr=subprocess.DEVNULL)


def killed(folder: Path, kills: int, within: float, chance: random.Random) -> None:
    """Reindex, killed so often at random moments."""
    for kill in range(kills):
        with reindexer(folder) as process:
            time.sleep(chance.uniform(0.5, within))
            process.kill()
        print(f"kill {kill + 1}: {process.returncode}, {_state(folder)}", flush=True)


def finished(folder: Path) -> None:
    """Reindex to the end."""
    with reindexer(folder) as process:
        if process.wait():
            raise SystemExit("the reindex failed")


def _state(folder: Path) -> str:
    with closing(sqlite3.connect(folder / "krab.db")) as database:
        counts = database.execute("SELECT count(*) FROM vectors GROUP BY embedder ORDER BY 1").fetchall()
    return f"{counts[0][0] if len(counts) > 1 else 0} of {counts[-1][0]} texts embedded"


def main() -> None:
    """Measure, and say what differs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("questions", type=Path)
    parser.add_argument("--work", type=Path, default=Path("build/bench"))
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument(
        "--within", type=float, default=20.0, metavar="SECONDS", help="after which a kill comes at last"
    )
    parser.add_argument("--rate", type=float, default=5.0)
    parser.add_argument("--idle", type=float, default=60.0, metavar="SECONDS")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--part", action="store_true", help="end with the last kill: only how fast questions were")
    options = parser.parse_args()
    questions = [json.loads(line)["question"] for line in options.questions.read_text().splitlines()]
    folder = renamed(options.folder, options.work / "reindexed")
    with serving(folder):
        before, after = Asked(), Asked()
        for question in questions:
            before.ask(question)
        with asking(questions, options.rate) as idle:
            time.sleep(options.idle)
        print(f"idle: {idle}", flush=True)
        with asking(questions, options.rate) as during:
            killed(folder, options.kills, options.within, random.Random(options.seed))
            if not options.part:
                finished(folder)
        print(f"reindexing: {during}; p95 {during.p95 / idle.p95:.2f} times that of idle", flush=True)
        if options.part:
            return
        answer(questions[0])
        time.sleep(5)
        for question in questions:
            after.ask(question)
    _compare(options.folder, folder, during, (before, after))


def _compare(original: Path, folder: Path, during: Asked, around: tuple[Asked, Asked]) -> None:
    """Say which answers neither index gives, and whether the index is as if nothing had happened."""
    before, after = around
    wrong = [q for q, said in during.said.items() if said - before.said[q] - after.said[q]]
    print(f"failed: {len(during.failed)}; answers that neither index gives: {len(wrong)}")
    for line in (*during.failed[:5], *wrong[:5]):
        print(f"  {line}")
    print(f"against an undisturbed index: {differences(contents(original), contents(folder)) or 'equal'}")


if __name__ == "__main__":
    main()
