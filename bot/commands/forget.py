"""``krab forget SERVICE:USER``: what is kept of a person is deleted."""

from __future__ import annotations

import argparse
import getpass
import json

from bot.errors import CommandError
from bot.settings import Settings
from bot.wiring.opening import opened
from bot.wiring.orders import context


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Delete it, and say how much it was."""
    service, _, user = options.person.partition(":")
    if service not in ("slack", "matrix", "console") or not user:
        raise CommandError("write slack:U0123 or matrix:@ada:example.org", 2)
    with opened(settings) as krab:
        gone = sum(forget(service, user) for forget in context(krab).forgetters)
        krab.audit.write(f"cli:{getpass.getuser()}", "forget person", service)
    said = f"{gone} things of {user} are deleted (questions, answers, feedback, watches); the audit log is kept"
    print(json.dumps({"forgotten": gone}) if options.json else said)
    return 0
