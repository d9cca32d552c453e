"""``krab note``: notes of one's own, written, listed, shown and removed."""

from __future__ import annotations

import argparse
import getpass
import json
import sys
from dataclasses import asdict
from datetime import UTC, datetime

from bot.admin import Refusal
from bot.errors import CommandError
from bot.notebook import Draft, Notebook
from bot.settings import Settings
from bot.wiring.opening import opened
from bot.wiring.sources import notebook


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Do it. A note's text is read from stdin unless it is given."""
    with opened(settings) as krab:
        try:
            done = _done(options, notebook(krab))
        except Refusal as refusal:
            raise CommandError(str(refusal)) from refusal
    print(json.dumps(done, ensure_ascii=False) if options.json else _plain(done))
    return 0


def _done(options: argparse.Namespace, notes: Notebook) -> object:
    by = f"cli:{getpass.getuser()}"
    match options.action:
        case "list":
            return notes.names()
        case "show":
            return asdict(notes.show(options.name))
        case "remove":
            return {"removed": notes.remove(options.name, by)}
    draft = Draft(
        options.title, options.text or sys.stdin.read(), tuple(options.source), tuple(options.tag), tuple(options.ask)
    )
    return {"kept": notes.write(draft, by, datetime.now(UTC))}


def _plain(done: object) -> str:
    if isinstance(done, list):
        return "\n".join(done) or "no notes yet: krab note add TITLE --text TEXT"
    return "\n".join(f"{key}: {value}" for key, value in done.items()) if isinstance(done, dict) else str(done)
