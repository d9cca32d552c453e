"""Slack, over Bolt: Socket Mode or signed HTTP requests in, the Web API out.

Rules of this file:
- Slack is acknowledged at once and the work done in tasks of our own, awaited when krab stops. What
  Slack sends twice comes through twice: telling duplicates apart is the dispatcher's.
- A request over HTTP is believed after its signature was checked, and parsed after it was believed.
- The socket heals by itself; credentials that Slack refuses end ``run`` with advice.
"""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import Callable, Coroutine
from typing import Any

from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response
from slack_bolt.adapter.socket_mode.async_internals import run_async_bolt_app, send_async_response
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_sdk.http_retry.builtin_async_handlers import (
    AsyncConnectionErrorRetryHandler,
    AsyncRateLimitErrorRetryHandler,
    AsyncServerErrorRetryHandler,
)
from slack_sdk.socket_mode.async_client import AsyncBaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.web.async_client import AsyncWebClient

from bot.chat import ChatRefused, Handler, Incoming, Parcel, Profile
from bot.chat import text as words
from bot.chat.slack_blocks import plain_text
from bot.chat.slack_events import Me, read
from bot.chat.slack_post import FOREIGN, Pace, Poster, SlackReply, translate
from bot.chat.slack_request import readable, signed
from bot.chat.slack_socket import Socket, quiet
from bot.settings import SlackSettings

log = logging.getLogger(__name__)

GRACE = 10.0  # seconds that running answers get when krab stops
LONGEST_WAIT = 60.0  # seconds between two tries to reach Slack


class Slack:
    """The ``Chat`` for one Slack workspace."""

    name = "slack"

    def __init__(
        self,
        settings: SlackSettings,
        *,
        pace: float = 1.0,
        ping: float = 10.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """``pace`` and ``ping`` are seconds: between posts to a channel, between looks at the socket."""
        self._settings = settings
        self._ping = ping
        self._clock = clock
        self._client = AsyncWebClient(
            settings.bot_token.reveal(),
            base_url=settings.api_url,
            logger=quiet(log),
            retry_handlers=[
                AsyncConnectionErrorRetryHandler(),
                AsyncServerErrorRetryHandler(),
                AsyncRateLimitErrorRetryHandler(max_retry_count=3),
            ],
        )
        self._poster = Poster(self._client, Pace(pace))
        self._tasks: set[asyncio.Task[None]] = set()
        self._bolt: AsyncApp | None = None
        self._end: asyncio.Future[ChatRefused] | None = None

    def reply(self, incoming: Incoming) -> SlackReply:
        """Where the answer to a message goes, also to one that an earlier process received."""
        return SlackReply(self._poster, incoming)

    async def run(self, handler: Handler) -> None:
        """Connect and deliver messages to ``handler`` until cancelled; see ``Chat``."""
        _check(self._settings)
        self._end = asyncio.get_running_loop().create_future()
        me = await self._introduce()
        self._bolt = self._app(me, handler)
        try:
            raise await (self._listen(self._bolt) if self._settings.mode == "socket" else self._end)
        finally:
            self._bolt = None
            await self._drain()

    async def send(self, parcel: Parcel) -> str:
        """Post or edit a message of krab's own; see ``Chat``."""
        shown = plain_text(words.card(parcel.card))
        if parcel.edits:
            await self._poster.replace(parcel.channel, parcel.edits, shown)
            return parcel.edits
        return await self._poster.say(parcel.channel, parcel.thread, shown)

    async def profile(self, user: str) -> Profile:
        """What Slack says of a person: nothing yet."""
        return Profile(user)

    async def webhook(self, request: web.Request) -> web.Response:
        """Take a request from Slack (mode "http"): mount it as the POST handler of the Request URL."""
        body = await request.read()
        secret = self._settings.signing_secret.reveal()
        if not signed(body, request.headers, secret, self._clock):
            return web.Response(status=401, text="the signature is missing, wrong or stale")
        if not readable(body):
            return web.Response(status=400, text="not an event of the Events API")
        if self._bolt is None:
            return web.Response(status=503, text="not connected yet", headers={"Retry-After": "5"})
        try:
            read_by_bolt = AsyncBoltRequest(body=body.decode(), headers=dict(request.headers))
        except (AttributeError, KeyError, TypeError, ValueError):  # Bolt takes the shape of a body for granted
            return web.Response(status=400, text="not understood")
        response: web.Response = await to_aiohttp_response(await self._bolt.async_dispatch(read_by_bolt))
        return response if response.status < 500 else web.Response(status=400, text="not understood")

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
                log.warning("%s; trying again in %.0f s", problem, wait)
            await asyncio.sleep(wait)
            wait = min(wait * 2, LONGEST_WAIT)
        if not found.get("bot_id"):
            raise ChatRefused(self.name, "KRAB_SLACK_BOT_TOKEN is a person's token; use the bot's (xoxb-…)")
        log.info("slack: this is %s in %s", found.get("user"), found.get("team"))
        return Me(str(found["user_id"]), str(found["bot_id"]), str(found.get("team_id", "")))

    def _app(self, me: Me, handler: Handler) -> AsyncApp:
        """A Bolt app that reads messages and acknowledges everything else.

        It is told who we are instead of asking Slack again; over HTTP, ``webhook`` has verified before.
        """
        own = AuthorizeResult(
            enterprise_id=None,
            team_id=me.team,
            bot_user_id=me.user,
            bot_id=me.bot,
            bot_token=self._settings.bot_token.reveal(),
        )

        async def authorize() -> AuthorizeResult:
            return own

        async def deliver(event: dict[str, Any]) -> None:
            if incoming := read(event, me):
                self._spawn(handler(incoming, self.reply(incoming)))

        async def acknowledge() -> None:
            """Events that the app is subscribed to and krab has no use for."""

        app = AsyncApp(
            name="krab",
            logger=quiet(log),
            client=AsyncWebClient(base_url=self._settings.api_url),
            authorize=authorize,
            request_verification_enabled=False,
        )
        app.event("app_mention")(deliver)
        app.event("message")(deliver)
        app.event(re.compile(".*"))(acknowledge)
        return app

    async def _listen(self, app: AsyncApp) -> ChatRefused:
        """Hold a socket open until Slack refuses us."""
        assert self._end is not None
        socket = Socket(self._settings.app_token.reveal(), self._client, ping=self._ping, refused=self._refuse)

        async def dispatch(_: AsyncBaseSocketModeClient, request: SocketModeRequest) -> None:
            await send_async_response(socket, request, await run_async_bolt_app(app, request), time.time())

        socket.socket_mode_request_listeners.append(dispatch)
        async with socket.open():
            return await self._end

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
            log.error("slack: a message was not handled", exc_info=error)

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


def _check(settings: SlackSettings) -> None:
    """Refuse what can't work, before anything is asked of Slack."""
    if settings.mode not in ("socket", "http"):
        raise ChatRefused("slack", f'mode is "socket" or "http", not "{settings.mode}"')
    if not settings.bot_token:
        raise ChatRefused("slack", "set KRAB_SLACK_BOT_TOKEN (xoxb-…)")
    if settings.mode == "socket" and not settings.app_token:
        raise ChatRefused("slack", "set KRAB_SLACK_APP_TOKEN (xapp-…), which Socket Mode needs")
    if settings.mode == "http" and not settings.signing_secret:
        raise ChatRefused("slack", "set KRAB_SLACK_SIGNING_SECRET, which Request URLs need")
