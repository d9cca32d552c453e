"""What Slack says of people and channels: a person's name and time zone, who manages the workspace, who made a channel.

It is asked at most once an hour of each, never waited for long, and never needed: without the scope users:read
nobody is taken for a manager, and times are UTC; without channels:read and groups:read nobody made a channel.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar
from weakref import WeakValueDictionary

from slack_sdk.web.async_client import AsyncWebClient

from bot.chat import Profile
from bot.chat.slack_errors import FOREIGN, NO_STATUS, translate
from bot.chat.slack_pace import Budget

log = logging.getLogger(__name__)

FRESH = 3_600.0  # seconds
PATIENCE = 0.8  # seconds: Slack waits for its acknowledgement meanwhile
SOON = 60.0  # seconds until it is asked again what Slack did not say in time
KNOWN = 10_000
A_MINUTE = 60  # askings about people; Slack takes about 100
CHANNELS_A_MINUTE = 30  # askings about channels; Slack takes about 50

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody in the workspace."""

    profile: Profile = field(default_factory=Profile)
    manages: bool = False


class Remembered(Generic[T]):
    """Answers of Slack by what they are about; ``nothing`` is what is known without one."""

    def __init__(
        self, ask: Callable[[str], Awaitable[T]], nothing: T, *, a_minute: int, clock: Callable[[], float]
    ) -> None:
        self._ask = ask
        self._nothing = nothing
        self._clock = clock
        self._known: dict[str, tuple[T, float]] = {}
        self._may_ask = True
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._budget = Budget(a_minute, clock)

    async def get(self, about: str) -> T:
        """What is known; nothing when Slack does not say it soon."""
        lock = self._locks.setdefault(about, asyncio.Lock())
        async with lock:  # a mention arrives as two events at once, and one asking will do
            return await self._get(about)

    async def _get(self, about: str) -> T:
        known, until = self._known.get(about, (self._nothing, 0.0))
        if self._clock() < until or not self._may_ask or not self._budget.spend():
            return known
        try:
            return self._remember(about, await asyncio.wait_for(self._ask(about), PATIENCE))
        except TimeoutError:
            return self._remember(about, known, SOON)
        except FOREIGN as error:
            self._may_ask = getattr(translate(error), "code", "") not in NO_STATUS
            log.info("nothing is known of %s: %s", about, translate(error))
            return self._remember(about, known)

    def _remember(self, about: str, known: T, seconds: float = FRESH) -> T:
        if len(self._known) >= KNOWN:
            self._known.clear()
        self._known[about] = (known, self._clock() + seconds)
        return known


class People:
    """Asks Slack, and remembers."""

    def __init__(self, client: AsyncWebClient, clock: Callable[[], float] = time.monotonic) -> None:
        self._client = client
        self._people = Remembered(self._ask_person, Person(), a_minute=A_MINUTE, clock=clock)
        self._creators = Remembered(self._ask_creator, "", a_minute=CHANNELS_A_MINUTE, clock=clock)

    async def get(self, user: str) -> Person:
        """What is known of somebody."""
        return await self._people.get(user)

    async def moderates(self, user: str, channel: str) -> bool:
        """Whether somebody may change how krab behaves in a channel: who manages the workspace, or made the channel."""
        person, creator = await asyncio.gather(self.get(user), self._creator(channel))
        return person.manages or creator == user

    async def _creator(self, channel: str) -> str:
        return await self._creators.get(channel) if channel[:1] in ("C", "G") else ""

    async def _ask_person(self, user: str) -> Person:
        return _person((await self._client.users_info(user=user)).get("user"))

    async def _ask_creator(self, channel: str) -> str:
        # https://docs.slack.dev/reference/objects/conversation-object: "creator"
        found = (await self._client.conversations_info(channel=channel)).get("channel")
        creator = found.get("creator") if isinstance(found, dict) else None
        return creator if isinstance(creator, str) else ""


def _person(found: Any) -> Person:
    told = found if isinstance(found, dict) else {}
    name, zone = told.get("real_name") or told.get("name"), told.get("tz")
    manages = any(told.get(flag) is True for flag in ("is_admin", "is_owner", "is_primary_owner"))
    return Person(Profile(name if isinstance(name, str) else "", zone if isinstance(zone, str) else ""), manages)
