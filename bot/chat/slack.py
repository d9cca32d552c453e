"""Slack, over Bolt: Socket Mode or signed HTTP requests in, the Web API out.

Rules of this file:
- The work is done in tasks of our own, awaited when krab stops. Their first step claims the message in the
  database; only then is Slack told that it was taken, since it forgets it by that. What Slack sends twice comes
  through twice: telling duplicates apart is the dispatcher's.
- A request over HTTP is believed after its signature was checked, and parsed after it was believed.
- The socket heals by itself; credentials that Slack refuses end ``run`` with advice.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response
from slack_bolt.adapter.socket_mode.async_internals import run_async_bolt_app, send_async_response
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_sdk.socket_mode.async_client import AsyncBaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.web.async_client import AsyncWebClient

from bot.card import Card
from bot.chat import ChatRefused, Handler, Incoming, Parcel, Past, Profile
from bot.chat.slack_acts import Way
from bot.chat.slack_bolt import Ears, app
from bot.chat.slack_card import home_view
from bot.chat.slack_errors import FOREIGN, NotTaken, translate
from bot.chat.slack_events import Me
from bot.chat.slack_pace import Pace
from bot.chat.slack_parcels import Parcels
from bot.chat.slack_people import People
from bot.chat.slack_post import Poster
from bot.chat.slack_reply import Desk, SlackReply
from bot.chat.slack_request import readable, signed
from bot.chat.slack_socket import Socket, quiet
from bot.settings import SlackSettings

log = logging.getLogger(__name__)

GRACE = 10.0  # seconds that running answers get when krab stops
LONGEST_WAIT = 60.0  # seconds between two tries to reach Slack
TIMEOUT = 20  # seconds of a call


class Slack:
    """The ``Chat`` for one Slack workspace.

    ``health`` is "" while all is well, or what is wrong, in one line.
    """

    def __init__(
        self,
        settings: SlackSettings,
        *,
        home: Callable[[str, str], Sequence[Card]] | None = None,
        past: Past = Past(),  # noqa: B008 - frozen
        pace: float = 1.0,
        ping: float = 10.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """``home`` gives what stands in the App Home of a (service, user).

        ``pace`` and ``ping`` are seconds: between posts to a channel, between looks at the socket.
        """
        self.name = f"slack:{settings.name}" if settings.name else "slack"
        self._settings = settings
        self._home = home
        self._ping = ping
        self._clock = clock
        self._client = AsyncWebClient(
            settings.bot_token.reveal(), base_url=settings.api_url, timeout=TIMEOUT, logger=quiet(log)
        )
        self._poster = Poster(self._client, Pace(pace))
        self._parcels = Parcels(self._poster)
        self._people = People(self._client)
        publish = self._publish if home else None
        self._desk = Desk(self._poster, publish=publish, past=past, moderates=self._people.moderates)
        self._tasks: set[asyncio.Task[None]] = set()
        self._bolt: AsyncApp | None = None
        self._socket: Socket | None = None
        self._end: asyncio.Future[ChatRefused] | None = None
        self._problem = "not connected yet"

    @property
    def health(self) -> str:
        """What is wrong, or ""."""
        if self._problem or self._socket is None or self._socket.up:
            return self._problem
        return "the socket to Slack is being opened again"

    @property
    def door(self) -> str:
        """The path of the Request URL, "" with a socket."""
        ending = f"/{self._settings.name}" if self._settings.name else ""
        return f"/slack/events{ending}" if self._settings.mode == "http" else ""

    def reply(self, incoming: Incoming, way: Way | None = None) -> SlackReply:
        """Where the answer to a message goes, also to one that an earlier process received."""
        return SlackReply(self._desk, incoming, way or Way(), taken_over=way is None)

    async def run(self, handler: Handler) -> None:
        """Connect and deliver messages to ``handler`` until cancelled; see ``Chat``."""
        try:
            _check(self._settings)
            self._end = asyncio.get_running_loop().create_future()
            me = await self._introduce()
            ears = Ears(me, self._poster, self._desk.forms, self._spawn, self._opened if self._home else None)
            self._bolt = app(self._settings, ears, lambda heard, way: self._take(heard, way, handler))
            self._problem = ""
            raise await (self._listen(self._bolt) if self._settings.mode == "socket" else self._end)
        except ChatRefused as refusal:
            self._problem = refusal.advice
            raise ChatRefused(self.name, refusal.advice) from refusal
        finally:
            self._bolt = None
            await self._drain()

    async def send(self, parcel: Parcel) -> str:
        """Post or edit a message of krab's own; see ``Chat``."""
        return await self._parcels.send(parcel)

    async def profile(self, user: str) -> Profile:
        """What Slack says of a person."""
        return (await self._people.get(user)).profile

    async def webhook(self, request: web.Request) -> web.Response:
        """Take a request from Slack (mode "http"): mount it as the POST handler of the Request URL."""
        body = await request.read()
        secret = self._settings.signing_secret.reveal()
        if not signed(body, request.headers, secret, self._clock):
            return web.Response(status=401, text="the signature is missing, wrong or stale")
        if not readable(body):
            return web.Response(status=400, text="nothing that Slack sends looks like this")
        if self._bolt is None:
            return web.Response(status=503, text="not connected yet", headers={"Retry-After": "5"})
        try:
            read_by_bolt = AsyncBoltRequest(body=body.decode(), headers=dict(request.headers))
        except (AttributeError, KeyError, TypeError, ValueError):  # Bolt takes the shape of a body for granted
            return web.Response(status=400, text="not understood")
        response: web.Response = await to_aiohttp_response(await self._bolt.async_dispatch(read_by_bolt))
        await _begun()
        return response if response.status < 500 else web.Response(status=400, text="not understood")

    def _take(self, incoming: Incoming, way: Way, handler: Handler) -> None:
        self._spawn(handler(incoming, self.reply(incoming, way)))

    def _opened(self, user: str) -> None:
        self._spawn(self._publish(user, None))

    async def _publish(self, user: str, notice: Card | None) -> None:
        """Show somebody's App Home, with what was just done."""
        assert self._home
        cards = await asyncio.to_thread(self._home, self.name, user)
        try:
            await self._poster.publish(user, home_view(cards, notice))
        except NotTaken as error:
            log.warning("the App Home of %s was not shown: %s", user, error)

    async def _introduce(self) -> Me:
        """Ask Slack who we are, for as long as it can't be reached."""
        wait = 1.0
        while True:
            try:
                found = await self._client.auth_test()
                break
            except FOREIGN as error:
                problem = translate(error)
                if isinstance(problem, ChatRefused):
                    raise problem from error
                self._problem = str(problem)
                log.warning("%s; trying again in %.0f s", problem, max(wait, problem.after))
            await asyncio.sleep(max(wait, problem.after))
            wait = min(wait * 2, LONGEST_WAIT)
        if not found.get("bot_id"):
            raise ChatRefused(self.name, "KRAB_SLACK_BOT_TOKEN is a person's token; use the bot's (xoxb-…)")
        log.info("%s: this is %s in %s", self.name, found.get("user"), found.get("team"))
        return Me(str(found["user_id"]), str(found["bot_id"]), str(found.get("team_id", "")), self.name)

    async def _listen(self, bolt: AsyncApp) -> ChatRefused:
        """Hold a socket open until Slack refuses us."""
        assert self._end is not None
        socket = Socket(self._settings.app_token.reveal(), self._client, ping=self._ping, refused=self._refuse)

        async def dispatch(_: AsyncBaseSocketModeClient, request: SocketModeRequest) -> None:
            response = await run_async_bolt_app(bolt, request)
            await _begun()
            await send_async_response(socket, request, response, time.time())

        socket.socket_mode_request_listeners.append(dispatch)
        self._socket = socket
        try:
            async with socket.open():
                return await self._end
        finally:
            self._socket = None

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if isinstance(error, ChatRefused):
            self._refuse(error)
        elif error:
            log.error("%s: a message was not handled", self.name, exc_info=error)

    def _refuse(self, refusal: ChatRefused) -> None:
        if self._end and not self._end.done():
            self._end.set_result(refusal)

    async def _drain(self) -> None:
        """Let running answers end, for a while."""
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=GRACE)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)


async def _begun() -> None:
    """Let the tasks that were just made do their first step: a message is claimed before Slack forgets it."""
    await asyncio.sleep(0)


def _check(settings: SlackSettings) -> None:
    """Refuse what can't work, before anything is asked of Slack."""
    prefix = f"KRAB_SLACK_{settings.name.upper()}_" if settings.name else "KRAB_SLACK_"
    if settings.mode not in ("socket", "http"):
        raise ChatRefused("slack", f'mode is "socket" or "http", not "{settings.mode}"')
    if not settings.bot_token:
        raise ChatRefused("slack", f"set {prefix}BOT_TOKEN (xoxb-…)")
    if settings.mode == "socket" and not settings.app_token:
        raise ChatRefused("slack", f"set {prefix}APP_TOKEN (xapp-…), which Socket Mode needs")
    if settings.mode == "http" and not settings.signing_secret:
        raise ChatRefused("slack", f"set {prefix}SIGNING_SECRET, which Request URLs need")
