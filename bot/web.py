"""The web page: everything a chat can ask, and what krab has read, for a browser without scripts.

Handlers only translate: a request into a question, an answer into a template. What they need comes in
as four functions, which are called in worker threads and must bear that. Nothing is written by a
request, there are no cookies and no accounts: whoever reaches the page may read what krab has read.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.resources import files

from aiohttp import web
from jinja2 import Environment

from bot.answer_json import to_json
from bot.model import Answer, Question
from bot.web_ask import LONGEST, BadQuestion, question, question_from_json
from bot.web_guard import add_headers, check_host, json_response, page, show_errors
from bot.web_mark import show
from bot.web_queue import Limits, Queue
from bot.web_views import SourceRow, StatusView, environment
from index.model import Part

log = logging.getLogger(__name__)

Pages = Callable[[Environment], Sequence[web.RouteDef]]

__all__ = ["Limits", "Pages", "Shelf", "SourceRow", "StatusView", "make_app", "serve"]

# What is wrong with services that krab uses, by their names: shown by /healthz.
TROUBLES: web.AppKey[Callable[[], Mapping[str, str]]] = web.AppKey("troubles")

_BODY = 64 * 1024  # bytes of a posted question
_GOODBYE = 5.0  # seconds for open connections when we stop; a container engine waits for 10
_LINE = 64 * 1024  # bytes of a request line: 2,000 characters take up to 24,000 when percent-encoded


@dataclass(frozen=True, slots=True)
class Shelf:
    """What can be looked up: a part by its id, the sources and their health, the whole system in a line."""

    part: Callable[[str], Part | None]
    sources: Callable[[], Sequence[SourceRow]]
    status: Callable[[], StatusView]


@dataclass(frozen=True, slots=True)
class _Site:
    ask: Callable[[Question], Answer]
    shelf: Shelf
    queue: Queue
    pages: Environment
    files: Mapping[str, tuple[str, bytes]]  # by name: media type and content

    async def home(self, _request: web.Request) -> web.Response:
        status, sources = await asyncio.to_thread(lambda: (self.shelf.status(), self.shelf.sources()))
        return page(self.pages, "home.html", status=200, system=status, sources=sources, longest=LONGEST)

    async def answer(self, request: web.Request) -> web.Response:
        asked = _asked(request)
        answer = await self.queue.run(partial(self.ask, asked))
        return page(self.pages, "answer.html", question=asked, answer=answer, longest=LONGEST)

    async def read(self, request: web.Request) -> web.Response:
        quote = request.query.get("q", "")[: 2 * LONGEST].strip()
        return await asyncio.to_thread(self._read, request.query.get("id", ""), quote)

    def _read(self, id_: str, quote: str) -> web.Response:
        part = self.shelf.part(id_) if id_ else None
        if part is None:
            raise web.HTTPNotFound
        parent = self.shelf.part(part.links[0]) if part.links else None
        return page(self.pages, "part.html", part=part, parent=parent, blocks=show(part, quote), quote=quote)

    async def health(self, _request: web.Request) -> web.Response:
        status, sources = await asyncio.to_thread(lambda: (self.shelf.status(), self.shelf.sources()))
        return page(self.pages, "sources.html", system=status, sources=sources)

    async def file(self, request: web.Request) -> web.Response:
        kind, body = self.files.get(request.match_info["name"], ("", b""))
        if not kind:
            raise web.HTTPNotFound
        return web.Response(body=body, content_type=kind, headers={"Cache-Control": "public, max-age=600"})

    async def alive(self, request: web.Request) -> web.Response:
        troubles = dict(request.app[TROUBLES]())
        return json_response({"alive": True} | ({"degraded": troubles} if troubles else {}))

    async def ready(self, _request: web.Request) -> web.Response:
        status = await asyncio.to_thread(self.shelf.status)
        why = "" if status.ready else status.why or "the index is not ready yet"
        return json_response({"ready": status.ready, "why": why}, 200 if status.ready else 503)

    async def api(self, request: web.Request) -> web.Response:
        asked = _asked(request) if request.method in ("GET", "HEAD") else await _posted(request)
        return json_response(to_json(await self.queue.run(partial(self.ask, asked))))


def make_app(
    *,
    ask: Callable[[Question], Answer],
    shelf: Shelf,
    allowed_hosts: Sequence[str] = (),
    limits: Limits = Limits(),  # noqa: B008 - frozen
    more: Callable[[Queue], Sequence[Pages]] = lambda _: (),
) -> web.Application:
    """Return the application.

    ``more`` gives further pages; what costs CPU in them stands in the same line as questions.

    ``allowed_hosts`` are the names it answers to besides localhost, 127.0.0.1 and [::1]: give it the
    address it listens on (a port is ignored) and the names a reverse proxy passes on.
    """
    site = _Site(ask, shelf, Queue(limits), environment(), _files())
    further = more(site.queue)
    app = web.Application(
        middlewares=[show_errors(site.pages), check_host(tuple(allowed_hosts))], client_max_size=_BODY
    )
    app[TROUBLES] = dict
    app.on_response_prepare.append(add_headers)
    app.on_cleanup.append(_closing(site.queue))
    app.add_routes(
        [
            web.get("/", site.home),
            web.get("/ask", site.answer),
            web.get("/part", site.read),
            web.get("/sources", site.health),
            web.get("/healthz", site.alive),
            web.get("/readyz", site.ready),
            web.get("/api/ask", site.api),
            web.post("/api/ask", site.api),
            web.get("/static/{name}", site.file),
            *(route for pages in further for route in pages(site.pages)),
        ]
    )
    return app


async def serve(app: web.Application, listen: str) -> None:
    """Serve ``app`` on ``listen`` ("127.0.0.1:8080", "[::1]:8080") until cancelled. Raises ``OSError``."""
    host, _, port = listen.rpartition(":")
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=_GOODBYE, max_line_size=_LINE, max_field_size=_LINE)
    await runner.setup()
    try:
        await web.TCPSite(runner, host.strip("[]") or None, int(port)).start()
        log.info("ready: http://%s/", listen)
        await asyncio.Event().wait()
    finally:
        await runner.cleanup()


def _files() -> dict[str, tuple[str, bytes]]:
    folder = files("bot") / "static"
    kinds = {"krab.css": "text/css", "krab.svg": "image/svg+xml"}
    return {name: (kind, (folder / name).read_bytes()) for name, kind in kinds.items()}


def _closing(queue: Queue) -> Callable[[web.Application], Awaitable[None]]:
    async def close(_app: web.Application) -> None:
        queue.close()

    return close


def _asked(request: web.Request) -> Question:
    query = request.query
    return question(query.get("q", ""), query.getall("earlier", []), query.get("as_of", ""))


async def _posted(request: web.Request) -> Question:
    # A form on a foreign site can't send this type without asking first, and we never say yes.
    if request.content_type != "application/json":
        raise web.HTTPUnsupportedMediaType
    try:
        return question_from_json(json.loads(await request.read()))
    except (ValueError, RecursionError) as error:
        if isinstance(error, BadQuestion):
            raise
        raise BadQuestion("Send a JSON object with a question in it.") from error
