"""Calls to a homeserver: every one ends, and what went wrong is one of two things.

    Unavailable   nothing answered, or it said "later": trying again may help
    Denied        it said no: trying again won't help

Rules of this file: nio is told never to retry or sleep by itself; aiohttp's and nio's ways to fail
are translated here and nowhere else; how long to wait is computed by a function that does not wait.
"""

from __future__ import annotations

import asyncio
import json
import logging
import random
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any

log = logging.getLogger(__name__)

FIRST_WAIT = 1.0
LONGEST_WAIT = 60.0
CALL_TIMEOUT = 60.0  # seconds for one request
FORGOTTEN = ("M_UNKNOWN_TOKEN", "M_MISSING_TOKEN")
GIVE_UP_AFTER = 3600.0  # seconds for which one call is repeated


class Unavailable(Exception):
    """Nothing answered in time, or the homeserver wants us later (``retry_after`` seconds, if it said)."""

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Denied(Exception):
    """The homeserver said no: its error ``code``, HTTP ``status``, and whatever else it said."""

    def __init__(
        self, message: str, code: str = "", status: int = 0, said: Mapping[str, Any] = MappingProxyType({})
    ) -> None:
        super().__init__(message)
        self.code = code
        self.status = status
        self.said = said

    @property
    def logged_out(self) -> bool:
        """Whether our token is no longer worth anything (nio drops it by itself at times, and sends nothing)."""
        return self.code in FORGOTTEN or not self.status


def wait_for(attempt: int, retry_after: float | None, chance: float) -> float:
    """Seconds before attempt ``attempt + 1``: doubling from 1 to 60, or what the homeserver asked for.

    ``chance`` in [0, 1) spreads the callers over the upper half of the time.
    """
    if retry_after is not None:
        return min(max(retry_after, 0.1), LONGEST_WAIT)
    longest: float = min(FIRST_WAIT * 2 ** min(attempt, 10), LONGEST_WAIT)
    return max(longest * (0.5 + chance / 2), FIRST_WAIT / 2)


async def call(request: Awaitable[Any], limit: float = CALL_TIMEOUT) -> Any:
    """The response of one request of nio's, within ``limit`` seconds. Raises Unavailable or Denied."""
    with _translated():
        async with asyncio.timeout(limit):
            response = await request
    return _checked(response)


async def request(
    client: Any, method: str, path: str, body: Mapping[str, Any] | None = None, limit: float = CALL_TIMEOUT
) -> Mapping[str, Any]:
    """The JSON object that an endpoint answers with that nio does not know. Raises Unavailable or Denied.

    ``path`` is what follows ``/_matrix/client/v3``, or a whole path.
    """
    headers = {"Content-Type": "application/json"}
    headers |= {"Authorization": f"Bearer {client.access_token}"} if client.access_token else {}
    whole = path if path.startswith(("/_matrix", "/.well-known")) else f"/_matrix/client/v3{path}"
    with _translated():
        async with asyncio.timeout(limit):
            response = await client.send(method, whole, None if body is None else json.dumps(body), headers)
            said = _object(await response.read())
    if response.status == 200 and said is not None:
        return said
    raise _error(response.status, said or {}, response.headers.get("Retry-After"))


@contextmanager
def _translated() -> Iterator[None]:
    import aiohttp
    from nio.exceptions import LocalProtocolError

    try:
        yield
    except TimeoutError as error:
        raise Unavailable("the homeserver did not answer in time") from error
    except (aiohttp.ClientError, UnicodeDecodeError, OSError) as error:
        raise Unavailable(f"{type(error).__name__}: {error}") from error
    except LocalProtocolError as error:
        raise Denied(str(error)) from error


def _object(data: bytes) -> Mapping[str, Any] | None:
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


async def patiently(request: Callable[[], Awaitable[Any]], give_up_after: float = GIVE_UP_AFTER) -> Any:
    """The response of a request that is repeated while the homeserver is not to be had."""
    deadline = time.monotonic() + give_up_after
    for attempt in range(1_000_000):
        try:
            return await call(request())
        except Unavailable as error:
            pause = wait_for(attempt, error.retry_after, random.random())  # noqa: S311 (jitter)
            if time.monotonic() + pause > deadline:
                raise
            log.debug("matrix: %s; again in %.0f s", error, pause)
            await asyncio.sleep(pause)
    raise AssertionError("unreachable: the deadline comes first")


class Link:
    """Whether the homeserver is there: says so in the log when that changes, and how long to wait."""

    def __init__(self, homeserver: str) -> None:
        self._homeserver = homeserver
        self._failures = 0

    def up(self) -> None:
        """It answered."""
        if self._failures:
            log.info("matrix: %s is back", self._homeserver)
        self._failures = 0

    async def down(self, error: Unavailable) -> None:
        """It didn't: wait before the next attempt."""
        if not self._failures:
            log.warning("matrix: %s is not to be had (%s); trying again until it is", self._homeserver, error)
        pause = wait_for(self._failures, error.retry_after, random.random())  # noqa: S311 (jitter)
        self._failures += 1
        await asyncio.sleep(pause)


def _checked(response: Any) -> Any:
    from nio.responses import ErrorResponse

    if not isinstance(response, ErrorResponse):
        return response
    transport = response.transport_response
    said = {"errcode": response.status_code, "error": response.message, "retry_after_ms": response.retry_after_ms}
    headers = getattr(transport, "headers", {})
    raise _error(getattr(transport, "status", 0), said, headers.get("Retry-After"))


def _error(status: int, said: Mapping[str, Any], retry_after: str | None) -> Unavailable | Denied:
    """What a response that is none of the wanted ones means."""
    code, message = said.get("errcode") or "", said.get("error") or "no reason given"
    if status == 429 or code == "M_LIMIT_EXCEEDED":
        return Unavailable("the homeserver limits our rate", _pause(said.get("retry_after_ms"), retry_after))
    if status >= 500 or status < 400:  # below 400: a body that is not what the specification says
        return Unavailable(f"the homeserver answers with status {status} ({message})", _pause(None, retry_after))
    return Denied(f"{code or status}: {message}", str(code), status, said)


def _pause(milliseconds: object, header: str | None) -> float | None:
    """For how many seconds the homeserver wants to be left alone, as far as it said so."""
    if isinstance(milliseconds, (int, float)) and milliseconds > 0:
        return milliseconds / 1000
    return float(header) if header and header.isdecimal() else None
