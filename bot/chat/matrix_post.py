"""How what krab says gets into a room: once, as a notice that mentions nobody, or as an edit of what it said.

Rules of this file: an event's transaction id follows from what caused it and from its place among the events
of that cause, so sending it again is the same event, whatever is said then. What was sent is remembered, so
that it can be edited and reactions to it be understood. Who may be written to directly has one room for that.
"""

from __future__ import annotations

import asyncio
import hashlib
import io
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bot.card import Picture
from bot.chat.matrix_calls import Unavailable, call, request
from bot.chat.matrix_card import image
from bot.chat.matrix_html import Message
from bot.chat.matrix_memory import Memory, Said
from bot.chat.text import shorten

if TYPE_CHECKING:
    from bot.chat.matrix_client import Client

log = logging.getLogger(__name__)

FALLBACK = 200  # characters shown of an edit by clients that know no edits
MEGOLM = "m.megolm.v1.aes-sha2"

Content = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Cause:
    """Why something is said: ``key`` is what it answers (or its own key), ``origin`` what was answered at first.

    ``answers`` is the event it replies to, "" for none.
    """

    key: str
    origin: str
    room: str
    thread: str = ""
    answers: str = ""

    @property
    def edits(self) -> bool:
        """Whether it replaces what was said before."""
        return self.key != self.origin


class Post:
    """Sends events for one account."""

    def __init__(self, client: Client, memory: Memory, clock: Callable[[], float] = time.time) -> None:
        self._client = client
        self._memory = memory
        self._clock = clock
        self._meeting: dict[str, asyncio.Lock] = {}

    async def put(self, cause: Cause, part: int, content: Content) -> str:
        """Send the ``part``-th event of this cause, or edit it; its id. Raises Unavailable or Denied."""
        answers = self._memory.answers(cause.origin) if cause.edits else ()
        before = [s for s in answers if (s.part, s.room) == (part, cause.room)]
        old = before[0].event if before else ""
        whole = edit(content, old) if old else {**content, **_relation(cause)}
        txn = transaction(cause.key, part)
        sent = await call(self._client.room_send(cause.room, "m.room.message", dict(whole), tx_id=txn))
        event = old or str(sent.event_id)
        said = Said(event, cause.room, cause.origin, cause.key, part, cause.thread or event)
        self._memory.keep(said, self._clock())
        return event

    def earlier(self, event: str, room: str) -> Said | None:
        """What we said in ``room`` that an event is, or that answers it."""
        if not event:
            return None
        found = (self._memory.said(event), *self._memory.answers(event))
        return next((said for said in found if said and said.room == room), None)

    def origin(self, event: str) -> str:
        """What an event of ours was sent for at first; the event itself when that is forgotten."""
        said = self._memory.said(event)
        return said.origin if said else event

    async def trim(self, cause: Cause, parts: int) -> None:
        """Take back what an earlier version of this message had beyond ``parts`` events."""
        for old in self._memory.answers(cause.origin)[parts:]:
            txn = transaction(cause.key, f"redact {old.part}")
            await call(self._client.room_redact(old.room, old.event, tx_id=txn))
            self._memory.unsay(old.event)

    async def picture(self, room: str, shown: Picture) -> Content:
        """Upload a picture, encrypted where the room is; the content of its event."""
        state = self._client.rooms.get(room)
        encrypt = bool(state and state.encrypted)
        upload, keys = await self._client.upload(
            io.BytesIO(shown.png), "image/png", "krab.png", encrypt=encrypt, filesize=len(shown.png)
        )
        await call(asyncio.sleep(0, upload))
        place = {"file": {**keys, "url": upload.content_uri}} if keys else {"url": upload.content_uri}
        return image(shown, place)

    async def direct(self, user: str) -> str:
        """The room in which we are alone with ``user``; made, encrypted, if there is none."""
        async with self._meeting.setdefault(user, asyncio.Lock()):
            return self.known_direct(user) or await self._make_direct(user)

    def known_direct(self, user: str) -> str:
        """The room in which we are alone with ``user``, "" when there is none."""
        both = {user, self._client.user_id}
        alone = (r for r in self._client.rooms.values() if set(r.users) == both and not r.name)
        return next((str(room.room_id) for room in alone), "")

    async def _make_direct(self, user: str) -> str:
        encryption = {"type": "m.room.encryption", "state_key": "", "content": {"algorithm": MEGOLM}}
        wish = {"preset": "trusted_private_chat", "is_direct": True, "invite": [user], "initial_state": [encryption]}
        made = await request(self._client, "POST", "/createRoom", wish)
        room = str(made["room_id"])
        log.info("matrix: made %s to write to %s directly", room, user)
        for _ in range(60):  # the sync brings it, and with it who is to get its keys
            if self.known_direct(user) == room:
                return room
            await asyncio.sleep(0.5)
        raise Unavailable(f"{room} was made, and does not appear")


def transaction(cause: str, what: object) -> str:
    """The transaction id of what is sent because of ``cause``: the same whenever it is sent."""
    return "krab-" + hashlib.sha256(f"{cause} {what}".encode()).hexdigest()[:32]


def notice(message: Message) -> Content:
    """An event's content that says ``message``, and mentions nobody."""
    return {
        "msgtype": "m.notice",
        "body": message.body,
        "format": "org.matrix.custom.html",
        "formatted_body": message.formatted,
        "m.mentions": {},
    }


def edit(content: Content, old: str) -> Content:
    """The content of an event that replaces ``old``. Clients that know edits show ``m.new_content`` alone."""
    short = {"msgtype": content["msgtype"], "body": "* " + shorten(str(content["body"]), FALLBACK), "m.mentions": {}}
    if content["msgtype"] == "m.image":
        short |= {key: content[key] for key in ("url", "file", "info", "filename") if key in content}
    return {**short, "m.new_content": content, "m.relates_to": {"rel_type": "m.replace", "event_id": old}}


def contents(messages: Sequence[Message]) -> list[Content]:
    """The contents of events that say these messages."""
    return [notice(message) for message in messages]


def _relation(cause: Cause) -> Content:
    if not cause.thread:
        return {}
    return {
        "m.relates_to": {
            "rel_type": "m.thread",
            "event_id": cause.thread,
            "is_falling_back": True,
            "m.in_reply_to": {"event_id": cause.answers or cause.thread},
        }
    }
