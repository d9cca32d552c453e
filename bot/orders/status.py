"""``status``: how much was read, up to when, and what is wrong."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from bot.card import Card, Line, Section, Span, Style, words
from bot.chat import Incoming, Reply
from bot.orders import Context, Order, Topic, Who
from bot.series import day

if TYPE_CHECKING:
    from bot.outbox import Dropped
    from bot.web_views import SourceRow, StatusView

POOR = ("failing", "stalled")
LOST = 5  # shown of what was given up


async def run(incoming: Incoming, reply: Reply, context: Context) -> None:
    """Show the system in a few lines; to admins also what could not be delivered."""
    admin = context.may(incoming, Who.ADMINS)

    def shown() -> Card:
        rows = context.visible(incoming.service, incoming.channel, admin=admin)
        return card(context.status(), rows, context.outbox.given_up() if admin else ())

    await reply.card(await asyncio.to_thread(shown), private=True)


def card(status: StatusView, rows: Sequence[SourceRow], lost: Sequence[Dropped] = ()) -> Card:
    """Return how much was read, which sources have trouble, and which messages were given up."""
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
    gone = tuple(words(f"{d.key} for {d.channel} ({d.service}), {day(d.created)}: {d.error}") for d in lost)
    trouble = [Section(poor, "Sources with trouble", bullets=True)] if poor else []
    trouble += [Section(gone[:LOST], "Given up", bullets=True, folded=max(len(gone) - LOST, 0))] if gone else []
    return Card("Status", (Section(lines), *trouble), hint="“sources” lists what I read.")


ORDER = Order("status", "how much I have read, up to when, and what is wrong", run, topic=Topic.KRAB)
