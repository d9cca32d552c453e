"""``forget me``: deletes what krab has kept of a person: questions, feedback, watches."""

from __future__ import annotations

import asyncio

from bot.card import Button, Card, note
from bot.chat import Incoming, Reply
from bot.orders import Context, Order, Topic

ASK = "I would delete your questions with my answers to them, your feedback and your watches. This can't be undone."


async def run(incoming: Incoming, reply: Reply, context: Context) -> None:
    """Delete it, when it is confirmed."""
    told = "me" if incoming.act else incoming.text.strip().lower().rstrip("!.")
    if told == "me":
        count = await asyncio.to_thread(forgotten, incoming.service, incoming.user, context)
        await reply.card(note(f"Done: {count} things of yours are deleted."), private=True)
        return
    await reply.card(confirm(), private=True)


def confirm() -> Card:
    """Return what will be deleted, and a button that does it."""
    shown = note(ASK, "“forget me” does it.")
    return Card("Forget me?", shown.sections, (Button("Forget me", "forget", danger=True),), hint=shown.hint)


def forgotten(service: str, user: str, context: Context) -> int:
    """Have everyone who keeps something of a person delete it; how much that was."""
    return sum(forget(service, user) for forget in context.forgetters)


ORDER = Order("forget", "delete what I have kept of you", run, ("forget me",), acts=("forget",), topic=Topic.KRAB)
