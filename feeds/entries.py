"""A feed's bytes to entries: RSS and Atom through feedparser, JSON Feed by hand (feedparser knows it not).

Pure: feedparser gets a stream of bytes we fetched, never an address it could open. Entities that are
declared in the feed are refused beyond the few characters that old feeds name, since a short document
can unfold to gigabytes. What comes out is plain values; nothing of feedparser leaves this file.
"""

from __future__ import annotations

import json
import re
from calendar import timegm
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from io import BytesIO
from typing import Any
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit, urlunsplit

from feeds.errors import Unreadable

MOST = 1_000  # entries of one feed; more is an archive or an attack
ENTITY = re.compile(rb"<!ENTITY([^>]{0,400})", re.IGNORECASE)
DOCTYPE = re.compile(rb"<!DOCTYPE", re.IGNORECASE)
ELEMENT = re.compile(rb"<[A-Za-z]")
BLANKS = re.compile(rb"\s{64,}")
HARMLESS_ENTITY = re.compile(
    rb"\s+[\w.-]+\s+([\"'])(&#?\w+;|[^&\"'%]{0,32})\1\s*"  # a character or a word
    rb"|\s+%\s+\w+\s+PUBLIC\s+[\"']-//W3C//[^\"']*[\"']\s+[\"']http[^\"']*[\"']\s*"  # XHTML's own; never loaded
)
TRACKING = re.compile(r"utm_\w+|fbclid|gclid|mc_[ce]id")
ALTERNATE = re.compile(rb"<link\b[^<>]{0,500}>", re.IGNORECASE)
FEED_TYPE = re.compile(rb"application/(?:rss|atom|feed)\+(?:xml|json)", re.IGNORECASE)
HREF = re.compile(rb"href=[\"']?([^\"'\s>]+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Entry:
    """``url`` is absolute and canonical, or empty. ``full``: ``html`` is the whole article, as far as we know."""

    id: str
    url: str
    title: str
    author: str
    date: datetime | None
    html: str
    full: bool


def parse(body: bytes, url: str) -> tuple[Entry, ...]:
    """The entries of the feed that came from ``url``, in its order. Raises ``Unreadable``."""
    if body.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        return tuple(_json_feed(body, url))
    _refuse_bombs(body)
    body = _short_head(body)
    import feedparser

    try:
        feed = feedparser.parse(BytesIO(body), response_headers={"content-location": url}, sanitize_html=False)
        found = tuple(_entry(entry, url, _author(feed.get("feed", {}))) for entry in feed["entries"][:MOST])
    except Exception as error:  # feedparser's inner parsers raise all sorts of things on broken input
        raise Unreadable(f"{url} is no feed that can be read ({type(error).__name__}: {error})") from error
    if not found and not feed.get("version"):
        raise Unreadable(f"{url} is not a feed{_advice(body, url)}")
    return found


def canonical(link: str, base: str) -> str:
    """``link`` made absolute, its tracking parameters and fragment gone; empty when it is no web address."""
    try:
        parts = urlsplit(urljoin(base, link.strip()))
        query = urlencode([(k, v) for k, v in parse_qsl(parts.query, True) if not TRACKING.fullmatch(k)])
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https") or not parts.netloc:
        return ""
    same = query == parts.query or not TRACKING.search(parts.query)
    return urlunsplit((parts.scheme, parts.netloc.lower(), parts.path or "/", parts.query if same else query, ""))


def _refuse_bombs(body: bytes) -> None:
    text = body.replace(b"\0", b"")  # UTF-16 and UTF-32 hide nothing
    entities = ENTITY.findall(text)
    if (
        len(entities) > 300
        or len(DOCTYPE.findall(text)) > 3
        or not all(HARMLESS_ENTITY.fullmatch(entity) for entity in entities)
    ):
        raise Unreadable("the feed declares entities of its own, which no honest feed needs")


def _short_head(body: bytes) -> bytes:
    """Runs of blanks before the first element cut short: feedparser's patterns take squared time over them."""
    first = ELEMENT.search(body)
    end = first.start() if first else len(body)
    return BLANKS.sub(b"\n", body[:end]) + body[end:]


def _entry(entry: Mapping[str, Any], base: str, author: str) -> Entry:
    found = dict(entry)  # a plain dict: feedparser's own guesses at other keys, and warns about it
    contents = [c for c in found.get("content") or [] if isinstance(c, dict) and c.get("value")]
    best = max(contents, key=lambda c: len(c["value"]), default=found.get("summary_detail") or {})
    text, kind = str(best.get("value") or ""), str(best.get("type") or "")
    guid = str(found.get("id") or "")
    return Entry(
        id=guid,
        url=canonical(str(found.get("link") or ""), base) if found.get("link") else canonical(guid, guid),
        title=_line(_untagged(found)),
        author=_line(_author(found) or author),
        date=_moment(found.get("published_parsed")) or _moment(found.get("updated_parsed")),
        html=text if "html" in kind or "<" in text else escape(text),
        full=bool(contents),
    )


def _untagged(found: Mapping[str, Any]) -> str:
    title = str(found.get("title") or "")
    detail = found.get("title_detail") or {}
    return re.sub(r"<[^>]{0,500}>", "", title) if "html" in str(detail.get("type")) else title


def _author(found: Mapping[str, Any]) -> str:
    found = dict(found)
    detail = found.get("author_detail") or {}
    return str(detail.get("name") or found.get("author") or "")


def _line(text: str) -> str:
    return " ".join(text.split())[:500]


def _moment(parsed: Any) -> datetime | None:
    try:
        return datetime.fromtimestamp(timegm(parsed), UTC) if parsed else None
    except (ValueError, OverflowError, TypeError, OSError):
        return None


def _json_feed(body: bytes, url: str) -> Iterator[Entry]:
    try:
        data = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"{url} is not JSON that can be read ({error})") from error
    if not isinstance(data, dict) or not isinstance(data.get("items"), list):
        raise Unreadable(f"{url} is JSON, but not a JSON Feed")
    for item in data["items"][:MOST]:
        if isinstance(item, dict):
            yield _json_entry(item, url, _json_author(data))


def _json_entry(item: Mapping[str, Any], base: str, author: str) -> Entry:
    html, text = _string(item, "content_html"), _string(item, "content_text")
    content = html or escape(text).replace("\n", "<br>")
    guid = _string(item, "id")
    return Entry(
        id=guid,
        url=canonical(_string(item, "url") or guid, base) if item.get("url") else canonical(guid, guid),
        title=_line(_string(item, "title")),
        author=_line(_json_author(item) or author),
        date=_iso(_string(item, "date_published")) or _iso(_string(item, "date_modified")),
        html=content or escape(_string(item, "summary")),
        full=bool(content),
    )


def _json_author(item: Mapping[str, Any]) -> str:
    authors = item.get("authors")
    first = authors[0] if isinstance(authors, list) and authors else item.get("author")
    return _string(first, "name") if isinstance(first, dict) else ""


def _string(item: Mapping[str, Any], key: str) -> str:
    value = item.get(key)
    return str(value) if isinstance(value, str | int) else ""


def _iso(text: str) -> datetime | None:
    try:
        when = datetime.fromisoformat(text)
        return when.astimezone(UTC) if when.tzinfo else when.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def _advice(body: bytes, url: str) -> str:
    if not re.search(rb"<(?:html|!doctype html|head|body)\b", body[:5000], re.IGNORECASE):
        return ""
    for tag in ALTERNATE.findall(body[:200_000]):
        if FEED_TYPE.search(tag) and (href := HREF.search(tag)):
            return f" but a web page; its feed is {urljoin(url, href[1].decode('utf-8', 'replace'))}"
    return ' but a web page that names no feed; use kind = "pages" to read the page itself'
