"""The real mail from a real public-inbox: by git and over HTTP the same, and bursts and restarts lose nothing.

Everything is counted by Message-ID. Mails added between polls are real ones that were held back; their
Received header is dated now, a second apart, so that what is measured is a very busy hour.
"""

from __future__ import annotations

import re
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from itertools import islice

from feeds.errors import FeedError
from feeds.fetch import Client
from feeds.kinds import Source, lore
from index.model import Part
from tests.evaluation.feeds.real import Real, message_id
from tests.public_inbox import PublicInbox, public_inbox
from tests.web_server import loopback_client

BURSTS = (1, 30, 400)
RECEIVED = re.compile(
    rb"^(?:Received|X-Original-To|Delivered-To|X-Received):.*\n(?:[ \t].*\n)*", re.MULTILINE | re.IGNORECASE
)
WAYS = {"git epoch": "#git", "HTTP": "#http&since=2021-01-01"}


@dataclass(slots=True)
class Reader:
    """One source being polled: its cursor, and everything it delivered."""

    client: Client
    url: str
    cursor: str = ""
    parts: dict[str, Part] = field(default_factory=dict)
    count: Counter[str] = field(default_factory=Counter)

    def poll(self) -> str:
        """Read on; returns what went wrong, or ''."""
        try:
            for batch in lore.open(Source("crabs", "lore", self.url), self.client).read(self.cursor):
                self.parts.update((part.id, part) for part in batch.parts)
                self.count.update(part.id for part in batch.parts)
                self.cursor = batch.cursor
        except FeedError as error:
            return str(error)
        return ""


def run(real: Real) -> None:
    """The whole archive in both ways, then bursts with the server killed in between."""
    raws = list(real.mails())
    held = raws[-sum(BURSTS) * 2 :]
    folder = real.folder("inbox")
    with public_inbox(folder, level="medium") as inbox, loopback_client(folder / "cache") as client:
        started = time.monotonic()
        inbox.deliver(raws[: -len(held)])
        inbox.restart()
        print(f"delivered {len(raws) - len(held)} mails in {time.monotonic() - started:.0f} s")
        readers = {name: Reader(client, inbox.url + fragment) for name, fragment in WAYS.items()}
        wanted = {message_id(raw) for raw in raws[: -len(held)]} - {""}
        for name, reader in readers.items():
            _whole(name, reader, wanted)
        _compare(*readers.values())
        mails = _dated(held)
        for killed in (False, True):
            for size in BURSTS:
                burst = list(islice(mails, size))
                wanted |= {message_id(raw) for raw in burst} - {""}
                _burst(inbox, burst, readers, wanted, killed=killed)
        _compare(*readers.values())


def _whole(name: str, reader: Reader, wanted: set[str]) -> None:
    started = time.monotonic()
    fault = reader.poll()
    seconds = time.monotonic() - started
    count = len(reader.parts)
    print(f"{name:<10} {count:>6} mails in {seconds:6.1f} s ({count / seconds:.0f} a second) {fault}")
    _account(name, reader, wanted)


def _burst(
    inbox: PublicInbox, burst: Sequence[bytes], readers: dict[str, Reader], wanted: set[str], *, killed: bool
) -> None:
    """A burst arrives; when ``killed``, the server dies while it is being read, and comes back."""
    inbox.deliver(burst)
    print(f"burst of {len(burst)}" + (", the server killed while it was read:" if killed else ":"))
    if killed:
        timer = threading.Timer(0.3, inbox.kill)
        timer.start()
        faults = [reader.poll() for reader in readers.values()]
        timer.join()
        faults += [reader.poll() for reader in readers.values()]
        inbox.restart()
        print(f"  {sum(map(bool, faults))} polls failed meanwhile")
    for name, reader in readers.items():
        fault = reader.poll()
        _account(f"  {name} {fault}".rstrip(), reader, wanted)


def _account(name: str, reader: Reader, wanted: set[str]) -> None:
    twice = sum(count > 1 for count in reader.count.values())
    missing, unknown = len(wanted - reader.parts.keys()), len(reader.parts.keys() - wanted)
    print(f"{name}: {missing} missing, {twice} double, {unknown} unknown")


def _compare(one: Reader, other: Reader) -> None:
    common = one.parts.keys() & other.parts.keys()
    same = sum(one.parts[name] == other.parts[name] for name in common)
    print(f"the same part in both ways: {same} of {len(one.parts.keys() | other.parts.keys())}")
    for name in islice((n for n in common if one.parts[n] != other.parts[n]), 5):
        print(f"  differs: {name}: {', '.join(_fields(one.parts[name], other.parts[name]))}")


def _fields(one: Part, other: Part) -> Iterator[str]:
    return (name for name in Part.__slots__ if getattr(one, name) != getattr(other, name))


def _dated(raws: Sequence[bytes]) -> Iterator[bytes]:
    """The mails as if one had come in every second of the last minutes."""
    start = time.time() - len(raws) - 60
    for number, raw in enumerate(raws):
        when = format_datetime(datetime.fromtimestamp(start + number, UTC))
        yield f"Received: from mx.example.org by lists.example.org; {when}\n".encode() + RECEIVED.sub(b"", raw)
