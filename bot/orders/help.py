"""``help``: what krab can do, on a phone's screen; ``help COMMAND``: one command with examples."""

from __future__ import annotations

from collections.abc import Iterable

from bot.card import Card, Line, Section, Span, Style, words
from bot.chat import Incoming, Reply
from bot.ordering import unknown
from bot.orders import Context, Order, Topic, Who, found

ABOUT = (
    "Ask me about Rust in the Linux kernel: who works on what, why it is done so, whether a series was merged."
    " Every sentence of an answer has its source; I say so when I have none."
    " In a channel, mention me; in my threads just ask on."
)


def overview(orders: Iterable[Order]) -> Card:
    """Return every command in a line each, those of admins apart."""
    known = list(orders)
    free = [order for order in known if order.who is Who.ANYBODY]
    groups = [(topic.value, [order for order in free if order.topic is topic]) for topic in Topic]
    groups += [("For admins and moderators", [order for order in known if order.who is not Who.ANYBODY])]
    lists = tuple(Section(tuple(map(_line, some)), heading, bullets=True) for heading, some in groups if some)
    return Card("krab", (Section((words(ABOUT),)), *lists), hint="“help series” shows examples of one command.")


def about(order: Order) -> Card:
    """Return one command with its examples."""
    lines = tuple((Span(example, Style.CODE),) for example in order.examples or (order.name,))
    who = "" if order.who is Who.ANYBODY else f" For {order.who}."
    summary = f"{order.help[:1].upper()}{order.help[1:]}.{who}"
    return Card(order.name, (Section((words(summary),)), Section(lines, "For example", bullets=True)))


def _line(order: Order) -> Line:
    return (Span(order.name, Style.STRONG), Span(f" – {order.help}"))


async def run(incoming: Incoming, reply: Reply, context: Context) -> None:
    """Show all commands that the person may use, or one."""
    orders = found()
    name = incoming.text.strip().lstrip("/!").lower()
    if not name:
        shown = overview(order for order in orders.values() if context.may(incoming, order.who))
    else:
        shown = about(orders[name]) if name in orders else unknown(name, orders)
    await reply.card(shown, private=True)


ORDER = Order("help", "what I can do", run, ("help", "help series"), topic=Topic.KRAB)
