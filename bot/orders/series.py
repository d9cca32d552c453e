"""``series WORDS or LINK``: a patch series' versions, who reviewed it, who applied it where."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from bot.card import Button, Card, note
from bot.chat import Incoming, Reply
from bot.orders import Context, Order
from bot.series import day, lookup
from bot.series_card import Archive, card
from index.engine import Index

OTHERS = 3  # further series that are named
EXAMPLES = ("series nova-core falcon", "series https://lore.kernel.org/rust-for-linux/20250708…@…/")


async def run(incoming: Incoming, reply: Reply, context: Context) -> None:
    """Show the series that was meant."""
    asked = incoming.act.value if incoming.act else incoming.text.strip()
    if not asked:
        await reply.card(note("Which series? Give words of its title, or a link to one of its mails.", EXAMPLES[0]))
        return
    await reply.working("looking through the series…")
    await asyncio.to_thread(context.fetch, asked)
    await reply.card(await asyncio.to_thread(shown, context.index, asked))


def shown(index: Index, asked: str) -> Card:
    """Return the best match in full, the others in a line each."""
    newest = index.histories.newest()
    found = lookup(index.histories, asked)
    if not found:
        return note(f"I know of no series “{asked}” in the mail read, up to {day(newest)}.", "“search” looks wider.")
    shown = card(found[0], Archive(index.part, newest), found[1 : 1 + OTHERS])
    watch = Button("Watch", "watch", found[0].newest.root)
    return replace(shown, buttons=(watch,), hint="“watch” and a link keeps a message about it up to date.")


ORDER = Order("series", "a patch series: versions, reviews, who applied it where", run, EXAMPLES, spoken=True)
