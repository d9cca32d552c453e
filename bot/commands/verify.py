"""``krab verify``: every quote ever cited is looked up in its source again."""

from __future__ import annotations

import argparse
import json

from bot.cite import check, flat
from bot.settings import Settings
from bot.wiring.opening import opened


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Check all citations; 1 when one does not hold."""
    with opened(settings) as krab:
        seen, broken = check(krab.state.citations(), lambda id_: krab.index.part(id_) or krab.private.part(id_))
    if options.json:
        rows = [{"id": b.id, "quote": b.quote, "reason": b.reason} for b in broken]
        print(json.dumps({"citations": seen, "verbatim": seen - len(broken), "broken": rows}, ensure_ascii=False))
    else:
        for b in broken:
            print(f"{b.id}: {b.reason}: {flat(b.quote)[:200]}")
        print(f"{seen - len(broken)} of {seen} quotes stand verbatim in their sources")
    return 1 if broken else 0
