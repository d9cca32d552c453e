"""Somebody with a Matrix client, in rooms of the test homeserver."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable
from typing import Any

from tests.matrix_secrets import is_cross_signed
from tests.synapse import Account, Synapse

PATIENCE = 20.0  # seconds
ENCRYPTION = {"type": "m.room.encryption", "state_key": "", "content": {"algorithm": "m.megolm.v1.aes-sha2"}}


class Person:
    """Somebody with a Matrix client."""

    def __init__(self, server: Synapse, account: Account) -> None:
        from nio import AsyncClient

        self.user = account.user
        self.client = AsyncClient(server.url, account.user)
        self.client.user_id, self.client.access_token = account.user, account.token

    async def room(self, *invited: str, encrypted: bool = False) -> str:
        state = [ENCRYPTION] if encrypted else []
        made = await self.client.room_create(invite=invited, initial_state=state, is_direct=len(invited) == 1)
        return str(made.room_id)

    async def say(self, room: str, body: str, **content: object) -> str:
        return await self.send(room, "m.room.message", {"msgtype": "m.text", "body": body, **content})

    async def send(self, room: str, kind: str, content: dict[str, Any]) -> str:
        sent = await self.client.room_send(room, kind, content, ignore_unverified_devices=True)
        return str(sent.event_id)

    async def react(self, room: str, event: str, emoji: str) -> str:
        relation = {"rel_type": "m.annotation", "event_id": event, "key": emoji}
        return await self.send(room, "m.reaction", {"m.relates_to": relation})

    async def edit(self, room: str, event: str, body: str) -> str:
        relation = {"rel_type": "m.replace", "event_id": event}
        new = {"msgtype": "m.text", "body": body}
        return await self.say(room, f"* {body}", **{"m.new_content": new, "m.relates_to": relation})

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

    async def until_knows(self, user: str) -> None:
        """Nothing to learn: this client does not encrypt."""

    async def until_answers(self, room: str, number: int) -> list[dict[str, Any]]:
        async def enough() -> bool:
            return len(await self.answers(room)) >= number

        await until(enough)
        return await self.answers(room)

    async def close(self) -> None:
        await self.client.close()


class Wary(Person):
    """Somebody whose client encrypts, and gives its keys to devices alone that their owner signed.

    That is the rule of today's clients (MSC4153); ``trusting`` switches it off.
    """

    def __init__(self, server: Synapse, account: Account, *, trusting: bool = False) -> None:
        from nio import AsyncClient, AsyncClientConfig
        from nio.store import SqliteMemoryStore

        self.user = account.user
        config = AsyncClientConfig(store=SqliteMemoryStore, encryption_enabled=True, pickle_key="test")
        self.client = AsyncClient(server.url, account.user, account.device, config=config)
        self.client.restore_login(account.user, account.device, account.token)
        self.strangers: set[str] = set()  # devices that were left out
        self._trusting = trusting
        self._closed = False
        self._seen: frozenset[tuple[str, str]] = frozenset()
        self._loop: asyncio.Task[None] | None = None
        self._turn = asyncio.Lock()

    async def open(self) -> Wary:
        """Start to follow what happens."""
        await self._sync(0)
        self._loop = asyncio.create_task(self._follow())
        return self

    async def close(self) -> None:
        if self._loop:
            self._loop.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._loop
        self.client.store.database.close()
        await super().close()

    async def room(self, *invited: str, encrypted: bool = True) -> str:
        room = await super().room(*invited, encrypted=encrypted)
        await until(lambda: self._knows(room))
        return room

    async def send(self, room: str, kind: str, content: dict[str, Any]) -> str:
        await until(lambda: self._knows(room))
        async with self._turn:
            if self.client.should_query_keys:
                await self.client.keys_query()
            await self._look_at_devices(room)
            return await super().send(room, kind, content)

    async def until_knows(self, user: str) -> None:
        """Wait until this client has learned of a device of ``user``: before that nobody could give it a key."""

        async def learned() -> bool:
            return any(True for _ in self.client.device_store.active_user_devices(user))

        await until(learned)

    async def open_hand(self, opened: bool) -> None:
        """Whether keys are given away at all."""
        self._closed, self._seen = not opened, frozenset()

    async def share_again(self, room: str, user: str) -> None:
        """Forward every key of what this client wrote in the room to a user who lacked them, as if he had asked."""
        olm = self.client.olm
        own = olm.account.identity_keys["curve25519"]
        async with self._turn:
            await self._look_at_devices(room)
            if missing := self.client.get_missing_sessions(room):
                await self.client.keys_claim(missing)
            for device in self.client.device_store.active_user_devices(user):
                for key in [k for k in olm.inbound_group_store if (k.room_id, k.sender_key) == (room, own)]:
                    session = olm.session_store.get(device.curve25519)
                    await self.client.to_device(olm._encrypt_forwarding_key(room, key, session, device))

    async def _follow(self) -> None:
        while True:
            await self._sync(500)

    async def _sync(self, milliseconds: int) -> None:
        found = await self.client.sync(timeout=milliseconds, full_state=milliseconds == 0)
        if not hasattr(found, "next_batch"):
            await asyncio.sleep(0.5)
            return
        async with self._turn:
            if self.client.should_upload_keys:
                await self.client.keys_upload()
            if self.client.should_query_keys:
                await self.client.keys_query()
            await self.client.send_to_device_messages()

    async def _look_at_devices(self, room: str) -> None:
        users = list(self.client.rooms[room].users)
        if self._seen == (seen := self._devices(room)) and not self.strangers:
            return
        self._seen = seen
        body, path = json.dumps({"device_keys": {user: [] for user in users}}), "/_matrix/client/v3/keys/query"
        headers = {"Authorization": f"Bearer {self.client.access_token}", "Content-Type": "application/json"}
        found = await (await self.client.send("POST", path, body, headers)).json()
        for user in set(users) - {self.user}:
            for device in list(self.client.device_store.active_user_devices(user)):
                fits = not self._closed and (self._trusting or is_cross_signed(found, user, device.id))
                (self.client.unblacklist_device if fits else self.client.blacklist_device)(device)
                (self.strangers.discard if fits else self.strangers.add)(device.id)

    def _devices(self, room: str) -> frozenset[tuple[str, str]]:
        users = self.client.rooms[room].users
        return frozenset((u, d.id) for u in users for d in self.client.device_store.active_user_devices(u))

    async def _knows(self, room: str) -> bool:
        return room in self.client.rooms


async def until(condition: Callable[[], Awaitable[bool]], patience: float = PATIENCE) -> None:
    async with asyncio.timeout(patience):
        while not await condition():
            await asyncio.sleep(0.05)
