"""The stand-in as a server: it speaks Slack's protocols and leaves the rules to ``rules``."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter, deque
from collections.abc import Callable
from types import TracebackType
from typing import Any

from aiohttp import web

from tests.slack_standin import web_api
from tests.slack_standin.delivery import HttpDelivery, SocketDelivery
from tests.slack_standin.people import Hands
from tests.slack_standin.rules import METHODS
from tests.slack_standin.workspace import APP_ID, BOT_USER, RESPONSES, TEAM, App, Channel, Message, Person, Workspace

# Fields of a form that hold JSON: https://docs.slack.dev/apis/web-api/#post_bodies
_JSON_FIELDS = ("blocks", "view", "metadata", "files", "prompts", "loading_messages")


class SlackStandIn:
    """A running Slack: ``async with SlackStandIn() as slack``, then ``slack.api_url``.

    ``post_every`` is the seconds between two posts to a channel that are allowed.
    """

    def __init__(self, app: App | None = None, *, post_every: float = 0.0, ack_within: float = 3.0) -> None:
        self.workspace = Workspace(app or App.from_manifest())
        self.socket = SocketDelivery(ack_within)
        self.http: HttpDelivery | None = None
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.limited: Counter[str] = Counter()  # method → requests answered with 429
        self.swallowing = 0  # posts that are made, and answered with an error all the same
        self.limiting = 0.0  # until then (by the monotonic clock) every request is
        self.down = False  # every request is answered with 503
        self.slow: dict[str, float] = {}  # method → the seconds it takes
        self.failing: dict[str, str] = {}  # method → the error it answers with
        self._post_every = post_every
        self._last_post: dict[str, float] = {}
        self._recent: dict[str, deque[float]] = {}  # method → when it was called in the last minute
        self.hands = Hands(self.workspace, self._send)
        self._events = 0
        self._deliveries: set[asyncio.Task[None]] = set()
        for id_, kind in (("C1", "channel"), ("C2", "channel"), ("G1", "group"), ("D1", "im")):
            self.workspace.channels[id_] = Channel(id_, kind)
        for name in ("Ann", "Bob", "Root"):
            self.workspace.people[f"U{name.upper()}"] = Person(f"U{name.upper()}", name, admin=name == "Root")

    async def __aenter__(self) -> SlackStandIn:
        app = web.Application()
        app.router.add_route("*", "/api/{method}", self._api)
        app.router.add_get("/link", self.socket.connect)
        app.router.add_post("/response/{token}", self._response)
        app.router.add_post("/upload/{file}", self._upload)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.port: int = self._runner.addresses[0][1]
        self.workspace.base = f"http://127.0.0.1:{self.port}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._deliveries:
            task.cancel()
        await asyncio.gather(*self._deliveries, return_exceptions=True)
        await self._runner.cleanup()

    @property
    def api_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/api/"

    @property
    def transcript(self) -> list[Message]:
        return self.workspace.transcript

    # what people do

    async def say(self, text: str, channel: str = "C1", *, user: str = "UANN", thread: str = "", times: int = 1) -> str:
        """Somebody writes; every event for it is delivered ``times`` times. The message's ts."""
        message = Message(channel, self.workspace.new_ts(), user, text, thread)
        self.workspace.write(message)
        for event in self.workspace.events_for(message) * times:
            self.deliver(event)
        return message.ts

    def ask(self, text: str) -> str:
        """``text`` with the bot's mention before it."""
        return f"<@{BOT_USER}> {text}"

    def deliver(self, event: dict[str, Any]) -> None:
        """Send an event to the app, over HTTP when it has a Request URL, else through its socket."""
        self._send("events_api", event)

    def _send(self, kind: str, what: dict[str, Any]) -> None:
        payload = self._callback(what) if kind == "events_api" else what
        task = asyncio.get_running_loop().create_task((self.http or self.socket).deliver(payload, kind))
        self._deliveries.add(task)
        task.add_done_callback(self._deliveries.discard)

    # what tests look at

    def by_krab(self, thread: str | None = None) -> list[Message]:
        """What the app wrote for all to see, in one thread or everywhere."""
        return [m for m in self.transcript if m.user == BOT_USER and not m.only and thread in (None, m.thread)]

    def whispered(self, user: str = "UANN") -> list[Message]:
        """What the app said to one person alone."""
        return [m for m in self.transcript if m.only == user]

    async def until(self, holds: Callable[[], object], seconds: float = 5.0) -> None:
        """Wait until something holds; fail when it does not in time."""
        end = time.monotonic() + seconds
        while not holds():
            if time.monotonic() > end:
                last = [(m.channel, m.user, m.text[:200]) for m in self.transcript[-5:]]
                raise AssertionError(f"did not happen within {seconds} s; the last messages: {last}")
            await asyncio.sleep(0.01)

    async def settled(self, seconds: float = 0.3) -> None:
        """Wait until every event is acknowledged, and then a little for what it may bring about."""
        await self.until(lambda: not self._deliveries)
        await asyncio.sleep(seconds)

    # the protocols

    def _callback(self, event: dict[str, Any]) -> dict[str, Any]:
        # https://docs.slack.dev/apis/events-api/#event-type-structure
        self._events += 1
        return {
            "token": "standin",
            "team_id": TEAM,
            "api_app_id": APP_ID,
            "type": "event_callback",
            "event": event,
            "event_id": f"Ev{self._events:09d}",
            "event_time": int(time.time()),
            "is_ext_shared_channel": False,
            "authorizations": [{"team_id": TEAM, "user_id": BOT_USER, "is_bot": True, "is_enterprise_install": False}],
        }

    async def _api(self, request: web.Request) -> web.Response:
        method = request.match_info["method"]
        if self.down:
            return web.Response(status=503, text="<html>Service Unavailable</html>", content_type="text/html")
        try:
            arguments = await _arguments(request)
        except ValueError:
            return web.json_response({"ok": False, "error": "invalid_form_data"})
        self.calls.append((method, arguments))
        await asyncio.sleep(self.slow.get(method, 0.0))
        # https://docs.slack.dev/apis/web-api/rate-limits: HTTP 429 with Retry-After, about 1 post/s a channel
        if after := self._too_fast(method, arguments):
            self.limited[method] += 1
            told = {"Retry-After": str(after)}
            return web.json_response({"ok": False, "error": "ratelimited"}, status=429, headers=told)
        token = request.headers.get("Authorization", "").removeprefix("Bearer ") or arguments.get("token", "")
        if method in self.failing:
            return web.json_response({"ok": False, "error": self.failing[method]})
        answer = web_api.call(self.workspace, method, token, arguments)
        self._after(method, answer)
        if method == "chat.postMessage" and answer["ok"] and self.swallowing:
            self.swallowing -= 1
            return web.Response(status=502, text="Bad Gateway")
        # https://docs.slack.dev/authentication/installing-with-oauth: what is granted stands in a header
        return web.json_response(answer, headers={"X-OAuth-Scopes": ",".join(sorted(self.workspace.app.scopes))})

    def _too_fast(self, method: str, arguments: dict[str, Any]) -> int:
        """The seconds to wait, or 0."""
        now = time.monotonic()
        if self.limiting > now:
            return 1
        recent = self._recent.setdefault(method, deque())
        while recent and recent[0] < now - 60:
            recent.popleft()
        if method in METHODS and len(recent) >= METHODS[method].tier:
            return int(61 - (now - recent[0]))
        recent.append(now)
        if method != "chat.postMessage" or not self._post_every:
            return 0
        channel = str(arguments.get("channel"))
        early = now - self._last_post.get(channel, -1e9) < self._post_every
        self._last_post[channel] = self._last_post[channel] if early else now
        return int(early)

    async def _response(self, request: web.Request) -> web.Response:
        # https://docs.slack.dev/interactivity/handling-user-interaction#message_responses
        told = self.workspace.responses.get(request.match_info["token"])
        if told is None or told.until < time.monotonic() or told.used >= RESPONSES:
            return web.Response(status=404, text="expired_url")
        told.used += 1
        arguments = await request.json()
        self.calls.append(("response_url", arguments))
        try:
            web_api.respond(self.workspace, told.channel, told.user, arguments)
        except web_api.Refused as refused:
            return web.json_response(refused.answer, status=400)
        return web.Response(text="ok")

    async def _upload(self, request: web.Request) -> web.Response:
        # https://docs.slack.dev/messaging/working-with-files#uploading_files
        file = self.workspace.files.get(request.match_info["file"])
        if file is None:
            return web.Response(status=404)
        file.content = await request.read()
        return web.Response(text=f"OK - {len(file.content)}")

    def _after(self, method: str, answer: dict[str, Any]) -> None:
        """What a call brings about: the app gets its own messages as events too, like everybody."""
        if not answer["ok"]:
            return
        if method == "apps.connections.open":
            answer["url"] = f"ws://127.0.0.1:{self.port}/link?ticket={self.socket.new_ticket()}"
        if method == "chat.postMessage":
            for event in self.workspace.events_for(self.transcript[-1]):
                self.deliver(event)
        if method == "chat.update":
            # https://docs.slack.dev/reference/events/message/message_changed
            kind = self.workspace.channels[answer["channel"]].kind
            inner = {"type": "message", "user": BOT_USER, "text": answer["text"], "ts": answer["ts"]}
            outer = {"channel": answer["channel"], "channel_type": kind, "ts": self.workspace.new_ts()}
            self.deliver({"type": "message", "subtype": "message_changed", "hidden": True, "message": inner, **outer})


async def _arguments(request: web.Request) -> dict[str, Any]:
    """Arguments come as JSON, as a form (with JSON in some fields) or in the query."""
    found: dict[str, Any] = dict(request.query)
    if request.content_type == "application/json":
        found |= json.loads(await request.text() or "{}")
    else:
        found |= {name: value for name, value in (await request.post()).items() if isinstance(value, str)}
    for name in _JSON_FIELDS:
        if isinstance(found.get(name), str) and found[name]:
            found[name] = json.loads(found[name])
    return found
