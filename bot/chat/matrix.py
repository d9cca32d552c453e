"""Matrix: hears rooms, answers in threads, on one homeserver or on several.

Rules of this file: every account follows its own rooms and keeps its own folder; one that is refused harms no
other. What krab sends by itself goes out by the account that is in the room, or nearest to the person.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from bot.chat import ChatRefused, Handler, Parcel, Profile, Undelivered
from bot.chat.matrix_calls import Denied, Link, Unavailable, request
from bot.chat.matrix_card import card_messages
from bot.chat.matrix_folder import Folder, Session
from bot.chat.matrix_memory import Memory
from bot.chat.matrix_post import Cause, Post, contents
from bot.chat.matrix_session import connected, log_in, stay
from bot.settings import MatrixSettings
from index.database import Database
from index.sqlite import Sqlite

if TYPE_CHECKING:
    from bot.chat.matrix_client import Client
    from bot.chat.matrix_rooms import Rooms

log = logging.getLogger(__name__)

REMEMBERED = 90 * 86400.0  # seconds for which what was said can be edited and reacted to
GRACE = 15.0
NOT_YET = 10.0  # seconds after which it is worth trying again while we are not connected


class StoreLost(Exception):
    """The device's keys are not on this disk, so it can't read: another device is needed."""


@dataclass(frozen=True, slots=True)
class Line:
    """An account that is connected now."""

    client: Client
    rooms: Rooms

    @property
    def post(self) -> Post:
        """Where krab's own messages go out."""
        return self.rooms.post


class Matrix:
    """One or more accounts, as a ``Chat``.

    ``data`` is krab's data directory; ``admins`` are the user ids that may verify the bot; ``grace`` is how many
    seconds the key of an encrypted message may be late before we say so.
    """

    name = "matrix"

    def __init__(
        self,
        settings: MatrixSettings,
        data: Path,
        *,
        admins: Sequence[str] = (),
        grace: float = GRACE,
        memory: Callable[[], Database] | None = None,
    ) -> None:
        """``memory`` opens the database of what was said; a file in ``data`` when absent."""
        told = [account for account in (settings, *settings.accounts) if account] or [settings]
        opens = memory or partial(Sqlite, data / "state.db")
        self._accounts = [Account(account, data, frozenset(admins), grace=grace, memory=opens) for account in told]

    async def run(self, handler: Handler) -> None:
        """Deliver messages until cancelled. Raises ChatRefused when no homeserver will have us."""
        logging.getLogger("nio").setLevel(logging.CRITICAL)  # it says everything at every attempt; we say it once
        if len(self._accounts) == 1:
            await self._accounts[0].run(handler)
            return
        ends = await asyncio.gather(*(self._run(account, handler) for account in self._accounts))
        raise ends[0]

    @staticmethod
    async def _run(account: Account, handler: Handler) -> ChatRefused:
        try:
            await account.run(handler)
        except ChatRefused as refusal:
            log.error("matrix: account %s: %s; the others go on", account.name, refusal.advice)
            return refusal
        except Exception:
            log.exception("matrix: account %s is stopped by an error of ours; the others go on", account.name)
        return ChatRefused("matrix", f"account {account.name} was stopped by an error: see the log")

    async def send(self, parcel: Parcel) -> str:
        """See ``Chat``. The reference is the id of the event that can be edited."""
        line = self._line(parcel.channel)
        if line is None:
            raise Undelivered("Matrix is not connected", after=NOT_YET)
        try:
            return await _sent(line, parcel)
        except Unavailable as error:
            raise Undelivered(str(error), after=error.retry_after or NOT_YET) from error
        except Denied as error:
            raise Undelivered(str(error), after=NOT_YET, forever=not error.logged_out) from error

    async def profile(self, user: str) -> Profile:
        """See ``Chat``."""
        line = self._line(user)
        if line is None:
            return Profile()
        try:
            found = await request(line.client, "GET", f"/profile/{quote(user, safe='')}")
        except (Unavailable, Denied):
            return Profile()
        zone = found.get("m.tz") or found.get("us.cloke.msc4175.tz")
        name = found.get("displayname")
        return Profile(name if isinstance(name, str) else "", zone if isinstance(zone, str) else "")

    def _line(self, channel: str) -> Line | None:
        """Who is connected and nearest to a room or a person."""
        lines = [line for account in self._accounts if (line := account.line)]
        return max(lines, key=lambda line: _nearness(line, channel), default=None)


class Account:
    """One account on one homeserver."""

    def __init__(
        self,
        settings: MatrixSettings,
        data: Path,
        admins: frozenset[str],
        *,
        grace: float,
        memory: Callable[[], Database],
    ) -> None:
        self.name = settings.name or settings.user or "matrix"
        self._line: Line | None = None
        self._settings = settings
        self._data = data
        self._admins = admins
        self._grace = grace
        self._memory = memory

    @property
    def line(self) -> Line | None:
        """The connection, once it is known which rooms we are in."""
        return self._line if self._line and self._line.rooms.ready else None

    async def run(self, handler: Handler) -> None:
        """Deliver messages until cancelled. Raises ChatRefused when the homeserver won't have us."""
        link = Link(self._settings.homeserver or self._settings.user)
        folder = await asyncio.to_thread(self._folder)
        database = self._memory()
        try:
            memory = Memory(database)
            memory.forget_before(time.time() - REMEMBERED)
            await self._stay(folder, memory, handler, link)
        finally:
            database.close()

    async def _stay(self, folder: Folder, memory: Memory, handler: Handler, link: Link) -> None:
        anew = False
        while True:
            session = await self._log_in(folder, link, anew)
            anew = False
            try:
                logged_out = await self._serve(session, folder, memory, handler, link)
            except StoreLost as lost:
                anew = self._may_start_anew(session, lost)
            else:
                await link.down(Unavailable(str(logged_out)))  # the next login says why, or is a new device

    async def _serve(self, session: Session, folder: Folder, memory: Memory, handler: Handler, link: Link) -> Denied:
        from bot.chat.matrix_doors import Doors
        from bot.chat.matrix_rooms import Rooms
        from bot.chat.matrix_unread import Unread
        from bot.chat.matrix_verify import Verifier

        async with connected(session, folder) as client:
            refreshing = asyncio.create_task(stay(client, folder, session))
            try:
                master = await self._trusted(client, folder, link)
                verifier = Verifier(client, master, self._admins)
                post = Post(client, memory)
                unread = Unread(client, memory, post, grace=self._grace)
                doors = Doors(client, self._settings.allow_invites)
                rooms = Rooms(client, folder, post, unread, doors, verifier)
                self._line = Line(client, rooms)
                return await rooms.follow(link, handler)
            except Denied as error:
                if error.logged_out:
                    return error
                raise ChatRefused("matrix", f"the homeserver does not let krab set up its keys ({error})") from error
            finally:
                self._line = None
                refreshing.cancel()
                with suppress(asyncio.CancelledError):
                    await refreshing

    async def _trusted(self, client: Client, folder: Folder, link: Link) -> str:
        """Publish the device's keys and have them signed; the account's master key. Waits for the homeserver."""
        from bot.chat.matrix_identity import Signer

        signer = Signer(client, folder, self._settings)
        while True:
            try:
                if await signer.lost():
                    raise StoreLost
                await client.tend()
                master = await signer.signed()
            except Unavailable as error:
                await link.down(error)
            else:
                link.up()
                if await asyncio.to_thread(folder.recovery_key):
                    log.warning(
                        "matrix: the account's recovery key waits to be written down: run `krab matrix recovery-key`,"
                        " and keep the key as KRAB_MATRIX_RECOVERY_KEY"
                    )
                return master

    async def _log_in(self, folder: Folder, link: Link, anew: bool) -> Session:
        while True:
            try:
                session = await log_in(self._settings, folder, anew=anew)
            except Unavailable as error:
                await link.down(error)
            else:
                log.info("matrix: logged in as %s, device %s", session.user, session.device)
                return session

    def _may_start_anew(self, session: Session, lost: StoreLost) -> bool:
        if self._settings.access_token or not self._settings.password:
            raise ChatRefused(
                "matrix",
                f"the encryption keys of device {session.device} are not in this data directory, so it can't read"
                " encrypted rooms: log in anew and set the new KRAB_MATRIX_ACCESS_TOKEN, or"
                " KRAB_MATRIX_PASSWORD in its place",
            ) from lost
        log.warning(
            "matrix: the encryption keys of device %s are not in this data directory: krab becomes a new device",
            session.device,
        )
        return True

    def _folder(self) -> Folder:
        return Folder(folder_of(self._settings, self._data))


def _nearness(line: Line, channel: str) -> int:
    if channel in line.client.rooms or line.post.known_direct(channel):
        return 2
    return int(channel.partition(":")[2] == line.client.user_id.partition(":")[2])


def folder_of(settings: MatrixSettings, data: Path) -> Path:
    """Where an account keeps its things; a further account has a folder of its own within."""
    return data / "matrix" / settings.name if settings.name else data / "matrix"


async def _sent(line: Line, parcel: Parcel) -> str:
    """Send a parcel, its picture first; the event that an edit of it names."""
    room = parcel.channel if parcel.channel.startswith("!") else await _room(line, parcel.channel)
    said = line.post.origin(parcel.edits) if parcel.edits else parcel.key
    if room not in line.client.rooms:
        await _join_comes(line, room)
    cause = Cause(parcel.key, said, room, parcel.thread)
    shown = contents(card_messages(parcel.card))
    if parcel.card.picture:
        shown.insert(0, await line.post.picture(room, parcel.card.picture))
    events = [await line.post.put(cause, part, content) for part, content in enumerate(shown)]
    if parcel.edits:
        await line.post.trim(cause, len(events))
    return events[0] if events else ""


async def _join_comes(line: Line, room: str) -> None:
    """Raises Unavailable when we are in the room and the next sync says so, Denied when we are not."""
    if room in (await request(line.client, "GET", "/joined_rooms")).get("joined_rooms", ()):
        raise Unavailable(f"{room} was joined only now", 1.0)
    raise Denied(f"we are not in {room}", "M_FORBIDDEN", 403)


async def _room(line: Line, channel: str) -> str:
    if channel.startswith("@"):
        return await line.post.direct(channel)
    if channel.startswith("#"):
        found = await request(line.client, "GET", f"/directory/room/{quote(channel, safe='')}")
        return str(found["room_id"])
    raise Denied(f"{channel} is neither a room nor a person", "M_INVALID_PARAM", 400)
