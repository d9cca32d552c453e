"""A move under load: ``python -m tests.evaluation.migrate --data DIR``, whose contents (everything) are copied first.

``krab serve`` answers questions in Slack (the stand-in) and reads a feed that grows, from SQLite files. Meanwhile
``krab migrate`` is begun and killed with SIGKILL at random moments, five times, then run to its end. Every question
must get its one answer; what migrate says of each table (rows and a digest) must be what the old files hold, and
every row of theirs must be in PostgreSQL (``later`` counts those that were written to after the switch).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import re
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import replace
from pathlib import Path

from bot.databases import Databases
from bot.settings import Secret, Settings, store
from index.moving import Movable, _rows, _Seen, shared
from tests.e2e.test_story import Installation
from tests.evaluation.failover import KINDS, QUESTIONS, Feed, Roomy, Scene, asking
from tests.peers import free_port
from tests.postgres import Postgres
from tests.slack_standin.workspace import Channel

KILLS = 5


def installed(scene: Scene, data: Path) -> Installation:
    """Return a krab over the copied data directory."""
    listen = f"127.0.0.1:{free_port()}"
    (data / "krab.toml").write_text(
        f'[slack]\napi_url = "{scene.slack.api_url}"\n'
        f'[[sources]]\nname = "pond"\nkind = "feed"\nurl = "{scene.feed.url}"\nevery = "2s"\n'
        'private = ["slack:NOBODY"]\n[fetch]\nallow_private = ["127.0.0.1"]\n'
        f'[web]\nlisten = "{listen}"\n[limits]\nper_user = 100000\nper_channel = 100000\nwaiting = 100000\n'
    )
    app = scene.slack.workspace.app
    return Installation(data, listen, {"KRAB_SLACK_BOT_TOKEN": app.bot_token, "KRAB_SLACK_APP_TOKEN": app.app_token})


async def moved(data: Path, url: str, chance: random.Random) -> tuple[dict[str, object], list[str]]:
    """Move, killed and begun again; what it said in the end, and how it went."""
    command = (sys.executable, "-m", "bot", "migrate", "--json", "--to", url, "--data", str(data))
    went = []
    for attempt in range(KILLS + 1):
        began = time.monotonic()
        process = await asyncio.create_subprocess_exec(
            *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )
        if attempt < KILLS:
            wait = chance.uniform(1.5, 8)
            with suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), wait)
                went.append(f"ended by itself after {time.monotonic() - began:.1f} s, status {process.returncode}")
                break
            process.kill()
            await process.wait()
            went.append(f"killed after {wait:.1f} s")
            print(went[-1], file=sys.stderr, flush=True)
    out, err = await process.communicate()
    went.append(f"run to its end in {time.monotonic() - began:.1f} s, status {process.returncode}")
    return json.loads(out) if out else {"error": err.decode()[-500:]}, went


def databases(data: Path, url: str = "") -> list[Movable]:
    """The old files, or the schemas at ``url``."""
    settings = Settings(data)
    if url:
        settings = replace(settings, store=store(url, Secret()))
    return Databases(settings).all((), even_moved=True)


def compared(data: Path, url: str, said: dict[str, object]) -> Iterator[str]:
    """Say, table by table, whether the old files and the new store hold the same."""
    told: dict[str, tuple[int, str]] = {}
    for table in said.get("tables", ()):  # type: ignore[attr-defined]
        told.setdefault(table["table"], (table["rows"], table["digest"]))  # further ones are private sources'
    tables = rows = missing = 0
    later: dict[str, int] = {}
    wrong = []
    for old, new in zip(databases(data), databases(data, url), strict=True):
        with closing(old), closing(new):
            for table in shared(old, new):
                seen, width = _Seen(), len(table.key)
                ours = {row[:width]: row for row in map(seen, _rows(old.connection(), table))}
                theirs = {row[:width]: row for row in _rows(new.connection(), table)}
                wrong += [table.name] if told.get(table.name) != (seen.rows, seen.digest.hexdigest()) else []
                tables, rows = tables + 1, rows + seen.rows
                missing += len(ours.keys() - theirs.keys())
                if changed := sum(theirs.get(key, row) != row for key, row in ours.items()):
                    later[table.name] = changed
    yield f"{tables} tables, {rows} rows, of which {missing} are missing; count or digest differs: {wrong or 'nowhere'}"
    yield f"rows written to after the switch: {later}"


async def main() -> None:
    """Run, and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, type=Path)
    parser.add_argument("--rate", type=float, default=2.0, help="questions a second")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    texts = [json.loads(line)["question"] for line in QUESTIONS.read_text(encoding="utf-8").splitlines()[:KINDS]]
    server = Postgres(durable=True)
    server.start()
    try:
        with tempfile.TemporaryDirectory() as name:
            data = Path(name) / "data"
            shutil.copytree(options.data, data, ignore=shutil.ignore_patterns("*.before-*", "*.lock", "store-url"))
            async with Roomy() as slack:
                await _run(Scene(Path(name), slack, server, server.create(), Feed()), data, texts, options)
    finally:
        server.remove()


@asynccontextmanager
async def _serving(krab: Installation) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await krab._start("serve")
    try:
        while not await krab._ready():
            await asyncio.sleep(0.2)
        yield process
    finally:
        with suppress(ProcessLookupError):
            process.kill()


async def _run(scene: Scene, data: Path, texts: list[str], options: argparse.Namespace) -> None:
    for n in range(200):
        scene.slack.workspace.channels[f"C{n + 100}"] = Channel(f"C{n + 100}")
    krab, ended = installed(scene, data), asyncio.Event()
    async with _serving(krab) as process:
        listening = asyncio.create_task(scene.listen())
        putting = asyncio.create_task(asking(scene, texts, options.rate, ended))
        await asyncio.sleep(5)
        said, went = await moved(data, scene.url, random.Random(options.seed))
        await asyncio.sleep(10)
        ended.set()
        await putting
        with suppress(AssertionError):
            await scene.slack.until(lambda: all(one.answered for one in scene.asked), 120)
        listening.cancel()
        process.terminate()
        await process.wait()
    _report(scene, krab.log, went)
    print("\n".join(compared(data, scene.url, said)))


def _report(scene: Scene, log: str, went: list[str]) -> None:
    times = sorted(one.answered - one.at for one in scene.asked if one.answered)
    often = Counter(message.thread for message in scene.slack.by_krab())
    print("\n".join(went))
    print(
        f"{len(scene.asked)} questions, {len(scene.asked) - len(times)} without an answer,"
        f" {sum(often[one.thread] > 1 for one in scene.asked)} with more than one message;"
        f" p50 {times[len(times) // 2]:.2f} s, slowest {times[-1]:.2f} s; errors in the log: {log.count('Traceback')}"
    )
    print("\n".join(re.findall(r"^[\w.]+(?:Error|Exception|Lost|Moved|Unusable):.*$", log, re.MULTILINE)[-5:]))


if __name__ == "__main__":
    asyncio.run(main())
