"""What stands before and behind every page: who may ask, what a browser may do with it, how errors look.

The host's name is checked, or any web site could point a name of its own at this machine and read
answers through a visitor's browser; the health checks are excepted, since they are asked by address
and tell nothing. A page loads only our own style sheet and images, and nothing runs in it. No error
shows a trace: the log has it.
"""

from __future__ import annotations

import json
import logging

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from jinja2 import Environment

from bot.web_ask import BadQuestion
from bot.web_queue import Busy

log = logging.getLogger(__name__)

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Server": "krab",
}
_LOCAL = ("localhost", "127.0.0.1", "::1")
_PROBES = ("/healthz", "/readyz")
_TITLES = {
    400: ("That can't be asked", "Something in the request is not as it should be."),
    404: ("Nothing here", "There is no such page, or I have not read that message."),
    405: ("Not like this", "This address doesn't take that kind of request."),
    413: ("Too long", "The request is larger than I take."),
    415: ("Not like this", "Send application/json."),
    421: ("Not this host", "I don't answer to that host name. Add it to allowed_hosts under [web] if it is yours."),
    500: ("Something broke", "That is my fault, not yours. The log says more; asking again may help."),
    503: ("Many are asking", "I have no time for this question now. Try again in a moment."),
}


def host_name(netloc: str) -> str:
    """Return the host of ``host:port``, lower-case, without brackets and port."""
    name = netloc.strip().lower()
    if name.startswith("["):
        return name[1:].partition("]")[0]
    return name.rpartition(":")[0] if name.count(":") == 1 else name


def check_host(allowed: tuple[str, ...]) -> Middleware:
    """Return the middleware that answers only to our own names."""
    names = {*_LOCAL, *map(host_name, allowed)}

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path not in _PROBES and host_name(request.headers.get("Host", "")) not in names:
            raise web.HTTPMisdirectedRequest
        return await handler(request)

    return middleware


def show_errors(pages: Environment) -> Middleware:
    """Return the middleware that turns whatever went wrong into a page, or JSON below /api."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except BadQuestion as error:
            return _error(pages, request, 400, str(error))
        except Busy as error:
            response = _error(pages, request, 503)
            response.headers["Retry-After"] = str(error.retry_after)
            return response
        except web.HTTPException as error:
            if error.status < 400:
                raise
            response = _error(pages, request, error.status)
            response.headers.update({k: v for k, v in error.headers.items() if k == "Allow"})
            return response
        except Exception:
            log.exception("%s %s failed", request.method, request.path)
            return _error(pages, request, 500)

    return middleware


async def add_headers(_request: web.Request, response: web.StreamResponse) -> None:
    """Put the headers on a response that is about to be sent."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers["Server"] = HEADERS["Server"]
    response.headers.setdefault("Cache-Control", "private, no-cache")


def page(pages: Environment, template: str, /, status: int = 200, **values: object) -> web.Response:
    """Return a template as a response."""
    text = pages.get_template(template).render(values)
    return web.Response(body=text.encode("utf-8", "replace"), status=status, content_type="text/html", charset="utf-8")


def json_response(value: object, status: int = 200) -> web.Response:
    """Return ``value`` as JSON; ASCII only, so that no broken character can break it."""
    return web.Response(text=json.dumps(value), status=status, content_type="application/json")


def _error(pages: Environment, request: web.Request, status: int, message: str = "") -> web.Response:
    title, plain = _TITLES.get(status, ("That didn't work", "The request can't be served."))
    if request.path.startswith("/api/"):
        return json_response({"error": message or plain}, status)
    return page(pages, "error.html", status, title=title, message=message or plain, code=status)
