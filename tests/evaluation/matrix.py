"""How the Matrix side bears hard times, at full size, on a real Synapse: ``python -m tests.evaluation.matrix``.

burst    500 questions while krab is away, in a plain and in an encrypted room
kill     kill -9 at 20 random moments while people ask in both kinds of rooms
outage   the homeserver answers 502, 429, garbage, cuts connections (20 s each), and is stopped for two minutes
fuzz     10,000 hostile answers and cards rendered and read back by an independent sanitiser
element  the cryptography of Element (matrix-js-sdk from npm; needs node), which leaves unsigned devices out, asks
         in an encrypted room and verifies krab by emoji
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import shutil
import tempfile
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from bot.chat.matrix import Matrix
from bot.settings import MatrixSettings, Secret
from tests import matrix_trials as trials
from tests.matrix_fuzz import fuzzed
from tests.matrix_scene import Answerer, running
from tests.synapse import Synapse, install

JS_SDK = "matrix-js-sdk@37.5.0"

Trial = Callable[[Synapse, Path], Coroutine[Any, Any, bool]]


async def burst(server: Synapse, data: Path) -> bool:
    """Print what became of 500 questions, plain and encrypted."""
    found = []
    for encrypted in (False, True):
        tally = await trials.burst(server, data / str(encrypted), 500, encrypted=encrypted)
        print(f"burst {'encrypted' if encrypted else 'plain':<9} {tally}", flush=True)
        found.append(tally.perfect)
    return all(found)


async def kill(server: Synapse, data: Path) -> bool:
    """Print what became of questions under 20 kills."""
    tally, damage = await trials.kills(server, data, 20, say=_say)
    print(f"kill {tally}, damage: {damage or 'none'}", flush=True)
    return tally.perfect and not damage


async def outage(server: Synapse, data: Path) -> bool:
    """Print how many requests each outage met, and what became of the questions."""
    shown = await trials.outage(server, data, 20.0, stop=120.0, say=_say)
    print(f"outage {shown.tally}, crashed: {shown.crashed}", flush=True)
    return bool(shown.tally and shown.tally.perfect and not shown.crashed)


async def fuzz(_: Synapse, __: Path) -> bool:
    """Print how many of 10,000 hostile messages were not as they must be."""
    began = time.monotonic()
    count, wrong = fuzzed(10_000)
    print(
        f"fuzz {count} messages of 10,000 answers and cards, wrong: {wrong or 'none'}, {time.monotonic() - began:.0f} s"
    )
    return not wrong


async def element(server: Synapse, data: Path) -> bool:
    """Print what Element's cryptography thinks of krab."""
    krab, ann = await asyncio.to_thread(lambda: (server.account("krab"), server.account("ann")))
    data.mkdir()
    install = await asyncio.create_subprocess_exec("npm", "install", "--silent", "--prefix", str(data), JS_SDK)
    if await install.wait():
        print("element: npm can't install matrix-js-sdk")
        return False
    script = shutil.copy(Path(__file__).with_name("matrix_element.mjs"), data)
    told = MatrixSettings(server.url, krab.user, password=Secret(krab.password))
    bot = Matrix(told, data / "krab", admins=(ann.user,))
    log = Lines()
    logging.getLogger("bot.chat").addHandler(log)
    async with running(bot, Answerer()):
        person = (server.url, ann.user, ann.token, ann.device, ann.password, krab.user)
        pipe = asyncio.subprocess.PIPE
        node = await asyncio.create_subprocess_exec("node", script, *person, stdout=pipe, cwd=data)
        out, _ = await node.communicate()
    said = (line for line in out.decode().splitlines() if line.startswith('{"answer"'))  # the rest is its log
    shown = json.loads(next(said, '{"emoji": "none", "verified": false, "signed": [], "shield": 1}'))
    same = any(line.endswith(shown["emoji"]) for line in log.lines)
    print(f"element {JS_SDK}: {shown}, the same emoji in krab's log: {same}")
    return bool(same and shown["verified"] and not shown["shield"] and all(shown["signed"]))


class Lines(logging.Handler):
    """Keeps what is logged."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line."""
        self.lines.append(record.getMessage())


TRIALS: dict[str, Trial] = {"burst": burst, "kill": kill, "outage": outage, "fuzz": fuzz, "element": element}


def _say(line: str) -> None:
    print(f"  {line}", flush=True)


def main() -> int:
    """Run the trials that were named, or all; 1 when one did not end as it must."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("trials", nargs="*", metavar="TRIAL", help=f"{', '.join(TRIALS)}; all when none is given")
    names = options.parse_args().trials or list(TRIALS)
    with tempfile.TemporaryDirectory(prefix="krab-matrix-") as folder:
        (Path(folder) / "synapse").mkdir()
        server = Synapse(install(), Path(folder) / "synapse")
        server.start()
        try:
            ends = [asyncio.run(TRIALS[name](server, Path(folder) / name)) for name in names]
        finally:
            server.stop()
    return 0 if all(ends) else 1


if __name__ == "__main__":
    raise SystemExit(main())
