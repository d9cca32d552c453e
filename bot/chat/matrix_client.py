"""nio's client with what it lacks: it survives hostile events, and loses no key to a crash or an outage.

Rules of this file (each is a measured way to lose messages with plain nio):
- What a sync brings is stored in one transaction: a session is never kept without the room key it carried.
- One-time keys are saved before they are published: a key whose other half was lost decrypts nothing.
- A room key counts as shared when the homeserver took every part of it, not when it was tried.
- Nothing in an event stops the sync: what nio fails on is logged and left out.
- A late key is taken from the device that made it, when we asked for it; nio takes none from other people.
- Verification events are not for nio, whose emoji no other client agrees with (``matrix_verify``).
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from typing import Any
from uuid import uuid4

from nio import Api, AsyncClient, MegolmEvent
from nio.crypto import Olm
from nio.exceptions import EncryptionError
from nio.responses import KeysUploadResponse, RoomSendResponse, ShareGroupSessionResponse

from bot.chat.matrix_calls import Denied, call

log = logging.getLogger(__name__)

IN_THE_CLEAR = ("m.reaction", "m.room.redaction")


class Machine(Olm):  # type: ignore[misc]
    """nio's keeper of keys."""

    def check_if_wedged(self, event: Any) -> None:
        """Ask for no key by itself: who lacks one waits for it first (``matrix_unread``)."""
        if event.sender not in self.tracked_users:
            self.users_for_key_query.add(event.sender)

    def _should_accept_forward(self, sender: str, sender_key: str, event: Any) -> bool:
        asked = self.outgoing_key_requests.get(event.session_id)
        maker = event.source["content"].get("sender_key")
        known = self.device_store.device_from_sender_key(sender, sender_key)
        return bool(asked and asked.room_id == event.room_id and known and maker == sender_key)


class Client(AsyncClient):  # type: ignore[misc]
    """A device of the bot's account."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._sharing: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    def load_store(self) -> None:
        """Open the store, and with it the device's keys."""
        super().load_store()
        if self.store is not None:
            self.olm: Any = Machine(self.user_id, self.device_id, self.store)

    def has_key(self, event: Any) -> bool:
        """Whether the key of an encrypted event is here."""
        return bool(self.olm.inbound_group_store.get(event.room_id, event.sender_key, event.session_id))

    async def ask_for_key(self, event: Any) -> None:
        """Ask the device that sent an event for its key, once a session."""
        if event.session_id in self.olm.outgoing_key_requests:
            return
        message = event.as_key_request(event.sender, self.device_id, device_id=event.device_id)
        self.olm.outgoing_to_device_messages.append(message)  # or nio does not remember that it was sent
        await call(self.to_device(message))

    async def receive_response(self, response: Any) -> None:
        """Take over what a response says. Nothing in here waits, so the transaction is this response's alone."""
        if self.store is None:
            await super().receive_response(response)
            return
        with self.store.database.atomic():
            await super().receive_response(response)

    async def parse_body(self, transport_response: Any) -> dict[Any, Any]:
        """A response's JSON; an empty object when it is anything else."""
        try:
            found = await super().parse_body(transport_response)
        except (ValueError, RecursionError):
            return {}
        return found if isinstance(found, dict) else {}

    async def tend(self) -> None:
        """Do what follows from a sync: publish keys, learn of devices, send what is due to them."""
        if self.should_upload_keys:
            await call(self.keys_upload())
        if self.should_query_keys:
            await call(self.keys_query())
        if self.should_claim_keys:
            await call(self.keys_claim(self.get_users_for_key_claiming()))
        for message in list(self.outgoing_to_device_messages):
            await call(self.to_device(message))

    async def keys_upload(self) -> Any:
        """Publish our device's keys, as far as they are not yet."""
        keys = self.olm.share_keys()
        self.olm.save_account()
        method, path, data = Api.keys_upload(self.access_token, keys)
        return await self._send(KeysUploadResponse, method, path, data)

    async def room_send(
        self,
        room_id: str,
        message_type: str,
        content: dict[Any, Any],
        tx_id: str | None = None,
        ignore_unverified_devices: bool = True,
    ) -> Any:
        """Send an event, encrypted where the room is. Raises Unavailable or Denied besides nio's own errors."""
        room = self.rooms.get(room_id)
        if room is None:
            raise Denied(f"we are not in {room_id}", "M_FORBIDDEN", 403)
        if room.encrypted and message_type not in IN_THE_CLEAR:
            async with self._sharing[room_id]:
                await self._share(room, ignore_unverified_devices)
            message_type, content = self.encrypt(room_id, message_type, content)
        method, path, data = Api.room_send(self.access_token, room_id, message_type, content, tx_id or str(uuid4()))
        return await self._send(RoomSendResponse, method, path, data, (room_id,))

    async def _share(self, room: Any, everybody: bool) -> None:
        """See to it that every device in the room has the key of what we send next."""
        if not room.members_synced:
            await call(self.joined_members(room.room_id))
        if self.should_query_keys:
            await call(self.keys_query())
        while self.olm.should_share_group_session(room.room_id):
            if missing := self.get_missing_sessions(room.room_id):
                await call(self.keys_claim(missing))
            shares = self.olm.share_group_session_parallel(
                room.room_id, list(room.users), ignore_unverified_devices=everybody
            )
            for devices, content in shares:
                method, path, data = Api.to_device(self.access_token, "m.room.encrypted", content, uuid4())
                await call(
                    self._send(ShareGroupSessionResponse, method, path, data, response_data=(room.room_id, devices))
                )
            if session := self.olm.outbound_group_sessions.get(room.room_id):
                session.shared = True

    def opened(self, event: Any) -> Any:
        """The event decrypted, or None when its key is not here."""
        try:
            return self.olm.decrypt_megolm_event(event)
        except EncryptionError:
            return None
        except Exception as error:  # whatever a stranger can make nio raise
            log.info("matrix: %s can't be decrypted: %r", event.event_id, error)
            return None

    def _handle_decrypt_to_device(self, event: Any) -> Any:
        if str(event.source.get("type", "")).startswith("m.key.verification."):
            return None
        try:
            return super()._handle_decrypt_to_device(event)
        except Exception as error:  # whatever a stranger can make nio raise
            log.info("matrix: a message to this device from %s can't be read: %r", event.sender, error)
            return None

    def _handle_timeline_event(self, event: Any, room_id: str, room: Any, encrypted_rooms: set[str]) -> Any:
        try:
            return super()._handle_timeline_event(event, room_id, room, encrypted_rooms)
        except Exception as error:  # whatever a stranger can make nio raise
            log.info("matrix: an event in %s can't be read: %r", room_id, error)
            return None

    def _handle_messages_response(self, response: Any) -> None:
        for index, event in enumerate(response.chunk):
            if isinstance(event, MegolmEvent) and self.olm and (found := self.opened(event)):
                response.chunk[index] = found

    def _handle_olm_events(self, response: Any) -> None:
        super()._handle_olm_events(response)
        count = response.device_key_count.signed_curve25519
        if count is not None:  # nio takes 0 for "unknown", and then publishes none
            self.olm.uploaded_key_count = count
