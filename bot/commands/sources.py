"""``krab sources``: every source and its health."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from datetime import datetime

from bot.settings import Settings
from bot.wiring import opened, source_rows


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Print a line a source."""
    with opened(settings) as krab:
        rows = source_rows(krab)
    if options.json:
        print(json.dumps([asdict(row) for row in rows], default=datetime.isoformat))
        return 0
    print(f"{'source':<22} {'kind':<8} {'parts':>7}  {'state':<13} {'last read':<17} {'next':<17} error")
    for row in rows:
        print(
            f"{row.name:<22} {row.kind:<8} {row.parts:>7}  {row.state:<13} {_minute(row.last_success):<17}"
            f" {_minute(row.next_poll):<17} {row.last_error}".rstrip()
        )
    return 0


def _minute(when: datetime | None) -> str:
    return when.strftime("%Y-%m-%d %H:%M") if when else "-"
