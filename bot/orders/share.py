"""``share``: shows everybody here an answer that only its asker saw."""

from __future__ import annotations

import asyncio

from bot.card import note
from bot.chat import Incoming, Reply
from bot.orders import Context, Order
from bot.orders.why import GONE, NONE, meant
from bot.state import Asked

NOT_YOURS = "Only who asked can share an answer that was given in private."


async def run(incoming: Incoming, reply: Reply, context: Context) -> Asked | None:
    """Show the answer again, to all; what was shown."""
    asked = await asyncio.to_thread(meant, context.state, incoming)
    if asked is None or asked.user != incoming.user:
        why = NOT_YOURS if asked else GONE if incoming.act else NONE
        await reply.card(note(why), private=True)
        return None
    await reply.answer(asked.answer)
    return asked


ORDER = Order("share", "show everybody here the answer that only you saw", run, acts=("share",))
