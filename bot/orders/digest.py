"""``digest``: what happened in the last week, in another one, or since some day; on everything or on topics."""

from __future__ import annotations

import asyncio
import re
from datetime import datetime
from zoneinfo import ZoneInfo

from bot.card import Card, note
from bot.chat import Incoming, Reply
from bot.digest.span import SPANS, Span, UnknownSpan, since, week
from bot.digest.topics import UnknownTopic, topic
from bot.orders import Context, Order, Topic
from bot.orders.subscribe import zone
from bot.subscriptions import Subscription

EXAMPLES = ("digest", "digest 2025-W28", "digest since thursday", "digest full topic=drm")
_WEEK = re.compile(r"\b\d{4}-?w\d{1,2}\b", re.IGNORECASE)
_SINCE = re.compile(r"\b(?:since|the last|last|past)\s+(?P<day>.+)$", re.IGNORECASE)
_TOPIC = re.compile(r"\btopics?=(\"[^\"]*\"|\S+)", re.IGNORECASE)
# "What did I miss since Thursday?"
MISSED = re.compile(
    r"\W*(?:so |and )?what (?:did|have) (?:i|we) miss(?:ed)?"
    r"(?: (?P<rest>(?:since|in|on|about|during|the|last|yesterday|today).*?))?[\s?!.]*",
    re.IGNORECASE,
)


async def run(incoming: Incoming, reply: Reply, context: Context) -> None:
    """Show the digest that is meant."""
    await reply.working("reading the week…")
    here = await zone(incoming, context)
    await reply.card(await asyncio.to_thread(shown, incoming.text, here, context))


def shown(text: str, here: str, context: Context) -> Card:
    """Return the digest that was asked for, or what to type."""
    now = context.clock().astimezone(ZoneInfo(here))
    try:
        span, topics, length = meant(text, now)
        digest = context.digester.digest(span or context.digester.latest(), topics)
    except (UnknownSpan, UnknownTopic):
        return note(f"Which time? I know {SPANS}.", EXAMPLES[2])
    wanted = Subscription(0, "", "", "", topics, length)
    return context.digest_post.shown(wanted, digest)


def meant(text: str, now: datetime) -> tuple[Span | None, tuple[str, ...], str]:
    """Return the span (None is the last week), topics and length that were typed. Raises ``UnknownSpan``."""
    topics = [one.strip('"') for found in _TOPIC.findall(text) for one in found.strip('"').split(",")]
    text = _TOPIC.sub(" ", text)
    length = "full" if re.search(r"\bfull\b", text, re.IGNORECASE) else "short"
    text = re.sub(r"\b(?:full|short|digest)\b", " ", text, flags=re.IGNORECASE).strip(" ?!.")
    span: Span | None = None
    if found := _WEEK.search(text):
        span, text = week(found[0]), text.replace(found[0], " ")
    elif match := _SINCE.search(text):
        text, span = text[: match.start()], _last(match["day"], now)
    elif text.lower() in ("today", "yesterday"):
        span, text = since(text, now), ""
    rest = re.sub(r"^(?:on|about|in|for)\s+", "", text.strip(), flags=re.IGNORECASE)
    return span, tuple(topic(one).name for one in (*topics, *([rest] if rest else []))), length


def _last(day: str, now: datetime) -> Span | None:
    """The last week is the one that is over."""
    return None if day.strip().lower() in ("week", "weeks") else since(day, now)


ORDER = Order(
    "digest",
    "what happened: last week, or since some day",
    run,
    EXAMPLES,
    acts=("digest",),
    spoken=True,
    topic=Topic.FOLLOW,
    asked=MISSED,
)
