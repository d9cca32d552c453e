"""A bot's account and data on the test homeserver, people to talk to it, and a handler that remembers."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from bot.chat import Handler, Incoming, Reply
from bot.chat.matrix import Matrix
from bot.model import Answer, Citation, Sentence, Status
from bot.settings import MatrixSettings, Secret
from index.model import Kind
from tests.matrix_person import Person, Wary, until
from tests.synapse import Synapse

SOURCE = Citation(1, "a@b", "https://lists.example/a@b/", "A title", "Ann", None, "quoted words", Kind.MAIL)


def answer_to(text: str) -> Answer:
    return Answer(Status.ANSWERED, (Sentence(f"About {text}.", (1,)),), (SOURCE,))


class Answerer:
    """Answers what is addressed to it, and remembers everything it heard."""

    def __init__(self) -> None:
        self.heard: list[Incoming] = []
        self.go = asyncio.Event()
        self.go.set()

    async def __call__(self, message: Incoming, reply: Reply) -> None:
        self.heard.append(message)
        if message.act is None and (message.direct or message.mentioned):
            await reply.working()
            await self.go.wait()
            await reply.answer(answer_to(message.text))

    @property
    def texts(self) -> list[str]:
        return [m.text for m in self.heard]

    async def until_heard(self, count: int) -> None:
        async def enough() -> bool:
            return len(self.heard) >= count

        await until(enough)


@contextlib.asynccontextmanager
async def running(bot: Matrix, handler: Handler) -> AsyncIterator[None]:
    task = asyncio.create_task(bot.run(handler))
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


class Scene:
    """A bot's account and data, and people to talk to it."""

    def __init__(self, server: Synapse, data: Path) -> None:
        self.server = server
        self.account = server.account("krab")
        self.person = Person(server, server.account("ann"))
        self.third = Person(server, server.account("bob"))
        self.data = data
        self.answerer = Answerer()
        self._clients: list[Person] = [self.person, self.third]

    @property
    def bot(self) -> Matrix:
        return self.configured(access_token=Secret(self.account.token))

    def configured(self, *, data: Path | None = None, admins: tuple[str, ...] = (), **settings: Any) -> Matrix:
        told = MatrixSettings(homeserver=self.server.url, user=self.account.user, **settings)
        return Matrix(told, data or self.data, admins=admins, grace=1.0)

    def with_password(self, **more: Any) -> Matrix:
        return self.configured(password=Secret(self.account.password), **more)

    def run(self, bot: Matrix | None = None) -> contextlib.AbstractAsyncContextManager[None]:
        return running(bot or self.bot, self.answerer)

    async def wary(self, name: str = "eve", *, trusting: bool = False) -> Wary:
        """Somebody whose client encrypts, for signed devices alone."""
        account = await asyncio.to_thread(self.server.account, name)
        client = await Wary(self.server, account, trusting=trusting).open()
        self._clients.append(client)
        return client

    async def direct(self) -> str:
        """A 1:1 room in which the bot is; it must be running."""
        room = await self.person.room(self.account.user)
        await self.person.until_joined(room)
        return room

    async def public(self) -> str:
        """A room of three in which the bot is; it must be running."""
        room = await self.person.room(self.account.user, self.third.user)
        await self.third.client.join(room)
        await self.person.until_joined(room, 3)
        return room

    async def until_synced(self) -> None:
        """The bot has saved where it is."""

        async def saved() -> bool:
            return (self.data / "matrix" / "sync.json").exists()

        await until(saved)

    async def close(self) -> None:
        for client in self._clients:
            await client.close()
