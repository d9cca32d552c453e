"""``krab poll``: every source, or those named, once and now."""

from __future__ import annotations

import argparse
import difflib
import json
import logging
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict

from bot.errors import CommandError
from bot.settings import Settings
from bot.wiring.opening import opened
from bot.wiring.sources import polled, poller
from feeds.kinds import Source


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Poll; 1 when a source could not be read."""
    logging.basicConfig(level=logging.WARNING, format="krab: %(message)s", stream=sys.stderr)
    with opened(settings) as krab:
        names = known(options.sources, polled(krab))
        outcomes = poller(krab).once(names)
        rejected = [r for source, r in krab.index.catalog.rejected() if source in names]
    if options.json:
        print(json.dumps({name: asdict(outcome) for name, outcome in outcomes.items()}))
        return 1 if any(o.error for o in outcomes.values()) else 0
    for name, outcome in outcomes.items():
        kept = (
            f"{outcome.delivered} new or changed, {outcome.removed} removed, {outcome.left_out} left out as irrelevant"
        )
        print(f"{name}: {outcome.error or kept}")
    for reject in rejected:
        print(f"rejected {reject.where}: {reject.reason}")
    return 1 if any(o.error for o in outcomes.values()) else 0


def known(names: Sequence[str], sources: Iterable[Source]) -> tuple[str, ...]:
    """Return ``names``, or those of all ``sources`` when there are none. Raises ``CommandError``."""
    told = [source.name for source in sources]
    for name in names:
        if name not in told:
            near = difflib.get_close_matches(name, told, 1)
            advice = f"did you mean {near[0]!r}?" if near else "`krab sources` lists them"
            raise CommandError(f"there is no source {name!r}: {advice}", 2)
    return tuple(names) or tuple(told)
