"""The measurements of docs/measurements.md, each a command: ``python -m tests.evaluation.bench NAME…``.

    import     krab import of all real mail: mails a second, memory, again; against sentence-transformers
    retrieval  krab's ranking beside BM25, the embedder alone and their rank fusion
    ablation   krab's ranking without each thing that it goes by
    answers    krab eval and krab verify over everything
    latency    questions over the running server, cold commands
    growth     the same over ten times as much, with memory
    crash      SIGKILL at 20 random moments of an import

The real data stands outside the project: ``--shared DIR`` (or KRAB_SHARED) names a folder with data/ and
eval/. What was built is kept in ``--work DIR``, so that the later ones need not import again.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

KRAB = (sys.executable, "-m", "bot")
KILLS = 20
TIMES = 10


@dataclass(frozen=True, slots=True)
class Ran:
    """A finished command: seconds, peak resident MiB, what it printed."""

    seconds: float
    peak: float
    output: str


def krab(*arguments: str, data: Path, config: Path | None = None) -> Ran:
    """Run a krab command to its end."""
    command = [*KRAB, arguments[0], "--data", str(data), *(("--config", str(config)) if config else ()), *arguments[1:]]
    started = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
    return Ran(time.monotonic() - started, usage.ru_maxrss / 1024, output)


@dataclass(frozen=True, slots=True)
class Bench:
    """Where the real data is, and where what is built goes."""

    shared: Path
    work: Path
    more: tuple[Path, ...] = ()  # question files besides eval/dev.jsonl
    index: Path | None = None  # a data directory that holds everything already

    @property
    def mail(self) -> list[str]:
        return sorted(map(str, (self.shared / "data" / "lore").glob("rust-*.mbox.xz")))

    @property
    def questions(self) -> Path:
        return self.shared / "eval" / "dev.jsonl"

    @property
    def question_files(self) -> tuple[Path, ...]:
        return self.questions, *self.more

    def everything(self) -> Path:
        """Return a data directory with all of data/; what is there already is not made again."""
        if self.index:
            return self.index
        folder = self.work / "everything"
        lore = self.shared / "data" / "lore"
        others = [str(lore / "ksummit.0.bundle"), str(self.shared / "data" / "posts.jsonl.xz")]
        krab("import", *self.mail, *others, data=folder)
        return folder


def imports(bench: Bench) -> None:
    """Time imports: the embedders on one archive, then everything, then again."""
    small = [path for path in bench.mail if "2023" in path]
    config = bench.work / "sentence-transformers.toml"
    from index.embed import weights

    config.write_text(f'[index]\nembedder = "{weights()}"\n')
    for name, settings in (("packaged embedder", None), ("sentence-transformers fp32", config)):
        folder = _empty(bench.work / f"import-{name.split()[0]}")
        _import(f"one archive, {name}", small, folder, settings)
    folder = _empty(bench.work / "everything")
    _import("all mail", bench.mail, folder)
    _import("all mail, again", bench.mail, folder)
    _import("ksummit epoch", [str(bench.shared / "data" / "lore" / "ksummit.0.bundle")], folder)


def _import(name: str, paths: Sequence[str], folder: Path, config: Path | None = None) -> None:
    ran = krab("import", "--json", *paths, data=folder, config=config)
    counts = json.loads(ran.output)
    mails = counts["new"] + counts["changed"] + counts["unchanged"]
    print(
        f"{name:<40} {mails:>6} mails {counts['new']:>6} new {ran.seconds:8.1f} s"
        f" {mails / ran.seconds:8.1f} mails/s {ran.peak:7.0f} MiB peak"
    )


def retrieval(bench: Bench) -> None:
    """Compare krab's ranking with its yardsticks."""
    from tests.evaluation.retrieval import yardsticks

    yardsticks(bench.everything(), bench.question_files)


def ablation(bench: Bench) -> None:
    """See what each thing is worth that ranking goes by."""
    from tests.evaluation.retrieval import ablation

    ablation(bench.everything(), bench.question_files)


def answers(bench: Bench) -> None:
    """Score the answers, then check every citation."""
    folder = bench.everything()
    print(krab("eval", str(bench.questions), data=folder).output)
    print(krab("verify", data=folder).output)


def latency(bench: Bench) -> None:
    """Time questions over HTTP, and cold commands."""
    folder = bench.everything()
    _served("warm, over HTTP", bench, folder)
    cold = [*KRAB, "ask", "--data", str(folder), "Who maintains Rust Binder?"]
    for name, command in (("krab ask, cold", cold), ("krab --help", [*KRAB, "--help"])):
        run = partial(subprocess.run, command, check=True, capture_output=True)
        times = sorted(_timed(run) for _ in range(7))
        print(f"{name}: median {_at(times, 0.5) / 1000:.2f} s, worst {times[-1] / 1000:.2f} s")


def growth(bench: Bench) -> None:
    """Time the same questions over ten times as much, replicated with noise."""
    from tests.evaluation.growth import grow
    from tests.evaluation.retrieval import cost

    folder = bench.work / f"times-{TIMES}"
    if not folder.exists():
        half = _empty(bench.work / "growing")
        with closing(sqlite3.connect(bench.everything() / "krab.db")) as database:
            database.execute("VACUUM INTO ?", (str(half / "krab.db"),))
        started = time.monotonic()
        grow(half, TIMES)
        half.rename(folder)
        print(f"made {TIMES} times as much in {time.monotonic() - started:.0f} s")
    krab("status", data=folder)  # fills the caches
    for name, data in (("as it is", bench.everything()), (f"{TIMES} times as much", folder)):
        _served(name, bench, data)
        print(f"{name}: retrieval takes {cost(data, bench.questions):.0f} ms of a processor", flush=True)


def _served(name: str, bench: Bench, folder: Path) -> None:
    """Ask every question over HTTP, twice; print how long the second time took, and what the server holds in memory."""
    config = bench.work / "serve.toml"
    config.write_text('sources = []\n[web]\nlisten = "127.0.0.1:18480"\n')
    questions = [json.loads(line)["question"] for line in bench.questions.read_text().splitlines()]
    server = subprocess.Popen(
        [*KRAB, "serve", "--data", str(folder), "--config", str(config)], stderr=subprocess.DEVNULL
    )
    try:
        _wait_for("http://127.0.0.1:18480/readyz")
        for _ in range(2):
            answers = [_timed_answer(question) for question in questions]
        for what, times in (("HTTP", sorted(t for t, _ in answers)), ("answer", sorted(t for _, t in answers))):
            print(
                f"{name}, {len(times)} questions, {what}: p50 {_at(times, 0.5):.0f} ms, p95 {_at(times, 0.95):.0f} ms"
            )
        own, mapped = _resident(server.pid)
        print(f"{name}: {own:.0f} MiB of its own, {mapped:.0f} MiB mapped from files", flush=True)
    finally:
        server.terminate()
        server.wait(30)


def _timed_answer(question: str) -> tuple[float, float]:
    """Return the milliseconds until the answer was here, and those that krab itself counted."""
    url = "http://127.0.0.1:18480/api/ask?" + urllib.parse.urlencode({"q": question})
    started = time.perf_counter()
    with urllib.request.urlopen(url, timeout=60) as answer:
        told = json.load(answer)
    return (time.perf_counter() - started) * 1000, float(told["took_ms"])


def _resident(pid: int) -> tuple[float, float]:
    """Return the MiB that a process holds, and those of files that it reads from memory (given up when needed)."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    told = {line.split(":")[0]: line.split()[1] for line in lines if line.startswith("Rss")}
    return int(told["RssAnon"]) / 1024, int(told["RssFile"]) / 1024


def _wait_for(url: str) -> None:
    for _ in range(300):
        try:
            urllib.request.urlopen(url, timeout=5).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise SystemExit(f"{url} does not answer")


def crash(bench: Bench) -> None:
    """Kill an import at random moments; afterwards the index must equal that of an undisturbed one."""
    from tests.index_fixtures import contents, differences

    paths = [path for path in bench.mail if "2021" in path]
    whole = _empty(bench.work / "crash-undisturbed")
    undisturbed = krab("import", *paths, data=whole)
    wanted = contents(whole)
    chance = random.Random(20261123)
    for n in range(1, KILLS + 1):
        folder = _empty(bench.work / "crash")
        moment = chance.uniform(0.05, 0.95) * undisturbed.seconds
        process = subprocess.Popen(
            [*KRAB, "import", "--data", str(folder), *paths], stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL
        )
        time.sleep(moment)
        process.send_signal(signal.SIGKILL)
        process.wait()
        krab("import", *paths, data=folder)
        found = differences(wanted, contents(folder))
        print(f"kill {n:>2} after {moment:5.1f} s: {'; '.join(found) or 'equal'}", flush=True)


def _empty(folder: Path) -> Path:
    import shutil

    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def _timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return (time.perf_counter() - started) * 1000


def _at(ordered: Sequence[float], q: float) -> float:
    return ordered[min(len(ordered) - 1, int(q * len(ordered)))]


BENCHES = {
    "import": imports,
    "retrieval": retrieval,
    "ablation": ablation,
    "answers": answers,
    "latency": latency,
    "growth": growth,
    "crash": crash,
}


def main() -> None:
    """Run the benches that are named; all of them when none is."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", choices=[*BENCHES, []], metavar="NAME")
    parser.add_argument("--shared", type=Path, default=os.environ.get("KRAB_SHARED", "../shared"))
    parser.add_argument("--work", type=Path, default=Path("build/bench"))
    parser.add_argument("--questions", type=Path, action="append", default=[], help="another question file to score")
    parser.add_argument("--index", type=Path, help="a data directory that holds everything already")
    options = parser.parse_args()
    if not (options.shared / "data").is_dir():
        raise SystemExit("the real data is absent: name a folder with data/ and eval/ by --shared or KRAB_SHARED")
    options.work.mkdir(parents=True, exist_ok=True)
    print(f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, {_processor()}")
    bench = Bench(options.shared.resolve(), options.work.resolve(), tuple(options.questions), options.index)
    for name in options.names or BENCHES:
        print(f"\n== {name}", flush=True)
        BENCHES[name](bench)


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    return next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), "unknown processor")


if __name__ == "__main__":
    main()
