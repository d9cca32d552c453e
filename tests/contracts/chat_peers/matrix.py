"""Somebody in a room of two with krab, on a real Synapse."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.chat import Chat
from bot.chat.matrix import Matrix
from bot.settings import MatrixSettings, Secret
from tests.matrix_person import Person
from tests.synapse import Synapse

MARKS = (pytest.mark.e2e,)


@dataclass
class MatrixPeer:
    person: Person
    room: str
    chat: Chat

    @property
    def channel(self) -> str:
        return self.room

    async def ready(self) -> None:
        await self.person.until_joined(self.room)

    async def ask(self, text: str, *, thread: str = "") -> str:
        relation = {"m.relates_to": {"rel_type": "m.thread", "event_id": thread}} if thread else {}
        event = await self.person.say(self.room, text, **relation)
        return thread or event

    async def shown(self, thread: str) -> list[str]:
        said = await self.person.answers(self.room)
        return [content["formatted_body"] for content in said if content["m.relates_to"]["event_id"] == thread]


@asynccontextmanager
async def connect(request: pytest.FixtureRequest) -> AsyncIterator[MatrixPeer]:
    server: Synapse = request.getfixturevalue("synapse")
    data: Path = request.getfixturevalue("tmp_path")
    krab, ann = await asyncio.to_thread(lambda: (server.account("krab"), server.account("ann")))
    settings = MatrixSettings(server.url, krab.user, Secret(krab.token))
    person = Person(server, ann)
    try:
        yield MatrixPeer(person, await person.room(krab.user), Matrix(settings, data))
    finally:
        await person.client.close()
