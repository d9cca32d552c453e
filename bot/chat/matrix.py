"""Matrix: hears rooms, answers in threads, loses nothing and repeats nothing.

Rules of this file:
- The sync token is saved when everything before it was handled, so a crash repeats work and never loses
  it; an answer's transaction id is made of its question's event id, so the repeated work sends nothing twice.
- Without a saved token nothing is answered that is there already; with one, everything since it is, also
  what a sync leaves out (a gap is filled by paging back), and never what was written before the bot joined.
- One question of a thread at a time, a few threads at a time, and no more syncing while much is undone.
- A homeserver that is away is waited for, with one log line when it goes and one when it is back.
"""

from __future__ import annotations

import asyncio
import fnmatch
import logging
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

from bot.chat import ChatRefused, Handler, Incoming, Parcel, Profile, Undelivered
from bot.chat.matrix_calls import Denied, Link, Unavailable, call
from bot.chat.matrix_events import Place, Raw, after_join, encryption_of, incoming
from bot.chat.matrix_reply import MatrixReply, Typing, transaction
from bot.chat.matrix_session import Folder, Session, connected, log_in
from bot.settings import MatrixSettings

if TYPE_CHECKING:
    from nio import AsyncClient

log = logging.getLogger(__name__)

LONG_POLL = 30.0  # seconds the homeserver may hold a sync
AT_A_TIME = 8  # threads being answered
UNDONE = 200  # messages taken over and not yet handled, at which syncing pauses
PAGE = 100  # events of a sync's timeline, and of a page of a gap
MOST_PAGES = 50  # pages of one room's gap
FILTER = {
    "presence": {"types": []},
    "account_data": {"types": []},
    "room": {"timeline": {"limit": PAGE}, "ephemeral": {"types": []}, "account_data": {"types": []}},
}
GAP_FILTER = {"types": ["m.room.message", "m.room.member", "m.room.encrypted", "m.room.encryption"]}
NOT_ENCRYPTED = (
    "This room is encrypted, and I can't read encrypted rooms yet. "
    "Ask me in a room without encryption, or in a direct chat that was created without it."
)


class Matrix:
    """One account on a homeserver, as a ``Chat``.

    ``data`` is krab's data directory. ``allow`` holds patterns of user ids whose invitations are accepted
    ("@*:example.org"); empty is everybody of the bot's own homeserver.
    """

    name = "matrix"

    def __init__(self, settings: MatrixSettings, data: Path, *, allow: tuple[str, ...] = ()) -> None:
        self._settings = settings
        self._data = data
        self._allow = allow

    async def run(self, handler: Handler) -> None:
        """Deliver messages until cancelled. Raises ChatRefused when the homeserver won't have us."""
        logging.getLogger("nio").setLevel(logging.ERROR)  # it warns at every attempt; we say it once
        link = Link(self._settings.homeserver)
        folder = await asyncio.to_thread(Folder, self._data / "matrix")
        while True:
            session = await self._log_in(folder, link)
            async with connected(session, folder) as client:
                logged_out = await Rooms(client, folder, handler, self._allow or _own_server(session)).follow(link)
            await link.down(Unavailable(str(logged_out)))  # the next login says why, or is a new device

    async def send(self, parcel: Parcel) -> str:
        """See ``Chat``: not yet."""
        raise Undelivered(f"{parcel.channel} can't be written to by krab itself yet", after=3600)

    async def profile(self, user: str) -> Profile:
        """Matrix tells no time zones."""
        return Profile(user)

    async def _log_in(self, folder: Folder, link: Link) -> Session:
        while True:
            try:
                session = await log_in(self._settings, folder)
            except Unavailable as error:
                await link.down(error)
            else:
                log.info("matrix: logged in as %s, device %s", session.user, session.device)
                return session


class Rooms:
    """What happens in the rooms of one session: follows it, and hands over what is for hearing."""

    def __init__(self, client: AsyncClient, folder: Folder, handler: Handler, allow: tuple[str, ...]) -> None:
        self._client = client
        self._folder = folder
        self._handler = handler
        self._allow = allow
        self._typing = Typing(client)
        self._slots = asyncio.Semaphore(AT_A_TIME)
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._since = ""  # the token saved last
        self._lost = False  # an answer was left undelivered: what follows is heard again by the next session
        self._undone = 0
        self._less = asyncio.Event()

    async def follow(self, link: Link) -> Denied:
        """Sync until the login is no longer valid; returns what the homeserver said then."""
        since, whole = await asyncio.to_thread(self._folder.since, self._client.user_id), True
        saved: asyncio.Task[None] | None = None
        async with asyncio.TaskGroup() as tasks:
            while True:
                try:
                    batch, heard = await self._next(since, whole)
                except Unavailable as error:
                    await link.down(error)
                except Denied as error:
                    if error.logged_out:
                        return error
                    since, whole = await self._refused(error, since, link), True
                else:
                    link.up()
                    handled = [tasks.create_task(self._handle(message)) for message in heard]
                    saved = tasks.create_task(self._save(saved, handled, batch.next_batch))
                    since, whole = batch.next_batch, False
                    await self._catch_up()

    async def _refused(self, error: Denied, since: str, link: Link) -> str:
        """Where to go on after a refused sync: a homeserver set up anew does not know our token."""
        if since and error.status == 400:
            log.warning("matrix: the homeserver does not know where we were (%s): starting from now", error)
            return ""
        await link.down(Unavailable(str(error)))
        return since

    async def _next(self, since: str, whole: bool) -> tuple[Any, list[Incoming]]:
        """The next sync, and the messages in it that are for hearing, oldest first in each room."""
        poll = 0.0 if whole else LONG_POLL
        request = self._client.sync(
            timeout=int(poll * 1000), sync_filter=FILTER, since=since or None, full_state=whole or None
        )
        batch = await call(request, limit=poll + 60)
        heard: list[Incoming] = []
        for room, info in batch.rooms.join.items():
            heard += await self._room(room, info, since) if since else []
        for room, invitation in batch.rooms.invite.items():
            await self._invited(room, invitation)
        return batch, heard

    async def _room(self, room: str, info: Any, since: str) -> list[Incoming]:
        """What is for hearing in one room's share of a sync."""
        me = self._client.user_id
        events: Sequence[Raw] = [e.source for e in info.timeline.events]
        known, joined = after_join(events, me)
        if info.timeline.limited and not joined:
            known, joined = after_join([*await self._gap(room, info.timeline.prev_batch, since), *events], me)
        if self._client.rooms[room].encrypted:
            await self._excuse(room, joined or encryption_of(known))
            return []
        place = self._place(room)
        return [message for event in known if (message := incoming(event, place))]

    async def _gap(self, room: str, newest: str | None, since: str) -> list[Raw]:
        """The events between ``since`` and ``newest``, oldest first; back to our joining at most."""
        found: list[Raw] = []
        for _ in range(MOST_PAGES):
            try:
                page = await call(
                    self._client.room_messages(room, start=newest, end=since, limit=PAGE, message_filter=GAP_FILTER)
                )
            except Denied as error:
                log.warning("matrix: %s: what was written meanwhile can't be read: %s", room, error)
                return found[::-1]
            found += [e.source for e in page.chunk]
            newest = page.end
            if not page.chunk or not newest or after_join([e.source for e in page.chunk], self._client.user_id)[1]:
                return found[::-1]
        log.warning("matrix: %s: more than %d messages were missed, the oldest stay unread", room, MOST_PAGES * PAGE)
        return found[::-1]

    def _place(self, room: str) -> Place:
        state, me = self._client.rooms[room], self._client.user_id
        own = state.users.get(me)
        return Place(room, me, (own.display_name if own else "") or "", len(state.users))

    async def _invited(self, room: str, invitation: Any) -> None:
        """Join when the one who invites may invite us. A failure of the network is the caller's."""
        me = self._client.user_id
        members = (e for e in invitation.invite_state if getattr(e, "state_key", None) == me)
        inviter = next((e.sender for e in members if getattr(e, "membership", "") == "invite"), "")
        if not any(fnmatch.fnmatchcase(inviter, pattern) for pattern in self._allow):
            log.info("matrix: %s invites us to %s, and is not on the list of those who may", inviter, room)
            return
        try:
            await call(self._client.join(room))
            log.info("matrix: joined %s, invited by %s", room, inviter)
        except Denied as error:
            log.warning("matrix: can't join %s, to which %s invites us: %s", room, inviter, error)

    async def _excuse(self, room: str, why: str) -> None:
        """Say once that we can't read here: when we join an encrypted room, or when it becomes encrypted."""
        if not why:
            return
        from nio import Api, RoomSendResponse

        content = {"msgtype": "m.notice", "body": NOT_ENCRYPTED, "m.mentions": {}}
        token, txn = self._client.access_token, transaction(why, "excuse")
        method, path, data = Api.room_send(token, room, "m.room.message", content, txn)
        with suppress(Denied):  # room_send would encrypt, for devices that ours is not signed for
            await call(self._client._send(RoomSendResponse, method, path, data, (room,)))

    async def _handle(self, message: Incoming) -> None:
        """Hand one message over, in its thread's turn. A failing handler costs one answer, not the bot."""
        self._undone += 1
        turn = self._turns.setdefault(message.thread, asyncio.Lock())
        reply = MatrixReply(self._client, self._typing, message)
        try:
            async with turn, self._slots:
                await self._handler(message, reply)
        except ChatRefused:
            self._lost = True
        except Exception:
            log.exception("matrix: %s in %s was not answered", message.key, message.channel)
        finally:
            self._undone -= 1
            self._less.set()
            await reply.done()

    async def _catch_up(self) -> None:
        """Wait until little enough is undone."""
        while self._undone > UNDONE:
            self._less.clear()
            await self._less.wait()

    async def _save(self, before: asyncio.Task[None] | None, handled: list[asyncio.Task[None]], since: str) -> None:
        """Keep the sync token once its batch and every earlier one are handled."""
        if before:
            await before
        if handled:
            await asyncio.wait(handled)
        if since != self._since and not self._lost:
            await asyncio.to_thread(self._folder.keep_since, self._client.user_id, since)
            self._since = since


def _own_server(session: Session) -> tuple[str]:
    """The pattern for everybody of our homeserver; an IPv6 server name has brackets."""
    return ("@*:" + session.user.partition(":")[2].replace("[", "[[]"),)
