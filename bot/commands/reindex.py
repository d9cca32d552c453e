"""``krab reindex``: a new generation beside the live one, then the swap."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence

from bot.commands.poll import known
from bot.settings import Settings
from bot.wiring import open_database, open_embedder, opened, poller
from index.engine import reindex


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Cut and embed everything anew. Interrupted and started again, it goes on where it was."""
    if options.sources:
        _read_again(options.sources, settings)
    database = open_database(settings)
    started, done = time.monotonic(), 0
    try:
        embedder = open_embedder(settings, database, fresh=True)
        for done, total in reindex(database, embedder):
            rate = done / (time.monotonic() - started)
            left = (total - done) / max(rate, 0.001)
            print(f"{done} of {total} parts, {100 * done / max(total, 1):.0f} %, {left:.0f} s left", file=sys.stderr)
    finally:
        database.close()
    seconds = round(time.monotonic() - started, 1)
    if options.json:
        print(json.dumps({"parts": done, "embedder": embedder.identity, "seconds": seconds}))
    else:
        print(f"{done} parts are now indexed with {embedder.identity} ({seconds} s)")
    return 0


def _read_again(names: Sequence[str], settings: Settings) -> None:
    with opened(settings) as krab:
        for name in known(names, settings):
            krab.cursors.rewind(name)
        poller(krab).once(names)
