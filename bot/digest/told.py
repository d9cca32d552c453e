"""What a digest has told so far, so that it tells nothing twice: titles and quotes. Changes as lines are made."""

from __future__ import annotations

from collections.abc import Sequence

from bot.digest.model import Cited


class Told:
    """The memory of one digest while its card is made."""

    def __init__(self) -> None:
        self._quotes = set[str]()
        self._titles = set[str]()

    def title(self, title: str) -> None:
        """Remember that something was told of at length."""
        self._titles.add(title)

    def knows(self, title: str) -> bool:
        """Whether something of this title was told of."""
        return title in self._titles

    def fresh(self, some: Sequence[Cited]) -> list[Cited]:
        """Return the words that were not quoted yet; from now on they were."""
        found = [one for one in some if one.quote not in self._quotes]
        self._quotes |= {one.quote for one in found}
        return found
