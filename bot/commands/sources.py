"""``krab sources``: every source and its health."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from datetime import datetime

from bot.settings import Settings
from bot.wiring.opening import opened
from bot.wiring.status import source_rows

LINE = "{:<22} {:<8} {:>7} {:>8}  {:<13} {:<17} {:<8} {:<14} {:<17} {}"


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Print a line a source."""
    with opened(settings) as krab:
        rows = source_rows(krab)
    if options.json:
        print(json.dumps([asdict(row) for row in rows], default=datetime.isoformat))
        return 0
    heads = ("source", "kind", "parts", "left out", "state", "last read", "lag", "usually every", "next", "error")
    print(LINE.format(*heads).rstrip())
    for row in rows:
        times = (_minute(row.last_success), _span(row.lag), _span(row.habit), _minute(row.next_poll))
        line = LINE.format(row.name, row.kind, row.parts, row.left_out, row.state, *times, row.last_error)
        print(line.rstrip())
    return 0


def _span(seconds: float | None) -> str:
    """Seconds as a person says them: "40 min", "7 h", "3 days"."""
    if seconds is None:
        return "-"
    for size, name in ((86_400, "days"), (3_600, "h")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {name}"
    return f"{seconds / 60:.0f} min"


def _minute(when: datetime | None) -> str:
    return when.strftime("%Y-%m-%d %H:%M") if when else "-"
