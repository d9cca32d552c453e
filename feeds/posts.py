"""Posts as JSON Lines: what an operator exported, or what somebody gathered, one object a line.

``url`` and ``markdown`` are required; ``source``, ``title``, ``date`` (ISO 8601), ``author`` and
``license`` are taken when they are there, and other keys are left alone. One bad line harms no other.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from urllib.parse import urlsplit

from feeds.markdown import blocks
from index.model import Kind, Part, Rejected, Role

# An address that says "blog", "news" or a month is a post; documentation has neither, whoever signs it.
_DATED = re.compile(r"(?:^|[./])(?:blog|blogs|posts?|news|press)(?=[./])|/(?:19|20)\d\d/\d\d?(?=/)|blog\.")


def read(lines: Iterable[bytes], where: str) -> Iterator[Part | Rejected]:
    """Turn each line into a part, or into a rejection that names ``where`` and the line's number (from 1)."""
    for number, line in enumerate(lines, 1):
        if line.strip():
            yield _post(line, f"{where}:{number}")


def _post(line: bytes, where: str) -> Part | Rejected:
    try:
        data = json.loads(line)
        return _part(data if isinstance(data, dict) else {})
    except (ValueError, RecursionError) as error:
        return Rejected(where, f"not a post: {' '.join(str(error).split())[:200]}")


def _part(data: dict[str, object]) -> Part:
    url, markdown = _text(data, "url"), _text(data, "markdown")
    if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).netloc:
        raise ValueError('"url" must be a full http(s) address')
    if not markdown.strip():
        raise ValueError('"markdown" is missing or empty')
    content = blocks(markdown)
    date, source = _date(_text(data, "date")), _text(data, "source")
    title = _text(data, "title") or next((b.text for b in content if b.role is Role.OWN), url)
    return Part(
        id=url,
        url=url,
        title=" ".join(title.split())[:300],
        author=_text(data, "author"),
        date=date,
        blocks=content,
        kind=_kind(url, date),
        labels=(f"source:{source}",) if source else (),
    )


def _text(data: dict[str, object], key: str) -> str:
    value = data.get(key)
    if value is not None and not isinstance(value, str):
        raise ValueError(f'"{key}" must be text')
    return (value or "").encode("utf-8", "replace").decode().strip()


def _date(text: str) -> datetime | None:
    if not text:
        return None
    date = datetime.fromisoformat(text)
    try:
        return date.astimezone(UTC) if date.tzinfo else date.replace(tzinfo=UTC)
    except OverflowError:
        return None


def _kind(url: str, date: datetime | None) -> Kind:
    parts = urlsplit(url)
    dated = _DATED.search(f"{parts.netloc.lower()}{parts.path.lower()}/")
    return Kind.POST if date and dated else Kind.PAGE
