"""A mail: bytes in, a value out.

``parse`` takes anything. It raises ``Unreadable`` for what is no mail at all, and nothing else: a
wrong character set, a broken encoding or a missing date costs that detail, never the mail. What the
body says is cut into blocks by whose words they are (``feeds.body``), so that nobody is ever quoted
for a line that he only repeated.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from email.message import Message
from email.parser import BytesParser
from email.policy import compat32
from urllib.parse import quote

from feeds import body, diff, headers, labels, series
from feeds.errors import Unreadable
from feeds.mime import Sort, Text, texts
from index.model import Block, Kind, Part, Role

LINKS_MAX = 200
NOISE = re.compile(
    rb"^(?:DKIM|ARC|X-(?:Google|Gm|MS|ME|Forefront|Microsoft|Developer|Spam|CSE|Mimecast|Forwarded|Received)|Authentication|Delivered-To|Return-Path|List-[SUHAP])"
    rb"[\w-]*:.*\n(?:[ \t]+\S.*\n)*",
    re.M,
)


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail, decoded. ``references`` are oldest first, as in its header; ids have no brackets.

    Where a mail has several Message-IDs or answers several mails, the others come first in ``references``.
    """

    message_id: str
    in_reply_to: str
    references: tuple[str, ...]
    subject: str
    author: str
    address: str
    date: datetime | None
    lists: tuple[str, ...]
    labels: tuple[str, ...]
    blocks: tuple[Block, ...]


def parse(raw: bytes, *, newest: datetime | None = None) -> Mail:
    """Read one mail. ``newest`` bounds the dates that are believed where no Received header does.

    Raises ``Unreadable`` when there is neither a Message-ID nor anything that makes it a mail.
    """
    message = _message(raw)
    found = headers.headers(message)
    subject = headers.text(headers.first(found, "subject"))
    sender = headers.mailbox(found)
    blocks = tuple(_blocks(texts(message)))
    ids = headers.message_ids(headers.first(found, "message-id"))
    if not ids and not (found.keys() & {"from", "subject", "date"} and (subject or blocks)):
        raise Unreadable("no Message-ID, and no From, Date or Subject with something to read: this is no mail")
    parents = headers.parents(found, "in-reply-to")
    return Mail(
        message_id=ids[0] if ids else _made_up(raw),
        in_reply_to=parents[0] if parents else "",
        references=tuple(dict.fromkeys((*ids[1:], *parents[1:], *headers.parents(found, "references")))),
        subject=subject,
        author=sender[0],
        address=sender[1],
        date=headers.date(found, newest),
        lists=headers.lists(found),
        labels=labels.facets(subject, found, sender),
        blocks=blocks,
    )


def to_part(mail: Mail, *, base_url: str = "https://lore.kernel.org/all/", labels: Iterable[str] = ()) -> Part:
    """The mail as the index knows it; ``labels`` are added to the mail's own."""
    changes = "\n".join(block.text for block in mail.blocks if block.role is Role.DIFF)
    lists = (f"list:{name}" for name in mail.lists)
    handle = mail.address.partition("@")[0].lower()  # what people call each other on a list: hch, peterz
    return Part(
        id=mail.message_id,
        url=f"{base_url}{quote(mail.message_id, safe='@+=$,:~')}/",
        title=mail.subject,
        author=mail.author,
        date=mail.date,
        blocks=mail.blocks,
        kind=Kind.MAIL,
        links=_links(mail),
        labels=tuple(dict.fromkeys((*mail.labels, *lists, *labels, *([f"by:{handle}"] if handle else [])))),
        files=diff.files(changes) if changes else (),
        symbols=diff.symbols(changes) if changes else (),
        events=series.events(mail),
    )


def _message(raw: bytes) -> Message:
    """The parsed mail. The parser walks line by line, so what nobody reads is not shown to it:
    signatures of relays (most of a header) and a body that has no parts.
    """
    try:
        parser = BytesParser(policy=compat32)
        end = _header_end(raw)
        message = parser.parsebytes(NOISE.sub(b"", raw[:end]))
        if message.get_payload() or message.get_content_maintype() in ("multipart", "message"):
            return parser.parsebytes(raw)
        message.set_payload(raw[end:].decode("ascii", "surrogateescape"))
    except (ValueError, LookupError, AssertionError, AttributeError, TypeError, RecursionError) as error:
        raise Unreadable(f"the mail can't be parsed: {type(error).__name__}") from error
    return message


def _header_end(raw: bytes) -> int:
    ends = [at + len(gap) for gap in (b"\n\n", b"\n\r\n") if (at := raw.find(gap)) >= 0]
    return min(ends, default=len(raw))


def _links(mail: Mail) -> tuple[str, ...]:
    near = dict.fromkeys((mail.in_reply_to, *reversed(mail.references)))
    return tuple(mid for mid in near if mid and mid != mail.message_id)[:LINKS_MAX]


def _blocks(some: Iterable[Text]) -> Iterator[Block]:
    for one in some:
        if not one.text.strip():
            continue
        if one.sort is Sort.BODY:
            yield from body.split(one.text)
        else:
            yield Block(ROLES[one.sort], one.text.strip("\n").rstrip())


ROLES = {Sort.PATCH: Role.DIFF, Sort.ATTACHED: Role.CODE, Sort.FORWARDED: Role.QUOTED}


def _made_up(raw: bytes) -> str:
    """An id for a mail that has none: the same bytes always get the same one."""
    return f"{hashlib.sha256(raw).hexdigest()[:32]}@without-message-id.invalid"
