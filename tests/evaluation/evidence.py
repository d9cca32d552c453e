"""Fit what each thing counts that can be seen of a sentence: ``python -m tests.evaluation.evidence --data DIR FILE…``.

Fits the weights of ``bot.worth.Worth`` on question files: of all sentences that were read for a question, those of a
known document that state one of its facts are told from the others by a logistic rule. Printed are the weights to write
there, and how often the best sentence states a fact, by a rule that was fitted without the question itself (folds).
What a torn sentence costs, or one that only announces something, is not fitted: facts stand in those too, and people
don't want to read them; nor is what a note gains: the known
documents are mails and posts.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bot import evaluation
from bot.answer import Answerer
from bot.settings import load
from bot.wiring.opening import opened
from bot.worth import Best, Worth, seen

FOLDS = 8
SCALE = 0.4  # of all weights: the sum then has the spread that bot.choice.Limits and bot.confidence.Trust expect
REGULAR = 0.3
KEPT = ("flaw", "announces", "answers", "note")  # not fitted
NAMES = tuple(field.name for field in fields(Worth))
FITTED = [n for n, name in enumerate(NAMES) if name not in KEPT]
Matrix = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Pool:
    """The sentences read for a question: what is seen of each, whether it states a fact, of a known document."""

    rows: Matrix
    states: npt.NDArray[np.bool_]
    known: npt.NDArray[np.bool_]

    @property
    def good(self) -> npt.NDArray[np.bool_]:
        """The sentences that answer. What states a fact elsewhere may do so by chance: it counts for nothing."""
        return self.states & self.known


def pools(answerer: Answerer, file: Path) -> Iterator[Pool]:
    """Yield the pool of every question of ``file`` that has facts."""
    asked = evaluation.read(file)
    for one, question in zip(asked, evaluation.conversation(asked), strict=True):
        reading, results = answerer.found(question)
        aim, spoken = answerer.pool(reading, results)
        if one.answerable and one.facts and spoken:
            best = Best.of(spoken, aim)
            alternatives = [alternative.lower() for fact in one.facts for alternative in fact]
            yield Pool(
                np.array([seen(c, aim, best) for c in spoken]),
                np.array([any(a in c.text.lower() for a in alternatives) for c in spoken]),
                np.array([c.part in one.gold for c in spoken]),
            )


def fitted(some: Sequence[Pool]) -> Any:
    """Return a logistic rule; every question weighs the same, its good sentences a quarter of it."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    rows, good, weights = [], [], []
    for pool in some:
        use = pool.good | ~pool.states
        if pool.good.any():
            rows.append(pool.rows[use][:, FITTED])
            good.append(pool.good[use])
            weights.append(np.where(pool.good[use], 1 / pool.good.sum(), 3 / max(1, (~pool.states).sum())))
    rule = make_pipeline(StandardScaler(), LogisticRegression(C=REGULAR, max_iter=1000))
    return rule.fit(
        np.concatenate(rows), np.concatenate(good), logisticregression__sample_weight=np.concatenate(weights)
    )


def weights(rule: Any) -> dict[str, float]:
    """Return what to write into ``Worth``."""
    raw = SCALE * rule[-1].coef_[0] / rule[0].scale_
    return {NAMES[n]: round(float(w), 2) for n, w in zip(FITTED, raw, strict=True)}


def first(some: Sequence[Pool]) -> float:
    """Return how often the best sentence of a question that a rule was not fitted on states a fact."""
    hits = []
    for fold in range(FOLDS):
        rule = fitted([pool for n, pool in enumerate(some) if n % FOLDS != fold])
        scores = [(pool.good, rule.decision_function(pool.rows[:, FITTED])) for pool in some[fold::FOLDS]]
        hits += [bool(good[score.argmax()]) for good, score in scores]
    return float(np.mean(hits))


def main() -> None:
    """Print the weights."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True)
    parser.add_argument("files", nargs="+", type=Path)
    options = parser.parse_args()
    with opened(load({}, data=options.data)) as krab:
        answerer = Answerer(krab.index)
        some = [pool for file in options.files for pool in pools(answerer, file)]
    print(
        f"{len(some)} questions, {sum(len(p.rows) for p in some)} sentences; the best states a fact: {first(some):.3f}"
    )
    for name, weight in weights(fitted(some)).items():
        print(f"    {name}: float = {weight}")


if __name__ == "__main__":
    main()
