"""The connection to one host: dials only what the guard allows, and hangs up when its deadline has passed.

httpcore2 is used below httpx2's client, because its network backend is the one place where the address
that was checked and the address that is dialled can be the same, and where time can be bounded over
everything (a read time-out alone lets an answer drip for ever).
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import httpcore2
import httpx2

from feeds.guard import Guard


class Line(httpcore2.NetworkBackend):
    """One connection, kept open between requests. Not for two threads at once."""

    def __init__(self, guard: Guard, clock: Callable[[], float], tls: ssl.SSLContext) -> None:
        self.deadline = 0.0
        self._guard = guard
        self._clock = clock
        self._pool = httpcore2.ConnectionPool(ssl_context=tls, max_connections=1, network_backend=self)

    def send(self, request: httpx2.Request, timeouts: Mapping[str, float]) -> httpx2.Response:
        """The answer's head; its body is still to be read, and the response to be closed."""
        url = request.url
        target = httpcore2.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
        answer = self._pool.handle_request(
            httpcore2.Request(request.method, target, headers=request.headers.raw, extensions={"timeout": timeouts})
        )
        return httpx2.Response(answer.status, headers=answer.headers, stream=_Body(answer), request=request)

    def close(self) -> None:
        """Hang up."""
        self._pool.close()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        """Dial the first address of ``host`` that is allowed and answers."""
        failure: Exception = httpcore2.ConnectError(f"{host} has no address")
        for address in self._guard.addresses(host, port):
            try:
                stream = httpcore2.SyncBackend().connect_tcp(address, port, self.left(timeout), None, ())
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failure = error
            else:
                return _Timed(stream, self.left)
        raise failure

    def left(self, timeout: float | None) -> float:
        """``timeout``, or what is left until the deadline if that is less."""
        left = self.deadline - self._clock()
        if left <= 0:
            raise httpcore2.ReadTimeout("it took too long in all")
        return min(left, timeout or left)


class _Timed(httpcore2.NetworkStream):
    """A stream whose every step is bounded by the line's deadline."""

    def __init__(self, stream: httpcore2.NetworkStream, left: Callable[[float | None], float]) -> None:
        self._stream = stream
        self._left = left

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._left(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        return _Timed(self._stream.start_tls(ssl_context, server_hostname, self._left(timeout)), self._left)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class _Body(httpx2.SyncByteStream):
    def __init__(self, answer: httpcore2.Response) -> None:
        self._answer = answer

    def __iter__(self) -> Iterator[bytes]:
        yield from self._answer.iter_stream()

    def close(self) -> None:
        self._answer.close()
