"""What a question asks for, and which sentences have it. Pure.

A number, a date, a name or an option that stands in the question already is no answer to it: only what a
sentence adds counts.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

_MONTH = "january|february|march|april|may|june|july|august|september|october|november|december"
_CODE = r"`[^`]+`|\b[A-Za-z]\w*(?:_\w+|::\w+)+|\B-{1,2}[a-z][\w-]+=?\S*|\bmake \w+"


@dataclass(frozen=True, slots=True)
class Expected:
    """Questions that match ``asked`` want something that matches ``said``; having it counts ``weight``."""

    asked: re.Pattern[str]
    said: re.Pattern[str]
    weight: float


def _row(asked: str, said: str, weight: float, *, cased: bool = False) -> Expected:
    return Expected(re.compile(asked, re.IGNORECASE), re.compile(said, 0 if cased else re.IGNORECASE), weight)


EXPECTED: tuple[Expected, ...] = (
    _row(
        r"\bhow (?:many|much|big|large|far|old|long|fast)\b|\b(?:share|fraction|percent\w*|numbers?|count|size|cost)\b",
        r"\d[\d.,]*(?: ?%|k\b)?|\b(?:two|three|four|five|six|seven|eight|nine|ten|half|third|twice|similar)\b",
        1.0,
    ),
    _row(r"\b(?:share|fraction|percent\w*)\b", r"\d ?%|\bper ?cent\b", 0.5),
    _row(
        r"\b(?:when|since|dates?|merge window|what year|how long)\b"
        r"|\b(?:which|what|oldest|minimum|min|first|latest|last) (?:\w+ ){0,3}"
        r"(?:release|version|kernel|lts|rustc|revision|rev|glibc|clang|gcc)\b",
        rf"\bv?\d+\.\d+(?:\.\d+)?|-rc\d|\b20\d\d(?:-\d\d)*\b|\b(?:{_MONTH})(?: \d{{1,2}})?\b|\bv\d{{1,2}}\b",
        1.0,
    ),
    _row(
        r"\b(?:who|whose|whom|maintainers?|authors?|maintains?)\b",
        r"\b(?!(?:The|This|That|Rust|Linux|If|We|It|In|For|And|But|So|As|GPU|All|What|Since|Right|From)\b)"
        r"[A-Z][a-z]+ (?:[A-Z]\.? )?[A-Z][a-zé]+\b",
        0.8,
        cased=True,
    ),
    _row(
        r"\b(?:why|how come|reasons?|objections?|concern\w*|conditions?|arguments?|beef|wrong|complain\w*|unsound)\b",
        r"\b(?:because|since|due to|reasons?|so that|otherwise|problems?|cannot|can't|would|must|should|not|never|don't"
        r"|without|wrong|break\w*|unsound|need\w*)\b",
        0.4,
    ),
    _row(
        r"\bhow (?:do|can|to|could|does|should|would)\b|\b(?:env\w*|command|attribute|options?|k?config|flags?|macro"
        r"|mitigation|target|parameter|tools?|symbol|function|trait|type)\b",
        _CODE + r"|\b[A-Z][A-Z0-9]+(?:_[A-Z0-9]+)+\b",
        0.6,
    ),
    _row(r"\benv\w*\b", r"\b[A-Z][A-Z0-9]+(?:_[A-Z0-9]+)+\b", 0.8, cased=True),
)


def expectation(question: str) -> Callable[[str], float]:
    """Return how much of what ``question`` asks for a sentence adds to it."""
    rows = [row for row in EXPECTED if row.asked.search(question)]
    known = question.lower()

    @cache  # each sentence is asked about as its neighbours' neighbour, too
    def has(sentence: str) -> float:
        return sum(r.weight for r in rows if any(m.group().lower() not in known for m in r.said.finditer(sentence)))

    return has
