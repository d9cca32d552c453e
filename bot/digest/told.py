"""What a digest has told so far, so that it tells nothing twice: titles, quotes, links. Changes as lines are made."""

from __future__ import annotations

from collections.abc import Sequence

from bot.card import Line, Span, Style
from bot.digest.model import Cited


class Told:
    """The memory of one digest while its card is made."""

    def __init__(self) -> None:
        self._quotes = set[str]()
        self._titles = set[str]()
        self._links = set[str]()

    def title(self, title: str) -> None:
        """Remember that something was told of at length."""
        self._titles.add(title)

    def knows(self, title: str) -> bool:
        """Whether something of this title was told of."""
        return title in self._titles

    def lines(self, lines: Sequence[Line]) -> None:
        """Remember what lines link to."""
        self._links |= {span.url for line in lines for span in line if span.url}

    def linked(self, url: str) -> bool:
        """Whether a line links there."""
        return url in self._links

    def fresh(self, some: Sequence[Cited]) -> list[Cited]:
        """Return the words that were not quoted yet; from now on they were."""
        found = [one for one in some if one.quote not in self._quotes]
        self._quotes |= {one.quote for one in found}
        return found


def pointing(some: Sequence[tuple[str, str, str]]) -> list[Line]:
    """Return the line that only points to what was told of further up, each (title, version, address)."""
    named = [
        span
        for title, label, url in some
        for span in (Span("; "), Span(title, url=url), Span(f" {label}" if label not in ("", "v1") else ""))
    ]
    return [(Span("Told above: ", Style.FAINT), *named[1:], Span("."))] if named else []
