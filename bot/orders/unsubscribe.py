"""``unsubscribe NUMBER``: ends a digest."""

from __future__ import annotations

import asyncio

from bot.card import Card, note
from bot.chat import Incoming, Reply
from bot.orders import Context, Order, Topic
from bot.orders.subscribe import described
from bot.orders.subscriptions import mine


async def run(incoming: Incoming, reply: Reply, context: Context) -> None:
    """End the subscription that is meant."""
    meant = incoming.act.value if incoming.act else incoming.text.strip()
    await reply.card(await asyncio.to_thread(ended, incoming, meant.strip("# "), context), private=True)


def ended(incoming: Incoming, meant: str, context: Context) -> Card:
    """End it; what to say of that. With only one there is no need to say which."""
    known = mine(incoming, context)
    found = [one for one in known if str(one.number) == meant] if meant else known
    if len(found) != 1:
        problem = "Which one?" if len(found) > 1 else f"Nothing that you may end is number {meant or 'one'}."
        return note(problem, "“subscriptions” lists them with numbers.")
    context.subscriptions.remove(found[0].number)
    return note(f"Number {found[0].number} is ended: {described(found[0])}.")


ORDER = Order(
    "unsubscribe", "end a digest", run, ("unsubscribe 3",), acts=("unsubscribe",), spoken=True, topic=Topic.FOLLOW
)
