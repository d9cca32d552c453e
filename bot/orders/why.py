"""``why``: the quoted words behind the last answer here, with who wrote them, when and where.

Also the button "Show the quoted words" under an answer (the act ``quotes``).
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from bot.card import Card, Section, Span, Style, note
from bot.chat import Incoming, Reply
from bot.chat.text import about, one_line
from bot.model import Citation
from bot.orders import Context, Order
from bot.state import Asked, State

GONE = "I can't find that answer any more. Please ask again."
NONE = "I have not answered anything here yet."


async def run(incoming: Incoming, reply: Reply, context: Context) -> None:
    """Show what was quoted; with a number, that source alone."""
    asked = await asyncio.to_thread(meant, context.state, incoming)
    if asked is None:
        await reply.card(note(GONE if incoming.act else NONE), private=True)
        return
    n = incoming.text.strip().strip("[]") if not incoming.act else ""
    await reply.card(card(asked, int(n) if n.isdecimal() else 0), private=True)


def meant(state: State, incoming: Incoming) -> Asked | None:
    """Return the answered question that a button or a command here is about."""
    if incoming.act:
        return state.answered(incoming.service, incoming.act.value, incoming.user)
    return state.latest(incoming)


def card(asked: Asked, n: int = 0) -> Card:
    """Return the words behind an answer; behind [n] alone when it is given."""
    sources: Sequence[Citation] = asked.answer.sources or asked.answer.nearest
    chosen = [c for c in sources if n in (0, c.n)]
    if not chosen:
        return note(f"That answer has no source [{n}]." if n else "That answer quotes nothing.")
    return Card(f"Behind the answer to “{one_line(asked.text)}”", tuple(map(_quote, chosen)))


def _quote(citation: Citation) -> Section:
    title = (Span(f"[{citation.n}] "), Span(one_line(citation.title), url=citation.url))
    quote = [(Span(f"“{one_line(citation.quote)}”"),)] if citation.quote else []
    return Section((title, *quote, (Span(about(citation), Style.FAINT),)))


ORDER = Order("why", "the quoted words behind my last answer here", run, ("why", "why 2"), acts=("quotes",))
