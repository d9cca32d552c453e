"""Fit the rule that says whether evidence answers: ``python -m tests.evaluation.confidence --data DIR FILE``.

Fits the weights of ``bot.confidence.Trust`` on a question file (or several, joined by commas), for the embedder that
the index has, and prints the curve: what is refused at each threshold, measured on questions that the weights were
not fitted on (folds). Weights are fitted on all; further files are only measured. With ``--alone`` the rule is fitted
without each of the signs, too.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bot import evaluation
from bot.answer import APPLIED, RETRIEVED, Answerer
from bot.question import Want, read
from bot.settings import load
from bot.wiring.opening import opened
from index.engine import Index

FOLDS, REPEATS = 8, 5
WRONGLY = 0.07  # of the answerable may be refused
FOR, AGAINST = ("found", "words", "nearest"), ("foreign", "lacking", "unmeasured", "undone", "undated")
Matrix = npt.NDArray[np.float64]
Truth = npt.NDArray[np.bool_]


def signs(index: Index, files: Iterable[Path]) -> tuple[Matrix, Truth]:
    """Return every question's signs (negative those against it) and whether it is supported; which have an answer."""
    rows, answerable = [], []
    for file in files:
        asked = evaluation.read(file)
        rows += [_signs(index, question) for question in evaluation.conversation(asked)]
        answerable += [a.answerable for a in asked]
    return np.array(rows), np.array(answerable)


def _signs(index: Index, question: Any) -> tuple[float, ...]:
    reading = read(question)
    events = (APPLIED,) if Want.STATE in reading.wants else ()
    evidence = Answerer(index).evidence(reading, index.search(reading.text, RETRIEVED, events=events))
    speaks = [getattr(evidence.signs, name) or 0.0 for name in FOR]
    return (*speaks, *(-getattr(evidence.signs, name) for name in AGAINST), float(evidence.supported))


def fitted(rows: Matrix, answerable: Truth) -> Any:
    """Return a logistic rule over the signs."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    rule = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, class_weight="balanced"))
    return rule.fit(rows[:, :-1], answerable)


def confidences(rule: Any, rows: Matrix) -> Matrix:
    """Return the confidence in each question; none where the premise has no support."""
    sure: Matrix = rule.predict_proba(rows[:, :-1])[:, 1] * rows[:, -1]
    return sure


def held_out(rows: Matrix, answerable: Truth) -> Matrix:
    """Return confidences by rules that were fitted without the question itself."""
    from sklearn.model_selection import StratifiedKFold

    total = np.zeros(len(rows))
    for seed in range(REPEATS):
        for train, test in StratifiedKFold(FOLDS, shuffle=True, random_state=seed).split(rows, answerable):
            total[test] += confidences(fitted(rows[train], answerable[train]), rows[test])
    return total / REPEATS


def curve(sure: Matrix, answerable: Truth) -> str:
    """Return a table: of the unanswerable and of the answerable, what is refused below each threshold."""
    lines = ["threshold  unanswerable refused  answerable refused"]
    for threshold in np.arange(0.1, 0.81, 0.1):
        shares = [float((sure[kind] < threshold).mean()) for kind in (~answerable, answerable)]
        lines.append(f"{threshold:>9.2f}{shares[0]:>22.3f}{shares[1]:>20.3f}")
    return "\n".join([*lines, f"{refused(sure, answerable):.3f} at {WRONGLY} of the answerable"])


def threshold(sure: Matrix, answerable: Truth, wrongly: float = WRONGLY) -> float:
    """Return the highest threshold below which at most ``wrongly`` of the answerable fall."""
    known = np.sort(sure[answerable])
    return float(known[math.floor(wrongly * len(known))])


def refused(sure: Matrix, answerable: Truth) -> float:
    """Return how many of the unanswerable are refused at that threshold."""
    return float((sure[~answerable] < threshold(sure, answerable)).mean())


def weights(rule: Any) -> dict[str, float]:
    """Return the rule over signs as they are, as ``Trust`` has it."""
    scale, logistic = rule[0], rule[1]
    plain = logistic.coef_[0] / scale.scale_
    doubt = float(plain @ scale.mean_ - logistic.intercept_[0])
    return {**dict(zip((*FOR, *AGAINST), map(float, plain), strict=True)), "doubt": doubt}


def alone(rows: Matrix, answerable: Truth) -> str:
    """Return what is refused without each of the signs."""
    without = {name: held_out(np.delete(rows, n, axis=1), answerable) for n, name in enumerate((*FOR, *AGAINST))}
    return "\n".join(f"{refused(sure, answerable):.3f} without {name}" for name, sure in without.items())


def main(arguments: Sequence[str] | None = None) -> None:
    """Fit on the first file, measure on all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True)
    parser.add_argument("--alone", action="store_true", help="fit without each of the signs, too")
    parser.add_argument("files", nargs="+", help="the first is fitted on: a file, or several joined by commas")
    options = parser.parse_args(arguments)
    files = [[Path(name) for name in some.split(",")] for some in options.files]
    with opened(load({}, data=options.data)) as krab:
        (rows, answerable), *others = [signs(krab.index, some) for some in files]
        print(
            f"embedder {krab.index.embedder.identity}, {len(rows)} questions, {int((~answerable).sum())} without answer"
        )
    rule, sure = fitted(rows, answerable), held_out(rows, answerable)
    print({name: round(value, 3) for name, value in weights(rule).items()})
    print(f"weak from {threshold(sure, answerable):.3f}\n{curve(sure, answerable)}")
    print(alone(rows, answerable) if options.alone else "", end="\n")
    for some, (more, known) in zip(options.files[1:], others, strict=True):
        print(f"\nnot fitted on: {some}\n{curve(confidences(rule, more), known)}")


if __name__ == "__main__":
    main()
