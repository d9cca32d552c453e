"""``search WORDS``: the passages that match best, without an answer made of them."""

from __future__ import annotations

import asyncio

from bot.card import Card, Section, Span, Style, note
from bot.chat import Incoming, Reply
from bot.chat.text import one_line, shorten
from bot.cite import flat
from bot.orders import Context, Order
from bot.series import day
from index.engine import Result

SHOWN = 6
WORDS = 200  # characters of a passage


async def run(incoming: Incoming, reply: Reply, context: Context) -> None:
    """Show the best passages, one a document."""
    asked = incoming.text.strip()
    if not asked:
        await reply.card(note("What shall I search for?", "search dma coherent allocation"), private=True)
        return
    await reply.working("searching…")
    results = await asyncio.to_thread(context.index.search, asked, 4 * SHOWN)
    await reply.card(shown(asked, results), private=True)


def shown(asked: str, results: list[Result]) -> Card:
    """Return the best passage of each part."""
    best: dict[str, Result] = {}
    for result in results:
        best.setdefault(result.found.passage.part, result)
    if not best:
        return note(f"I have read nothing that matches “{asked}”.")
    sections = tuple(_passage(n, result) for n, result in enumerate([*best.values()][:SHOWN], 1))
    return Card(f"“{shorten(asked, 80)}”", sections)


def _passage(n: int, result: Result) -> Section:
    found = result.found
    about = f" ({one_line(found.author)}, {day(found.date)}, {found.kind.value})"
    title = (Span(f"{n}. "), Span(one_line(found.title), url=found.url), Span(about, Style.FAINT))
    return Section((title, (Span(shorten(one_line(flat(found.passage.text)), WORDS)),)))


ORDER = Order(
    "search", "passages that match some words", run, ("search pin-init stack", "search CVE-2024-1086"), spoken=True
)
