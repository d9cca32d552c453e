"""``sources``: what krab reads, when it last could, and what is wrong."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from bot.card import Card, Line, Section, Span, Style
from bot.chat import Incoming, Reply
from bot.orders import Context, Order, Topic, Who

if TYPE_CHECKING:
    from bot.web_views import SourceRow


async def run(incoming: Incoming, reply: Reply, context: Context) -> None:
    """Show every source in a line, but those that may not be named there."""
    admin = context.may(incoming, Who.ADMINS)
    rows = await asyncio.to_thread(context.visible, incoming.service, incoming.channel, admin=admin)
    await reply.card(card(rows, context.clock()), private=True)


def card(rows: Sequence[SourceRow], now: datetime) -> Card:
    """Return the sources, those with trouble first."""
    ranked = sorted(rows, key=lambda row: (row.state == "ok", row.name))
    lines = tuple(_line(row, now) for row in ranked)
    return Card("Sources", (Section(lines, bullets=True),), hint="“status” is the whole system in a few lines.")


def _line(row: SourceRow, now: datetime) -> Line:
    read = f", read {ago(now - row.last_success)}" if row.last_success else ""
    error = f": {row.last_error}" if row.last_error else ""
    state = Span(row.state, Style.PLAIN if row.state == "ok" else Style.STRONG)
    return (Span(row.name, Style.STRONG), Span(" "), state, Span(f", {row.parts:,} items{read}{error}", Style.FAINT))


def ago(span: timedelta) -> str:
    """Return a span of time as a person says it."""
    minutes = int(span.total_seconds() // 60)
    for unit, size in (("day", 24 * 60), ("hour", 60), ("minute", 1)):
        if minutes >= size:
            number = minutes // size
            return f"{number} {unit}{'' if number == 1 else 's'} ago"
    return "just now"


ORDER = Order("sources", "what I read, when I last could, and what is wrong", run, topic=Topic.KRAB)
