"""Chat commands: one file in this folder a command, the same in Slack, in Matrix and on the console.

A file ``bot/orders/NAME.py`` has ``ORDER = Order("NAME", "what it does, in one line", run, …)`` and is found by
being there. ``run`` gets what was typed in ``incoming.text`` (the command's name taken out), or an
``incoming.act`` when a button of its card was pressed or its form was sent: the acts it takes are in
``acts``. It says what it has to say through ``reply`` and decides nothing about markup.

Rules of this folder:
- An order may come twice (a service delivers again after a crash): doing it again must do no harm.
- What only the asker needs is sent ``private=True``; nothing else in a reply pings anybody.
- Work that reads a database or uses the CPU goes through ``asyncio.to_thread``.
- ``Context`` is all an order may touch. It is built in ``bot/wiring/orders.py``; a new field needs a line there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from importlib import import_module
from pkgutil import iter_modules
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from bot.chat import Incoming, Profile, Reply
from bot.private import told

if TYPE_CHECKING:
    from bot.admin import Admin
    from bot.audit import Audit
    from bot.channels import Channels
    from bot.digest_post import DigestPost
    from bot.digester import Digester
    from bot.feedback import Feedback
    from bot.model import Answer, Question
    from bot.notebook import Notebook
    from bot.outbox import Outbox
    from bot.reindexing import Reindexing
    from bot.state import Asked, State
    from bot.subscriptions import Subscriptions
    from bot.watcher import Watcher
    from bot.watches import Watches
    from bot.web_views import SourceRow, StatusView
    from index.engine import Index


class Who(StrEnum):
    """Who may give an order."""

    ANYBODY = "anybody"
    MODERATORS = "moderators"  # who may change how krab behaves in this channel, and admins
    CURATORS = "curators"  # named in [curators]: they write notes; and admins
    ADMINS = "admins"  # named in [admins]


class Topic(StrEnum):
    """Where a command stands in ``help``; those that are not for anybody stand apart."""

    ASK = "Ask"
    FOLLOW = "Follow"
    KRAB = "About me"


@dataclass(frozen=True, slots=True)
class Context:
    """What orders may use: this, and nothing that they look up themselves."""

    ask: Callable[[Question], Answer]
    index: Index
    state: State
    outbox: Outbox
    feedback: Feedback
    channels: Channels
    watches: Watches
    watcher: Watcher
    fetch: Callable[[str], None]  # indexes the threads of the mails that a text names, when they are not known
    forgetters: tuple[Callable[[str, str], int], ...]  # each deletes what it keeps of (service, user)
    sources: Callable[[], Sequence[SourceRow]]
    status: Callable[[], StatusView]
    clock: Callable[[], datetime]
    is_admin: Callable[[str, str], bool]  # of (service, user)
    is_curator: Callable[[str, str], bool]
    admin: Admin
    audit: Audit
    reindexing: Reindexing
    notes: Notebook
    cancel_reindex: Callable[[], bool]
    subscriptions: Subscriptions
    digester: Digester
    digest_post: DigestPost
    profile: Callable[[str, str], Coroutine[Any, Any, Profile]]  # of (service, user)

    def visible(self, service: str, channel: str, *, admin: bool = False) -> list[SourceRow]:
        """Return the sources that may be named in a channel; to an admin, who sees it alone, all of them."""
        return [row for row in self.sources() if admin or told(row.readers, f"{service}:{channel}")]

    def may(self, incoming: Incoming, who: Who) -> bool:
        """Whether the person may give orders that are for ``who``."""
        if who is Who.ANYBODY or self.is_admin(incoming.service, incoming.user):
            return True
        if who is Who.CURATORS:
            return self.is_curator(incoming.service, incoming.user)
        return who is Who.MODERATORS and incoming.moderator


# It returns the answered question that it showed again, if it did: so the message stands for that question.
Run = Callable[[Incoming, Reply, Context], Coroutine[Any, Any, "Asked | None"]]


@dataclass(frozen=True, slots=True)
class Order:
    """A command: ``help`` is one line, ``examples`` are typed as they stand ("series nova-core gpu").

    ``acts`` are the names of the buttons and forms it answers to. ``spoken`` says that in a message to
    krab its name as first word is enough ("@krab watch …"): never for a word that questions begin with.
    ``asked`` matches whole messages that stand for it, what to pass on in a group ``rest``.
    """

    name: str
    help: str
    run: Run
    examples: tuple[str, ...] = ()
    who: Who = Who.ANYBODY
    acts: tuple[str, ...] = ()
    spoken: bool = False
    topic: Topic = Topic.ASK
    asked: re.Pattern[str] | None = None


def found() -> Mapping[str, Order]:
    """Return every order in this folder by its name, in the order of the alphabet."""
    modules = [import_module(f"{__name__}.{module.name}") for module in iter_modules(__path__)]
    orders: list[Order] = [module.ORDER for module in modules]
    return MappingProxyType({order.name: order for order in sorted(orders, key=lambda order: order.name)})
