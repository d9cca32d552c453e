"""What a digest has told so far, so that it tells nothing twice: titles and quotes. Changes as lines are made."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bot.digest.model import Cited


class Told:
    """The memory of one digest while its card is made."""

    def __init__(self) -> None:
        self._quotes = set[str]()
        self._titles = set[str]()
        self._kept = set[str]()
        self._counted = set[str]()

    def title(self, title: str) -> None:
        """Remember that something was told of at length."""
        self._titles.add(title)

    def knows(self, title: str) -> bool:
        """Whether something of this title was told of."""
        return title in self._titles

    def count(self, titles: Iterable[str]) -> None:
        """Remember whose answers are counted elsewhere, in another way."""
        self._counted |= set(titles)

    def counted(self, title: str) -> bool:
        """Whether a discussion of this title counts its answers."""
        return title in self._counted

    def keep(self, some: Iterable[Cited]) -> None:
        """Keep words for where they are told at length: lists leave them out."""
        self._kept |= {one.quote for one in some}

    def kept(self, one: Cited) -> bool:
        """Whether words are kept for later."""
        return one.quote in self._kept

    def was(self, one: Cited) -> bool:
        """Whether words were quoted."""
        return one.quote in self._quotes

    def fresh(self, some: Sequence[Cited]) -> list[Cited]:
        """Return the words that were not quoted yet; from now on they were."""
        found = [one for one in some if one.quote not in self._quotes]
        self._quotes |= {one.quote for one in found}
        return found
