"""What an HTTP answer means. No sockets here: values in, a ``Response`` or a ``FeedError`` out.

Answers that mean "nothing changed" or "nothing there" (304, 404, 410) are responses, since only the
caller knows what they mean for it; everything else that is not a success is an error.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Literal

from feeds.errors import FeedError, Refused, Unreachable, Unreadable

DAY = 86_400.0
HOUR = 3_600.0
SUCCESS = (200, 203, 304, 404, 410)
FORBIDDEN = (401, 402, 403, 407, 451)
PACKED = ("gzip", "x-gzip", "deflate")
# What challenge pages load or post to. Their words alone could stand in an article about them.
CHALLENGE = (b"/.within.website/", b"/cdn-cgi/challenge-platform/", b'id="anubis_challenge"', b"_incapsula_resource")
CHALLENGE_WORDS = (b"not a bot", b"just a moment", b"checking your browser", b"you are human", b"anubis")
CHALLENGE_SIZE = 200_000

Expected = Literal["page", "data"]


@dataclass(frozen=True, slots=True)
class Validators:
    """What makes a request conditional, word for word as the host sent it."""

    etag: str = ""
    last_modified: str = ""

    @property
    def headers(self) -> dict[str, str]:
        """The request headers that ask for changes only."""
        pairs = {"If-None-Match": self.etag, "If-Modified-Since": self.last_modified}
        return {name: value for name, value in pairs.items() if value}


@dataclass(frozen=True, slots=True)
class Response:
    """What came back. ``url`` is where it came from in the end; ``retry_after`` and ``max_age`` are seconds."""

    status: int
    url: str
    headers: Mapping[str, str]
    body: bytes
    validators: Validators = Validators()
    retry_after: float | None = None
    max_age: float = 0.0

    @property
    def not_modified(self) -> bool:
        """Nothing changed since the validators were given."""
        return self.status == 304

    @property
    def missing(self) -> bool:
        """There is nothing at this address (any more)."""
        return self.status in (404, 410)

    @property
    def is_html(self) -> bool:
        """A web page, by its first words, or by its label when these don't say it is XML."""
        head = self.body[:1000].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
        if head.startswith((b"<?xml", b"<rss", b"<feed", b"{")):
            return False
        return "text/html" in self.headers.get("content-type", "") or head.startswith((b"<!doctype html", b"<html"))


def judge(response: Response, *, kind: Expected) -> Response:
    """``response`` itself, or the error it means. ``kind`` says what should have come."""
    if _is_challenge(response, kind):
        wait = max(HOUR, response.retry_after or 0.0)
        raise Refused(f"{response.url} asks for a browser challenge", retry_after=wait, status=response.status)
    if response.status in SUCCESS:
        return response
    error: type[FeedError] = Refused if response.status in FORBIDDEN else Unreachable
    raise error(f"{response.url} answered {response.status}", retry_after=response.retry_after, status=response.status)


def _is_challenge(response: Response, kind: Expected) -> bool:
    if not response.is_html or len(response.body) > CHALLENGE_SIZE:
        return False
    body = response.body.lower()
    words = () if kind == "page" and response.status == 200 else CHALLENGE_WORDS
    return any(mark in body for mark in (*CHALLENGE, *words))


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds until the host wants us back: a number or a date, never more than a day."""
    value = headers.get("retry-after", "").strip()
    if re.fullmatch(r"[0-9]{1,12}", value):
        return min(float(value), DAY)
    when = http_date(value)
    return None if when is None else min(max(0.0, when.timestamp() - now), DAY)


def http_date(value: str) -> datetime | None:
    """A date as HTTP and mail write it, in UTC."""
    try:
        when = parsedate_to_datetime(value)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
    return when if when.tzinfo else when.replace(tzinfo=UTC)


def max_age(headers: Mapping[str, str]) -> float:
    """Seconds for which the host says the answer stays right, never more than a day."""
    directives = headers.get("cache-control", "").lower()
    found = re.search(r"\bmax-age\s*=\s*\"?([0-9]{1,12})", directives)
    return min(float(found[1]), DAY) if found and not re.search(r"no-cache|no-store", directives) else 0.0


def unpack(chunks: Iterable[bytes], coding: str, limit: int) -> bytes:
    """A body unpacked, counting as it goes: more than ``limit`` bytes on either side is ``Unreadable``."""
    coding = coding.strip().lower()
    if coding in ("", "identity"):
        return b"".join(_counted(chunks, limit))
    if coding not in PACKED:
        raise Unreadable(f"it is packed as {coding!r}, which nobody asked for")
    return inflate(_counted(chunks, limit), limit)


def inflate(chunks: Iterable[bytes], limit: int) -> bytes:
    """What gzip or zlib packed (gzip in one or more members), or ``Unreadable``."""
    out, unpacker, empty = bytearray(), zlib.decompressobj(wbits=47), True
    for chunk in chunks:
        rest, empty = chunk, empty and not chunk
        while rest:
            if unpacker.eof:
                unpacker = zlib.decompressobj(wbits=47)
            try:
                out += unpacker.decompress(rest, limit + 1 - len(out))
            except zlib.error as error:
                raise Unreadable("its packed body is damaged") from error
            if len(out) > limit:
                raise Unreadable(f"it is larger than {_size(limit)}")
            rest = unpacker.unused_data if unpacker.eof else unpacker.unconsumed_tail
    if not (empty or unpacker.eof):
        raise Unreadable("its packed body is cut short")
    return bytes(out)


def _counted(chunks: Iterable[bytes], limit: int) -> Iterable[bytes]:
    came = 0
    for chunk in chunks:
        came += len(chunk)
        if came > limit:
            raise Unreadable(f"it is larger than {_size(limit)}")
        yield chunk


def _size(limit: int) -> str:
    return f"{limit >> 20} MiB" if limit >= 2**20 else f"{limit} bytes"
