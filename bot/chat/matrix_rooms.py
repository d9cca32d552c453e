"""What happens in the rooms of one Matrix account: followed, handed over, and remembered as done.

Rules of this file:
- The sync token is saved when everything before it was handled, so a crash repeats work and never loses
  it; an answer's transaction id is made of its question's event id, so the repeated work sends nothing twice.
- Without a saved token nothing is answered that is there already; with one, everything since it is, also
  what a sync leaves out (a gap is filled by paging back), and never what was written before the bot joined.
- What can't be decrypted yet waits on disk for its key, and is handled when that comes.
- One question of a thread at a time, a few threads of a person at a time, and no more syncing while much is undone.
- A homeserver that is away is waited for, with one log line when it goes and one when it is back.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

from bot.chat import ChatRefused, Handler, Incoming
from bot.chat.matrix_calls import Denied, Link, Unavailable, call
from bot.chat.matrix_doors import Doors
from bot.chat.matrix_events import Place, Raw, after_join, creators, incoming, target, verifies
from bot.chat.matrix_folder import Folder
from bot.chat.matrix_post import Post
from bot.chat.matrix_reply import MatrixReply, Typing
from bot.chat.matrix_unread import Unread
from bot.chat.matrix_verify import Verifier

if TYPE_CHECKING:
    from bot.chat.matrix_client import Client

log = logging.getLogger(__name__)

LONG_POLL = 30.0  # seconds the homeserver may hold a sync
SHORT_POLL = 2.0  # the same while messages wait for their keys
SHORTEST = 0.2  # seconds a sync without news takes at least: a broken proxy must not make us spin
AT_A_TIME = 4  # threads of one person that are being answered, so that nobody's flood keeps others waiting
UNDONE = 200  # messages taken over and not yet handled, at which syncing pauses
PAGE = 100  # events of a sync's timeline, and of a page of a gap
MOST_PAGES = 50  # pages of one room's gap
FILTER = {
    "presence": {"types": []},
    "account_data": {"types": []},
    "room": {"timeline": {"limit": PAGE}, "ephemeral": {"types": []}, "account_data": {"types": []}},
}
VERIFICATION = tuple(
    f"m.key.verification.{kind}" for kind in ("ready", "start", "accept", "key", "mac", "done", "cancel")
)
GAP_FILTER = {"types": ["m.room.message", "m.room.member", "m.room.encrypted", "m.reaction", *VERIFICATION]}


class Rooms:
    """Follows the rooms of one session, and hands over what is for hearing."""

    def __init__(
        self, client: Client, folder: Folder, post: Post, unread: Unread, doors: Doors, verifier: Verifier
    ) -> None:
        self._client = client
        self._folder = folder
        self._post = post
        self._unread = unread
        self._doors = doors
        self._verifier = verifier
        self._typing = Typing(client)
        self._slots: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._creators: dict[str, frozenset[str]] = {}
        self.ready = False  # whether a sync told us which rooms we are in
        self._since = ""  # the token saved last
        self._lost = False  # an answer was left undelivered: what follows is heard again by the next session
        self._undone = 0
        self._less = asyncio.Event()

    @property
    def post(self) -> Post:
        """Where krab's own messages go out."""
        return self._post

    async def follow(self, link: Link, handler: Handler) -> Denied:
        """Sync until the login is no longer valid; returns what the homeserver said then."""
        since, whole = await asyncio.to_thread(self._folder.since, self._client.user_id), True
        saved: asyncio.Task[None] | None = None
        async with asyncio.TaskGroup() as tasks:
            while True:
                try:
                    batch, heard, asides = await self._next(since, whole)
                except Unavailable as error:
                    await link.down(error)
                except Denied as error:
                    if error.logged_out:
                        return error
                    since, whole = await self._refused(error, since, link), True
                else:
                    link.up()
                    self.ready = True
                    handled = [tasks.create_task(self._handle(message, handler)) for message in heard]
                    handled += [tasks.create_task(self._aside(event, room)) for event, room in asides]
                    tasks.create_task(self._complain())
                    saved = tasks.create_task(self._save(saved, handled, batch.next_batch))
                    since, whole = batch.next_batch, False
                    await self._tend()
                    await self._catch_up()

    async def _tend(self) -> None:
        """Do what follows from a sync for our keys; what fails is due again after the next."""
        try:
            await self._client.tend()
        except (Unavailable, Denied) as error:
            log.debug("matrix: keys are not up to date: %s", error)

    async def _refused(self, error: Denied, since: str, link: Link) -> str:
        """Where to go on after a refused sync: a homeserver set up anew does not know our token."""
        if since and error.status == 400:
            log.warning("matrix: the homeserver does not know where we were (%s): starting from now", error)
            return ""
        await link.down(Unavailable(str(error)))
        return since

    async def _next(self, since: str, whole: bool) -> tuple[Any, list[Incoming], list[tuple[Raw, str]]]:
        """The next sync; the messages in it that are for hearing, oldest first in each room; verifications."""
        poll = 0.0 if whole else SHORT_POLL if self._unread.urgent else LONG_POLL
        began = time.monotonic()
        request = self._client.sync(
            timeout=int(poll * 1000), sync_filter=FILTER, since=since or None, full_state=whole or None
        )
        batch = await call(request, limit=poll + 60)
        heard: list[Incoming] = []
        asides: list[tuple[Raw, str]] = [(e.source, "") for e in batch.to_device_events]
        for room, info in batch.rooms.join.items():
            self._learn(room, info)
            events = await self._room(room, info, since) if since or room in self._doors.entered else []
            heard += self._heard(events, room)
            asides += [(event, room) for event in events]
            await self._doors.seen(room, info)
        for room, event in self._unread.readable():
            late = list(self._heard([event], room))
            heard += late
            asides.append((event, room))
            if not late:
                self._unread.settle(str(event["event_id"]))
        for room, invitation in batch.rooms.invite.items():
            await self._doors.invited(room, invitation)
        if batch.next_batch == since:
            await asyncio.sleep(max(SHORTEST - (time.monotonic() - began), 0))
        return batch, heard, [(e, room) for e, room in asides if verifies(e)]

    def _heard(self, events: Sequence[Raw], room: str) -> Iterator[Incoming]:
        if not events:
            return
        place = self._place(room)
        for event in events:
            if message := incoming(event, place, self._post.earlier(target(event), room)):
                yield message

    async def _room(self, room: str, info: Any, since: str) -> list[Raw]:
        """What was written in one room since the last sync; what can't be read yet is put aside."""
        me = self._client.user_id
        events = list(info.timeline.events)
        known, joined = after_join([e.source for e in events], me)
        if not (since or joined):
            return []
        if info.timeline.limited and not joined:
            events = [*await self._gap(room, info.timeline.prev_batch, since), *events]
            known, joined = after_join([e.source for e in events], me)
        fresh = events[len(events) - len(known) :]
        return [event.source for event in fresh if not self._unread.put_aside(room, event)]

    async def _gap(self, room: str, newest: str | None, since: str) -> list[Any]:
        """The events between ``since`` and ``newest``, oldest first; back to our joining at most."""
        found: list[Any] = []
        for _ in range(MOST_PAGES):
            try:
                page = await call(
                    self._client.room_messages(room, start=newest, end=since, limit=PAGE, message_filter=GAP_FILTER)
                )
            except Denied as error:
                log.warning("matrix: %s: what was written meanwhile can't be read: %s", room, error)
                return found[::-1]
            found += page.chunk
            newest = page.end
            if not page.chunk or not newest or after_join([e.source for e in page.chunk], self._client.user_id)[1]:
                return found[::-1]
        log.warning("matrix: %s: more than %d messages were missed, the oldest stay unread", room, MOST_PAGES * PAGE)
        return found[::-1]

    def _learn(self, room: str, info: Any) -> None:
        """Remember who made the room: since room version 12 that is a power above all levels."""
        for event in (*info.state, *info.timeline.events):
            if event.source.get("type") == "m.room.create":
                self._creators[room] = creators(event.source)

    def _place(self, room: str) -> Place:
        state, me = self._client.rooms[room], self._client.user_id
        own, levels = state.users.get(me), state.power_levels
        mighty = (u for u in state.users if levels.get_user_level(u) >= levels.defaults.state_default)
        moderators = frozenset(mighty) | self._creators.get(room, frozenset())
        return Place(room, me, (own.display_name if own else "") or "", len(state.users), moderators)

    async def _handle(self, message: Incoming, handler: Handler) -> None:
        """Hand one message over, in its thread's turn. A failing handler costs one answer, not the bot."""
        self._undone += 1
        turn = self._turns.setdefault(message.thread, asyncio.Lock())
        slot = self._slots.setdefault(message.user, asyncio.Semaphore(AT_A_TIME))
        reply = MatrixReply(self._post, self._typing, message)
        try:
            async with turn, slot:
                await handler(message, reply)
                await reply.settle()
        except ChatRefused:
            self._lost = True
        except Exception:
            log.exception("matrix: %s in %s was not answered", message.key, message.channel)
        finally:
            self._undone -= 1
            self._less.set()
            await reply.done()
        if not self._lost:
            self._unread.settle(message.key)

    async def _aside(self, event: Raw, room: str) -> None:
        """Go on with a verification; what goes wrong with it harms nothing else."""
        try:
            await self._verifier.heard(event, room)
        except (Unavailable, Denied) as error:
            log.warning("matrix: a verification can't go on: %s", error)
        except Exception:
            log.exception("matrix: a verification failed")

    async def _complain(self) -> None:
        try:
            await self._unread.complain()
        except (Unavailable, Denied) as error:
            log.debug("matrix: nobody could be told that a message can't be read: %s", error)
        except Exception:
            log.exception("matrix: asking for keys failed")

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
