"""``/metrics`` for Prometheus."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from aiohttp import web
from jinja2 import Environment


def routes(exposition: Callable[[], bytes]) -> Callable[[Environment], Sequence[web.RouteDef]]:
    """Return the page. ``exposition`` is called in a worker thread."""

    async def metrics(_request: web.Request) -> web.Response:
        body = await asyncio.to_thread(exposition)
        return web.Response(body=body, headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"})

    return lambda _: [web.get("/metrics", metrics)]
