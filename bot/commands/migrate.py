"""``krab migrate``: everything into another store, while krab serves; and back."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from contextlib import ExitStack, closing
from dataclasses import asdict, replace
from pathlib import Path

from bot.databases import Databases
from bot.move import Pair, move
from bot.private import folder_of
from bot.settings import Settings, store
from bot.sourcebook import SourceBook
from bot.wiring.sources import sources
from bot.wiring.storage import made
from index.catalog import Catalog
from index.histories import Histories
from index.moving import Compared, Standing


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Move; broken off and started again, it goes on where it was."""
    there = replace(settings, store=store(options.to, settings.store.password))
    with ExitStack() as stack:
        pairs = _pairs(settings, there)
        for database in (one for pair in pairs for one in pair):
            stack.enter_context(closing(database))
        compared = move(pairs, settings.data, options.to, lambda line: print(line, file=sys.stderr))
    if options.json:
        print(json.dumps({"tables": [asdict(table) for table in compared]}))
    else:
        print(_told(compared))
    return 0


def _pairs(settings: Settings, there: Settings) -> list[Pair]:
    here = Databases(settings)
    private = _private(settings, here)
    pairs = list(zip(here.all(private, even_moved=True), Databases(there).all(private, even_moved=True), strict=True))
    for index, memory, *rooms in zip(*pairs, strict=True):
        if index.standing() is not Standing.MOVED:
            made(index, memory)
            for room in rooms:
                Catalog(room), Histories(room)
    return pairs


def _private(settings: Settings, here: Databases) -> list[Path]:
    """The folders of the private sources that were read."""
    with closing(here.all(())[0]) as index:
        known = SourceBook(index).known(sources(settings))
        folders = [settings.data / "private" / folder_of(source.name) for source in known if source.private]
        return [folder for folder in folders if here.has(index, folder)]


def _told(compared: Sequence[Compared]) -> str:
    rows = sum(table.rows for table in compared)
    return (
        f"{len(compared)} tables with {rows:,} rows are equal in both stores, and the new one is in use.\n"
        "A krab that serves follows by itself. Now write the new [store] url into the configuration (or give it in\n"
        "KRAB_STORE_URL), restart krab when it suits you, and keep the old files until you are content."
    )
