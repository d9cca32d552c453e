"""The seam between krab and the places people talk: one file in this folder a service.

An adapter receives events, turns each into an ``Incoming``, hands it to the ``Handler`` and renders
what the handler gives it through a ``Reply``. It decides nothing about what is answered
(``bot.dispatch`` does), and it knows its service's markup, limits and manners alone.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Protocol

from bot.card import Card, Form
from bot.model import Answer


@dataclass(frozen=True, slots=True)
class Act:
    """A button somebody pressed or a form somebody sent: its name, the row it is about, and what was filled in."""

    name: str
    value: str = ""
    fields: tuple[tuple[str, tuple[str, ...]], ...] = ()


@dataclass(frozen=True, slots=True)
class Incoming:
    """A message somebody wrote where krab can see it, with krab's own mention taken out of ``text``;
    a command ("/krab series …", "!krab series …") with ``command`` and the rest in ``text``; or an ``act``.

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
    command: str = ""  # "series": the first word of a command, in lower case
    act: Act | None = None
    moderator: bool = False  # known to be one who may change how krab behaves in this channel (``Reply.moderates``)
    edits: str = ""  # the key of the person's earlier message that this one replaces


@dataclass(frozen=True, slots=True)
class Parcel:
    """A message krab sends by itself (a digest, a watched series, an alarm), or an edit of one.

    ``key`` is unique and stable: sent again with the same key, nothing appears twice. ``channel`` may be a
    user's id: that is a direct message. ``edits`` is what ``Chat.send`` returned for the message to replace.
    """

    key: str
    channel: str
    card: Card
    thread: str = ""
    edits: str = ""


@dataclass(frozen=True, slots=True)
class Profile:
    """What a service says of a person. ``zone`` is an IANA time zone, "" when it is not known."""

    name: str = ""
    zone: str = ""


class Reply(Protocol):
    """Where the answer to one ``Incoming`` goes. Every call is awaited before the next.

    What is ``private`` only the asker sees, where the service can show that; elsewhere it is said in the
    thread. The final message of one ``Incoming`` appears once, also when it is said again after a crash.
    """

    async def working(self, words: str = "") -> None:
        """Show that the question was seen (typing, a status, ``words``). Removed by what follows."""
        ...

    async def answer(self, answer: Answer, *, private: bool = False) -> None:
        """Show the final answer, in the thread."""
        ...

    async def card(self, card: Card, *, private: bool = False) -> None:
        """Show a card, in the thread."""
        ...

    async def text(self, text: str) -> None:
        """Show a few plain words (help, an error), in the thread."""
        ...

    async def ask(self, form: Form) -> None:
        """Open a form, or say in words how to give the same by typing."""
        ...

    async def moderates(self) -> bool:
        """Whether the person may change how krab behaves in the channel: what ``Incoming`` says, or the service."""
        ...


Handler = Callable[[Incoming, Reply], Coroutine[Any, Any, None]]


@dataclass(frozen=True, slots=True)
class Past:
    """What earlier processes did with a message: ``began`` says whether one worked on (service, key).

    ``whisper`` notes that (service, key) is about to be shown to a person alone, and says whether none had before.
    """

    began: Callable[[str, str], bool] = lambda _, __: False
    whisper: Callable[[str, str, str], bool] = lambda _, __, ___: True


class Chat(Protocol):
    """A chat service."""

    name: str

    async def run(self, handler: Handler) -> None:
        """Connect and deliver messages to ``handler`` until cancelled.

        Reconnects by itself with back-off. Raises ``ChatRefused`` when credentials are wrong, since
        trying again can't help.
        """
        ...

    async def send(self, parcel: Parcel) -> str:
        """Post or edit a message of krab's own, and return the reference by which it can be edited.

        The reference of a message is also the ``thread`` of what goes under it.

        Raises ``Undelivered`` with the time to wait when it can be tried again, ``ChatRefused`` when not.
        """
        ...

    async def profile(self, user: str) -> Profile:
        """Return what the service says of a person; an empty profile when it says nothing."""
        ...


@dataclass(eq=False)  # not frozen: contextlib sets an exception's traceback
class ChatRefused(Exception):
    """The service will not have us; ``advice`` says what to do, in one line."""

    service: str
    advice: str

    def __str__(self) -> str:
        return f"{self.service}: {self.advice}"


@dataclass(eq=False)
class Undelivered(Exception):
    """A message could not be sent now. ``forever`` says that this one never can (no such channel, not a member)."""

    reason: str
    after: float = 0.0  # seconds to wait before the next try
    forever: bool = False

    def __str__(self) -> str:
        return self.reason
