"""``feedback helpful|unhelpful|resolved``: what somebody thinks of an answer; the buttons and reactions under it."""

from __future__ import annotations

import asyncio

from bot.card import Button, Card, note
from bot.chat import Incoming, Reply
from bot.feedback import Verdict
from bot.orders import Context, Order
from bot.orders.why import GONE, NONE, meant

WHICH = "Was my answer helpful, unhelpful, or is the question resolved?"
THANKS = {
    Verdict.HELPFUL: "Thank you, noted as helpful.",
    Verdict.UNHELPFUL: "Thank you, noted. krab's admins see the questions that I answer badly.",
    Verdict.RESOLVED: "Good, noted as resolved.",
}


async def run(incoming: Incoming, reply: Reply, context: Context) -> None:
    """Keep it, and say so to who gave it."""
    told = incoming.act.name if incoming.act else incoming.text.strip().lower()
    if told not in [verdict.value for verdict in THANKS]:
        await reply.card(note(WHICH, "feedback helpful"), private=True)
        return
    asked = await asyncio.to_thread(meant, context.state, incoming)
    if asked is None:
        await reply.card(note(GONE if incoming.act else NONE), private=True)
        return
    verdict = Verdict(told)
    await asyncio.to_thread(context.feedback.give, asked.service, asked.key, incoming.user, verdict)
    await reply.card(thanks(verdict, asked.key), private=True)


def thanks(verdict: Verdict, key: str) -> Card:
    """Return a word of thanks; who found nothing is offered people."""
    shown = note(THANKS[verdict], "“people” names whom you could ask." if verdict is Verdict.UNHELPFUL else "")
    buttons = (Button("Ask the people", "people", key),) if verdict is Verdict.UNHELPFUL else ()
    return Card(shown.title, shown.sections, buttons, hint=shown.hint)


ORDER = Order(
    "feedback",
    "tell me whether my last answer here was helpful",
    run,
    ("feedback helpful", "feedback unhelpful", "feedback resolved"),
    acts=tuple(verdict.value for verdict in THANKS),
)
