"""``watch SERIES or LINK``: a message that is kept up to date as versions, reviews and merges arrive."""

from __future__ import annotations

import asyncio

from bot.card import Card, note
from bot.chat import Incoming, Reply
from bot.chat.text import one_line
from bot.orders import Context, Order, Topic
from bot.series import day, lookup
from bot.watcher import MOST, TooMany

EXAMPLES = ("watch https://lore.kernel.org/rust-for-linux/…/", "watch nova-core falcon")


async def run(incoming: Incoming, reply: Reply, context: Context) -> None:
    """Watch the series that is meant, here."""
    asked = incoming.act.value if incoming.act else incoming.text.strip()
    if not asked:
        await reply.card(note("Which series? Give a link to one of its mails, or words of its title.", EXAMPLES[0]))
        return
    await reply.working("looking for the series…")
    await reply.card(await asyncio.to_thread(watched, incoming, asked, context), private=True)


def watched(incoming: Incoming, asked: str, context: Context) -> Card:
    """Begin the watch; what to say of it."""
    context.fetch(asked)
    found = lookup(context.index.histories, asked)
    if not found:
        return note(f"I know of no series “{asked}”.", "Give a link to a mail of it, on a list that I read.")
    try:
        watch = context.watcher.watch(incoming.service, incoming.channel, incoming.user, found[0])
    except TooMany:
        return note(f"You watch {MOST} series, which is as many as I can keep up with.", "“watching” lists them.")
    text = f"Watching “{one_line(found[0].title)}” here until {day(watch.expires)}."
    return note(text, f"“unwatch {watch.number}” ends it, “watching” lists what is watched.")


ORDER = Order(
    "watch", "keep a message up to date about a series", run, EXAMPLES, acts=("watch",), spoken=True, topic=Topic.FOLLOW
)
