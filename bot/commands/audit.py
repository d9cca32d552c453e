"""``krab audit``: who did what to krab."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from datetime import datetime

from bot.settings import Settings
from bot.wiring.opening import opened


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Print the newest deeds, newest first."""
    with opened(settings) as krab:
        deeds = krab.audit.last(options.n)
    if options.json:
        print(json.dumps([asdict(deed) for deed in deeds], default=datetime.isoformat, ensure_ascii=False))
        return 0
    for deed in deeds:
        print(f"{deed.at:%Y-%m-%d %H:%M}  {deed.who:<20} {deed.action:<16} {deed.about}  {deed.outcome}")
    return 0
