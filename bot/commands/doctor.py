"""``krab doctor``: is everything as it must be, and if not, what to do.

Each check returns one ``Finding``; none raises. A check that needs the network says so when there is none.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import sqlite3
import sys
from collections.abc import Callable
from dataclasses import asdict

from bot.commands import doctor_disk
from bot.commands.doctor_disk import Finding
from bot.databases import Databases
from bot.settings import Settings
from bot.wiring.serving import chats
from bot.wiring.sources import sources
from bot.wiring.storage import open_database, open_index
from index.errors import IndexProblem

ROOM = 1 << 30  # bytes of free disk below which a warning is due
PATIENCE = 10.0  # seconds for each service


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Run every check; 1 when one found trouble."""
    findings = [check(settings) for check in CHECKS] + asyncio.run(_services(settings))
    if options.json:
        print(json.dumps([asdict(f) for f in findings], ensure_ascii=False))
    else:
        for finding in findings:
            advice = f"; {finding.advice}" if finding.advice else ""
            print(f"{'ok ' if finding.ok else 'BAD'}  {finding.check:<12} {finding.found}{advice}")
    return 0 if all(f.ok for f in findings) else 1


def _python(_: Settings) -> Finding:
    version = sys.version.split()[0]
    return Finding(
        "python", sys.version_info >= (3, 11), version, "" if sys.version_info >= (3, 11) else "3.11 is needed"
    )


def _directory(settings: Settings) -> Finding:
    try:
        settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        return Finding("directory", False, f"{settings.data}: {error.strerror}", "give a writable one with --data")
    if not os.access(settings.data, os.W_OK):
        return Finding(
            "directory", False, f"{settings.data} is not writable", "change its owner, or give another with --data"
        )
    free = shutil.disk_usage(settings.data).free
    found = f"{settings.data}, {free / ROOM:.1f} GiB free"
    return Finding("directory", free > ROOM, found, "" if free > ROOM else "free some space")


def _database(settings: Settings) -> Finding:
    try:
        verdict = Databases(settings).said()
    except (IndexProblem, sqlite3.Error) as error:
        advice = "" if settings.store.shared else "restore it from a backup, or move krab.db away and import again"
        return Finding("database", False, str(error), advice)
    good = verdict == "ok" or settings.store.shared
    return Finding(
        "database", good, verdict, "" if good else "restore it from a backup, or move krab.db away and import again"
    )


def _index(settings: Settings) -> Finding:
    try:
        database = open_database(settings)
        try:
            index = open_index(settings, database)
            totals, trouble = index.catalog.totals(), index.trouble
            index.close()
        finally:
            database.close()
    except (IndexProblem, sqlite3.Error) as error:
        return Finding("index", False, str(error))
    if trouble:
        return Finding("index", False, trouble, "words alone answer meanwhile; see to the server of [vectors] url")
    waiting = f", {totals.pending} waiting to be embedded" if totals.pending else ""
    return Finding(
        "index", True, f"{totals.parts} parts, {totals.passages} passages{waiting}, {index.embedder.identity}"
    )


def _sources(settings: Settings) -> Finding:
    every = sources(settings)
    contact = settings.fetch.contact
    advice = "" if contact else "set [fetch] contact to an address, so that hosts can reach you"
    return Finding("sources", True, f"{len(every)} configured", advice)


def _git(_: Settings) -> Finding:
    git = shutil.which("git")
    return Finding(
        "git", True, git or "absent", "" if git else "lore is read over HTTP, and epochs can't be imported; install git"
    )


def _llm(settings: Settings) -> Finding:
    if not settings.llm.base_url:
        return Finding("model", True, "no language model: answers are the sources' own sentences")
    from bot.llm import ModelFailed, OpenAi, Usage

    try:
        for _ in OpenAi(settings.llm).write([{"role": "user", "content": "Say: ready"}], Usage()):
            break
    except ModelFailed as error:
        advice = "check [llm] base_url and model, and KRAB_LLM_API_KEY; until then answers are given without it"
        return Finding("model", False, str(error), advice)
    return Finding("model", True, f"{settings.llm.model} at {settings.llm.base_url}")


CHECKS: tuple[Callable[[Settings], Finding], ...] = (
    _python,
    _directory,
    doctor_disk.room,
    doctor_disk.readers,
    doctor_disk.serving,
    _database,
    _index,
    doctor_disk.reindex,
    doctor_disk.backup,
    _sources,
    _git,
    _llm,
)


async def _services(settings: Settings) -> list[Finding]:
    from bot.commands.doctor_chat import check_matrix, check_slack

    configured = {chat.name.partition(":")[0] for chat in chats(settings)}
    findings = []
    for name, check in (("slack", check_slack), ("matrix", check_matrix)):
        if name not in configured:
            findings.append(Finding(name, True, "not configured"))
            continue
        try:
            async with asyncio.timeout(PATIENCE):
                findings.append(Finding(name, True, await check(settings)))
        except TimeoutError:
            findings.append(
                Finding(name, False, f"no answer within {PATIENCE:.0f} s", "check the address and the network")
            )
        except Exception as error:  # whatever a service's library raises is a finding
            findings.append(Finding(name, False, str(error) or type(error).__name__))
    return findings
