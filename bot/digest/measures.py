"""How much of a digest is shown, and how its numbers and names are worded. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

NAMES = 3  # of people, before "and 4 more"


class Length(StrEnum):
    """How much of a digest is shown."""

    SHORT = "short"
    FULL = "full"


@dataclass(frozen=True, slots=True)
class Measure:
    """How many lines of each there are. ``quote`` is in characters: a longer one is left out, and never cut.

    ``words`` says whether lists quote what their things do; what is unsound or discussed is quoted anyway.
    """

    applied: int
    discussions: int
    others: int  # discussions that are only named
    said: int
    mentions: int
    series: int
    versions: int
    changes: int
    waiting: int
    posts: int
    quote: int
    words: bool = True


MEASURES = {
    Length.SHORT: Measure(4, 3, 3, 1, 3, 2, 2, 1, 2, 0, 160, words=False),
    Length.FULL: Measure(40, 5, 12, 3, 8, 20, 20, 3, 9, 6, 320),
}


def counted(number: int, one: str, many: str = "") -> str:
    """Return a number with its noun: "1 mail", "2 people"."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def people(names: Sequence[str]) -> str:
    """Return who it was: "Ada, Bo, Cy and 4 more"."""
    most = NAMES if len(names) > NAMES + 1 else len(names)
    listed = [*names[:most], *([f"{len(names) - most} more"] if len(names) > most else [])]
    return " and ".join(filter(None, (", ".join(listed[:-1]), *listed[-1:])))


def signed(tags: Sequence[tuple[str, str]]) -> str:
    """Return who gave which tag: "Reviewed-by Ada and Bo, Tested-by Cy"."""
    found: dict[str, list[str]] = {}
    for kind, who in tags:
        found.setdefault(kind, []).append(who)
    return ", ".join(f"{kind.capitalize()}-by {people(who)}" for kind, who in found.items())
