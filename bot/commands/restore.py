"""``krab restore``: a backup in the place of the data directory; migrated if it is older, refused if it is newer."""

from __future__ import annotations

import argparse
import json
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from bot.backup import in_use, restore
from bot.settings import Settings, load
from bot.wiring.opening import opened


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Restore, and say what is there now."""
    parts = 0

    def check(folder: Path) -> None:
        nonlocal parts
        told = settings if settings.config else load({}, data=str(folder))
        with opened(replace(told, data=folder)) as krab:
            parts = krab.index.catalog.totals().parts

    aside = f".before-{datetime.now(UTC):%Y%m%d-%H%M%S}" if options.force else ""
    with ExitStack() as stack:
        if settings.data.is_dir():
            stack.enter_context(in_use(settings.data))
        manifest = restore(Path(options.file), settings.data, check, aside=aside)
    if options.json:
        print(json.dumps({"version": manifest.version, "created": manifest.created, "parts": parts}))
    else:
        print(f"{settings.data} is as it was on {manifest.created[:16]} (krab {manifest.version}): {parts} parts")
    return 0
