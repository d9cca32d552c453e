"""Hosts that publish posts over time, as feeds or as pages, and answer badly now and then.

All hosts are one server on loopback, told apart by the Host header. Time is the caller's.
"""

from __future__ import annotations

import json
import random
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from hashlib import sha256
from html import escape

from index.model import Part, Role
from tests.web_server import Answer, Asked

DAY = 86_400.0
WINDOW = 30  # entries of a feed
SUMMARY = 200  # characters
TAGS = {
    Role.OWN: ("<p>", "</p>"),
    Role.CODE: ("<pre><code>", "</code></pre>"),
    Role.QUOTED: ("<blockquote>", "</blockquote>"),
}
CONTROL = re.compile(r"[^\t\n\x20-\ud7ff\ue000-\ufffd]")
HTML = {"Content-Type": "text/html; charset=utf-8"}


@dataclass(frozen=True, slots=True)
class Post:
    """A post, and the moment it appears."""

    number: int
    at: float
    part: Part


@dataclass(slots=True)
class Host:
    """One host. ``shape``: "rss", "atom", "json", "announced" (RSS with summaries only) or "pages"."""

    name: str
    shape: str
    posts: Sequence[Post]
    start: float
    asked: list[tuple[float, str]] = field(default_factory=list)
    closed: float = 0.0
    early: int = 0  # requests that came although the host had named a later time

    def path(self, post: Post) -> str:
        return f"/docs/{post.number}" if self.shape == "pages" else f"/post/{post.number}"

    def page(self, path: str, now: float) -> Answer:
        """The host in good health."""
        out = [post for post in self.posts if post.at <= now]
        if path == "/feed":
            return Answer(status=301, headers={"Location": "/feed.xml"})
        if path == "/feed.xml":
            return _validated(self._feed(out[-WINDOW:][::-1], now), {"Content-Type": "application/xml"})
        if path == "/docs/":
            links = "".join(f'<li><a href="{self.path(post)}">{escape(post.part.title)}</a></li>' for post in out)
            return _validated(_html(self.name, f"<p>All there is to read here.</p><ul>{links}</ul>"), HTML)
        found = next((post for post in out if self.path(post) == path), None)
        return _validated(_html(found.part.title, _body(found.part)), HTML) if found else Answer(status=404)

    def _feed(self, posts: Sequence[Post], now: float) -> str:
        if self.shape == "json":
            items = [self._json_item(post, now) for post in posts]
            return json.dumps({"version": "https://jsonfeed.org/version/1.1", "items": items})
        if self.shape == "atom":
            entries = "".join(self._entry(post, now) for post in posts)
            return f'<feed xmlns="http://www.w3.org/2005/Atom"><title>{self.name}</title>{entries}</feed>'
        items_ = "".join(self._item(post, now) for post in posts)
        space = "http://purl.org/rss/1.0/modules/content/"
        return f'<rss version="2.0" xmlns:content="{space}"><channel><title>{self.name}</title>{items_}</channel></rss>'

    def _json_item(self, post: Post, now: float) -> dict[str, str]:
        when = datetime.fromtimestamp(post.at, UTC).isoformat()
        about = {"id": self._id(post, now), "url": self._link(post, now), "date_published": when}
        return {**about, "title": post.part.title, "content_html": _body(post.part)}

    def _entry(self, post: Post, now: float) -> str:
        when = datetime.fromtimestamp(post.at, UTC).isoformat()
        head = f"<title>{escape(post.part.title)}</title><id>{self._id(post, now)}</id><updated>{when}</updated>"
        body = f'<content type="html">{escape(_body(post.part))}</content>'
        return f'<entry>{head}<link href="{escape(self._link(post, now))}"/>{body}</entry>'

    def _item(self, post: Post, now: float) -> str:
        text = escape(_body(post.part))
        short = escape(escape(CONTROL.sub("", post.part.text[:SUMMARY])))
        full = (
            f"<content:encoded>{text}</content:encoded>"
            if self.shape == "rss"
            else f"<description>{short}</description>"
        )
        when = format_datetime(datetime.fromtimestamp(post.at, UTC))
        return (
            f"<item><title>{escape(post.part.title)}</title><link>{escape(self._link(post, now))}</link>"
            f'<guid isPermaLink="false">{self._id(post, now)}</guid><pubDate>{when}</pubDate>{full}</item>'
        )

    def _id(self, post: Post, now: float) -> str:
        """Every id changes on the tenth day, as when a blog moves to another engine."""
        return f"tag:{self.name}:{'new-' if now > self.start + 10 * DAY else ''}{post.number}"

    def _link(self, post: Post, now: float) -> str:
        """From the twentieth day on, links carry the feed reader's mark."""
        return self.path(post) + ("?utm_source=feed&utm_medium=rss" if now > self.start + 20 * DAY else "")


class Sites:
    """All hosts behind one server. ``share`` of all requests is answered badly."""

    def __init__(
        self, hosts: Sequence[Host], clock: Callable[[], float], *, share: float, seed: int = 20260528
    ) -> None:
        self.hosts = {host.name: host for host in hosts}
        self.faults: Counter[str] = Counter()
        self._clock = clock
        self._share = share
        self._chance = random.Random(seed)

    def answer(self, asked: Asked) -> Answer:
        """Serve, badly or well."""
        now = self._clock()
        host = self.hosts[asked.headers["host"].partition(":")[0]]
        host.asked.append((now, asked.path))
        host.early += now < host.closed
        path = asked.path.partition("?")[0]
        if "again" not in asked.path and self._chance.random() < self._share:
            return self._fault(host, path, now)
        answer = self._robots() if path == "/robots.txt" else host.page(path, now)
        if answer.headers.get("ETag") and asked.headers.get("if-none-match") == answer.headers["ETag"]:
            self.faults["304"] += 1
            return Answer(status=304, headers=answer.headers)
        return answer

    def _fault(self, host: Host, path: str, now: float) -> Answer:
        fault = self._chance.choice(
            ("500", "503", "503 later", "429 later", "429 date", "cut", "packed and cut", "redirect")
        )
        self.faults[fault] += 1
        seconds = self._chance.choice((600, 3_600, 10_800))
        if fault in ("503 later", "429 later", "429 date"):
            host.closed = float(int(now + seconds))  # dates have whole seconds
            date = format_datetime(datetime.fromtimestamp(now + seconds, UTC), usegmt=True)
            return Answer(status=int(fault[:3]), headers={"Retry-After": date if "date" in fault else str(seconds)})
        if fault == "redirect":
            return Answer(status=302, headers={"Location": f"{path}?again"})
        if fault in ("cut", "packed and cut"):
            return _cut(host.page(path, now), packed="packed" in fault)
        return Answer(status=int(fault))

    def _robots(self) -> Answer:
        return Answer(b"User-agent: *\nDisallow: /private/\n", headers={"Content-Type": "text/plain"})


def _cut(answer: Answer, *, packed: bool) -> Answer:
    import gzip

    if packed:  # a whole answer to look at, whose content breaks off
        return Answer(gzip.compress(answer.body)[:-20], headers={**answer.headers, "Content-Encoding": "gzip"})
    return Answer(answer.body[: len(answer.body) // 2], headers=answer.headers, length=len(answer.body) + 1)


def _validated(text: str, headers: dict[str, str]) -> Answer:
    body = CONTROL.sub("", text).encode("utf-8", "replace")
    return Answer(body, headers={**headers, "ETag": f'"{sha256(body).hexdigest()[:16]}"'})


def _html(title: str, body: str) -> str:
    head = f"<head><title>{escape(title)}</title></head>"
    article = f"<article><h1>{escape(title)}</h1>{body}</article>"
    return f"<!doctype html><html>{head}<body><nav>Home</nav>{article}</body></html>"


def _body(part: Part) -> str:
    return "".join(f"{TAGS[b.role][0]}{escape(b.text)}{TAGS[b.role][1]}" for b in part.blocks if b.role in TAGS)
