"""krab's Matrix side as a process of its own, to be killed: ``python -m tests.matrix_bot DATA URL USER``.

Everything that has to survive is the real thing: the adapter, the dispatcher and its state. Answers are made up.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from pathlib import Path

from bot.chat.matrix import Matrix
from bot.dispatch import Dispatcher
from bot.limits import Limits
from bot.settings import MatrixSettings, Secret
from bot.state import State
from tests.fakes import FakeAnswerer

BOUNDLESS = Limits(per_user=1_000_000, per_channel=1_000_000, at_once=4, waiting=100_000, patience=300.0)


async def serve(data: Path, url: str, user: str, password: str, delay: float) -> None:
    """Answer until killed."""
    state = State.at(data / "state.db")
    bot = Matrix(MatrixSettings(url, user, password=Secret(password)), data)
    await bot.run(Dispatcher(FakeAnswerer(delay=delay), state, BOUNDLESS).handle)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    folder, url, user = sys.argv[1:]
    Path(folder).mkdir(parents=True, exist_ok=True)
    delay = float(os.environ.get("KRAB_TEST_DELAY", "0.05"))
    asyncio.run(serve(Path(folder), url, user, os.environ["KRAB_MATRIX_PASSWORD"], delay))
