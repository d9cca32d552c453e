"""The one way out to the web: polite, bounded and guarded.

- Every connection is dialled through ``Guard``; a redirect is judged and dialled anew.
- One request at a time per host, with a gap between two, which a host may ask to be longer. A host that
  named a time to come back is left alone until then.
- Everything has an end: connecting, reading, a request in all, the body as sent and as unpacked.
- No cookies, no credentials, and no proxy (a proxy would resolve names behind the guard's back). The
  User-Agent says who asks.
- A page that wants a browser to prove itself means "not now": we leave, and solve nothing.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import TracebackType
from typing import Self

import httpcore2
import httpx2

from feeds.errors import FeedError, Unreachable, Unreadable
from feeds.guard import Guard
from feeds.line import Line
from feeds.response import Expected, Response, Validators, judge, max_age, retry_after, unpack

__all__ = ["Client", "Manners", "Response", "Time", "Validators"]

REDIRECTS = (301, 302, 303, 307, 308)
REMEMBERED = 1_000  # URLs whose freshness is kept in mind
SLOWEST = 10.0  # seconds: the longest gap between two requests that a host may ask for


@dataclass(frozen=True, slots=True)
class Manners:
    """How to behave. Times in seconds, sizes in bytes; ``contact`` is whom a host may write to about us."""

    contact: str = ""
    gap: float = 0.1
    connect: float = 10.0
    read: float = 30.0
    total: float = 60.0
    body: int = 20 * 2**20
    redirects: int = 5

    @property
    def user_agent(self) -> str:
        """``krab/1.2.3 (+contact)``."""
        contact = "".join(c for c in self.contact if "!" <= c <= "~" and c not in "()")
        return f"krab/{_version()} (+{contact})" if contact else f"krab/{_version()}"


def _version() -> str:
    try:
        return version("krab")
    except PackageNotFoundError:  # run from a checkout that was never installed
        return "0"


@dataclass(frozen=True, slots=True)
class Time:
    """The clocks, so that tests need not wait."""

    monotonic: Callable[[], float] = time.monotonic
    wall: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep


@dataclass(slots=True)
class _Host:
    """What we remember of a host; ``lock`` is held for a whole request."""

    line: Line
    lock: threading.Lock = field(default_factory=threading.Lock)
    ready: float = 0.0  # the gap ends (monotonic)
    gap: float = 0.0  # the host wants so much time between two requests
    closed: float = 0.0  # the host wants us back not before (monotonic)
    status: int = 0  # with which it said so


class Client:
    """Fetches. Safe to share between threads; ``cache`` is a folder for what kinds keep on disk."""

    def __init__(
        self, manners: Manners | None = None, *, cache: Path, guard: Guard | None = None, time: Time | None = None
    ) -> None:
        self.manners = manners or Manners()
        self.cache = cache
        self.guard = guard or Guard()
        self.time = time or Time()
        self._hosts: dict[str, _Host] = {}
        self._fresh: dict[str, float] = {}
        self._lock = threading.Lock()
        self._tls = httpx2.create_ssl_context()

    def get(self, url: str, *, conditional: Validators | None = None, kind: Expected = "data") -> Response:
        """``url`` fetched. ``kind`` says what should come: a web "page", or anything else ("data").

        Raises ``Unreachable``, ``Refused`` or ``Unreadable`` (too large, packed oddly).
        """
        response = self._follow("GET", url, (conditional or Validators()).headers, kind)
        self._remember(url, response.max_age)
        return response

    def post(self, url: str) -> Response:
        """An empty POST to ``url``, which is how public-inbox wants to be asked for a mailbox."""
        return self._follow("POST", url, {"Content-Length": "0"}, "data")

    def fresh_for(self, url: str) -> float:
        """Seconds for which the host said, when last asked, that ``url`` won't change (0: it didn't say)."""
        with self._lock:
            return max(0.0, self._fresh.get(url, 0.0) - self.time.monotonic())

    def slow_down(self, url: str, gap: float) -> None:
        """Leave ``gap`` seconds between two requests to the host of ``url``, as it asks; within reason."""
        host = self._host(self.guard.check(url))
        with host.lock:
            host.gap = max(0.0, min(gap, SLOWEST))
            host.ready = max(host.ready, self.time.monotonic() + host.gap)

    def close(self) -> None:
        """Hang up."""
        with self._lock:
            hosts, self._hosts = tuple(self._hosts.values()), {}
        for host in hosts:
            host.line.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _remember(self, url: str, seconds: float) -> None:
        with self._lock:
            self._fresh.pop(url, None)
            if seconds:
                self._fresh[url] = self.time.monotonic() + seconds
            while len(self._fresh) > REMEMBERED:
                del self._fresh[next(iter(self._fresh))]

    def _follow(self, method: str, url: str, headers: Mapping[str, str], kind: Expected) -> Response:
        target = self.guard.check(url)
        ours = {"User-Agent": self.manners.user_agent, "Accept": "*/*", "Accept-Encoding": "gzip"}
        for _ in range(self.manners.redirects + 1):
            answer = self._ask(httpx2.Request(method, target, headers={**ours, **headers}), kind)
            if isinstance(answer, Response):
                return answer
            target = self.guard.check(_join(target, answer))
        raise Unreachable(f"{url} redirects more than {self.manners.redirects} times")

    def _ask(self, request: httpx2.Request, kind: Expected) -> Response | str:
        """One request: the response, or where it redirects to."""
        host = self._host(request.url)
        with host.lock:
            self._wait(host, request.url.host)
            host.line.deadline = self.time.monotonic() + self.manners.total
            try:
                answer = self._exchange(host.line, request)
                return answer if isinstance(answer, str) else judge(answer, kind=kind)
            except FeedError as error:
                host.closed, host.status = self.time.monotonic() + (error.retry_after or 0.0), error.status
                raise
            finally:
                host.ready = self.time.monotonic() + max(self.manners.gap, host.gap)

    def _host(self, url: httpx2.URL) -> _Host:
        with self._lock:
            place = url.netloc.decode("ascii")
            if place not in self._hosts:
                self._hosts[place] = _Host(Line(self.guard, self.time.monotonic, self._tls))
            return self._hosts[place]

    def _wait(self, host: _Host, name: str) -> None:
        now = self.time.monotonic()
        if host.closed > now:
            raise Unreachable(f"{name} wants us to wait", retry_after=host.closed - now, status=host.status)
        if host.ready > now:
            self.time.sleep(host.ready - now)

    def _exchange(self, line: Line, request: httpx2.Request) -> Response | str:
        url = str(request.url)
        timeouts = {"connect": self.manners.connect, "read": self.manners.read, "write": self.manners.read, "pool": 1.0}
        try:
            with closing(line.send(request, timeouts)) as raw:
                if raw.status_code in REDIRECTS and "location" in raw.headers:
                    return raw.headers["location"]
                body = unpack(raw.iter_raw(), raw.headers.get("content-encoding", ""), self.manners.body)
        except httpcore2.TimeoutException as error:
            raise Unreachable(f"{url} did not answer in time") from error
        except (httpcore2.NetworkError, httpcore2.ProtocolError, httpx2.HTTPError, OSError) as error:
            raise Unreachable(f"{url} can't be reached ({error})") from error
        except Unreadable as error:
            raise Unreadable(f"{url} can't be read: {error}") from error
        return self._response(raw, url, body)

    def _response(self, raw: httpx2.Response, url: str, body: bytes) -> Response:
        headers = {name.lower(): value for name, value in raw.headers.items()}
        return Response(
            status=raw.status_code,
            url=url,
            headers={name: headers[name] for name in ("content-type", "link") if name in headers},
            body=body,
            validators=Validators(headers.get("etag", ""), headers.get("last-modified", "")),
            retry_after=retry_after(headers, self.time.wall()),
            max_age=max_age(headers),
        )


def _join(base: httpx2.URL, location: str) -> str:
    try:
        return str(base.join(location))
    except (httpx2.InvalidURL, ValueError):
        return location  # the guard says what is wrong with it
