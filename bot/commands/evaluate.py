"""``krab eval``: score a file of questions with known answers, show what went wrong, compare with an earlier run."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from bot import comparison, evaluation
from bot.commands.ask import answered
from bot.comparison import Row
from bot.errors import CommandError
from bot.settings import Settings
from bot.wiring.opening import opened


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Ask every question, print the figures."""
    asked = evaluation.read(Path(options.file))
    before = _earlier(options.against) if options.against else None
    with opened(settings) as krab:
        answers = [answered(krab, question) for question in evaluation.conversation(asked)]
        outcomes = [evaluation.outcome(a, b, krab.index.part) for a, b in zip(asked, answers, strict=True)]
    rows = [comparison.row(*three) for three in zip(asked, answers, outcomes, strict=True)]
    figures, kinds = evaluation.report(outcomes), evaluation.by_kind(outcomes)
    if options.json:
        every = {kind: report.as_dict() for kind, report in kinds.items()}
        print(json.dumps({**figures.as_dict(), "kinds": every, "outcomes": rows}, ensure_ascii=False))
        return 0
    if options.misses:
        print("\n".join(comparison.misses(rows)))
    if before is not None:
        print("\n".join(comparison.changes(before, rows)), end="\n\n")
    print(evaluation.table(figures, kinds))
    return 0


def _earlier(file: str) -> Sequence[Row]:
    try:
        rows: Sequence[Row] = json.loads(Path(file).read_text(encoding="utf-8"))["outcomes"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CommandError(f"cannot compare with {file}: give what an earlier `krab eval --json` printed") from error
    return rows
