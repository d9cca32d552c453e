"""Somebody with a Matrix client, in rooms of the test homeserver."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from tests.synapse import Account, Synapse

PATIENCE = 20.0  # seconds


class Person:
    """Somebody with a Matrix client."""

    def __init__(self, server: Synapse, account: Account) -> None:
        from nio import AsyncClient

        self.user = account.user
        self.client = AsyncClient(server.url, account.user)
        self.client.user_id, self.client.access_token = account.user, account.token

    async def room(self, *invited: str, encrypted: bool = False) -> str:
        state = {"type": "m.room.encryption", "state_key": "", "content": {"algorithm": "m.megolm.v1.aes-sha2"}}
        made = await self.client.room_create(
            invite=invited, initial_state=[state] if encrypted else [], is_direct=len(invited) == 1
        )
        return str(made.room_id)

    async def say(self, room: str, body: str, **content: object) -> str:
        sent = await self.client.room_send(room, "m.room.message", {"msgtype": "m.text", "body": body, **content})
        return str(sent.event_id)

    async def events(self, room: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        start = ""
        while start is not None:
            page = await self.client.room_messages(room, start=start, limit=500)
            found += [e.source for e in page.chunk]
            start = page.end
        return found[::-1]

    async def answers(self, room: str) -> list[dict[str, Any]]:
        """What others said in the room, oldest first."""
        said = [e for e in await self.events(room) if e["type"] == "m.room.message" and e["sender"] != self.user]
        return [e["content"] for e in said]

    async def until_joined(self, room: str, members: int = 2) -> None:
        async def joined() -> bool:
            return len((await self.client.joined_members(room)).members) >= members

        await until(joined)

    async def until_answers(self, room: str, number: int) -> list[dict[str, Any]]:
        async def enough() -> bool:
            return len(await self.answers(room)) >= number

        await until(enough)
        return await self.answers(room)


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not await condition():
            await asyncio.sleep(0.05)
