"""``watching``: what is watched; ``watching pause 7`` and ``watching resume 7``."""

from __future__ import annotations

import asyncio

from bot.card import Button, Card, Line, Section, Span, Style, note
from bot.chat import Incoming, Reply
from bot.chat.text import one_line
from bot.orders import Context, Order, Topic, Who
from bot.series import day
from bot.watches import Phase, Watch

TURNS = {"pause": Phase.PAUSED, "resume": Phase.ON}
BUTTONS = 5  # more would bury the list


async def run(incoming: Incoming, reply: Reply, context: Context) -> None:
    """List watches, or turn one."""
    if incoming.act:
        verb, number = incoming.act.name.partition("_")[2], incoming.act.value
    else:
        verb, _, number = incoming.text.strip().lower().partition(" ")
    await reply.card(await asyncio.to_thread(done, incoming, verb, number, context), private=True)


def done(incoming: Incoming, verb: str, number: str, context: Context) -> Card:
    """Pause or resume what is meant, and show what is watched then."""
    if verb in TURNS:
        meant = [w for w in mine(incoming, context) if str(w.number) == number.strip(" #")]
        if not meant:
            return note(f"You have no watch {number}.", "“watching” lists them with numbers.")
        context.watches.turn(meant[0].number, TURNS[verb])
    elif verb:
        return note(f"I can pause and resume, not “{verb}”.", "watching pause 7")
    return card(mine(incoming, context))


def mine(incoming: Incoming, context: Context) -> list[Watch]:
    """Return the watches that the person may change: his own, and as a moderator those of this channel."""
    known = context.watches.known(incoming.service, incoming.user, incoming.channel)
    moderates = context.may(incoming, Who.MODERATORS)
    return [watch for watch in known if moderates or watch.person == incoming.user]


def card(watches: list[Watch]) -> Card:
    """Return the list, with buttons while it is short."""
    if not watches:
        return note("You watch nothing here.", "watch https://lore.kernel.org/…/ begins a watch.")
    lines = tuple(_line(watch) for watch in watches)
    buttons = tuple(_button(watch) for watch in watches) if len(watches) <= BUTTONS else ()
    return Card("Watched series", (Section(lines, bullets=True),), buttons, hint="“unwatch 7” ends number 7.")


def _line(watch: Watch) -> Line:
    state = " paused," if watch.state is Phase.PAUSED else ""
    return (
        Span(f"{watch.number} ", Style.STRONG),
        Span(one_line(watch.title)),
        Span(f" ({state.strip()} until {day(watch.expires)})".replace("( ", "("), Style.FAINT),
    )


def _button(watch: Watch) -> Button:
    if watch.state is Phase.PAUSED:
        return Button(f"Resume {watch.number}", "watching_resume", str(watch.number))
    return Button(f"Pause {watch.number}", "watching_pause", str(watch.number))


ORDER = Order(
    "watching",
    "what is watched; pause and resume",
    run,
    ("watching", "watching pause 7", "watching resume 7"),
    acts=("watching_pause", "watching_resume"),
    spoken=True,
    topic=Topic.FOLLOW,
)
