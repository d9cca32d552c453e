"""``krab serve``: everything that runs for years."""

from __future__ import annotations

import argparse
import asyncio
import logging

from bot import logs
from bot.backup import in_use
from bot.errors import CommandError
from bot.serve import serve
from bot.settings import Settings
from bot.wiring.opening import opened


def run(_: argparse.Namespace, settings: Settings) -> int:
    """Serve until a signal."""
    logs.configure(settings)
    with in_use(settings.data), opened(settings) as krab:
        totals = krab.index.catalog.totals()
        logging.getLogger(__name__).info("%s mails, posts, pages and notes are at hand", totals.parts)
        try:
            with krab.leases.beating(_unheard):
                asyncio.run(serve(krab))
        except OSError as error:
            raise CommandError(
                f"{error.strerror or error}; choose another with [web] listen or KRAB_WEB_LISTEN"
            ) from error
    return 0


def _unheard(error: Exception) -> None:
    logging.getLogger(__name__).warning("leases were not renewed, others may take over: %s", error)
