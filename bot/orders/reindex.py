"""``reindex``: the index made anew beside the one that answers; how far it is; given up; taken back."""

from __future__ import annotations

import asyncio

from bot.card import Card, note
from bot.chat import Incoming, Reply
from bot.orders import Context, Order, Who
from bot.reindexing import Request, shown

EXAMPLES = ("reindex", "reindex rust-for-linux", "reindex status", "reindex cancel", "reindex rollback")


async def run(incoming: Incoming, reply: Reply, context: Context) -> None:
    """Do what was told."""
    what = "cancel" if incoming.act else incoming.text.strip().lower()
    await reply.card(await asyncio.to_thread(_done, what, incoming, context))


def _done(what: str, incoming: Incoming, context: Context) -> Card:
    if what == "status":
        step = context.reindexing.progress()
        return shown(step) if step else note("No reindex is under way.", "“reindex” begins one.")
    if what == "cancel":
        return _cancel(incoming, context)
    sources = () if what == "rollback" else tuple(what.split())
    known = {row.name for row in context.sources()}
    if unknown := [name for name in sources if name not in known]:
        return note(f"There is no source “{unknown[0]}”.", "“sources” lists them.")
    return _order(("--rollback",) if what == "rollback" else sources, incoming, context)


def _cancel(incoming: Incoming, context: Context) -> Card:
    given_up = context.cancel_reindex()
    context.audit.write(f"{incoming.service}:{incoming.user}", "reindex --cancel", "", "done" if given_up else "none")
    return note("It is given up; what answered before still does." if given_up else "No reindex is under way.")


def _order(arguments: tuple[str, ...], incoming: Incoming, context: Context) -> Card:
    who = f"{incoming.service}:{incoming.user}"
    request = Request(incoming.key, incoming.service, incoming.channel, incoming.thread, who, arguments)
    if not context.reindexing.requests.put(request):
        return note("Another reindex is under way.", "“reindex status” shows how far it is.")
    back = arguments == ("--rollback",)
    begun = "I go back to the index before the last reindex." if back else "I make the index anew beside this one."
    return note(f"{begun} Answering goes on; below I tell how far it is.", "“reindex cancel” gives it up.")


ORDER = Order("reindex", "make the index anew beside this one", run, EXAMPLES, who=Who.ADMINS, acts=("reindex-cancel",))
