"""What each part of choosing sentences gains: ``python -m tests.evaluation.answering --data DIR FILE…``.

Every question is answered with the rule as it is and without one part at a time; nothing is refused. Printed for each
file: share with all facts, mean share of facts, share that cites a known document, median words.
"""

from __future__ import annotations

import argparse
import statistics
from dataclasses import fields, replace
from pathlib import Path

from bot import evaluation
from bot.answer import Answerer, Rule
from bot.confidence import Trust
from bot.settings import load
from bot.wiring.opening import opened
from index.engine import Index

EVERY = Rule(trust=Trust(answered=0.0, weak=0.0, ours=0.0))


def rules() -> dict[str, Rule]:
    """Return the rule as it is, and without each part."""
    worth, limits = EVERY.worth, EVERY.limits
    names = [field.name for field in fields(worth)]
    without = {name: replace(EVERY, worth=replace(worth, **{name: 0.0})) for name in names}
    choices = {
        "a cost for the same part": replace(limits, again=0.0),
        "a cost for what leans on a sentence not said": replace(limits, lost=0.0),
        "a cost for what is alike": replace(limits, alike=0.0),
        "a gain for what stands beside": replace(limits, next=0.0),
        "all four": replace(limits, again=0.0, lost=0.0, alike=0.0, next=0.0),
    }
    without |= {name: replace(EVERY, limits=chosen) for name, chosen in choices.items()}
    return {"as it is": EVERY, **{f"without {name}": rule for name, rule in without.items()}}


def line(index: Index, rule: Rule, file: Path) -> str:
    """Return the figures of one rule."""
    asked = evaluation.read(file)
    answers = [Answerer(index, rule).answer(question) for question in evaluation.conversation(asked)]
    outcomes = [evaluation.outcome(a, b, index.part) for a, b in zip(asked, answers, strict=True)]
    figures = evaluation.report(outcomes)
    words = statistics.median(len(a.text.split()) for a in answers if a.sentences)
    return f"{figures.all_facts:.3f} {figures.mean_facts:.3f} {figures.cites_gold:.3f} {words:.0f}"


def main() -> None:
    """Print a line a rule."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True)
    parser.add_argument("files", nargs="+", type=Path)
    options = parser.parse_args()
    with opened(load({}, data=options.data)) as krab:
        for name, rule in rules().items():
            figures = "  |  ".join(line(krab.index, rule, file) for file in options.files)
            print(f"{name:<50}{figures}", flush=True)


if __name__ == "__main__":
    main()
