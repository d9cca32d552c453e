"""A web server on loopback that answers what a test tells it to, faults included."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from feeds.fetch import Client, Manners, Time
from feeds.guard import Guard


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it came."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Answer:
    """What to send. ``drip``: seconds between two bytes of the body; ``length``: a Content-Length that lies."""

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    drip: float = 0.0
    length: int | None = None


Route = Answer | Callable[[Asked], Answer]


class WebServer:
    """``routes`` maps a path (with its query) to an answer, ``site`` answers the rest; by default with 404."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.routes: dict[str, Route] = {}
        self.asked: list[Asked] = []
        self.site: Callable[[Asked], Answer] = _nothing

    @property
    def url(self) -> str:
        """Where it stands, without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"

    def paths(self) -> list[str]:
        """What was asked for, in order."""
        return [asked.path for asked in self.asked]

    def answer(self, asked: Asked) -> Answer:
        """Note the request and find its answer."""
        self.asked.append(asked)
        route = self.routes.get(asked.path, self.site)
        return route if isinstance(route, Answer) else route(asked)


def _nothing(asked: Asked) -> Answer:
    return Answer(b"nothing here", 404, {"Content-Type": "text/plain"})


def _handler(find: Callable[[Asked], Answer]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            headers = {k.lower(): v for k, v in self.headers.items()}
            body = self.rfile.read(int(headers.get("content-length", 0)))
            self._send(find(Asked(self.command, self.path, headers, body)))

        do_POST = do_GET

        def _send(self, answer: Answer) -> None:
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body) if answer.length is None else answer.length))
            self.end_headers()
            try:
                self._body(answer)
            except OSError:
                self.close_connection = True  # the client hung up, as it should

        def _body(self, answer: Answer) -> None:
            if not answer.drip:
                self.wfile.write(answer.body)
            for byte in answer.body if answer.drip else b"":
                self.wfile.write(bytes([byte]))
                time.sleep(answer.drip)
            self.close_connection = answer.length is not None

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (its name upstream)
            return

    return Handler


@contextmanager
def web_server() -> Iterator[WebServer]:
    """A server for the length of a ``with``."""
    web = WebServer(0)
    http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(web.answer))
    http.daemon_threads = True
    web.port = http.server_address[1]
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield web
    finally:
        http.shutdown()
        http.server_close()
        thread.join()


class FakeTime:
    """Clocks that move when somebody sleeps, or when told to."""

    def __init__(self, wall: float = 1_780_000_000.0) -> None:
        self.now = wall
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        """Move on."""
        self.slept.append(seconds)
        self.now += seconds

    def read(self) -> float:
        """The time, for both clocks."""
        return self.now

    @property
    def time(self) -> Time:
        """For a client."""
        return Time(monotonic=self.read, wall=self.read, sleep=self.sleep)


@contextmanager
def loopback_client(cache: Path, *, manners: Manners | None = None, time: Time | None = None) -> Iterator[Client]:
    """A client that may talk to loopback, and doesn't dawdle."""
    fast = manners or Manners(contact="ops@example.org", gap=0.0)
    with Client(fast, cache=cache, guard=Guard(allow=("127.0.0.1",)), time=time) as client:
        yield client
