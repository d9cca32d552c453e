"""What ranking is worth: beside its yardsticks, and without each thing that it goes by."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields, replace
from pathlib import Path

from bot import evaluation
from bot.model import Answer, Status
from bot.question import Want, read
from bot.settings import load
from bot.wiring.opening import opened
from index.engine import DEFAULT_RANKING, Ranking
from index.lexical import BODY_ONLY
from index.rank import Weights, reciprocal

Found = list[tuple[str, ...]]
KEYS = ("hit_at_1", "hit_at_5", "hit_at_10", "mrr_at_10", "ndcg_at_10")


def yardsticks(folder: Path, files: Sequence[Path]) -> None:
    """Compare rankings over the same parts and questions."""
    words = Ranking(Weights.only(words=1), BODY_ONLY)
    meaning = Ranking(Weights.only(meaning=1))
    with _retrieving(folder) as ask:
        for path in files:
            print(path.name)
            bm25, cosine, krab = ask(path, words), ask(path, meaning), ask(path, DEFAULT_RANKING)
            fused = [tuple(reciprocal(*pair)) for pair in zip(bm25, cosine, strict=True)]
            for name, found in (
                ("BM25 (parts' own words)", bm25),
                ("MiniLM (passages' vectors)", cosine),
                ("equal-weight rank fusion", fused),
                ("krab", krab),
            ):
                print(f"{name:<28}{_figures(path, found)}", flush=True)


def ablation(folder: Path, files: Sequence[Path]) -> None:
    """Leave out one thing at a time that speaks for a part, and see what is lost."""
    weights = DEFAULT_RANKING.weights
    with _retrieving(folder) as ask:
        for path in files:
            print(f"{path.name}\n{'everything':<28}{_figures(path, ask(path, DEFAULT_RANKING))}")
            for field in fields(weights):
                without = replace(DEFAULT_RANKING, weights=replace(weights, **{field.name: 0.0}))
                print(f"without {field.name:<20}{_figures(path, ask(path, without))}", flush=True)


def cost(folder: Path, path: Path) -> float:
    """Return the median of the milliseconds of a processor that finding and ranking takes for a question."""
    spent = []
    with opened(load({}, data=str(folder))) as everything:
        for question in evaluation.conversation(evaluation.read(path)) * 2:
            reading = read(question)
            started = time.thread_time()
            everything.index.search(reading.text, 50, events=("applied",) if Want.STATE in reading.wants else ())
            spent.append((time.thread_time() - started) * 1000)
    return statistics.median(spent)


@contextmanager
def _retrieving(folder: Path) -> Iterator[Callable[[Path, Ranking], Found]]:
    """Give a function that answers a question file with the parts that a ranking finds."""
    with opened(load({}, data=str(folder))) as everything:

        def ask(path: Path, ranking: Ranking) -> Found:
            found = []
            for question in evaluation.conversation(evaluation.read(path)):
                reading = read(question)
                events = ("applied",) if Want.STATE in reading.wants else ()
                results = everything.index.search(reading.text, 50, ranking=ranking, events=events)
                found.append(tuple(r.found.passage.part for r in results))
            return found

        yield ask


def _figures(path: Path, found: Found) -> str:
    outcomes = [
        evaluation.outcome(one, Answer(Status.ANSWERED, retrieved=ids), lambda _: None)
        for one, ids in zip(evaluation.read(path), found, strict=True)
    ]
    figures = evaluation.report(outcomes).as_dict()
    return "".join(f" {key} {figures[key]:.3f}" for key in KEYS)
