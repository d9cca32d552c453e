"""``more``: what else was found for the last answer here, beyond what it cites."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from bot.card import Card, Line, Section, Span, Style, note
from bot.chat import Incoming, Reply
from bot.chat.text import one_line, shorten
from bot.orders import Context, Order
from bot.orders.why import GONE, NONE, meant
from bot.series import day
from bot.state import Asked
from index.model import Part

SHOWN = 8


async def run(incoming: Incoming, reply: Reply, context: Context) -> None:
    """List them."""
    asked = await asyncio.to_thread(meant, context.state, incoming)
    if asked is None:
        await reply.card(note(GONE if incoming.act else NONE), private=True)
        return
    await reply.card(await asyncio.to_thread(card, asked, context.index.part), private=True)


def card(asked: Asked, part: Callable[[str], Part | None]) -> Card:
    """Return the parts that were found and not cited, best first, one a title."""
    cited = {citation.id for citation in (*asked.answer.sources, *asked.answer.nearest)}
    others: dict[str, Part] = {}
    for id_ in asked.answer.retrieved:
        if id_ not in cited and (found := part(id_)):
            others.setdefault(one_line(found.title).removeprefix("Re: ").lower(), found)
    lines = [_line(found) for found in others.values()]
    if not lines:
        return note("There is nothing else that I found for this question.")
    listed = Section(tuple(lines[:SHOWN]), bullets=True, folded=max(len(lines) - SHOWN, 0))
    return Card(f"More on “{shorten(one_line(asked.text), 80)}”", (listed,))


def _line(found: Part) -> Line:
    about = f" ({one_line(found.author)}, {day(found.date)}, {found.kind.value})"
    return (Span(one_line(found.title), url=found.url), Span(about, Style.FAINT))


ORDER = Order("more", "what else I found for my last answer here", run, acts=("more",))
