"""``krab backup``: everything that can't be made again, in one file, while krab runs."""

from __future__ import annotations

import argparse
import json
import sys
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

from bot.backup import back_up
from bot.settings import Settings


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Write the backup, and say where it is."""
    now = datetime.now(UTC)
    shared = settings.store.shared
    file = back_up(
        settings.data,
        Path(options.target),
        version=metadata.version("krab"),
        now=now,
        config=settings.config,
        tables=not shared,
    )
    if shared:
        print("the tables are not in it: back up the PostgreSQL database with pg_dump as well", file=sys.stderr)
    size = file.stat().st_size
    if options.json:
        print(json.dumps({"file": str(file), "bytes": size}))
    else:
        print(f"{file}, {size / 1e6:.1f} MB: keep it as secret as the data directory (`krab restore` brings it back)")
    return 0
