"""``krab status``: how much was read, up to when, by which embedder, and what is wrong."""

from __future__ import annotations

import argparse
import json
from typing import TypedDict

from bot.commands.reindex import told
from bot.settings import Settings
from bot.wiring.krab import Krab
from bot.wiring.opening import opened
from bot.wiring.status import source_rows
from index.reindex import progress

SHOWN = 20


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Print the state of the whole system."""
    with opened(settings) as krab:
        view = _view(krab)
    if options.json:
        print(json.dumps(view, ensure_ascii=False))
        return 0
    print(f"data       {settings.data}")
    for name in ("parts", "documents", "passages", "pending", "newest", "embedder"):
        print(f"{name:<10} {view[name]}")
    for source, count in view["sources"].items():
        print(f"  {count:>8} from {source}")
    if view["reindex"]:
        print(f"reindex    {view['reindex']}")
    for line in view["trouble"]:
        print(f"trouble    {line}")
    _print_rejected(view["rejected"])
    return 0


class View(TypedDict):
    """What ``--json`` prints."""

    parts: int
    documents: int
    passages: int
    pending: int
    newest: str | None
    embedder: str
    sources: dict[str, int]
    trouble: list[str]
    rejected: list[str]
    reindex: str | None


def _view(krab: Krab) -> View:
    totals = krab.index.catalog.totals()
    rows = source_rows(krab)
    return {
        "parts": totals.parts,
        "documents": totals.documents,
        "passages": totals.passages,
        "pending": totals.pending,
        "newest": totals.newest.isoformat() if totals.newest else None,
        "embedder": krab.index.embedder.identity,
        "sources": krab.index.catalog.counts(),
        "trouble": [
            *(f"{row.name}: {row.last_error}" for row in rows if row.last_error),
            *filter(None, [krab.index.trouble]),
        ],
        "rejected": [f"{source}: {r.where}: {r.reason}" for source, r in krab.index.catalog.rejected()],
        "reindex": _reindex(krab),
    }


def _reindex(krab: Krab) -> str | None:
    step = progress(krab.database)
    if step is None:
        return None
    return told(step) if step.running else f"interrupted at {step.percent} %; `krab reindex` goes on, or `--cancel`"


def _print_rejected(lines: list[str]) -> None:
    for line in lines[:SHOWN]:
        print(f"rejected   {line}")
    if len(lines) > SHOWN:
        print(f"rejected   … and {len(lines) - SHOWN} more (krab status --json has them all)")
