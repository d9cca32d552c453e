"""``krab chat``: a conversation in the terminal, with every command that there is in Slack and Matrix."""

from __future__ import annotations

import argparse
import asyncio
import sys

from bot.chat.console import Console
from bot.courier import Courier
from bot.settings import Settings
from bot.wiring.krab import Krab
from bot.wiring.opening import opened
from bot.wiring.serving import dispatcher


def run(_: argparse.Namespace, settings: Settings) -> int:
    """Converse until the input ends."""
    with opened(settings) as krab:
        asyncio.run(_converse(krab))
    return 0


async def _converse(krab: Krab) -> None:
    """Hear and answer; and say what krab has to say by itself (a watched series)."""
    console = Console(sys.stdin, sys.stdout, prompt="? " if sys.stdin.isatty() else "")
    courier = Courier(krab.outbox, {console.name: console})
    delivering = asyncio.create_task(courier.run())
    await console.run(dispatcher(krab).handle)
    delivering.cancel()
    await asyncio.gather(delivering, return_exceptions=True)
    await courier.once()
