"""``review``: the questions that were answered badly or not at all, for those who care for krab."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from bot.card import Button, Card, Line, Section, Span, Style, note
from bot.chat import Incoming, Reply
from bot.chat.text import one_line, shorten
from bot.orders import Context, Order, Who
from bot.review import Poor, poor

DAYS = 30
SHOWN = 10
NOTED = 5


async def run(incoming: Incoming, reply: Reply, context: Context) -> None:
    """Show what went wrong of late."""
    days = int(incoming.text) if incoming.text.strip().isdecimal() else DAYS
    since = context.clock() - timedelta(days=min(days, 3650))
    found = await asyncio.to_thread(poor, context.state, context.feedback, since)
    await reply.card(card(found, days), private=True)


def card(found: Poor, days: int) -> Card:
    """Return the badly rated answers, then the questions without an answer."""
    rated = tuple(_line(asked.text, f"{r.unhelpful} unhelpful, {r.helpful} helpful") for asked, r in found.rated)
    refused = tuple(_line(asked.text, asked.answer.status.value.replace("_", " ")) for asked in found.refused)
    if not rated and not refused:
        return note(f"Nothing was rated badly or refused in {days} days.")
    parts = [_section("Rated badly", rated)] if rated else []
    parts += [_section("Not answered", refused)] if refused else []
    hint = "“review 7” looks at a week; “note” writes down a right answer."
    return Card(f"To look at, of {days} days", tuple(parts), _notes(found), hint=hint)


def _notes(found: Poor) -> tuple[Button, ...]:
    """A button each for the first questions, to write the right answer down."""
    asked = [*(question for question, _ in found.rated), *found.refused][:NOTED]
    label = "Note on: "
    return tuple(
        Button(label + shorten(one_line(one.text), 60), "note-about", f"{one.service} {one.key}") for one in asked
    )


def _section(heading: str, lines: tuple[Line, ...]) -> Section:
    return Section(lines[:SHOWN], heading, bullets=True, folded=max(len(lines) - SHOWN, 0))


def _line(question: str, why: str) -> Line:
    return (Span(shorten(one_line(question), 150)), Span(f" ({why})", Style.FAINT))


ORDER = Order("review", "questions that I answered badly or not at all", run, ("review", "review 7"), who=Who.CURATORS)
