"""From a command or a pressed button to the order that does it; and what is said when there is none.

Rules of this file: which order it is, is decided by values alone (``chosen``, ``nearest``). An order that
fails is logged once and ends with a friendly word, as every message to krab does.
"""

from __future__ import annotations

import asyncio
import difflib
import logging
from collections.abc import Mapping

from bot.card import Card, note
from bot.chat import ChatRefused, Incoming, Reply
from bot.orders import Context, Order, Who
from bot.state import Asked
from bot.turns import Line

log = logging.getLogger(__name__)

FAILED = "That went wrong on my side; it is logged. Please try again later."
WHO = {
    Who.CURATORS: "Only krab's curators and admins can do that. They are listed in its configuration.",
    Who.ADMINS: "Only krab's admins can do that. They are listed under [admins] in its configuration.",
    Who.MODERATORS: "Only people who moderate this channel, and krab's admins, can do that.",
}
PATIENCE = 120.0  # seconds, from the order to its end
AT_ONCE = 3  # orders: fewer than there are threads, so that questions have some left
LIKE = 0.6  # how much of a name must be right for it to be offered


def chosen(incoming: Incoming, orders: Mapping[str, Order]) -> Order | None:
    """The order that a command names, or that a button or form belongs to."""
    if act := incoming.act:
        return next((o for o in orders.values() if act.name in o.acts), orders.get(act.name))
    return orders.get(incoming.command)


def nearest(name: str, orders: Mapping[str, Order]) -> str:
    """The name of an order that was probably meant, or ""."""
    return next(iter(difflib.get_close_matches(name, orders, 1, LIKE)), "")


def unknown(name: str, orders: Mapping[str, Order]) -> Card:
    """What is said to a command that there is none of."""
    meant = nearest(name, orders)
    instead = f" Did you mean “{meant}”?" if meant else ""
    return note(
        f"There is no command “{name}”.{instead}", "“help” lists all commands. To ask, just write the question."
    )


class Ordering:
    """Runs orders."""

    def __init__(self, orders: Mapping[str, Order], context: Context | None) -> None:
        """``context`` may be None when there are no orders."""
        self.orders = orders
        self._context = context
        self._line = Line(AT_ONCE)

    async def run(self, incoming: Incoming, reply: Reply) -> tuple[str, Asked | None]:
        """Do what was ordered; how it ended, for the record, and the answered question that it showed again, if any.

        It ends as "ordered", "answered" (when it showed an answer), "denied", "unknown" or "failed".
        """
        order, context = chosen(incoming, self.orders), self._context
        if order is None or context is None:
            name = incoming.act.name if incoming.act else incoming.command
            await reply.card(unknown(name, self.orders), private=True)
            return "unknown", None
        if not context.may(incoming, order.who):
            await reply.card(note(WHO[order.who]), private=True)
            return "denied", None
        try:
            async with asyncio.timeout(PATIENCE), self._line.place(f"{incoming.service}:{incoming.user}"):
                shown = await order.run(incoming, reply, context)
        except ChatRefused:
            raise
        except Exception:
            log.exception("%s: order %s failed", incoming.service, order.name)
            await reply.text(FAILED)
            return "failed", None
        return "answered" if shown else "ordered", shown


NO_ORDERS = Ordering({}, None)
