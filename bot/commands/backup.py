"""``krab backup``: everything that can't be made again, in one file, while krab runs."""

from __future__ import annotations

import argparse
import json
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

from bot.backup import back_up
from bot.settings import Settings


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Write the backup, and say where it is."""
    now = datetime.now(UTC)
    file = back_up(
        settings.data, Path(options.target), version=metadata.version("krab"), now=now, config=settings.config
    )
    size = file.stat().st_size
    if options.json:
        print(json.dumps({"file": str(file), "bytes": size}))
    else:
        print(f"{file}, {size / 1e6:.1f} MB: keep it as secret as the data directory (`krab restore` brings it back)")
    return 0
