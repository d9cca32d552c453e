"""``krab chat``: a conversation in the terminal, with every command that there is in Slack and Matrix."""

from __future__ import annotations

import argparse
import asyncio
import sys

from bot.chat.console import Console
from bot.settings import Settings
from bot.wiring import dispatcher, opened


def run(_: argparse.Namespace, settings: Settings) -> int:
    """Converse until the input ends."""
    prompt = "? " if sys.stdin.isatty() else ""
    with opened(settings) as krab:
        asyncio.run(Console(sys.stdin, sys.stdout, prompt=prompt).run(dispatcher(krab).handle))
    return 0
