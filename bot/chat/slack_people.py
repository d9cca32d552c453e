"""What Slack says of people: their name and time zone, and whether they manage the workspace.

It is asked at most once an hour of each person, never waited for long, and never needed: without the scope
users:read nobody is taken for a manager, and times are UTC.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakValueDictionary

from slack_sdk.web.async_client import AsyncWebClient

from bot.chat import Profile
from bot.chat.slack_errors import FOREIGN, NO_STATUS, translate
from bot.chat.slack_pace import Budget

log = logging.getLogger(__name__)

FRESH = 3_600.0  # seconds
PATIENCE = 1.5  # seconds
KNOWN = 10_000
A_MINUTE = 60  # askings; Slack takes about 100


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody in the workspace."""

    profile: Profile = field(default_factory=Profile)
    manages: bool = False


class People:
    """Asks Slack, and remembers."""

    def __init__(self, client: AsyncWebClient, clock: Callable[[], float] = time.monotonic) -> None:
        self._client = client
        self._clock = clock
        self._known: dict[str, tuple[Person, float]] = {}
        self._may_ask = True
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._budget = Budget(A_MINUTE, clock)

    async def get(self, user: str) -> Person:
        """What is known of somebody; nothing when Slack does not say it soon."""
        lock = self._locks.setdefault(user, asyncio.Lock())
        async with lock:  # a mention arrives as two events at once, and one asking will do
            return await self._get(user)

    async def _get(self, user: str) -> Person:
        person, until = self._known.get(user, (Person(), 0.0))
        if self._clock() < until or not self._may_ask or not self._budget.spend():
            return person
        try:
            found = await asyncio.wait_for(self._client.users_info(user=user), PATIENCE)
        except FOREIGN as error:
            self._may_ask = getattr(translate(error), "code", "") not in NO_STATUS
            log.info("nothing is known of %s: %s", user, translate(error))
            return self._remember(user, person)
        return self._remember(user, _person(found.get("user")))

    def _remember(self, user: str, person: Person) -> Person:
        if len(self._known) >= KNOWN:
            self._known.clear()
        self._known[user] = (person, self._clock() + FRESH)
        return person


def _person(found: Any) -> Person:
    told = found if isinstance(found, dict) else {}
    name, zone = told.get("real_name") or told.get("name"), told.get("tz")
    manages = any(told.get(flag) is True for flag in ("is_admin", "is_owner", "is_primary_owner"))
    return Person(Profile(name if isinstance(name, str) else "", zone if isinstance(zone, str) else ""), manages)
