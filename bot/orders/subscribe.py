"""``subscribe``: a digest every week, here, when and about what one wants; the form opens when nothing is typed.

In a conversation with krab alone it is for oneself; in a channel it is for the channel, and only who
moderates it may do that. ``mine`` in front asks for a direct message from anywhere.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot.card import Card, Field, FieldKind, Form, note
from bot.chat import Incoming, Reply
from bot.digest.dates import LANGUAGES
from bot.digest.span import DAYS
from bot.digest.topics import EXAMPLES as TOPICS
from bot.digest_wishes import EXAMPLE, Unclear, submitted, typed
from bot.due import next_due
from bot.ordering import WHO
from bot.orders import Context, Order, Topic, Who
from bot.subscriptions import MOST, Subscription, TooMany

EXAMPLES = ("subscribe", EXAMPLE, "subscribe friday 17:00 topic=author:ada length=full dates=iso")
_LENGTHS = (("short", "Short: what matters most"), ("full", "Full: everything"))


async def run(incoming: Incoming, reply: Reply, context: Context) -> None:
    """Subscribe as was typed or filled in, or open the form."""
    fresh = Subscription(0, incoming.service, incoming.channel, incoming.user)
    wanted = replace(fresh, cadence=replace(fresh.cadence, zone=await zone(incoming, context)))
    if incoming.act is None and not incoming.text.strip():
        await reply.ask(form(wanted, incoming.channel))
        return
    await reply.card(await asyncio.to_thread(subscribed, incoming, wanted, context), private=True)


async def zone(incoming: Incoming, context: Context) -> str:
    """Return the person's time zone as far as his service knows it."""
    told = (await context.profile(incoming.service, incoming.user)).zone
    try:
        return ZoneInfo(told).key if told else "UTC"
    except (ZoneInfoNotFoundError, ValueError):
        return "UTC"


def subscribed(incoming: Incoming, wanted: Subscription, context: Context) -> Card:
    """Keep the subscription; what to say of it."""
    text, fields = incoming.text.strip(), dict(incoming.act.fields) if incoming.act else {}
    first, _, rest = text.partition(" ")
    private = fields.get("where") == ("me",) if incoming.act else first.lower() == "mine"
    if not (private or incoming.direct or context.may(incoming, Who.MODERATORS)):
        return note(WHO[Who.MODERATORS], "“subscribe mine” sends it to you alone.")
    channel = incoming.user if private else (incoming.act.value if incoming.act else "") or incoming.channel
    try:
        typing = rest if first.lower() == "mine" else text
        wanted = submitted(fields, wanted) if incoming.act else typed(typing, wanted)
        return told(context.subscriptions.add(replace(wanted, channel=channel)), context)
    except Unclear as problem:
        return note(str(problem), EXAMPLES[1])
    except TooMany:
        return note(f"You have {MOST} subscriptions, which is as many as I keep.", "“subscriptions” lists them.")


def told(one: Subscription, context: Context) -> Card:
    """Return what was agreed, and when it comes for the first time."""
    at = next_due(one.cadence, context.clock()).astimezone(ZoneInfo(one.cadence.zone))
    first = f"The first one comes on {at:%A}, {at:%Y-%m-%d} at {at:%H:%M} ({one.cadence.zone})."
    hint = f"“subscriptions preview {one.number}” shows it now, “unsubscribe {one.number}” ends it."
    return note(f"Subscribed, as number {one.number}: {described(one)}. {first}", hint)


def described(one: Subscription) -> str:
    """Return a subscription in words."""
    about = f"on {', '.join(one.topics)}" if one.topics else "on everything"
    when = f"{DAYS[one.cadence.weekday].capitalize()} {one.cadence.hour:02}:{one.cadence.minute:02} {one.cadence.zone}"
    return f"a {one.length} digest {about}, {when}"


def form(wanted: Subscription, channel: str) -> Form:
    """Return the form, filled in with what is wanted so far."""
    c = wanted.cadence
    days = tuple((day, day.capitalize()) for day in DAYS)
    fields = (
        Field("where", "Send it", FieldKind.CHOICE, (("me", "To me"), ("channel", "To this channel")), ("me",)),
        Field("topics", "About", initial=(", ".join(wanted.topics),), hint=f"{TOPICS}; or nothing", optional=True),
        Field("day", "Every", FieldKind.CHOICE, days, (DAYS[c.weekday],)),
        Field("time", "At", initial=(f"{c.hour:02}:{c.minute:02}",), hint="as 9:00 or 5pm"),
        Field("zone", "Time zone", initial=(c.zone,), hint="as Europe/Berlin"),
        Field("length", "Length", FieldKind.CHOICE, _LENGTHS, (wanted.length,)),
        Field("dates", "Dates in", FieldKind.CHOICE, tuple((name, name) for name in LANGUAGES), (wanted.dates,)),
    )
    return Form("A digest every week", "subscribe", fields, channel, "Subscribe")


ORDER = Order(
    "subscribe",
    "a digest every week, here or to you",
    run,
    EXAMPLES,
    acts=("subscribe",),
    spoken=True,
    topic=Topic.FOLLOW,
)
