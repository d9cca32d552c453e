"""Blogs and news by their feed: RSS, Atom, JSON Feed.

The cursor holds the host's validators and a digest of every entry seen, so an unchanged entry is not
delivered again, a changed one is, and an entry that only got a new id is not taken for a new post. An
entry that carries no article gets it from its page, once, as far as robots.txt allows; failing that, its
summary stands. An entry whose page can't be had just now waits for the next poll, but not for long.
Validators go into the last batch's cursor alone: were they saved earlier, a crash in between would leave
the rest unread behind a "not modified".
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from urllib.parse import urlsplit

from feeds.article import Article, believable, extract, fragment
from feeds.entries import Entry, parse
from feeds.errors import FeedError, Unreachable
from feeds.fetch import Client, Validators
from feeds.kinds import Feed, Source
from feeds.robots import Robots
from index.model import Batch, Block, Kind, Part, Rejected

SEEN = 2_000
BATCH = 20
PAGES = 40  # articles fetched in one poll; on a first poll the newest get theirs, older ones keep the summary
TRIES = 3  # polls in which an entry's page is asked for before its summary stands
WAITING = "?"  # in the place of a digest, followed by the tries so far
WHOLE = 1_500  # characters: a "description" of this length is the article
LOG = logging.getLogger(__name__)


def open(source: Source, client: Client) -> Feed:  # noqa: A001 (the name that every kind has)
    """The feed at ``source.url``."""
    return WebFeed(source, client)


@dataclass(frozen=True, slots=True)
class State:
    """The cursor: validators, and digest by digested id, in the order they were seen."""

    validators: Validators = field(default_factory=Validators)
    seen: Mapping[str, str] = field(default_factory=dict)

    def dump(self) -> str:
        """As a string."""
        seen = dict(list(self.seen.items())[-SEEN:])
        return json.dumps([self.validators.etag, self.validators.last_modified, seen], separators=(",", ":"))

    @staticmethod
    def load(cursor: str) -> State:
        """From a string; anything else is the beginning."""
        try:
            etag, modified, seen = json.loads(cursor)
            return State(Validators(str(etag), str(modified)), {str(k): str(v) for k, v in seen.items()})
        except (ValueError, TypeError, AttributeError):
            return State()

    def with_entry(self, entry: Entry) -> State:
        """The entry seen as it is now."""
        key = digest(identity(entry))
        rest = {k: v for k, v in self.seen.items() if k != key}
        return replace(self, seen={**rest, key: content(entry)})

    def with_waiting(self, entry: Entry) -> State:
        """The entry to be looked at again in the next poll, whose answer must not be "not modified"."""
        seen = {**self.seen, digest(identity(entry)): f"{WAITING}{self.tries(entry) + 1}"}
        return replace(self, seen=seen)

    def tries(self, entry: Entry) -> int:
        """How often the entry's page was asked for in vain."""
        known = self.seen.get(digest(identity(entry)), "")
        return int(known[1:]) if known.startswith(WAITING) else 0

    def done(self, entries: list[Entry], validators: Validators) -> State:
        """The state after a poll that saw ``entries``; without validators while some of them wait."""
        waits = any(self.tries(entry) for entry in entries)
        return replace(self, validators=Validators() if waits else validators)

    def news(self, entry: Entry) -> bool:
        """Whether the entry is new or changed, and not just an old one under a new id."""
        known = self.seen.get(digest(identity(entry)))
        if known is None:
            return not (entry.html.strip() and content(entry) in self.seen.values())
        return known != content(entry)


def identity(entry: Entry) -> str:
    """What the entry is called: its address, or else its guid."""
    return entry.url or entry.id or entry.title


def content(entry: Entry) -> str:
    """A digest of what the entry says."""
    return digest(f"{entry.title}\0{entry.html}")


def digest(text: str) -> str:
    """Twelve hex digits."""
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class WebFeed:
    """One feed. Nothing is kept between reads but the cursor."""

    source: Source
    client: Client

    def read(self, cursor: str) -> Iterator[Batch]:
        """New and changed entries, oldest first."""
        state = State.load(cursor)
        response = self.client.get(self.source.url, conditional=state.validators)
        if response.not_modified:
            return
        if response.missing:
            raise Unreachable(f"{self.source.url} answered {response.status}: the feed has moved or is gone")
        entries = parse(response.body, response.url)
        fresh = [entry for entry in _oldest_first(entries) if state.news(entry)]
        pages = _Pages(self.client, first=max(0, len(fresh) - PAGES))
        for start in range(0, len(fresh), BATCH):
            batch, state = self._batch(fresh[start : start + BATCH], state, pages)
            if start + BATCH < len(fresh):
                yield replace(batch, cursor=state.dump(), total=len(fresh))
            else:
                yield replace(batch, cursor=state.done(fresh, response.validators).dump(), total=len(fresh))
        if not fresh and response.validators != state.validators:
            yield Batch(cursor=replace(state, validators=response.validators).dump())

    def _batch(self, entries: list[Entry], state: State, pages: _Pages) -> tuple[Batch, State]:
        parts, rejected = [], []
        for entry in entries:
            part = self._part(entry, pages, last=state.tries(entry) + 1 >= TRIES)
            if part is None:
                state = state.with_waiting(entry)
                continue
            if part.blocks:
                parts.append(part)
            else:
                rejected.append(Rejected(part.url, "the entry has no text"))
            state = state.with_entry(entry)
        return Batch(tuple(parts), rejected=tuple(rejected)), state

    def _part(self, entry: Entry, pages: _Pages, *, last: bool) -> Part | None:
        """The entry with its article; None when that may still come, unless this is the ``last`` try."""
        blocks = fragment(entry.html)
        whole = entry.full or sum(len(block.text) for block in blocks) >= WHOLE
        try:
            page = None if whole else pages.article(entry.url)
        except Unreachable:
            if not last:
                return None
            page = None
        best = page.blocks if page and _size(page.blocks) > _size(blocks) else blocks
        url = entry.url or f"{self.source.url}#{digest(entry.id or entry.title)}"
        return Part(
            id=url,
            url=url,
            title=entry.title or (page.title if page else "") or url,
            author=entry.author or (page.author if page else "") or (urlsplit(url).hostname or ""),
            date=believable(entry.date or (page.date if page else None), _now(self.client)),
            blocks=best,
            kind=Kind.POST,
            labels=(f"source:{self.source.name}",),
        )


class _Pages:
    """Fetches the articles that a feed only announces; the ``first`` ones are left as they are."""

    def __init__(self, client: Client, *, first: int) -> None:
        self._client = client
        self._robots = Robots(client)
        self._skip = first

    def article(self, url: str) -> Article | None:
        """The article at ``url``, or None when there is none for us. Raises ``Unreachable`` if there may be later."""
        self._skip -= 1
        if not url or self._skip >= 0:
            return None
        try:
            if not self._robots.allows(url):
                return None
            response = self._client.get(url, kind="page")
            return None if response.missing else extract(response.body, response.url)
        except Unreachable:
            raise
        except FeedError as error:
            LOG.info("keeping the summary of %s: %s", url, error)
            return None


def _size(blocks: tuple[Block, ...]) -> int:
    return sum(len(block.text) for block in blocks)


def _oldest_first(entries: tuple[Entry, ...]) -> list[Entry]:
    unknown = datetime.min.replace(tzinfo=UTC)
    unique = {identity(entry): entry for entry in reversed(entries)}
    return sorted(unique.values(), key=lambda entry: entry.date or unknown)


def _now(client: Client) -> datetime:
    return datetime.fromtimestamp(client.time.wall(), UTC)
