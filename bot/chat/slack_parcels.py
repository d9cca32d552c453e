"""Messages of krab's own on Slack: each posted once, however often it is sent.

Rules of this file:
- What this process has sent is remembered; whether an earlier process has, is looked up where that can be: in the
  first minutes after the start, and after every failure that may have been none.
- A person's id stands for the direct messages with him.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable

from bot.card import Card
from bot.chat import Parcel
from bot.chat.slack_errors import PASSING, NotTaken
from bot.chat.slack_post import Mark, Poster, Shown
from bot.chat.slack_shown import shown_card, uploaded

FRESH = 600.0  # seconds after the start in which an earlier process's message may be sent again
REMEMBERED = 2_000


class Parcels:
    """Sends them."""

    def __init__(self, poster: Poster, clock: Callable[[], float] = time.monotonic) -> None:
        self._poster = poster
        self._clock = clock
        self._started = clock()
        self._sent: OrderedDict[str, str] = OrderedDict()  # key → reference
        self._doubtful: set[str] = set()
        self._directs: dict[str, str] = {}  # person → channel

    async def send(self, parcel: Parcel) -> str:
        """Post or edit; the reference. Raises ``NotTaken`` and ``ChatRefused``."""
        channel = await self._channel(parcel.channel)
        shown = await self._shown(parcel.card)
        if parcel.edits:
            await self._poster.replace(channel, parcel.edits, shown)
            return parcel.edits
        if ref := self._sent.get(parcel.key) or await self._earlier(parcel, channel):
            return self._remember(parcel.key, ref)
        self._doubtful.add(parcel.key)
        return self._remember(parcel.key, await self._poster.say(channel, parcel.thread, shown, Mark(parcel.key)))

    async def _earlier(self, parcel: Parcel, channel: str) -> str:
        """What was posted with this key already, or "". Raises ``NotTaken`` when that can't be known now."""
        if parcel.key not in self._doubtful and self._clock() - self._started > FRESH:
            return ""
        self._doubtful.add(parcel.key)
        try:
            found = await self._poster.find(channel, parcel.thread, lambda mark: mark.key == parcel.key)
        except NotTaken as error:
            if error.code in PASSING:
                raise
            return ""  # we may not look, so we speak
        return found.ts if found else ""

    def _remember(self, key: str, ref: str) -> str:
        self._doubtful.discard(key)
        self._sent[key] = ref
        while len(self._sent) > REMEMBERED:
            self._sent.popitem(last=False)
        return ref

    async def _channel(self, channel: str) -> str:
        if channel[:1] not in ("U", "W"):
            return channel
        if channel not in self._directs:
            self._directs[channel] = await self._poster.direct(channel)
        return self._directs[channel]

    async def _shown(self, card: Card) -> Shown:
        return shown_card(card, await uploaded(self._poster, card.picture) if card.picture else "")
