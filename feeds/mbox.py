"""Mails out of an mbox, one at a time, however it is packed.

A mail begins at a ``From `` line that stands at the start or after a blank line and looks like one
(a sender, a date). ``>From `` in a body loses one mark, as mboxrd has it; mboxo comes out right with
that too, but for lines somebody really wrote with a mark. Nothing is held but the mail being read.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import re
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Literal, cast

from feeds.errors import Unreadable

MAIL_MAX = 8 * 1024 * 1024
SEPARATOR = re.compile(rb"From (?:.*\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)\b.*\d{4}|\S+@\S+\s*$)")
ESCAPED = re.compile(rb"^>(>*From )", re.M)

ZSTD = b"\x28\xb5\x2f\xfd"


PACKED: dict[bytes, Callable[[Path, Literal["rb"]], IO[bytes]]] = {
    b"\x1f\x8b": cast(Any, gzip.open),
    b"\xfd7zXZ\x00": lzma.open,
    b"BZh": bz2.open,
}


@contextmanager
def opened(path: Path) -> Iterator[IO[bytes]]:
    """The file's content, unpacked as its first bytes say. Raises ``Unreadable`` for what can't be unpacked here."""
    with path.open("rb") as plain:
        start = plain.read(6)
    if start.startswith(ZSTD):
        raise Unreadable(f"{path.name} is packed with zstd: unpack it first (zstd -d)")
    unpack = next((unpack for magic, unpack in PACKED.items() if start.startswith(magic)), Path.open)
    with unpack(path, "rb") as stream:
        yield stream


def mails(stream: IO[bytes]) -> Iterator[bytes]:
    """The raw mails of an mbox, unescaped. One over ``MAIL_MAX`` comes out cut a little above it.

    Raises ``Unreadable`` where the packing breaks off; what stood before it has been delivered.
    """
    held: list[bytes] = []
    size = 0
    blank = True
    for line in lines(stream):
        if blank and line.startswith(b"From ") and SEPARATOR.match(line):
            if held:
                yield _whole(held)
            held, size = [], 0
        elif size <= MAIL_MAX and (held or line.strip()):
            held.append(line)
            size += len(line)
        blank = line in (b"\n", b"\r\n")
    if held:
        yield _whole(held)


def lines(stream: IO[bytes]) -> Iterator[bytes]:
    """The lines of a packed stream; no line is longer than a mail may be."""
    try:
        while line := stream.readline(MAIL_MAX):
            yield line
    except (EOFError, lzma.LZMAError, zlib.error, OSError) as error:
        raise Unreadable(f"it breaks off or is damaged: {error}") from error


def _whole(held: list[bytes]) -> bytes:
    raw = b"".join(held)
    if raw.endswith(b"\n\n"):
        raw = raw[:-1]  # the blank line before the next separator is the mbox's, not the mail's
    return ESCAPED.sub(rb"\1", raw) if b"\n>" in raw else raw
