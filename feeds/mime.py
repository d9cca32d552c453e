"""From a parsed message to the texts a person would see, in their order.

Of alternatives the plain text is taken, else the HTML as text. Attached patches are texts of their
own kind, so are other attached texts (logs, configurations) and forwarded mails; pictures,
signatures and documents are left out. ``format=flowed`` (RFC 3676) paragraphs are put together again.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from enum import Enum, auto

from feeds.charsets import clean, decode
from feeds.hypertext import plain

HTML_MAX = 512 * 1024  # characters of an HTML body that are read
ATTACHED_MAX = 64 * 1024  # characters of an attached log that are kept
DEPTH_MAX = 20  # multiparts in multiparts; nobody nests deeper in earnest
PATCH_NAME = re.compile(r"\.(patch|diff)$", re.I)
PATCH_TYPES = frozenset(("text/x-patch", "text/x-diff", "application/x-patch", "text/x-diff-git"))
PACKED = re.compile(rb"[A-Za-z0-9+/]+")
PACKED_MIN = 40  # no decoded text goes on for so long without a blank
UNFLOWABLE = re.compile(r"^(diff --git |@@ -\d|--- a/)", re.M)


class Sort(Enum):
    """What a text is in the mail."""

    BODY = auto()
    PATCH = auto()
    ATTACHED = auto()
    FORWARDED = auto()


@dataclass(frozen=True, slots=True)
class Text:
    """One text of a mail, decoded."""

    sort: Sort
    text: str


def texts(message: Message, depth: int = 0) -> Iterator[Text]:
    """The texts of ``message``, in order. Never raises."""
    parts = message.get_payload() if message.is_multipart() else None
    kind = message.get_content_type()
    if not isinstance(parts, list) or depth > DEPTH_MAX:
        yield from _leaf(message, kind)
    elif kind == "multipart/alternative":
        yield from _alternative([part for part in parts if isinstance(part, Message)], depth)
    else:
        for part in parts:
            for one in texts(part, depth + 1) if isinstance(part, Message) else ():
                yield Text(Sort.FORWARDED, one.text) if kind == "message/rfc822" else one


def _alternative(parts: list[Message], depth: int) -> Iterator[Text]:
    """The plain one if it says anything, else the last that does (the richest, says RFC 2046)."""
    found = [(part, list(texts(part, depth + 1))) for part in parts]
    said = [(part, some) for part, some in found if any(one.text.strip() for one in some)]
    chosen = next((some for part, some in said if part.get_content_type() == "text/plain"), said[-1][1] if said else [])
    yield from chosen


def _leaf(part: Message, kind: str) -> Iterator[Text]:
    sort = _sort(part, kind)
    if sort is None:
        return
    text = decode(_payload(part), _charset(part))
    if kind == "text/html" and sort is Sort.BODY:
        text = plain(text[:HTML_MAX])
    elif "format" in str(part.get("content-type", "")).lower() and sort is Sort.BODY:
        text = _flow(part, text)
    yield Text(sort, text if sort in (Sort.BODY, Sort.PATCH) else text[:ATTACHED_MAX])


def _sort(part: Message, kind: str) -> Sort | None:
    disposition = str(part.get("content-disposition", "")).lower() if "content-disposition" in part else ""
    attached = disposition.lstrip().startswith("attachment")
    name = _name(part) if disposition or "name" in str(part.get("content-type", "")) else ""
    if kind in PATCH_TYPES or (PATCH_NAME.search(name) and (attached or not kind.startswith("text/plain"))):
        return Sort.PATCH
    if kind in ("text/plain", "text/html") or kind.startswith("multipart/"):  # a multipart without its boundary
        return Sort.ATTACHED if attached else Sort.BODY
    return Sort.ATTACHED if kind.startswith("text/") and kind not in ("text/calendar", "text/vcard") else None


def _name(part: Message) -> str:
    try:
        return clean(part.get_filename() or "")
    except (LookupError, ValueError, TypeError):
        return ""


def _charset(part: Message) -> str | None:
    try:
        return part.get_content_charset()
    except (LookupError, ValueError, TypeError):
        return None


def _payload(part: Message) -> bytes:
    """The bytes behind the transfer encoding; of broken base64 what can be read."""
    try:
        data = part.get_payload(decode=True)
    except (ValueError, LookupError, AssertionError):
        return b""
    if not isinstance(data, bytes):
        return b""
    encoding = str(part.get("content-transfer-encoding", "")).strip().lower()
    return _salvaged(data) if encoding == "base64" else data


def _salvaged(data: bytes) -> bytes:
    """base64 with one character too many comes back as it is: decode it up to its last whole part."""
    packed = data.translate(None, b"\r\n ").rstrip(b"=")
    if len(packed) < PACKED_MIN or len(packed) % 4 != 1 or not PACKED.fullmatch(packed):
        return data
    return binascii.a2b_base64(packed[:-1])


def _flow(part: Message, text: str) -> str:
    """Join the lines that RFC 3676 says are one, unless a patch is in there: that stays as it is."""
    try:
        flowed = str(part.get_param("format", "")).lower() == "flowed"
        joint = "" if str(part.get_param("delsp", "")).lower() == "yes" else " "
    except (ValueError, TypeError, LookupError):
        return text
    return reflow(text, joint) if flowed and not UNFLOWABLE.search(text) else text


def reflow(text: str, joint: str = " ") -> str:
    """``format=flowed`` paragraphs as single lines; quote marks and signature lines stay."""
    done: list[list[str]] = []
    open_depth = -1  # quote depth of the line that waits for more, -1: none does
    for line in text.split("\n"):
        depth = len(line) - len(line.lstrip(">"))
        body = line[depth:].removeprefix(" ")
        flows = body.endswith(" ") and body != "-- "
        kept = body[:-1] + joint if flows else body
        if open_depth == depth and body != "-- ":
            done[-1].append(kept)
        else:
            done.append([">" * depth + (" " if depth else ""), kept])
        open_depth = depth if flows else -1
    joined = ("".join(pieces) for pieces in done)
    return "\n".join(line if line == "-- " else line.rstrip(" ") for line in joined)
