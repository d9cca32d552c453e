"""``krab source``: add, pause, resume, remove and poll sources; a krab that serves takes notice within seconds."""

from __future__ import annotations

import argparse
import getpass
import json
from typing import Any

from bot.admin import Refusal
from bot.errors import CommandError
from bot.settings import Settings, source
from bot.wiring.krab import Krab
from bot.wiring.opening import opened
from bot.wiring.sources import admin


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Do it, and say what came of it. Refusals are errors."""
    with opened(settings) as krab:
        try:
            done, line = _done(options, krab)
        except Refusal as refusal:
            raise CommandError(str(refusal)) from refusal
    print(json.dumps(done, ensure_ascii=False) if options.json else line)
    return 0


def _done(options: argparse.Namespace, krab: Krab) -> tuple[dict[str, Any], str]:
    desk, by, name = admin(krab), f"cli:{getpass.getuser()}", options.name
    match options.action:
        case "add":
            return _added(options, krab, by)
        case "pause":
            desk.pause(name, by)
            return {
                "paused": name
            }, f"{name} is not polled any more; what it brought stays (`krab source resume {name}`)"
        case "resume":
            desk.resume(name, by)
            return {"resumed": name}, f"{name} is polled again"
        case "poll":
            desk.poll(name, by)
            return {"due": name}, f"{name} is due: a krab that serves reads it within seconds"
    removed = desk.remove(name, by)
    return {"removed": name, "items": removed}, f"{name} and {removed} items are removed"


def _added(options: argparse.Namespace, krab: Krab, by: str) -> tuple[dict[str, Any], str]:
    table = {key: getattr(options, key) for key in ("name", "kind", "url", "every", "filter")}
    made = source({**table, "private": options.private})
    trial = admin(krab).add(made, by)
    shown = "; ".join(trial.titles)
    line = f"{made.name} is added. Its first {trial.items} items, {trial.relevant} of them on krab's subject: {shown}"
    return {"added": made.name, "items": trial.items, "relevant": trial.relevant, "titles": trial.titles}, line
