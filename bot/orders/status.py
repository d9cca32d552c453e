"""``status``: how much was read, up to when, and what is wrong."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from bot.card import Card, Line, Section, Span, Style, words
from bot.chat import Incoming, Reply
from bot.orders import Context, Order, Topic
from bot.series import day

if TYPE_CHECKING:
    from bot.web_views import SourceRow, StatusView

POOR = ("failing", "stalled")


async def run(_: Incoming, reply: Reply, context: Context) -> None:
    """Show the system in a few lines."""
    status, rows = await asyncio.to_thread(lambda: (context.status(), context.sources()))
    await reply.card(card(status, rows), private=True)


def card(status: StatusView, rows: Sequence[SourceRow]) -> Card:
    """Return how much was read, and which sources have trouble."""
    ready = "Ready to answer." if status.ready else status.why or "Not ready yet."
    read = f"{status.parts:,} mails, posts, pages and notes in {status.documents:,} threads and articles"
    lines: tuple[Line, ...] = (
        words(ready),
        words(f"{read}, the newest of {day(status.newest)}."),
        (Span(f"krab {status.version}, {status.passages:,} passages, {status.embedder}", Style.FAINT),),
    )
    poor = tuple(
        words(f"{row.name} is {row.state}: {row.last_error}".rstrip(": ")) for row in rows if row.state in POOR
    )
    trouble = (Section(poor, "Sources with trouble", bullets=True),) if poor else ()
    return Card("Status", (Section(lines), *trouble), hint="“sources” lists what I read.")


ORDER = Order("status", "how much I have read, up to when, and what is wrong", run, topic=Topic.KRAB)
