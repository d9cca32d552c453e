"""Where an answer goes on Matrix: into the question's thread, or to the asker alone, with "typing" until then.

Rules of this file: the answer to an edited question edits the answer. What is private goes into the direct
room with the asker, and a word in the thread says so. Typing is shown while at least one question of the room
is being answered; it is decoration, and never worth an error.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from bot.card import Card, Form
from bot.chat import ChatRefused, Incoming
from bot.chat.matrix_calls import Denied, Unavailable, call, patiently
from bot.chat.matrix_card import card_messages, form_messages
from bot.chat.matrix_html import messages, words
from bot.chat.matrix_post import Cause, Content, Post, contents
from bot.model import Answer

if TYPE_CHECKING:
    from bot.chat.matrix_client import Client

log = logging.getLogger(__name__)

TYPING_MS = 120_000  # the homeserver forgets by itself
DECORATION_TIMEOUT = 3.0  # seconds, also on the way out
ELSEWHERE = "I have sent you that in our direct chat."


class Typing:
    """Which rooms see us typing: from the first question on until the last is answered."""

    def __init__(self, client: Client) -> None:
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

    def __init__(self, post: Post, typing: Typing, question: Incoming) -> None:
        self._post = post
        self._typing = typing
        self._question = question
        self._shown = False
        self._parts = 0

    async def working(self, words: str = "") -> None:
        """Type."""
        if not self._shown:
            self._shown = True
            await self._typing.start(self._question.channel)

    async def answer(self, answer: Answer, *, private: bool = False) -> None:
        """Send the answer, as several messages when it is long."""
        await self._say(contents(messages(answer)), private=private)

    async def card(self, card: Card, *, private: bool = False) -> None:
        """Send a card, its picture first."""
        room = await self._room(private)
        said = contents(card_messages(card))
        if card.picture is not None:
            shown = card.picture
            uploaded = await self._trying(lambda: self._post.picture(room, shown))
            said = [uploaded, *said] if uploaded else said
        await self._say(said, private=private)

    async def ask(self, form: Form) -> None:
        """Say what the form asks for."""
        await self._say(contents(form_messages(form)))

    async def moderates(self) -> bool:
        """By the room's power levels, which are known already."""
        return self._question.moderator

    async def text(self, text: str) -> None:
        """Send a few words."""
        await self._say(contents([words(text)]))

    async def settle(self) -> None:
        """All was said: take back what the answer to the unedited question had beyond it."""
        if self._question.edits and self._parts:
            await self._trying(lambda: self._post.trim(self._cause(), self._parts))

    async def done(self) -> None:
        """No longer type; called for every message, whatever became of it."""
        if self._shown:
            self._shown = False
            await self._typing.stop(self._question.channel)

    async def _say(self, said: list[Content], *, private: bool = False) -> None:
        room = await self._room(private)
        elsewhere = room != self._question.channel
        for content in said:
            await self._send(content, room if elsewhere else "")
        if elsewhere:
            await self._send(contents([words(ELSEWHERE)])[0])
        await self.done()

    async def _room(self, private: bool) -> str:
        """Where to say it: where it was asked, if there is no way to the asker alone."""
        question = self._question
        if not private or question.direct:
            return question.channel
        return await self._trying(lambda: self._post.direct(question.user)) or question.channel

    async def _send(self, content: Content, room: str = "") -> None:
        part, cause = self._parts, self._cause(room)
        self._parts += 1
        await self._trying(lambda: self._post.put(cause, part, content))

    def _cause(self, room: str = "") -> Cause:
        question = self._question
        origin = question.edits or question.key
        if room:
            return Cause(question.key, origin, room)
        # A reaction or an edit is no message that one replies to.
        answers = question.edits or ("" if question.act else question.key)
        return Cause(question.key, origin, question.channel, question.thread, answers)

    async def _trying(self, request: Callable[[], Awaitable[Any]]) -> Any:
        """The result of a request, repeated while the homeserver is away; None when it says no."""
        try:
            return await patiently(request)
        except Denied as error:
            if error.logged_out:
                raise ChatRefused("matrix", f"logged out before {self._question.key} was answered") from error
            # We were removed or may not speak: there is nobody to tell.
            log.warning("matrix: no answer to %s in %s: %s", self._question.key, self._question.channel, error)
            return None
