"""What stands in somebody's own corner of a service (Slack's App Home): what krab does for him, and how it fares.

Everything here is made of what commands show anyway, so that what can be changed by a command can be changed here.
"""

from __future__ import annotations

from dataclasses import replace

from bot.card import Button, Card, Line, Section, Span, Style, words
from bot.chat.text import one_line, shorten
from bot.orders import Context
from bot.orders import sources as sources_order
from bot.orders import subscriptions as subscriptions_order
from bot.orders import watching as watching_order
from bot.series import day
from bot.state import Asked

RUN = "run"  # the act of a button that gives a command
WELCOME = (
    "Ask me about Rust in the Linux kernel: mention me in a channel, or write to me under “Messages”."
    " Every sentence of an answer has its source; I say so when I have none."
)
ANSWERS = 5
SOURCES = 12
BEHIND = {"answered": "", "weak": " · not settled", "not_found": " · nothing found", "out_of_scope": " · not my field"}


def cards(service: str, user: str, context: Context) -> tuple[Card, ...]:
    """Return everything that concerns somebody, and the sources."""
    return (
        _welcome(),
        _digests(service, user, context),
        _watches(service, user, context),
        _answers(context.state.recent(service, user, ANSWERS)),
        _sources(service, user, context),
    )


def _welcome() -> Card:
    return Card("krab", (Section((words(WELCOME),)),), (Button("All commands", RUN, "help"),))


def _digests(service: str, user: str, context: Context) -> Card:
    mine = [one for one in context.subscriptions.known(service, user, "") if one.person == user]
    shown = subscriptions_order.card(mine, context)
    return Card("My digests", shown.sections, (Button("New digest", RUN, "subscribe"), *shown.buttons))


def _watches(service: str, user: str, context: Context) -> Card:
    mine = [one for one in context.watches.known(service, user, "") if one.person == user]
    shown = watching_order.card(mine)
    ends = tuple(Button(f"End {one.number}", "unwatch", str(one.number), danger=True) for one in mine)
    return Card("Series I watch for you", shown.sections, (*shown.buttons, *ends), hint=shown.hint if not mine else "")


def _answers(asked: tuple[Asked, ...]) -> Card:
    if not asked:
        return Card("Recent answers", (Section((words("You have not asked me anything yet."),)),))
    lines = tuple(_answer(one, number) for number, one in enumerate(asked, 1))
    buttons = tuple(Button(f"Words behind {number}", "quotes", one.key) for number, one in enumerate(asked, 1))
    return Card("Recent answers", (Section(lines),), buttons)


def _answer(one: Asked, number: int) -> Line:
    behind = BEHIND.get(one.answer.status.value, "")
    return (
        Span(f"{number} ", Style.STRONG),
        Span(shorten(one_line(one.text), 120)),
        Span(f" ({day(one.created)}{behind})", Style.FAINT),
    )


def _sources(service: str, user: str, context: Context) -> Card:
    rows = context.visible(service, "", admin=context.is_admin(service, user))
    shown = sources_order.card(rows, context.clock())
    (listed,) = shown.sections
    left = max(len(listed.lines) - SOURCES, 0)
    return Card("What I read", (replace(listed, lines=listed.lines[:SOURCES], folded=left),))
