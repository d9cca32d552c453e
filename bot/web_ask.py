"""From a request's words to a ``Question``: the rules for what may be asked. No I/O.

Control characters are stripped, white space is folded, lengths are bounded; what breaks a rule raises
``BadQuestion`` with one line for the person who asked.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from datetime import UTC, datetime, time

from bot.model import Question

LONGEST = 2000  # characters of a question
MOST_EARLIER = 8  # questions of the conversation that are looked at; older ones are dropped


class BadQuestion(ValueError):
    """The question can't be taken. ``str(error)`` is one line for the person who asked."""


def question(text: str, earlier: Sequence[str] = (), as_of: str = "") -> Question:
    """Return what is asked; ``as_of`` is a day (YYYY-MM-DD, to its end in UTC) or "". Raises ``BadQuestion``."""
    asked = _tidy(text)
    if not asked:
        raise BadQuestion("Please type a question.")
    before = (_tidy(e) for e in earlier[-MOST_EARLIER:])
    return Question(asked, tuple(e for e in before if e), _end_of(as_of.strip()))


def question_from_json(body: object) -> Question:
    """Return what a JSON body asks: ``{"question", "earlier": […], "as_of"}``. Raises ``BadQuestion``."""
    if not isinstance(body, dict):
        raise BadQuestion("Send a JSON object with a question in it.")
    text, earlier, as_of = body.get("question"), body.get("earlier") or [], body.get("as_of") or ""
    if not isinstance(text, str):
        raise BadQuestion('"question" must be a string.')
    if not isinstance(earlier, list) or not all(isinstance(e, str) for e in earlier):
        raise BadQuestion('"earlier" must be a list of strings.')
    if not isinstance(as_of, str):
        raise BadQuestion('"as_of" must be a day like "2025-07-08".')
    return question(text, earlier, as_of)


def _tidy(text: str) -> str:
    if len(text) > LONGEST:
        raise BadQuestion(f"A question may have {LONGEST:,} characters at most; this one has {len(text):,}.")
    kept = "".join(" " if unicodedata.category(c) in ("Cc", "Cs") else c for c in text)
    return " ".join(kept.split())


def _end_of(day: str) -> datetime | None:
    if not day:
        return None
    try:
        return datetime.combine(datetime.strptime(day, "%Y-%m-%d").date(), time.max, UTC)  # noqa: DTZ007 - a day
    except ValueError as error:
        raise BadQuestion(f"{day[:40]!r} is not a day: write it like 2025-07-08.") from error
