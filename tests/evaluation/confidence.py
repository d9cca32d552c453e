"""Fit the rule that says whether evidence answers: ``python -m tests.evaluation.confidence --data DIR FILE``.

Fits the weights of ``bot.confidence.Trust`` on a question file, for the embedder that the index has, and prints the
curve: what is refused at each threshold, measured on questions that the weights were not fitted on (folds).
Weights are fitted on all; a second file, if given, is only measured.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bot import evaluation
from bot.answer import APPLIED, RETRIEVED, Answerer
from bot.question import Want, read
from bot.settings import load
from bot.wiring import opened
from index.engine import Index

FOLDS, REPEATS = 8, 5
WRONGLY = 0.07  # of the answerable may be refused
Matrix = npt.NDArray[np.float64]


def signs(index: Index, file: Path) -> tuple[Matrix, npt.NDArray[np.bool_]]:
    """Return (found, best, -foreign, supported) of every question, and whether it can be answered."""
    asked = evaluation.read(file)
    rows = []
    for question in evaluation.conversation(asked):
        reading = read(question)
        events = (APPLIED,) if Want.STATE in reading.wants else ()
        evidence = Answerer(index).evidence(reading, index.search(reading.text, RETRIEVED, events=events))
        sign = evidence.signs
        rows.append((sign.found, sign.best, -sign.foreign, float(evidence.supported)))
    return np.array(rows), np.array([a.answerable for a in asked])


def fitted(rows: Matrix, answerable: npt.NDArray[np.bool_]) -> Any:
    """Return a logistic rule over the signs."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    rule = make_pipeline(StandardScaler(), LogisticRegression(C=0.5, class_weight="balanced"))
    return rule.fit(rows[:, :-1], answerable)


def confidences(rule: Any, rows: Matrix) -> Matrix:
    """Return the confidence in each question; none where the premise has no support."""
    sure: Matrix = rule.predict_proba(rows[:, :-1])[:, 1] * rows[:, -1]
    return sure


def held_out(rows: Matrix, answerable: npt.NDArray[np.bool_]) -> Matrix:
    """Return confidences by rules that were fitted without the question itself."""
    from sklearn.model_selection import StratifiedKFold

    total = np.zeros(len(rows))
    for seed in range(REPEATS):
        for train, test in StratifiedKFold(FOLDS, shuffle=True, random_state=seed).split(rows, answerable):
            total[test] += confidences(fitted(rows[train], answerable[train]), rows[test])
    return total / REPEATS


def curve(sure: Matrix, answerable: npt.NDArray[np.bool_]) -> str:
    """Return a table: of the unanswerable and of the answerable, what is refused below each threshold."""
    lines = ["threshold  unanswerable refused  answerable refused"]
    for threshold in np.arange(0.1, 0.81, 0.1):
        shares = [float((sure[kind] < threshold).mean()) for kind in (~answerable, answerable)]
        lines.append(f"{threshold:>9.2f}{shares[0]:>22.3f}{shares[1]:>20.3f}")
    return "\n".join(lines)


def threshold(sure: Matrix, answerable: npt.NDArray[np.bool_], wrongly: float = WRONGLY) -> float:
    """Return the highest threshold below which at most ``wrongly`` of the answerable fall."""
    known = np.sort(sure[answerable])
    return float(known[math.floor(wrongly * len(known))])


def weights(rule: Any) -> dict[str, float]:
    """Return the rule over signs as they are, as ``Trust`` has it."""
    scale, logistic = rule[0], rule[1]
    plain = logistic.coef_[0] / scale.scale_
    doubt = float(plain @ scale.mean_ - logistic.intercept_[0])
    names = ("found", "best", "foreign")
    return {**dict(zip(names, map(float, plain), strict=True)), "doubt": doubt}


def main(arguments: Sequence[str] | None = None) -> None:
    """Fit on the first file, measure on all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True)
    parser.add_argument("files", nargs="+", type=Path)
    options = parser.parse_args(arguments)
    with opened(load({}, data=options.data)) as krab:
        (rows, answerable), *others = [signs(krab.index, file) for file in options.files]
        print(
            f"embedder {krab.index.embedder.identity}, {len(rows)} questions, {int((~answerable).sum())} unanswerable"
        )
    rule, sure = fitted(rows, answerable), held_out(rows, answerable)
    print({name: round(value, 3) for name, value in weights(rule).items()})
    print(f"weak from {threshold(sure, answerable):.3f}\n{curve(sure, answerable)}")
    for file, (more, known) in zip(options.files[1:], others, strict=True):
        print(f"\nnot fitted on: {file.name}\n{curve(confidences(rule, more), known)}")


if __name__ == "__main__":
    main()
