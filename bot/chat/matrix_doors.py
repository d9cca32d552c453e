"""Into which rooms the bot goes, which it leaves, and which it follows when they move.

Rules of this file: it joins when somebody invites it who may, follows a room that was replaced, and leaves
one in which it is alone. A failure here is logged and harms no other room.
"""

from __future__ import annotations

import fnmatch
import logging
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from bot.chat.matrix_calls import Denied, call, request

if TYPE_CHECKING:
    from bot.chat.matrix_client import Client

log = logging.getLogger(__name__)


class Doors:
    """The doors of one account. ``allow`` holds patterns of user ids ("@*:example.org"); empty is our own server."""

    def __init__(self, client: Client, allow: tuple[str, ...]) -> None:
        self._client = client
        self._allow = allow or (own_server(client.user_id),)
        self.entered: set[str] = set()  # rooms that we went into, or tried to, since we are connected

    async def invited(self, room: str, invitation: Any) -> None:
        """Join when the one who invites may invite us. A failure of the network is the caller's."""
        me = self._client.user_id
        members = (e for e in invitation.invite_state if getattr(e, "state_key", None) == me)
        inviter = next((e.sender for e in members if getattr(e, "membership", "") == "invite"), "")
        if not any(fnmatch.fnmatchcase(inviter, pattern) for pattern in self._allow):
            log.info("matrix: %s invites us to %s, and is not on the list of those who may", inviter, room)
            return
        self.entered.add(room)  # before it is known how that ends: the answer may be lost on the way
        try:
            await call(self._client.join(room))
            log.info("matrix: joined %s, invited by %s", room, inviter)
        except Denied as error:
            log.warning("matrix: can't join %s, to which %s invites us: %s", room, inviter, error)

    async def seen(self, room: str, info: Any) -> None:
        """Look at what a sync says about a room: whether it moved, and whether we are alone in it now."""
        for event in (*info.state, *info.timeline.events):
            if event.source.get("type") == "m.room.tombstone":
                await self._follow(room, event.source)
        if any(_left(event.source, self._client.user_id) for event in info.timeline.events):
            await self._leave_alone(room)

    async def _follow(self, room: str, tombstone: dict[str, Any]) -> None:
        new = tombstone["content"].get("replacement_room")
        if not isinstance(new, str):
            return
        if new in self._client.rooms:
            await self._leave(room, f"it has moved to {new}")
            return
        self.entered.add(new)
        via = quote(str(tombstone.get("sender", "")).partition(":")[2], safe="")
        try:
            await request(self._client, "POST", f"/join/{quote(new, safe='')}?via={via}&server_name={via}", {})
            log.info("matrix: %s has moved to %s: followed", room, new)
            await self._leave(room, f"it has moved to {new}")
        except Denied as error:
            log.warning("matrix: %s has moved to %s, where we can't follow: %s", room, new, error)

    async def _leave_alone(self, room: str) -> None:
        state = self._client.rooms.get(room)
        if state is None or set(state.users) - {self._client.user_id}:
            return
        await self._leave(room, "nobody else is there")

    async def _leave(self, room: str, why: str) -> None:
        try:
            await call(self._client.room_leave(room))
            log.info("matrix: left %s: %s", room, why)
        except Denied as error:
            log.warning("matrix: can't leave %s: %s", room, error)


def own_server(user: str) -> str:
    """The pattern for everybody of ``user``'s homeserver; an IPv6 server name has brackets."""
    return "@*:" + user.partition(":")[2].replace("[", "[[]")


def _left(event: dict[str, Any], me: str) -> bool:
    content = event.get("content")
    membership = content.get("membership") if isinstance(content, dict) else None
    return event.get("type") == "m.room.member" and event.get("state_key") != me and membership in ("leave", "ban")
