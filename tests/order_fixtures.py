"""What chat commands may use, for tests: real orders over fakes. ``changes`` replace what a test is about."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

from bot.admin import Admin
from bot.audit import Audit
from bot.channels import Channels
from bot.chat import Profile
from bot.digest_post import DigestPost
from bot.digester import Digester
from bot.feedback import Feedback
from bot.notebook import Notebook
from bot.ordering import Ordering
from bot.orders import Context, found
from bot.outbox import Outbox
from bot.reindexing import Reindexing
from bot.state import State
from bot.subscriptions import Subscriptions
from bot.watcher import Watcher
from bot.watches import Watches
from bot.web_views import SourceRow, StatusView
from index.engine import Index
from tests.fakes import NOON, FakeAnswerer, FakeClock

ROWS = (
    SourceRow("pond-list", "lore", "https://pond.example/list", "ok", NOON, parts=1200),
    SourceRow("mud-blog", "feed", "https://mud.example/feed", "failing", last_error="it answers 503"),
)
STATUS = StatusView(1234, 567, 8901, NOON, "fake/1", "0.9", ready=True)


async def profile(_: str, user: str) -> Profile:
    """Everybody but Bo lives in Berlin; nothing is known of him."""
    return Profile() if user == "bo" else Profile(user, "Europe/Berlin")


def context(state: State | None = None, **changes: Any) -> Context:
    """A context whose admin is "root" on every service. There is no index, and nothing with tables but
    ``state``, until a test gives it.
    """
    made = Context(
        ask=FakeAnswerer(),
        index=cast(Index, None),
        state=cast(State, state),
        outbox=cast(Outbox, None),
        feedback=cast(Feedback, None),
        channels=cast(Channels, None),
        watches=cast(Watches, None),
        watcher=cast(Watcher, None),
        fetch=lambda _: None,
        forgetters=(),
        sources=lambda: ROWS,
        status=lambda: STATUS,
        clock=FakeClock(),
        is_admin=lambda _, user: user == "root",
        is_curator=lambda _, user: user == "ada",
        admin=cast(Admin, None),
        audit=cast(Audit, None),
        reindexing=cast(Reindexing, None),
        notes=cast(Notebook, None),
        subscriptions=cast(Subscriptions, None),
        digester=cast(Digester, None),
        digest_post=cast(DigestPost, None),
        profile=profile,
        cancel_reindex=lambda: False,
    )
    return replace(made, **changes)


def ordering(state: State | None = None, **changes: Any) -> Ordering:
    """Every order of krab's, over that context."""
    return Ordering(found(), context(state, **changes))
