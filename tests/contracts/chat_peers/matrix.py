"""Somebody in a room of two with krab, on a real Synapse."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bot.chat import Chat
from bot.chat.matrix import Matrix
from bot.settings import MatrixSettings, Secret
from tests.matrix_person import Person
from tests.synapse import Synapse

MARKS = (pytest.mark.e2e,)
SENDS = True


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
        said = [e for e in await self.person.events(self.room) if e["type"] == "m.room.message"]
        told = [e["content"] for e in said if e["sender"] != self.person.user and _of(thread, e)]
        return [content.get("m.new_content", content)["formatted_body"] for content in told]


def _of(thread: str, event: dict[str, Any]) -> bool:
    """Whether an event begins a thread, stands in it, or replaces what began it."""
    return thread in (event["event_id"], event["content"].get("m.relates_to", {}).get("event_id"))


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
