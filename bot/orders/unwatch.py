"""``unwatch NUMBER``, or words of the title: ends a watch."""

from __future__ import annotations

import asyncio

from bot.card import Card, note
from bot.chat import Incoming, Reply
from bot.orders import Context, Order, Topic
from bot.orders.watching import mine
from bot.watches import Watch


async def run(incoming: Incoming, reply: Reply, context: Context) -> None:
    """End the watch that is meant."""
    meant = incoming.act.value if incoming.act else incoming.text.strip()
    await reply.card(await asyncio.to_thread(ended, incoming, meant, context), private=True)


def ended(incoming: Incoming, meant: str, context: Context) -> Card:
    """End it; what to say of that."""
    found = which(mine(incoming, context), meant)
    if len(found) != 1:
        problem = "Which one?" if found or not meant else f"Nothing that you may end is watched as “{meant}”."
        return note(problem, "“watching” lists what is watched, with numbers.")
    context.watcher.end(found[0])
    return note(f"“{found[0].title}” is no longer watched.")


def which(watches: list[Watch], meant: str) -> list[Watch]:
    """Return the watches that a number or words of a title mean."""
    if meant.strip("#").isdecimal():
        return [watch for watch in watches if watch.number == int(meant.strip("#"))]
    words = meant.lower().split()
    return [watch for watch in watches if words and all(word in watch.title.lower() for word in words)]


ORDER = Order(
    "unwatch", "end a watch", run, ("unwatch 7", "unwatch falcon"), acts=("unwatch",), spoken=True, topic=Topic.FOLLOW
)
