"""A long card as several messages, cut between its sections. Pure.

What can be done about a card (its buttons, its hint) stands under the last of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from bot.card import Card, Section

PAGE, SPAN = 9_000, 12  # characters of a message; what a span costs besides its own


def pages(shown: Card, size: int = PAGE) -> list[Card]:
    """Return a card as one or several of at most about ``size`` characters."""
    made: list[list[Section]] = [[]]
    room = size
    for group in _groups(shown.sections):
        needed = sum(len(s.text) + len(s.url) + SPAN for section in group for line in section.lines for s in line)
        if made[-1] and needed > room:
            made.append([])
            room = size
        made[-1] += group
        room -= needed
    first, *rest = (Card(sections=tuple(some)) for some in made)
    cards = [replace(first, title=shown.title, picture=shown.picture), *rest]
    return [*cards[:-1], replace(cards[-1], buttons=shown.buttons, hint=shown.hint)]


def _groups(sections: Sequence[Section]) -> Iterator[list[Section]]:
    """Yield what is not parted: a line, and the list below it that has no heading of its own."""
    for at, section in enumerate(sections):
        if not _belongs(sections, at):
            yield [section, *(sections[at + 1 : at + 2] if _belongs(sections, at + 1) else ())]


def _belongs(sections: Sequence[Section], at: int) -> bool:
    """Whether a section is the list of the one before it."""
    inside = 0 < at < len(sections)
    return inside and sections[at].bullets and not sections[at].heading and not sections[at - 1].bullets
