"""Whoever delivers is killed at any moment; the next one goes on, and every message appears once, in order."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.card import note
from bot.chat import Handler, Parcel, Profile
from bot.courier import Courier
from bot.outbox import Outbox
from index.database import Database
from index.sqlite import Sqlite

CHANNELS, EACH, KILLS = 3, 40, 8


class Wall:
    """A service that is a file a channel: a line a message. It knows a key again, as adapters do."""

    name = "wall"

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, channel: str) -> list[str]:
        path = self._folder / channel
        return path.read_text().split() if path.exists() else []

    async def run(self, handler: Handler) -> None:
        raise NotImplementedError

    async def send(self, parcel: Parcel) -> str:
        await asyncio.sleep(random.random() * 0.004)
        if parcel.key not in self.read(parcel.channel):
            with (self._folder / parcel.channel).open("a") as file:
                file.write(f"{parcel.key}\n")
        await asyncio.sleep(random.random() * 0.004)
        return parcel.key

    async def profile(self, user: str) -> Profile:
        return Profile(user)


def outbox(folder: Path, hours: float = 0) -> tuple[Database, Outbox]:
    """The outbox as a process sees it whose clock is some hours ahead: what others had leased is free again."""
    database = Sqlite(folder / "state.db")
    return database, Outbox(database, clock=lambda: datetime.now(UTC) + timedelta(hours=hours))


def deliver(folder: Path, hours: float) -> None:
    """What the victim does: delivers until it is killed, or nothing is left."""
    database, box = outbox(folder, hours)
    sys.stdout.write("started\n")
    sys.stdout.flush()
    asyncio.run(Courier(box, {"wall": Wall(folder)}).once())
    database.close()


def test_whoever_is_killed_loses_nothing_and_repeats_nothing(tmp_path: Path) -> None:
    database, box = outbox(tmp_path)
    keys = {f"C{c}": [f"C{c}-{n}" for n in range(EACH)] for c in range(CHANNELS)}
    for channel, wanted in keys.items():
        for key in wanted:
            box.put("wall", Parcel(key, channel, note(key)))
    for kill in range(KILLS):
        victim = subprocess.Popen(
            [sys.executable, "-m", "tests.test_outbox_crash", str(tmp_path), str(kill + 1)], stdout=subprocess.PIPE
        )
        assert victim.stdout
        victim.stdout.readline()
        time.sleep(random.random() * 0.15)
        os.kill(victim.pid, signal.SIGKILL)
        victim.wait()
        victim.stdout.close()
    database.close()
    deliver(tmp_path, KILLS + 1)
    assert {channel: Wall(tmp_path).read(channel) for channel in keys} == keys


if __name__ == "__main__":
    deliver(Path(sys.argv[1]), float(sys.argv[2]))
