"""A stand-in for the network and whatever stands before a homeserver: passes requests on, or misbehaves as told."""

from __future__ import annotations

from collections import Counter
from enum import StrEnum
from typing import Any

import aiohttp
from aiohttp import web


class Mood(StrEnum):
    """How requests are met."""

    FINE = "fine"
    BAD_GATEWAY = "502"
    LIMITED = "429"
    GARBAGE = "garbage"  # status 200, and no JSON
    NONSENSE = "nonsense"  # status 200, and JSON of the wrong shape
    CUT = "cut"  # the connection is closed in the middle


class Proxy:
    """Listens on a port of its own, and counts what is asked."""

    def __init__(self, target: str) -> None:
        self.mood = Mood.FINE
        self.asked: Counter[Mood] = Counter()
        self.paths: Counter[str] = Counter()
        self.lose: set[str] = set()  # parts of paths whose next answer is lost, after the homeserver did what was asked
        self.url = ""
        self._target = target
        self._runner: web.AppRunner | None = None
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Proxy:
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=90), auto_decompress=False)
        app = web.Application(client_max_size=64 << 20)
        app.router.add_route("*", "/{path:.*}", self._meet)
        self._runner = web.AppRunner(app, shutdown_timeout=0.5, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._runner
        assert self._session
        await self._runner.cleanup()
        await self._session.close()

    async def _meet(self, request: web.Request) -> web.StreamResponse:
        self.asked[self.mood] += 1
        self.paths[f"{self.mood} {request.method} {request.path.rpartition('/v3/')[2].partition('/')[0]}"] += 1
        if self.mood is Mood.FINE:
            return await self._pass(request)
        return self._refuse(request)

    def _refuse(self, request: web.Request) -> web.StreamResponse:
        if self.mood is Mood.CUT:
            assert request.transport
            request.transport.abort()
        answers: dict[Mood, tuple[int, str, str]] = {
            Mood.BAD_GATEWAY: (502, "<html>Bad Gateway</html>", "text/html"),
            Mood.LIMITED: (429, '{"errcode":"M_LIMIT_EXCEEDED","retry_after_ms":1500}', "application/json"),
            Mood.GARBAGE: (200, '{"next_batch": "s1", "rooms', "application/json"),
            Mood.NONSENSE: (200, '[1, {"next_batch": 2}]', "application/json"),
            Mood.CUT: (500, "", "text/plain"),
        }
        status, text, kind = answers[self.mood]
        return web.Response(status=status, text=text, content_type=kind)

    async def _pass(self, request: web.Request) -> web.StreamResponse:
        assert self._session
        headers = {k: v for k, v in request.headers.items() if k.lower() not in ("host", "connection")}
        try:
            async with self._session.request(
                request.method, self._target + request.raw_path, data=await request.read(), headers=headers
            ) as found:
                body = await found.read()
                if lost := {part for part in self.lose if part in request.path}:
                    self.lose -= lost
                    return web.Response(status=502, text="lost on the way back")
                return self._refuse(request) if self.mood is not Mood.FINE else _copied(found, body)
        except (TimeoutError, aiohttp.ClientError):
            return web.Response(status=502, text="unreachable")


def _copied(found: Any, body: bytes) -> web.Response:
    kept = ("content-type", "content-encoding", "content-disposition")
    return web.Response(
        status=found.status, body=body, headers={k: v for k, v in found.headers.items() if k.lower() in kept}
    )
