"""An answer as JSON: what ``krab ask --json`` prints and ``/api/ask`` returns.

Other programs read this, so keys are never renamed or taken away; new ones may be added. Days are
YYYY-MM-DD in UTC, or null.
"""

from __future__ import annotations

from datetime import UTC, datetime

from bot.model import Answer, Citation


def to_json(answer: Answer) -> dict[str, object]:
    """Return ``answer`` as a value that ``json.dumps`` takes."""
    return {
        "status": answer.status.value,
        "text": answer.text,
        "sentences": [{"text": s.text, "citations": list(s.citations)} for s in answer.sentences],
        "sources": [_citation(c) for c in answer.sources],
        "retrieved": list(answer.retrieved),
        "as_of": _day(answer.as_of),
        "took_ms": round(answer.took_ms),
        "remark": answer.remark,
        "nearest": [_citation(c) for c in answer.nearest],
        "confidence": round(answer.confidence, 4),
        "why": dict(answer.why),
        "written": answer.written,
        "limited": answer.limited,
    }


def _citation(citation: Citation) -> dict[str, object]:
    return {
        "n": citation.n,
        "id": citation.id,
        "url": citation.url,
        "title": citation.title,
        "author": citation.author,
        "date": _day(citation.date),
        "quote": citation.quote,
        "note": citation.note,
        "kind": citation.kind.value,
        "references": [{"title": r.title, "url": r.url} for r in citation.references],
    }


def _day(when: datetime | None) -> str | None:
    return when.astimezone(UTC).date().isoformat() if when else None
