"""Score answers against questions with known answers (``krab eval``). The figures are defined here once.

A question file has one JSON object a line: ``id, question, kind, gold: [{doc, quote}], facts: [[alternative,
…], …], answerable, followup_of, note``. A fact is met when one of its alternatives occurs in the answer's
text, case ignored. A question is refused when its answer is neither "answered" nor "weak".
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

from bot.cite import holds
from bot.model import Answer, Question, Status
from index.model import Part

Kind = TypeVar("Kind")


class QuestionFileError(Exception):
    """A question file is not as it must be. ``str(error)`` is one clear line."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with its known answer."""

    id: str
    question: str
    kind: str = ""
    gold: frozenset[str] = frozenset()
    facts: tuple[tuple[str, ...], ...] = ()
    answerable: bool = True
    followup_of: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one question went. ``rank`` is that of the first gold document among those retrieved, from 1."""

    id: str
    kind: str
    status: Status
    rank: int | None
    gain: float  # nDCG@10
    facts: float | None  # share met; None when there are none to meet
    cites_gold: bool
    cited: int
    verbatim: int
    answerable: bool
    took_ms: float


def read(path: Path) -> list[Asked]:
    """Read a question file. Raises ``QuestionFileError`` naming the line."""
    try:
        with path.open(encoding="utf-8") as lines:
            return read_lines(lines, str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise QuestionFileError(f"cannot read {path}: {error}") from error


def read_lines(lines: Iterable[str], where: str) -> list[Asked]:
    """Read questions, one JSON object a line. Raises ``QuestionFileError`` naming the line."""
    return [_asked(line, f"{where}:{n}") for n, line in enumerate(lines, 1) if line.strip()]


def _asked(line: str, where: str) -> Asked:
    try:
        told: dict[str, Any] = json.loads(line)
        return Asked(
            id=str(told["id"]),
            question=_a(str, told["question"]),
            kind=_a(str, told.get("kind", "")),
            gold=frozenset(_a(str, g["doc"]) for g in told.get("gold", ())),
            facts=tuple(tuple(_a(str, said) for said in _a(list, fact)) for fact in told.get("facts", ())),
            answerable=_a(bool, told.get("answerable", True)),
            followup_of=None if told.get("followup_of") is None else str(told["followup_of"]),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise QuestionFileError(f"{where}: not a question: {error!r}") from error


def _a(kind: type[Kind], value: Any) -> Kind:
    if not isinstance(value, kind):
        raise TypeError(f"{value!r} is no {kind.__name__}")
    return value


def conversation(asked: Sequence[Asked]) -> list[Question]:
    """Return the questions as they are asked, follow-ups with the questions before them."""
    by_id = {a.id: a for a in asked}
    return [Question(a.question, earlier=tuple(_before(a, by_id))) for a in asked]


def _before(asked: Asked, by_id: Mapping[str, Asked]) -> list[str]:
    earlier: list[str] = []
    at = by_id.get(asked.followup_of or "")
    while at and len(earlier) < 10:
        earlier.insert(0, at.question)
        at = by_id.get(at.followup_of or "")
    return earlier


def missing(asked: Asked, answer: Answer) -> list[tuple[str, ...]]:
    """Return the facts, each with its alternatives, that an answer does not state."""
    text = answer.text.lower()
    return [fact for fact in asked.facts if not any(alternative.lower() in text for alternative in fact)]


def outcome(asked: Asked, answer: Answer, part: Callable[[str], Part | None]) -> Outcome:
    """Compare an answer with what is known."""
    met = len(asked.facts) - len(missing(asked, answer))
    sources = {source.id: part(source.id) for source in answer.sources}
    verbatim = [bool(p and holds(s.quote, p)) for s in answer.sources for p in [sources[s.id]]]
    ranks = [i for i, id_ in enumerate(answer.retrieved, 1) if id_ in asked.gold]
    return Outcome(
        id=asked.id,
        kind=asked.kind,
        status=answer.status,
        rank=ranks[0] if ranks else None,
        gain=_gain(ranks, len(asked.gold)),
        facts=met / len(asked.facts) if asked.facts else None,
        cites_gold=bool(asked.gold & sources.keys()),
        cited=len(verbatim),
        verbatim=sum(verbatim),
        answerable=asked.answerable,
        took_ms=answer.took_ms,
    )


def _gain(ranks: Sequence[int], gold: int, depth: int = 10) -> float:
    found = sum(1 / math.log2(rank + 1) for rank in ranks if rank <= depth)
    ideal = sum(1 / math.log2(rank + 1) for rank in range(1, min(gold, depth) + 1))
    return found / ideal if ideal else 0.0


@dataclass(frozen=True, slots=True)
class Report:
    """The figures of a question file. Shares are 0 … 1, times in milliseconds."""

    questions: int
    hit_at_1: float
    hit_at_5: float
    hit_at_10: float
    mrr_at_10: float
    ndcg_at_10: float
    all_facts: float
    mean_facts: float
    citation_precision: float
    cites_gold: float
    refused_unanswerable: float
    refused_answerable: float
    p50_ms: float
    p95_ms: float

    def as_dict(self) -> dict[str, float]:
        """Return the figures by name, rounded."""
        return {name: round(value, 4) for name, value in asdict(self).items()}


def report(outcomes: Iterable[Outcome]) -> Report:
    """Sum up."""
    every = list(outcomes)
    known = [o for o in every if o.answerable]
    unknown = [o for o in every if not o.answerable]
    factual = [o.facts for o in known if o.facts is not None]
    times = sorted(o.took_ms for o in every)
    return Report(
        questions=len(every),
        hit_at_1=_mean(o.rank is not None and o.rank <= 1 for o in known),
        hit_at_5=_mean(o.rank is not None and o.rank <= 5 for o in known),
        hit_at_10=_mean(o.rank is not None and o.rank <= 10 for o in known),
        mrr_at_10=_mean(1 / o.rank if o.rank and o.rank <= 10 else 0.0 for o in known),
        ndcg_at_10=_mean(o.gain for o in known),
        all_facts=_mean(share == 1 for share in factual),
        mean_facts=_mean(factual),
        citation_precision=_ratio(sum(o.verbatim for o in every), sum(o.cited for o in every)),
        cites_gold=_mean(o.cites_gold for o in known),
        refused_unanswerable=_mean(refused(o) for o in unknown),
        refused_answerable=_mean(refused(o) for o in known),
        p50_ms=_quantile(times, 0.5),
        p95_ms=_quantile(times, 0.95),
    )


def refused(outcome: Outcome) -> bool:
    """Whether it was said that there is no answer."""
    return outcome.status in (Status.NOT_FOUND, Status.OUT_OF_SCOPE)


def _mean(values: Iterable[float]) -> float:
    numbers = [float(v) for v in values]
    return sum(numbers) / len(numbers) if numbers else 0.0


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else 1.0


def _quantile(ordered: Sequence[float], q: float) -> float:
    return ordered[min(len(ordered) - 1, math.ceil(q * len(ordered)) - 1)] if ordered else 0.0


def table(summary: Report, by_kind: Mapping[str, Report]) -> str:
    """Return the figures as text: all questions, then each kind."""
    columns = ("hit_at_5", "ndcg_at_10", "all_facts", "mean_facts", "cites_gold", "refused_answerable")
    lines = [f"{name:<22}{value:>10.4g}" for name, value in summary.as_dict().items()]
    lines += ["", f"{'kind':<14}{'n':>4}" + "".join(f"{c:>20}" for c in columns)]
    for kind, figures in sorted(by_kind.items()):
        values = figures.as_dict()
        lines.append(f"{kind:<14}{figures.questions:>4}" + "".join(f"{values[c]:>20.3f}" for c in columns))
    return "\n".join(lines)


def by_kind(outcomes: Sequence[Outcome]) -> dict[str, Report]:
    """Return a report for each kind of question."""
    kinds = sorted({o.kind for o in outcomes})
    return {kind: report(o for o in outcomes if o.kind == kind) for kind in kinds}
