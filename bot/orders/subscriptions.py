"""``subscriptions``: which digests come when; and ``preview 3``, ``change 3 …``, ``pause 3 until …``, ``resume 3``."""

from __future__ import annotations

import asyncio
from zoneinfo import ZoneInfo

from bot.card import Button, Card, Line, Section, Span, Style, note
from bot.chat import Incoming, Reply
from bot.digest_wishes import Unclear, typed, until
from bot.due import next_due, span
from bot.orders import Context, Order, Topic, Who
from bot.orders.subscribe import described
from bot.subscriptions import Subscription

VERBS = ("preview", "change", "pause", "resume")
EXAMPLES = (
    "subscriptions",
    "subscriptions preview 3",
    "subscriptions change 3 friday 17:00",
    "subscriptions pause 3 until 2025-08-31",
    "subscriptions resume 3",
)
BUTTONS = 3  # subscriptions with buttons: more would bury the list


async def run(incoming: Incoming, reply: Reply, context: Context) -> None:
    """List subscriptions, or do something to one."""
    act = incoming.act
    words = f"{act.name.partition('_')[2]} {act.value}" if act else incoming.text.strip()
    await reply.card(await asyncio.to_thread(done, incoming, words, context), private=True)


def done(incoming: Incoming, words: str, context: Context) -> Card:
    """Do what was asked for; what to show then."""
    verb, _, rest = words.partition(" ")
    number, _, wish = rest.strip().partition(" ")
    if not verb:
        return card(mine(incoming, context), context)
    if verb.lower() not in VERBS:
        return note(f"I can {', '.join(VERBS)}; not “{verb}”.", EXAMPLES[1])
    meant = [one for one in mine(incoming, context) if str(one.number) == number.strip("#")]
    if not meant:
        return note(f"You have no subscription {number}.", "“subscriptions” lists them with numbers.")
    try:
        return _turned(verb.lower(), meant[0], wish, context) or card(mine(incoming, context), context)
    except Unclear as problem:
        return note(str(problem), EXAMPLES[VERBS.index(verb.lower()) + 1])


def _turned(verb: str, one: Subscription, wish: str, context: Context) -> Card | None:
    now = context.clock()
    if verb == "preview":
        digest = context.digester.digest(span(one.cadence, now), one.topics)
        return context.digest_post.shown(one, digest)
    if verb == "change":
        context.subscriptions.change(typed(wish, one))
    elif verb == "pause":
        context.subscriptions.pause(one.number, until(wish or "52 weeks", one.cadence, now))
    else:
        context.subscriptions.resume(one.number)
    return None


def mine(incoming: Incoming, context: Context) -> list[Subscription]:
    """Return what the person may change: his own, and as a moderator those of this channel."""
    known = context.subscriptions.known(incoming.service, incoming.user, incoming.channel)
    moderates = context.may(incoming, Who.MODERATORS)
    return [one for one in known if moderates or one.person == incoming.user]


def card(some: list[Subscription], context: Context) -> Card:
    """Return the list, with buttons while it is short."""
    if not some:
        return note("No digest is subscribed to here.", "subscribe monday 9:00 Europe/Berlin topic=drm")
    lines = tuple(_line(one, context) for one in some)
    buttons = tuple(button for one in some[:BUTTONS] for button in _buttons(one, context))
    return Card("Digests", (Section(lines, bullets=True),), buttons, hint=f"{EXAMPLES[2]} · unsubscribe 3")


def _line(one: Subscription, context: Context) -> Line:
    now, here = context.clock(), ZoneInfo(one.cadence.zone)
    at = next_due(one.cadence, max(now, one.paused)).astimezone(here)
    paused = f"paused until {one.paused.astimezone(here):%Y-%m-%d}, " if one.paused > now else ""
    sent = context.subscriptions.sent(one.number)
    last = f", last sent {sent[1].astimezone(here):%Y-%m-%d %H:%M}" if sent else ""
    return (
        Span(f"{one.number} ", Style.STRONG),
        Span(described(one)),
        Span(f" ({paused}next {at:%Y-%m-%d %H:%M}{last})", Style.FAINT),
    )


def _buttons(one: Subscription, context: Context) -> tuple[Button, ...]:
    verb = "resume" if one.paused > context.clock() else "pause"
    return (
        Button(f"Preview {one.number}", "subscriptions_preview", str(one.number)),
        Button(f"{verb.capitalize()} {one.number}", f"subscriptions_{verb}", str(one.number)),
        Button(f"Unsubscribe {one.number}", "unsubscribe", str(one.number), danger=True),
    )


ORDER = Order(
    "subscriptions",
    "your digests: preview, change, pause",
    run,
    EXAMPLES,
    acts=("subscriptions_preview", "subscriptions_pause", "subscriptions_resume"),
    spoken=True,
    topic=Topic.FOLLOW,
)
