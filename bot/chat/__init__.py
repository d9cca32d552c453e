"""The seam between krab and the places people talk: one file in this folder a service.

An adapter receives events, turns each into an ``Incoming``, hands it to the ``Handler`` and renders
what the handler gives it through a ``Reply``. It decides nothing about what is answered
(``bot.dispatch`` does), and it knows its service's markup, limits and manners alone.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Protocol

from bot.model import Answer


@dataclass(frozen=True, slots=True)
class Incoming:
    """A message somebody wrote where krab can see it, with krab's own mention taken out of ``text``.

    ``key`` is unique and stable for the message (a retry has the same one). ``thread`` identifies the
    conversation: the thread's root if the message is in a thread, otherwise the message itself.
    """

    service: str  # "slack", "matrix", "console"
    channel: str
    thread: str
    key: str
    user: str
    text: str
    direct: bool = False  # a 1:1 conversation
    mentioned: bool = False  # krab is named, or its prefix was used
    in_thread: bool = False  # the message is not the root of its thread
    from_bot: bool = False


class Reply(Protocol):
    """Where the answer to one ``Incoming`` goes. Every call is awaited before the next."""

    async def working(self) -> None:
        """Show that the question was seen (typing, a status). Removed by what follows."""
        ...

    async def answer(self, answer: Answer) -> None:
        """Show the final answer, in the thread."""
        ...

    async def text(self, text: str) -> None:
        """Show a few plain words (help, an error), in the thread."""
        ...


Handler = Callable[[Incoming, Reply], Coroutine[Any, Any, None]]


class Chat(Protocol):
    """A chat service."""

    name: str

    async def run(self, handler: Handler) -> None:
        """Connect and deliver messages to ``handler`` until cancelled.

        Reconnects by itself with back-off. Raises ``ChatRefused`` when credentials are wrong, since
        trying again can't help.
        """
        ...


@dataclass(eq=False)  # not frozen: contextlib sets an exception's traceback
class ChatRefused(Exception):
    """The service will not have us; ``advice`` says what to do, in one line."""

    service: str
    advice: str

    def __str__(self) -> str:
        return f"{self.service}: {self.advice}"
