"""Verifications that people ask krab for: in a room (as Element asks another user) or between devices.

Rules of this file: only admins, and whoever is logged in as the bot itself, are let in. The emoji go to the log,
where the operator compares them with those on his screen; nothing is trusted in return.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from bot.chat.matrix_calls import patiently, request
from bot.chat.matrix_post import transaction
from bot.chat.matrix_sas import PREFIX, Event, Party, Verification

if TYPE_CHECKING:
    from bot.chat.matrix_client import Client

log = logging.getLogger(__name__)

REQUEST = "m.key.verification.request"
MOST = 20  # verifications at a time
PATIENCE = 600.0  # seconds after which nobody waits for an answer to his request
NOT_YOU = "only krab's admins may verify it; they are listed under [admins] in its configuration"


class Verifier:
    """Answers verifications for one account. ``master`` is the account's master key."""

    def __init__(
        self, client: Client, master: str, admins: frozenset[str], clock: Callable[[], float] = time.time
    ) -> None:
        self._client = client
        self._clock = clock
        self._allowed = admins | {client.user_id}
        own = client.olm.account.identity_keys["ed25519"]
        keys = {f"ed25519:{client.device_id}": own, f"ed25519:{master}": master}
        self._us = Party(client.user_id, client.device_id, keys)
        self._running: dict[tuple[str, str], tuple[Verification, str]] = {}  # (sender, transaction) → it and its room
        self._turn = asyncio.Lock()

    async def heard(self, event: Mapping[str, Any], room: str = "") -> None:
        """Take an event that may belong to a verification, from ``room`` or sent to this device."""
        content, sender = _mapping(event.get("content")), str(event.get("sender"))
        kind = str(event.get("type"))
        if kind == "m.room.message" and content.get("msgtype") == REQUEST:
            kind = REQUEST
        if not kind.startswith(PREFIX) or (room and sender == self._client.user_id):
            return
        sent = event.get("origin_server_ts") if room else content.get("timestamp")
        if isinstance(sent, int) and sent / 1000 < self._clock() - PATIENCE:
            return
        async with self._turn:
            await self._take(kind.removeprefix(PREFIX), event, content, sender, room)

    async def _take(
        self, kind: str, event: Mapping[str, Any], content: Mapping[str, Any], sender: str, room: str
    ) -> None:
        name = _transaction(event, content, room, kind)
        found = self._running.get((sender, name))
        if found is None:
            if kind not in ("request", "start") or (room and content.get("to") != self._client.user_id):
                return
            found = (await self._begun(name, content, sender), room)
            self._running[sender, name] = found
            while len(self._running) > MOST:
                self._running.pop(next(iter(self._running)))
        verification, place = found
        answers = verification.receive(kind, content)
        if sender not in self._allowed and not verification.over:
            answers = verification.cancel("m.user", NOT_YOU)
        if kind == "key" and verification.emoji:
            log.warning("matrix: %s verifies krab: the emoji are %s", sender, _names(verification.emoji))
        for answer in answers:
            await self._send(answer, verification.them, name, place)
        if verification.over:
            self._running.pop((sender, name), None)
            log.info("matrix: the verification by %s is %s", sender, verification.step.value)

    async def _begun(self, name: str, content: Mapping[str, Any], sender: str) -> Verification:
        device = str(content.get("from_device"))
        found = await request(self._client, "POST", "/keys/query", {"device_keys": {sender: [device]}})
        devices = _mapping(_mapping(found.get("device_keys")).get(sender))
        keys = dict(_mapping(_mapping(devices.get(device)).get("keys")))
        for master in _mapping(_mapping(_mapping(found.get("master_keys")).get(sender)).get("keys")).values():
            keys[f"ed25519:{master}"] = master
        return Verification(name, self._us, Party(sender, device, keys))

    async def _send(self, answer: Event, them: Party, name: str, room: str) -> None:
        kind, content = answer
        txn, client = transaction(name, kind), self._client
        if room:
            whole = {**content, "m.relates_to": {"rel_type": "m.reference", "event_id": name}}
            await patiently(lambda: client.room_send(room, PREFIX + kind, whole, tx_id=txn))
            return
        messages = {them.user: {them.device: {**content, "transaction_id": name}}}
        path = f"/sendToDevice/{PREFIX}{kind}/{txn}"
        await patiently(lambda: request(client, "PUT", path, {"messages": messages}))


def _transaction(event: Mapping[str, Any], content: Mapping[str, Any], room: str, kind: str) -> str:
    """What names the verification: in a room the request's event, else an id that both sides send."""
    if not room:
        return str(content.get("transaction_id", ""))
    if kind == "request":
        return str(event.get("event_id"))
    return str(_mapping(content.get("m.relates_to")).get("event_id", ""))


def _names(numbers: tuple[int, ...]) -> str:
    from nio.crypto import Sas

    return ", ".join("{} {}".format(*Sas.emoji[number]) for number in numbers)


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
