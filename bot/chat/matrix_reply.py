"""Where an answer goes on Matrix: a notice in the question's thread, and "typing" until it is there.

Rules of this file: every event is a notice that mentions nobody, in the thread of its question; its
transaction id follows from the question, so sending it again is the same event. Typing is shown while
at least one question of the room is being answered; it is decoration, and never worth an error.
"""

from __future__ import annotations

import hashlib
import logging
from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING

from bot.card import Card, Form
from bot.chat import ChatRefused, Incoming, text
from bot.chat.matrix_calls import Denied, Unavailable, call, patiently
from bot.chat.matrix_html import Message, messages, words
from bot.model import Answer

if TYPE_CHECKING:
    from nio import AsyncClient

log = logging.getLogger(__name__)

TYPING_MS = 120_000  # the homeserver forgets by itself
DECORATION_TIMEOUT = 3.0  # seconds, also on the way out


def transaction(event: str, what: str) -> str:
    """The transaction id of what is sent because of ``event``: the same whenever it is sent."""
    return "krab-" + hashlib.sha256(f"{event} {what}".encode()).hexdigest()[:32]


class Typing:
    """Which rooms see us typing: from the first question on until the last is answered."""

    def __init__(self, client: AsyncClient) -> None:
        self._client = client
        self._rooms: Counter[str] = Counter()

    async def start(self, room: str) -> None:
        """One more question of ``room`` is being answered."""
        self._rooms[room] += 1
        if self._rooms[room] == 1:
            await self._show(room, True)

    async def stop(self, room: str) -> None:
        """One question fewer."""
        self._rooms[room] -= 1
        if self._rooms[room] == 0:
            del self._rooms[room]
            await self._show(room, False)

    async def _show(self, room: str, typing: bool) -> None:
        with suppress(Unavailable, Denied):
            await call(self._client.room_typing(room, typing, TYPING_MS), limit=DECORATION_TIMEOUT)


class MatrixReply:
    """The ``Reply`` to one message."""

    def __init__(self, client: AsyncClient, typing: Typing, question: Incoming) -> None:
        self._client = client
        self._typing = typing
        self._question = question
        self._shown = False
        self._sent: Counter[str] = Counter()

    async def working(self, words: str = "") -> None:
        """Type."""
        if not self._shown:
            self._shown = True
            await self._typing.start(self._question.channel)

    async def answer(self, answer: Answer, *, private: bool = False) -> None:
        """Send the answer, as several messages when it is long."""
        for message in messages(answer):
            await self._send(message, "answer")
        await self.done()

    async def card(self, card: Card, *, private: bool = False) -> None:
        """Send a card."""
        await self.text(text.card(card))

    async def ask(self, form: Form) -> None:
        """Say what the form asks for."""
        await self.text(text.form(form))

    async def text(self, text: str) -> None:
        """Send a few words."""
        await self._send(words(text), "text")
        await self.done()

    async def done(self) -> None:
        """No longer type; called for every message, whatever became of it."""
        if self._shown:
            self._shown = False
            await self._typing.stop(self._question.channel)

    async def _send(self, message: Message, what: str) -> None:
        room, txn = self._question.channel, transaction(self._question.key, f"{what} {self._sent[what]}")
        self._sent[what] += 1
        content = notice(message, self._question)
        try:
            await patiently(
                lambda: self._client.room_send(
                    room, "m.room.message", content, tx_id=txn, ignore_unverified_devices=True
                )
            )
        except Denied as error:
            if error.logged_out:
                raise ChatRefused("matrix", f"logged out before {self._question.key} was answered") from error
            # We were removed or may not speak: there is nobody to tell.
            log.warning("matrix: no answer to %s in %s: %s", self._question.key, room, error)


def notice(message: Message, question: Incoming) -> dict[str, object]:
    """The content of an event that answers ``question``."""
    return {
        "msgtype": "m.notice",
        "body": message.body,
        "format": "org.matrix.custom.html",
        "formatted_body": message.formatted,
        "m.mentions": {},
        "m.relates_to": {
            "rel_type": "m.thread",
            "event_id": question.thread,
            "is_falling_back": True,
            "m.in_reply_to": {"event_id": question.key},
        },
    }
