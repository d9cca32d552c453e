"""Wires the chat commands: what runs them, and all that they may use."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from bot.whispers import Whispers
from bot.wiring.digests import digest_post, digester, subscriptions
from bot.wiring.krab import Krab
from bot.wiring.sources import admin, fetch_named, notebook
from bot.wiring.status import source_rows, status_view
from index.reindex import cancel, progress

if TYPE_CHECKING:
    from bot.chat import Chat
    from bot.ordering import Ordering
    from bot.orders import Context
    from bot.reindexing import Reindexing
    from bot.subscriptions import Subscriptions
    from bot.watcher import Watcher


def ordering(krab: Krab, adapters: Sequence[Chat] = ()) -> Ordering:
    """Return what runs chat commands, with all that they may use."""
    from bot.ordering import Ordering
    from bot.orders import found

    return Ordering(found(), context(krab, adapters))


def context(krab: Krab, adapters: Sequence[Chat] = ()) -> Context:
    """Return what chat commands may use."""
    from bot.chat import Profile
    from bot.orders import Context

    admins = frozenset((service, user) for service, users in krab.settings.admins for user in users)
    curators = frozenset((service, user) for service, users in krab.settings.curators for user in users)
    subscribed, services = subscriptions(krab), {chat.name: chat for chat in adapters}

    async def profile(service: str, user: str) -> Profile:
        return await services[service].profile(user) if service in services else Profile()

    return Context(
        ask=krab.answerer.answer,
        index=krab.index,
        state=krab.state,
        outbox=krab.outbox,
        feedback=krab.feedback,
        channels=krab.channels,
        watches=krab.watches,
        watcher=watcher(krab),
        fetch=partial(fetch_named, krab),
        forgetters=_forgetters(krab, subscribed),
        sources=lambda: source_rows(krab),
        status=lambda: status_view(krab),
        clock=lambda: datetime.now(UTC),
        # Who sits at the console has krab's files anyway.
        # Of several workspaces or accounts ("slack:beta") the ids are told apart by the service itself.
        is_admin=lambda service, user: service == "console" or (service.partition(":")[0], user) in admins,
        is_curator=lambda service, user: (service.partition(":")[0], user) in curators,
        admin=admin(krab),
        audit=krab.audit,
        reindexing=reindexing_ordered(krab),
        notes=notebook(krab),
        subscriptions=subscribed,
        digester=digester(krab),
        digest_post=digest_post(krab),
        profile=profile,
        cancel_reindex=lambda: cancel(krab.database),
    )


def _forgetters(krab: Krab, subscribed: Subscriptions) -> tuple[Callable[[str, str], int], ...]:
    whispers = Whispers(krab.memory)
    return krab.state.forget, krab.feedback.forget, krab.watches.forget, subscribed.forget, whispers.forget


def reindexing_ordered(krab: Krab) -> Reindexing:
    """Return what runs the reindexes that were ordered from chats."""
    from bot.reindexing import Reindexing, Requests, command

    seen = partial(progress, krab.database)
    ours = partial(krab.leases.take, "reindex")
    return Reindexing(Requests(krab.memory), krab.outbox, krab.audit, seen, command(krab.settings), ours=ours)


def watcher(krab: Krab) -> Watcher:
    """Return what looks after watched series."""
    from bot.watcher import Watcher

    return Watcher(krab.watches, krab.outbox, krab.index)
