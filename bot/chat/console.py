"""A terminal, or any pair of streams, as a chat: a line is a question, what is printed its answer.

Rules of this file:
- A session is one thread with one person, so every line after the first is a follow-up. "/series …" is a
  command, as in Slack. Who sits at the terminal has krab's files, so he is a moderator.
- A terminal can't be awaited, and a read of it can't be stopped: a line is read in a daemon thread, which
  keeps neither Ctrl-C nor the end of the program waiting. The session ends with the input.
"""

from __future__ import annotations

import asyncio
import threading
import uuid
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TextIO

from bot.card import Card, Form
from bot.chat import Handler, Incoming, Parcel, Profile
from bot.chat.text import card, clean, form, plain
from bot.model import Answer

USER = "you"


class ConsoleReply:
    """Prints answers. What is being worked on is shown, and wiped, on terminals only."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._shown = ""

    async def working(self, words: str = "") -> None:
        """Show that krab is looking."""
        if self._out.isatty():
            self._wipe()
            self._shown = clean(words) or "Looking…"
            self._write(self._shown)

    async def answer(self, answer: Answer, *, private: bool = False) -> None:
        """Print the answer with its sources."""
        self._say(plain(answer))

    async def card(self, shown: Card, *, private: bool = False) -> None:
        """Print a card."""
        self._say(card(shown))

    async def ask(self, asked: Form) -> None:
        """Print what the form asks for."""
        self._say(form(asked))

    async def moderates(self) -> bool:
        """Who sits at the terminal does."""
        return True

    async def text(self, text: str) -> None:
        """Print a few plain words."""
        self._say(clean(text))

    def _say(self, words: str) -> None:
        self._wipe()
        self._write(f"{words}\n\n")

    def _wipe(self) -> None:
        if self._shown:
            self._write(f"\r{' ' * len(self._shown)}\r")
            self._shown = ""

    def _write(self, words: str) -> None:
        # Words of a source may not exist in the terminal's encoding; a question mark says so.
        encoding = self._out.encoding or "utf-8"
        self._out.write(words.encode(encoding, "replace").decode(encoding))
        self._out.flush()


class Console:
    """The ``Chat`` over two streams."""

    name = "console"

    def __init__(self, lines: TextIO, out: TextIO, *, prompt: str = "", session: str = "") -> None:
        """``session`` names the thread; it is random when absent, so that every session begins afresh."""
        self._lines = lines
        self._out = out
        self._prompt = prompt
        self._session = session or uuid.uuid4().hex
        self._sent: set[str] = set()

    def reply(self, _: Incoming) -> ConsoleReply:
        """Where answers go."""
        return ConsoleReply(self._out)

    async def send(self, parcel: Parcel) -> str:
        """Print a card, also one that replaces another: what was printed stays."""
        if parcel.key not in self._sent:
            self._sent.add(parcel.key)
            await ConsoleReply(self._out).card(parcel.card)
        return parcel.key

    async def profile(self, user: str) -> Profile:
        """A terminal knows nobody."""
        return Profile(user)

    async def run(self, handler: Handler) -> None:
        """Hand every line to ``handler`` and wait for its answer, until the input ends."""
        number = 0
        while line := await self._next():
            if line.strip():
                number += 1
                incoming = self._incoming(line.strip(), number)
                await handler(incoming, self.reply(incoming))

    async def _next(self) -> str:
        if self._prompt:
            self._out.write(self._prompt)
            self._out.flush()
        loop = asyncio.get_running_loop()
        line: asyncio.Future[str] = loop.create_future()
        threading.Thread(target=self._read, args=(loop, line), daemon=True).start()
        return await line

    def _read(self, loop: asyncio.AbstractEventLoop, line: asyncio.Future[str]) -> None:
        try:
            put: Callable[[], None] = partial(_put, line, self._lines.readline(), None)
        except (OSError, ValueError) as error:  # closed, or not text
            put = partial(_put, line, "", error)
        with suppress(RuntimeError):  # the loop was closed meanwhile
            loop.call_soon_threadsafe(put)

    def _incoming(self, text: str, number: int) -> Incoming:
        name, _, rest = text.removeprefix("/").partition(" ")
        typed = text.startswith("/")
        return Incoming(
            service=self.name,
            channel="console",
            thread=self._session,
            key=f"{self._session}:{number}",
            user=USER,
            text=rest.strip() if typed else text,
            direct=True,
            in_thread=number > 1,
            command=name.lower() if typed else "",
            moderator=True,
        )


def _put(line: asyncio.Future[str], text: str, error: Exception | None) -> None:
    if line.done():
        return
    if error:
        line.set_exception(error)
    else:
        line.set_result(text)
