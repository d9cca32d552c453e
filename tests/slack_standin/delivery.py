"""How events reach the app: through a socket it opened, or as signed requests to its Request URL.

What is not acknowledged within the time Slack allows is delivered again, at once, later, and later
still; then it is lost. https://docs.slack.dev/apis/events-api/#errors
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import io
import json
import random
import time
import uuid
from typing import Any
from urllib.parse import urlencode

import aiohttp
from aiohttp import web

# https://docs.slack.dev/apis/events-api/#errors says at once, after a minute, after five: sped up here.
RETRY_AFTER = (0.0, 0.2, 0.5)
TICKET_LIFE = 30.0


class SocketDelivery:
    """Socket Mode. https://docs.slack.dev/apis/events-api/using-socket-mode"""

    def __init__(self, ack_within: float) -> None:
        self._ack_within = ack_within
        self._tickets: dict[str, float] = {}
        self._acks: dict[str, asyncio.Future[None]] = {}
        self.sockets: list[web.WebSocketResponse] = []
        self._transports: dict[web.WebSocketResponse, asyncio.Transport] = {}
        self.shut = False  # no socket is accepted, though addresses are given out
        self.spread = False  # over all sockets, as Slack does; else the newest gets all
        self.opened = 0
        self.deliveries = 0
        self.lost: list[dict[str, Any]] = []
        self.seconds: list[float] = []  # from the first delivery to the acknowledgement

    def new_ticket(self) -> str:
        """The address of a socket is good for one use, and not for long."""
        ticket = uuid.uuid4().hex
        self._tickets[ticket] = time.monotonic() + TICKET_LIFE
        return ticket

    async def connect(self, request: web.Request) -> web.StreamResponse:
        if self._tickets.pop(request.query.get("ticket", ""), 0.0) < time.monotonic() or self.shut:
            return web.Response(status=404, text="no such ticket")
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.opened += 1
        self.sockets.append(socket)
        assert isinstance(request.transport, asyncio.Transport)
        self._transports[socket] = request.transport
        await socket.send_json({"type": "hello", "num_connections": 1, "connection_info": {"app_id": "A00000001"}})
        try:
            async for message in socket:
                if message.type == aiohttp.WSMsgType.TEXT:
                    self._acknowledge(json.loads(message.data)["envelope_id"])
        finally:
            self.sockets.remove(socket)
            del self._transports[socket]
        return socket

    def _acknowledge(self, envelope: str) -> None:
        waiting = self._acks.get(envelope)
        if waiting and not waiting.done():
            waiting.set_result(None)

    async def refresh(self) -> None:
        """Tell the app that its socket goes, as Slack does every few hours, and close it."""
        for socket in tuple(self.sockets):
            await socket.send_json({"type": "disconnect", "reason": "refresh_requested", "debug_info": {}})
            await socket.close()

    async def drop(self) -> None:
        """Cut every socket without a word."""
        for transport in tuple(self._transports.values()):
            transport.abort()

    async def deliver(self, payload: dict[str, Any], kind: str = "events_api") -> None:
        """An event is delivered again until it is acknowledged; what somebody did is delivered once."""
        envelope: dict[str, Any] = {"type": kind, "payload": payload, "accepts_response_payload": kind != "events_api"}
        started = time.monotonic()
        for attempt, pause in enumerate((None, *RETRY_AFTER) if kind == "events_api" else (None,)):
            await asyncio.sleep(pause or 0)
            retried = {"retry_attempt": attempt, "retry_reason": "timeout" if attempt else ""}
            if await self._try({**envelope, **(retried if kind == "events_api" else {})}):
                self.seconds.append(time.monotonic() - started)
                return
        self.lost.append(payload)

    async def _try(self, envelope: dict[str, Any]) -> bool:
        while not self.sockets:
            await asyncio.sleep(0.01)
        envelope["envelope_id"] = uuid.uuid4().hex
        acked = self._acks[envelope["envelope_id"]] = asyncio.get_running_loop().create_future()
        self.deliveries += 1
        try:
            await (random.choice(self.sockets) if self.spread else self.sockets[-1]).send_json(envelope)
            await asyncio.wait_for(acked, self._ack_within)
        except (TimeoutError, ConnectionError):
            return False
        else:
            return True
        finally:
            del self._acks[envelope["envelope_id"]]


def signature(secret: str, stamp: str, body: bytes) -> str:
    """https://docs.slack.dev/authentication/verifying-requests-from-slack"""
    return "v0=" + hmac.new(secret.encode(), f"v0:{stamp}:".encode() + body, hashlib.sha256).hexdigest()


class HttpDelivery:
    """Signed POST requests to the app's Request URL."""

    def __init__(self, url: str, secret: str, ack_within: float = 3.0) -> None:
        self._url = url
        self._secret = secret
        self._ack_within = ack_within
        self.statuses: list[int] = []

    async def deliver(self, payload: dict[str, Any], kind: str = "events_api") -> None:
        if kind != "events_api":
            fields = payload if kind == "slash_commands" else {"payload": json.dumps(payload)}
            await self.send(urlencode(fields).encode(), headers={"Content-Type": "application/x-www-form-urlencoded"})
            return
        for attempt, pause in enumerate((None, *RETRY_AFTER)):
            await asyncio.sleep(pause or 0)
            retry = {"X-Slack-Retry-Num": str(attempt), "X-Slack-Retry-Reason": "http_error"} if attempt else {}
            if await self.send(json.dumps(payload).encode(), headers=retry) == 200:
                return

    async def send(
        self, body: bytes, *, headers: dict[str, str] | None = None, at: float | None = None, signed: str | None = None
    ) -> int:
        """One request; ``at`` and ``signed`` replace the time stamp and the signature. The status."""
        stamp = str(int(time.time() if at is None else at))
        sent = {
            "Content-Type": "application/json",
            "X-Slack-Request-Timestamp": stamp,
            "X-Slack-Signature": signature(self._secret, stamp, body) if signed is None else signed,
            **(headers or {}),
        }
        sent = {name: value for name, value in sent.items() if value}
        timeout = aiohttp.ClientTimeout(total=self._ack_within)
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.post(self._url, data=io.BytesIO(body), headers=sent) as response,
        ):
            self.statuses.append(response.status)
            return response.status
