"""One file a chat service: somebody to talk to krab there, for the contract every ``Chat`` keeps.

A file has ``def connect(request: FixtureRequest) -> AbstractAsyncContextManager[Peer]`` and may have ``MARKS``,
the pytest marks of its tests (``pytest.mark.e2e`` for a real server, which it asks ``request`` for). It has
``SENDS = True`` once its chat sends messages of krab's own.
"""

from __future__ import annotations

from typing import Protocol

from bot.chat import Chat


class Peer(Protocol):
    """A person in a conversation of two with krab, and the ``chat`` that krab is to run there."""

    chat: Chat

    @property
    def channel(self) -> str:
        """Where the two talk: what a ``Parcel`` is addressed to."""
        ...

    async def ready(self) -> None:
        """Wait until a running ``chat`` would hear what is said."""
        ...

    async def ask(self, text: str, *, thread: str = "") -> str:
        """Write a message, in a thread or as the root of a new one; the thread."""
        ...

    async def shown(self, thread: str) -> list[str]:
        """Everything krab has written in the thread, as a reader sees it, links with their addresses."""
        ...
