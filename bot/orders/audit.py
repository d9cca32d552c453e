"""``audit``: who did what to krab."""

from __future__ import annotations

import asyncio

from bot.audit import Deed
from bot.card import Card, Line, Section, Span, Style, note
from bot.chat import Incoming, Reply
from bot.orders import Context, Order, Who

SHOWN = 20


async def run(_: Incoming, reply: Reply, context: Context) -> None:
    """Show the newest deeds."""
    deeds = await asyncio.to_thread(context.audit.last, SHOWN)
    lines = tuple(map(_line, deeds))
    shown = Card("Who did what", (Section(lines, bullets=True),)) if lines else note("Nobody has changed anything yet.")
    await reply.card(shown, private=True)


def _line(deed: Deed) -> Line:
    outcome = "" if deed.outcome == "done" else f": {deed.outcome}"
    return (
        Span(f"{deed.at:%Y-%m-%d %H:%M} ", Style.FAINT),
        Span(deed.action, Style.STRONG),
        Span(f" {deed.about} by {deed.who}{outcome}"),
    )


ORDER = Order("audit", "who did what to krab", run, who=Who.ADMINS)
