"""Messages that can't be decrypted: kept until their key comes, asked for once, excused for once.

Rules of this file: a key that is late gets some seconds (``grace``) before anybody is bothered; then it is asked for
once a session, and its sender is told once a room and device. A message waits a week, also over restarts.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from bot.chat.matrix_calls import Denied
from bot.chat.matrix_html import words
from bot.chat.matrix_memory import Memory, Waiting
from bot.chat.matrix_post import Cause, Post, notice

if TYPE_CHECKING:
    from bot.chat.matrix_client import Client

log = logging.getLogger(__name__)

LONGEST = 7 * 86400.0
MEGOLM = "m.megolm.v1.aes-sha2"
EXCUSE = (
    "I can't read your message: the key to it has not reached me. I have asked for it and will answer when it"
    " comes. If it does not, please write again; if that does not help either, run /discardsession in Element first."
)


class Unread:
    """The unread messages of one account. True while there are any."""

    def __init__(
        self,
        client: Client,
        memory: Memory,
        post: Post,
        *,
        grace: float,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._client = client
        self._grace = grace
        self._memory = memory
        self._post = post
        self._clock = clock
        self._handed: set[str] = set()  # decrypted, and being handled
        self._count = 0
        self.urgent = False  # some wait that their sender was not told of
        self._recount()

    def __bool__(self) -> bool:
        return self._count > 0

    def put_aside(self, room: str, event: Any) -> bool:
        """Whether the event is one that can't be decrypted; then it waits from now on."""
        if not _encrypted(event.source) or event.source.get("sender") == self._client.user_id:
            return False
        self._memory.wait(self._client.user_id, Waiting(room, event.source, self._clock(), False))
        self._count += 1
        self.urgent = True
        return True

    def readable(self) -> list[tuple[str, Mapping[str, Any]]]:
        """What can be decrypted now, with its room; each is named once, until it is settled."""
        if not self:
            return []
        found = []
        for waiting in self._memory.waiting(self._client.user_id):
            name = str(waiting.raw["event_id"])
            if name in self._handed or waiting.room not in self._client.rooms:
                continue
            if (event := self._opened(waiting)) is not None:
                self._handed.add(name)
                found.append((waiting.room, event.source))
        return found

    def settle(self, event: str) -> None:
        """It was handled."""
        if event in self._handed:
            self._memory.settle(event)
            self._recount()

    async def complain(self) -> None:
        """Ask for keys that are overdue, tell those who wait for an answer, and give up what is too old."""
        if not self:
            return
        now, excused = self._clock(), set()
        for waiting in self._memory.waiting(self._client.user_id):
            name = str(waiting.raw["event_id"])
            if now - waiting.at > LONGEST:
                self._memory.settle(name)
            elif now - waiting.at > self._grace and name not in self._handed and not waiting.told:
                self._memory.told(name)
                whom = _whom(waiting)
                await self._ask_for_key(waiting)
                if whom not in excused:
                    excused.add(whom)
                    await self._excuse(waiting, whom)
        self._recount()

    async def _ask_for_key(self, waiting: Waiting) -> None:
        if event := self._parsed(waiting):
            try:
                await self._client.ask_for_key(event)
            except Denied as error:
                log.debug("matrix: no key asked for: %s", error)

    async def _excuse(self, waiting: Waiting, whom: str) -> None:
        log.warning("matrix: a message by %s in %s can't be decrypted", waiting.raw.get("sender"), waiting.room)
        event = str(waiting.raw["event_id"])
        relation = waiting.raw["content"].get("m.relates_to") or {}
        root = relation.get("event_id") if relation.get("rel_type") == "m.thread" else event
        cause = Cause(f"unread {whom}", f"unread {whom}", waiting.room, str(root), event)
        await self._post.put(cause, 0, notice(words(EXCUSE)))

    def _opened(self, waiting: Waiting) -> Any:
        event = self._parsed(waiting)
        return self._client.opened(event) if event and self._client.has_key(event) else None

    @staticmethod
    def _parsed(waiting: Waiting) -> Any:
        from nio import Event, MegolmEvent

        event = Event.parse_encrypted_event(dict(waiting.raw))
        if not isinstance(event, MegolmEvent):
            return None
        event.room_id = waiting.room
        return event

    def _recount(self) -> None:
        waiting = self._memory.waiting(self._client.user_id)
        self._count = len(waiting)
        self.urgent = not all(w.told for w in waiting)


def _encrypted(event: Mapping[str, Any]) -> bool:
    content = event.get("content")
    return (
        event.get("type") == "m.room.encrypted"
        and isinstance(content, Mapping)
        and content.get("algorithm") == MEGOLM
        and isinstance(event.get("event_id"), str)
    )


def _whom(waiting: Waiting) -> str:
    """Who is told once: a device in a room, and again when it has a new session a day later."""
    content = waiting.raw["content"]
    return f"{waiting.room} {waiting.raw.get('sender')} {content.get('device_id', '')}"
