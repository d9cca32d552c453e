"""What is said when nothing answers: what exactly was not found, and what was not read. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.cite import flat
from bot.confidence import Signs

NOTHING = "I found nothing in my sources that answers this."
_NO_MEASURE = "I found nothing in my sources that gives such a figure."
_NOT_DONE = "I found nothing in my sources that says this was done."
_NOT_THEN = "I found nothing in my sources on this from that time."
_NAMED = 3  # sources that are named; more are counted


@dataclass(frozen=True, slots=True)
class Unread:
    """Sources that may know more: ``silent`` ones can't be read or have long said nothing, others were never read."""

    silent: Sequence[str] = ()
    never: Sequence[str] = ()

    def told(self) -> str:
        """Return it as plain sentences; "" when all was read."""
        silent = f"Something may be missing: {_names(self.silent)} can't be read just now." if self.silent else ""
        never = f"Not read yet: {_names(self.never)}." if self.never else ""
        return " ".join(said for said in (silent, never) if said)


def nothing(signs: Signs, unheard: str = "") -> str:
    """Return what was not found; ``unheard`` is a person of whom the question says what nobody says."""
    if unheard:
        return f"I found nothing by or about {flat(unheard)} in my sources that says so."
    missing = ((signs.unmeasured, _NO_MEASURE), (signs.undone, _NOT_DONE), (signs.undated, _NOT_THEN))
    return next((said for much, said in missing if much >= 1), NOTHING)


def _names(names: Sequence[str]) -> str:
    shown = [flat(name) for name in names[:_NAMED]]
    more = len(names) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")
