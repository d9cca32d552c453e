"""A whole krab over an invented mailing list, in the stand-in's Slack: what a workspace has that installed it.

Nothing in it was ever written by anybody. It serves the end-to-end tests, the demo and the pictures of the docs.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from bot.chat.slack import Slack
from bot.courier import Courier
from bot.limits import Limits
from bot.settings import Settings
from bot.wiring.krab import Krab
from bot.wiring.opening import opened
from bot.wiring.serving import dispatcher, home, past
from index.model import Batch, Kind, Part
from tests.index_fixtures import part
from tests.series_mail import ADA, BO, mail, series
from tests.slack_app import settings
from tests.slack_standin import SlackStandIn

REASON = (
    "A leaf must be pinned before a frog may sit on it, because a frog keeps a raw pointer to its leaf_slot.\n\n"
    "Without the pin the pond could move the leaf while the frog looks away, and `Frog::croak()` would write"
    " into freed memory.\n"
)
LEAVES = series(1, "pond: pinned leaves", ["pond: pin a leaf", "pond: count frogs"], day=0, body=REASON)
AGAIN = series(
    2,
    "pond: pinned leaves",
    ["pond: pin a leaf", "pond: count frogs"],
    day=9,
    body=f"{REASON}\nChanges since v1:\n- count tadpoles as frogs\n",
)
DOUBT = mail(
    "doubt",
    "Re: [PATCH 1/2] pond: pin a leaf",
    "I am not convinced that pinning is free: every leaf_slot grows by a word, and a small pond has many leaves.\n",
    sender=BO,
    to="leaves-v1-1",
    day=2,
)
REVIEW = mail(
    "review",
    "Re: [PATCH v2 1/2] pond: pin a leaf",
    "The size no longer worries me. Looks good.\n\nReviewed-by: Bo Reed <bo@pond.example>\n",
    sender=BO,
    to="leaves-v2-1",
    day=10,
)
APPLIED = mail(
    "applied",
    "Re: [PATCH v2 0/2] pond: pinned leaves",
    "Applied to pond-next, thanks!\n",
    sender=BO,
    to="leaves-v2-0",
    day=12,
)
LILY = mail(
    "lily",
    "[RFC PATCH] pond: lilies that close at night",
    "Lilies that close at night save the pond a third of its water. They open again when a frog calls.\n",
    sender=ADA,
    day=13,
)
NOTE = part(
    "who-keeps-the-pond",
    "Bo Reed maintains the leaves of the pond; Ada Quill maintains the lilies.",
    kind=Kind.NOTE,
    title="Who keeps the pond",
)
MAILS: tuple[Part, ...] = (*LEAVES, *AGAIN, DOUBT, REVIEW, APPLIED, LILY, NOTE)

WHY = "Why must a leaf be pinned before a frog may sit on it?"
NOBODY_KNOWS = "How many otters may share a hydroelectric dam in winter?"


@dataclass
class Pond:
    """krab and the workspace it is in."""

    slack: SlackStandIn
    krab: Krab
    chat: Slack


def ask_freely() -> Limits:
    """Limits that no test meets."""
    return Limits(per_user=0, per_channel=0)


@asynccontextmanager
async def pond(slack: SlackStandIn, data: Path, *, mails: tuple[Part, ...] = MAILS) -> AsyncIterator[Pond]:
    """A running krab."""
    told = Settings(
        data,
        sources=(),
        starter_notes=False,
        slack=settings(slack),
        admins=(("slack", ("UROOT",)),),
        limits=ask_freely(),
    )
    with opened(told) as krab:
        krab.index.ingest(Batch(mails), "pond-list")
        chat = Slack(told.slack, home=home(krab), past=past(krab), pace=0.0, ping=0.1)
        handling = dispatcher(krab, [chat])
        tasks = [asyncio.create_task(chat.run(handling.handle))]
        tasks += [asyncio.create_task(Courier(krab.outbox, {"slack": chat}).run())]
        await slack.until(lambda: slack.socket.sockets or tasks[0].done())
        try:
            yield Pond(slack, krab, chat)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
