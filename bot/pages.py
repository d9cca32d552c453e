"""A long card as several messages, cut between its sections. Pure.

What can be done about a card (its buttons, its hint) stands under the last of them.
"""

from __future__ import annotations

from dataclasses import replace

from bot.card import Card, Section

PAGE, SPAN = 9_000, 12  # characters of a message; what a span costs besides its own


def pages(shown: Card, size: int = PAGE) -> list[Card]:
    """Return a card as one or several of at most about ``size`` characters."""
    made: list[list[Section]] = [[]]
    room = size
    for section in shown.sections:
        needed = sum(len(s.text) + len(s.url) + SPAN for line in section.lines for s in line)
        if made[-1] and needed > room:
            made.append([])
            room = size
        made[-1].append(section)
        room -= needed
    first, *rest = (Card(sections=tuple(some)) for some in made)
    cards = [replace(first, title=shown.title, picture=shown.picture), *rest]
    return [*cards[:-1], replace(cards[-1], buttons=shown.buttons, hint=shown.hint)]
