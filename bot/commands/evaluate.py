"""``krab eval``: score a file of questions with known answers."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from bot import evaluation
from bot.commands.ask import answered
from bot.evaluation import Asked, Outcome
from bot.model import Answer, Status
from bot.settings import Settings
from bot.wiring import opened


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Ask every question, print the figures."""
    asked = evaluation.read(Path(options.file))
    with opened(settings) as krab:
        answers = [answered(krab, question) for question in evaluation.conversation(asked)]
        outcomes = [evaluation.outcome(a, b, krab.index.part) for a, b in zip(asked, answers, strict=True)]
    figures, kinds = evaluation.report(outcomes), evaluation.by_kind(outcomes)
    if options.json:
        every = {kind: report.as_dict() for kind, report in kinds.items()}
        print(json.dumps({**figures.as_dict(), "kinds": every, "outcomes": [_row(o) for o in outcomes]}))
        return 0
    if options.misses:
        for one, answer, outcome in zip(asked, answers, outcomes, strict=True):
            _miss(one, answer, outcome)
    print(evaluation.table(figures, kinds))
    return 0


def _row(outcome: Outcome) -> dict[str, object]:
    return {
        "id": outcome.id,
        "status": outcome.status.value,
        "rank": outcome.rank,
        "facts": outcome.facts,
        "cites_gold": outcome.cites_gold,
        "took_ms": outcome.took_ms,
    }


def _miss(asked: Asked, answer: Answer, outcome: Outcome) -> None:
    said = answer.status in (Status.ANSWERED, Status.WEAK)
    if (asked.answerable and outcome.facts == 1 and outcome.rank == 1) or (not asked.answerable and not said):
        return
    print(f"{asked.id} {asked.kind}: {asked.question}")
    print(f"  {answer.status} ({answer.confidence:.2f}), gold at rank {outcome.rank}, facts {outcome.facts}")
    if asked.answerable:
        print(f"  wanted {list(asked.facts)} from {sorted(asked.gold)[:3]}")
    print(f"  said   {answer.text}\n")
