"""``krab reindex``: a new generation beside the live one, then the swap; cancelled, and taken back."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Sequence
from contextlib import closing, suppress

from bot.commands.poll import known
from bot.settings import Settings
from bot.wiring.opening import opened
from bot.wiring.sources import polled, poller
from bot.wiring.storage import open_database, reindexing
from index.catalog import Catalog
from index.database import Database
from index.reindex import Progress, alone, cancel

NICE = 19  # questions go first


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Cut and embed everything anew. Interrupted and started again, it goes on where it was."""
    with closing(open_database(settings)) as database:
        if options.cancel:
            return _cancel(options, database)
        with suppress(OSError):
            os.nice(NICE)  # before anything is loaded
        with alone(database):
            return _reindex(options, settings, database)


def _cancel(options: argparse.Namespace, database: Database) -> int:
    there = cancel(database)
    said = "the reindex is given up; what answered before still does" if there else "no reindex is under way"
    print(json.dumps({"cancelled": there}) if options.json else said)
    return 0


def _reindex(options: argparse.Namespace, settings: Settings, database: Database) -> int:
    if options.sources:
        _read_again(options.sources, settings)
    started = time.monotonic()
    for step in reindexing(settings, database, back=options.rollback):
        print(told(step), file=sys.stderr)
    live, parts = Catalog(database).live(), Catalog(database).totals().parts
    seconds, embedder = round(time.monotonic() - started, 1), live.embedder if live else ""
    if options.json:
        print(json.dumps({"parts": parts, "embedder": embedder, "seconds": seconds}))
    else:
        print(f"{parts} parts are now indexed with {embedder} ({seconds} s)")
    return 0


def told(step: Progress) -> str:
    """Return a step in a line for a person."""
    left = f", {step.left:.0f} s left" if step.left is not None else ""
    return f"{step.done} of {step.total} parts, {step.percent} %, {step.rate:.0f} a second{left}"


def _read_again(names: Sequence[str], settings: Settings) -> None:
    with opened(settings) as krab:
        for name in known(names, polled(krab)):
            krab.cursors.rewind(name)
        poller(krab).once(names)
