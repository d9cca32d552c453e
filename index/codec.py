"""Parts to bytes and back, for the catalogue. The form is stable: a part's digest is taken over it."""

from __future__ import annotations

import hashlib
import json
import zlib
from datetime import UTC, datetime
from typing import Any

from index.model import Block, Event, Kind, Part, Reference, Role

FORMAT = 2  # raise it when parsers improve: a mail that is read again then replaces the stored one


def encode(part: Part) -> bytes:
    """Return everything of ``part`` that the catalogue has no column for, compressed."""
    body = {
        "blocks": [[b.role.value, b.text] for b in part.blocks],
        "links": part.links,
        "labels": part.labels,
        "files": part.files,
        "symbols": part.symbols,
        "references": [[r.title, r.url] for r in part.references],
        "events": [[e.subject, e.kind, e.who, seconds(e.when), e.part, e.quote, e.detail] for e in part.events],
    }
    if part.asks:  # only notes have them: what mails are stored as stays the same
        body["asks"] = part.asks
    return zlib.compress(json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace"), 3)


def decode(row: tuple[str, str, str, str, str, int | None, bytes]) -> Part:
    """Return the part of a row ``(id, kind, url, title, author, date, body)``."""
    id_, kind, url, title, author, date, body = row
    known: dict[str, Any] = json.loads(zlib.decompress(body))
    return Part(
        id=id_,
        url=url,
        title=title,
        author=author,
        date=moment(date),
        kind=Kind(kind),
        blocks=tuple(Block(Role(role), text) for role, text in known["blocks"]),
        links=tuple(known["links"]),
        labels=tuple(known["labels"]),
        files=tuple(known["files"]),
        symbols=tuple(known["symbols"]),
        references=tuple(Reference(*r) for r in known["references"]),
        events=tuple(Event(s, k, w, moment(t), p, q, d) for s, k, w, t, p, q, d in known["events"]),
        asks=tuple(known.get("asks", ())),
    )


def storable(part: Part) -> Part:
    """Return ``part`` with halves of character pairs as question marks: JSON may hold them, no database does."""
    texts = (part.id, part.url, part.title, part.author, *part.links, *(block.text for block in part.blocks))
    try:
        for text in texts:
            text.encode()
    except UnicodeEncodeError:
        id_, url, title, author = (text.encode("utf-8", "replace").decode() for text in texts[:4])
        return decode((id_, part.kind.value, url, title, author, seconds(part.date), encode(part)))
    return part


def digest(part: Part, body: bytes) -> bytes:
    """Return 16 bytes that change when anything of the part does."""
    head = repr((FORMAT, part.id, part.kind.value, part.url, part.title, part.author, seconds(part.date)))
    return hashlib.blake2b(head.encode("utf-8", "replace") + b"\0" + body, digest_size=16).digest()


def seconds(when: datetime | None) -> int | None:
    """Return whole seconds since 1970 for an aware time."""
    return None if when is None else int(when.timestamp())


def moment(stamp: int | None) -> datetime | None:
    """Return the aware UTC time of ``seconds``."""
    return None if stamp is None else datetime.fromtimestamp(stamp, UTC)
