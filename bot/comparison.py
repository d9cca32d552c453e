"""What went wrong, question by question, and what changed between two runs. Pure.

A row is what ``krab eval --json`` prints of a question; an earlier run's rows may lack keys that are new.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from bot.evaluation import Asked, Outcome, missing, refused
from bot.model import Answer

Row = Mapping[str, Any]
SORTS = (
    "answered, though nothing answers it",
    "refused, though it can be answered",
    "no known document among those read",
    "known document read, but not cited",
    "known document cited, facts missing",
)
_READ = 16  # documents of which sentences are taken


def row(asked: Asked, answer: Answer, outcome: Outcome) -> dict[str, object]:
    """Return how one question went, for a program."""
    return {
        "id": outcome.id,
        "kind": outcome.kind,
        "question": asked.question,
        "status": outcome.status.value,
        "confidence": answer.confidence,
        "rank": outcome.rank,
        "facts": outcome.facts,
        "missing": [list(fact) for fact in missing(asked, answer)],
        "cites_gold": outcome.cites_gold,
        "gold": sorted(asked.gold)[:5],
        "said": answer.text,
        "sort": sort(outcome),
        "took_ms": outcome.took_ms,
    }


def sort(outcome: Outcome) -> str:
    """Return what kind of miss an outcome is, or ""."""
    if not outcome.answerable:
        return "" if refused(outcome) else SORTS[0]
    if refused(outcome):
        return SORTS[1]
    if outcome.facts == 1 or (outcome.facts is None and outcome.cites_gold):
        return ""
    if outcome.rank is None or outcome.rank > _READ:
        return SORTS[2]
    return SORTS[4] if outcome.cites_gold else SORTS[3]


def misses(rows: Sequence[Row]) -> Iterator[str]:
    """Yield the misses as text, sort by sort, the largest first."""
    by_sort = {name: [r for r in rows if r["sort"] == name] for name in SORTS}
    for name, some in sorted(by_sort.items(), key=lambda pair: -len(pair[1])):
        if some:
            yield f"== {name}: {len(some)}\n"
            yield from map(_miss, some)


def _miss(row: Row) -> str:
    wanted = "".join(f"\n  missing {' | '.join(fact)}" for fact in row["missing"])
    where = f"\n  known   {', '.join(row['gold'])}, first at rank {row['rank'] or 'none'}" if row["gold"] else ""
    state = f"{row['status']} ({row['confidence']:.2f})"
    return f"{row['id']} {row['kind']}: {row['question']}\n  {state}{where}{wanted}\n  said    {row['said']}\n"


def changes(before: Iterable[Row], after: Iterable[Row]) -> Iterator[str]:
    """Yield what became better or worse, question by question, then how many of each."""
    known = {row["id"]: row for row in before}
    counts = {"better": 0, "worse": 0, "otherwise": 0}
    for new in after:
        old = known.get(new["id"])
        told = ", ".join(_told(old, new)) if old else ""
        if old and told:
            verdict = _verdict(old, new)
            counts[verdict] += 1
            yield f"{verdict:<10}{new['id']:<8}{told}"
    yield ", ".join(f"{count} {verdict}" for verdict, count in counts.items())


def _told(old: Row, new: Row) -> Iterator[str]:
    for key in ("status", "rank", "facts", "cites_gold"):
        if old[key] != new[key]:
            yield f"{key} {old[key]} → {new[key]}"


def _verdict(old: Row, new: Row) -> str:
    was, now = _worth(old), _worth(new)
    return "better" if now > was else "worse" if now < was else "otherwise"


def _worth(row: Row) -> tuple[float, bool, float]:
    # Facts first, then the citation, then the rank; for what can't be answered that it is refused.
    if row["facts"] is None and row["rank"] is None:
        return float(row["status"] in ("not_found", "out_of_scope")), False, 0.0
    return row["facts"] or 0.0, row["cites_gold"], 1 / row["rank"] if row["rank"] else 0.0
