"""Reference pages: a page or a sitemap, and what it links to below its own path, one level deep.

The page itself is read at every poll, so that new links are found; each page below is asked about once a
day, only for what changed, as robots.txt allows. A page that is missing twice in a row
is removed; once may be a mishap. A page that can't be read now stays as it was. Pages that are linked no
longer, but still there, are kept: readers cite them.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from html import unescape
from urllib.parse import urljoin, urlsplit

from feeds.article import Article, believable, extract
from feeds.errors import FeedError, Refused, Unreachable, Unreadable
from feeds.fetch import Client, Response, Validators
from feeds.kinds import Feed, Source
from feeds.kinds.feed import digest
from feeds.robots import Robots
from index.model import Batch, Kind, Part, Rejected

MOST = 300
GONE = 2
AGAIN = 20 * 3_600  # seconds until a page is asked about again: once a day, also when polls drift
BATCH = 10
LOCATION = re.compile(rb"<loc>(?:\s{0,99}<!\[CDATA\[)?([^<\]]{1,2000})(?:\]\]>)?\s{0,99}</loc>", re.IGNORECASE)
PAGE = re.compile(r"(/|/[^./]*|\.html?|\.php|\.md)$", re.IGNORECASE)
LOG = logging.getLogger(__name__)


def open(source: Source, client: Client) -> Feed:  # noqa: A001 (the name that every kind has)
    """The pages at and below ``source.url``."""
    return Pages(source, client)


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a page: validators, the digest of its text, how often in a row it was missing,
    when it was last asked about (seconds since 1970).
    """

    etag: str = ""
    modified: str = ""
    text: str = ""
    missing: int = 0
    asked: int = 0


@dataclass(frozen=True, slots=True)
class State:
    """The cursor: what is known by address."""

    pages: Mapping[str, Known] = field(default_factory=dict)

    def dump(self) -> str:
        """As a string."""
        known = {url: [k.etag, k.modified, k.text, k.missing, k.asked] for url, k in self.pages.items()}
        return json.dumps(known, separators=(",", ":"))

    @staticmethod
    def load(cursor: str) -> State:
        """From a string; anything else is the beginning."""
        try:
            known = {
                str(url): Known(str(e), str(m), str(t), int(n), int(asked))
                for url, (e, m, t, n, asked) in json.loads(cursor).items()
            }
        except (ValueError, TypeError, AttributeError):
            return State()
        return State(known)

    def due(self, urls: list[str], now: float) -> list[str]:
        """Those of ``urls`` not asked about for a day: new ones first, then those that wait the longest, so that
        a host that is closed half of the time is read nevertheless.
        """
        asked = {url: self.pages.get(url, Known()).asked for url in urls}
        return sorted((url for url in urls if not 0 <= now - asked[url] < AGAIN), key=lambda url: asked[url])

    def with_page(self, url: str, known: Known | None) -> State:
        """With ``url`` known as it is now, or forgotten."""
        rest = {u: k for u, k in self.pages.items() if u != url}
        return State(rest if known is None else {**rest, url: known})


@dataclass(frozen=True, slots=True)
class Pages:
    """A small site, or a part of one."""

    source: Source
    client: Client

    def read(self, cursor: str) -> Iterator[Batch]:
        """New and changed pages, and those that are gone."""
        before, robots = State.load(cursor), Robots(self.client)
        now = self.client.time.wall()
        urls = before.due(self._urls(robots, before), now)
        batch, state = Batch(), before
        for number, url in enumerate(urls, 1):
            found, state = self._visit(url, state, robots)
            batch = _joined(batch, found)
            if state != before and (number % BATCH == 0 or number == len(urls)):
                yield replace(batch, cursor=state.dump(), total=len(urls))
                batch, before = Batch(), state

    def _urls(self, robots: Robots, state: State) -> list[str]:
        """The page itself, what it links to, and what is known from earlier. Raises if it can't be read."""
        url = self.source.url.split("#")[0]
        if not robots.allows(url):
            raise Refused(f"{url} may not be read, says the site's robots.txt")
        response = self.client.get(url, kind="page")
        if response.missing and not state.pages:
            raise Unreachable(f"{url} answered {response.status}: the page has moved or is gone")
        linked = [] if response.missing else _linked(response)
        below = urljoin(response.url, ".")
        ours = [u for u in linked if u.startswith(below) and PAGE.search(urlsplit(u).path)]
        first = [] if LOCATION.search(response.body) else [url]
        return list(dict.fromkeys((*first, *state.pages, *ours)))[:MOST]

    def _visit(self, url: str, state: State, robots: Robots) -> tuple[Batch, State]:
        known = replace(state.pages.get(url, Known()), asked=int(self.client.time.wall()))
        try:
            if not robots.allows(url):
                return Batch(), state
            response = self.client.get(url, conditional=Validators(known.etag, known.modified), kind="page")
        except FeedError as error:
            LOG.info("leaving %s as it was: %s", url, error)
            return Batch(), state
        if response.missing:
            return _missing(url, known, state)
        if response.not_modified:
            return Batch(), state.with_page(url, replace(known, missing=0))
        return self._changed(url, known, response, state)

    def _changed(self, url: str, known: Known, response: Response, state: State) -> tuple[Batch, State]:
        try:
            article = extract(response.body, response.url)
        except Unreadable as error:
            rejected = () if known.text == "-" else (Rejected(url, str(error)),)
            return Batch(rejected=rejected), state.with_page(url, Known(text="-", asked=known.asked))
        text = digest("\0".join((article.title, *(block.text for block in article.blocks))))
        now = Known(response.validators.etag, response.validators.last_modified, text, asked=known.asked)
        parts = () if text == known.text or not article.blocks else (self._part(url, article),)
        return Batch(parts), state.with_page(url, now)

    def _part(self, url: str, article: Article) -> Part:
        now = datetime.fromtimestamp(self.client.time.wall(), UTC)
        return Part(
            id=url,
            url=url,
            title=article.title or url,
            author=article.author or (urlsplit(url).hostname or ""),
            date=believable(article.date, now),
            blocks=article.blocks,
            kind=Kind.PAGE,
            labels=(f"source:{self.source.name}",),
        )


def _missing(url: str, known: Known, state: State) -> tuple[Batch, State]:
    if not known.text:
        return Batch(), state
    if known.missing + 1 >= GONE:
        return Batch(removed=(url,)), state.with_page(url, None)
    return Batch(), state.with_page(url, replace(known, missing=known.missing + 1))


def _linked(response: Response) -> tuple[str, ...]:
    if found := LOCATION.findall(response.body):
        return tuple(unescape(url.decode("utf-8", "replace")).strip() for url in found)
    try:
        return tuple(link.split("?")[0] for link in extract(response.body, response.url).links)
    except Unreadable:
        return ()


def _joined(one: Batch, other: Batch) -> Batch:
    return Batch(one.parts + other.parts, one.removed + other.removed, one.rejected + other.rejected)
