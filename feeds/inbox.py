"""A public-inbox over HTTP: the newest entries, each mail by itself, and search for whatever lies between.

``new.atom`` holds the newest 25 mails and has no validators, so a busy list overruns it between two polls.
When none of its entries is known, there is a hole. It is filled before the cursor moves: from search (by
time received, a day at a time, as gzipped mailboxes), and where search lags behind, as it does for some
minutes, or is off, by walking back through the feed's older pages. Once a day the last days are searched
in any case, since a mail that was held up on its way sorts below entries that were read before it came.

The cursor says until when (our clock) everything was read, when the last sweep was complete, and digests
of the ids delivered. A fill that was cut short counts as a sweep that never was, so it is done again.
"""

from __future__ import annotations

import hashlib
import json
import logging
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from urllib.parse import quote, unquote, urlsplit

from feeds import entries
from feeds.errors import FeedError, Unreachable, Unreadable
from feeds.fetch import Client
from feeds.mail import parse, to_part
from feeds.origins import Origins
from feeds.response import inflate
from index.model import Batch, Part, Rejected

DAY = 86_400
FEED = 25  # entries of new.atom
SEEN = 4_000
BATCH = 100
STEPS = 40  # pages of the feed walked back; 1,000 mails, each a request
SHORTEST = 1_800  # seconds: the shortest stretch that is still asked for in one go
AHEAD = 3_600  # seconds that a clock may be wrong by
SEPARATOR = re.compile(rb"^From [^\n]*\n", re.MULTILINE)
ESCAPED = re.compile(rb"^>(>*From )", re.MULTILINE)
LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class State:
    """The cursor. Times are seconds since 1970; 0 is never."""

    until: float = 0.0
    swept: float = 0.0
    seen: tuple[str, ...] = ()

    def dump(self) -> str:
        """As a string."""
        return json.dumps({"until": self.until, "swept": self.swept, "seen": self.seen[-SEEN:]}, separators=(",", ":"))

    @staticmethod
    def load(cursor: str) -> State:
        """From a string; anything else is the beginning."""
        try:
            data = json.loads(cursor)
            return State(float(data["until"]), float(data["swept"]), tuple(map(str, data["seen"])))
        except (ValueError, TypeError, KeyError):
            return State()


@dataclass(frozen=True, slots=True)
class Newest:
    """One entry of new.atom. ``name`` is the Message-ID as the URL spells it."""

    name: str
    received: float

    @property
    def key(self) -> str:
        """Its digest in the cursor."""
        return digest(unquote(self.name))


def digest(message_id: str) -> str:
    """Ten hex digits that stand for a Message-ID."""
    return hashlib.sha256(message_id.encode("utf-8", "replace")).hexdigest()[:10]


@dataclass(frozen=True, slots=True)
class Inbox:
    """The inbox at ``origins``; a first read goes back ``since`` seconds. ``query`` narrows it to what is found."""

    origins: Origins
    since: float
    labels: tuple[str, ...] = ()
    query: str = ""

    @property
    def url(self) -> str:
        """Where it is, without a slash at its end; its mails' addresses begin so, whoever sent them."""
        return self.origins.url

    @property
    def client(self) -> Client:
        """Who asks."""
        return self.origins.client

    def read(self, cursor: str) -> Iterator[Batch]:
        """Every mail received after the cursor, once."""
        now = self.client.time.wall()
        state = self._healed(State.load(cursor), now)
        start = max(state.until - DAY, 0.0) if state.until else now - self.since
        if self.query:  # new.atom is that of the whole archive, so there is no other way than to search
            yield from self._fill(replace(state, until=state.until or start), start, now)
            return
        newest = self._newest()
        hole = len(newest) >= FEED and not any(entry.key in state.seen for entry in newest)
        if hole or now - state.swept > DAY:
            try:
                for batch in self._fill(replace(state, until=state.until or start), start, now):
                    yield batch
                    state = State.load(batch.cursor)
            except FeedError as error:
                LOG.warning("%s: search failed: %s", self.url, error)
        if hole and newest[0].key not in state.seen and newest[0].received > start:
            newest = self._walk(newest, state, start)
        yield from self._single(newest, state, now)

    def _healed(self, state: State, now: float) -> State:
        if max(state.until, state.swept) <= now + AHEAD:
            return state
        LOG.warning("%s: the cursor is ahead of the clock; reading the last %d days again", self.url, self.since / DAY)
        return State(seen=state.seen)

    def _newest(self, before: float | None = None) -> list[Newest]:
        """The 25 newest mails there are, or were ``before`` a moment (inclusive), oldest first."""
        page = "" if before is None else f"?t={datetime.fromtimestamp(before, UTC):%Y%m%d%H%M%S}"
        response = self.origins.get(f"/new.atom{page}")
        if response.missing:
            return []  # an inbox without mail has no feed
        found = entries.parse(response.body, response.url)
        names = ((urlsplit(e.url).path.rstrip("/").rsplit("/", 1)[-1], e.date) for e in found)
        return [Newest(name, date.timestamp() if date else 0.0) for name, date in names if name][::-1]

    def _walk(self, newest: list[Newest], state: State, start: float) -> list[Newest]:
        """``newest`` and what lies before it, back to ``start`` or to a mail that is known."""
        found = {entry.name: entry for entry in newest}
        for _ in range(STEPS):
            older = self._newest(min(entry.received for entry in found.values()))
            fresh = {entry.name: entry for entry in older if entry.name not in found}
            found = {**fresh, **found}
            reached = any(e.key in state.seen or e.received <= start for e in fresh.values())
            if reached or len(older) < FEED:
                return list(found.values())
            if not fresh:
                break
        raise Unreachable(f"{self.url}: too many mails since the last poll, and search finds them not; use #git")

    def _single(self, newest: list[Newest], state: State, now: float) -> Iterator[Batch]:
        """The entries not seen yet, each by itself."""
        fresh = [entry for entry in newest if entry.key not in state.seen]
        for at in range(0, len(fresh), FEED):
            some = fresh[at : at + FEED]
            batch, seen = self._batch([(entry.name, self._raw(entry)) for entry in some], state.seen)
            keys = (entry.key for entry in some)
            state = replace(state, seen=tuple(dict.fromkeys((*seen, *keys))))
            if at + FEED < len(fresh):
                yield replace(batch, cursor=replace(state, swept=0.0).dump())
            else:
                yield replace(batch, cursor=replace(state, until=now).dump())
        if not fresh:
            yield Batch(cursor=replace(state, until=now).dump())

    def _raw(self, entry: Newest) -> bytes:
        response = self.origins.get(f"/{entry.name}/raw")
        return b"" if response.missing else response.body

    def _fill(self, state: State, start: float, now: float) -> Iterator[Batch]:
        """Everything that search finds from ``start`` until now. Raises ``FeedError``."""
        state = replace(state, swept=0.0)
        for end, box in self._boxes(int(start), int(now)):
            raws = [("", raw) for raw in mails(box)]
            for at in range(0, len(raws), BATCH):
                batch, seen = self._batch(raws[at : at + BATCH], state.seen)
                state = replace(state, seen=seen)
                yield replace(batch, cursor=state.dump())
            state = replace(state, until=max(state.until, min(end, now)))
        yield Batch(cursor=replace(state, swept=now).dump())

    def _boxes(self, start: int, now: int) -> Iterator[tuple[float, bytes]]:
        """Mailboxes of a day each, and the moment each ends. The last one has no end: clocks differ."""
        while start < now:
            end, box = self._box(start, min(start + DAY, now + 1), last=start + DAY >= now)
            yield end, box
            start = int(end)

    def _box(self, start: int, end: int, *, last: bool) -> tuple[float, bytes]:
        try:
            return end, self._search(f"rt:{start}..{'' if last else end}")
        except Unreadable:
            if end - start < SHORTEST:
                raise
            return self._box(start, (start + end) // 2, last=False)

    def _search(self, query: str) -> bytes:
        narrowed = f"({self.query}) AND {query}" if self.query else query
        response = self.origins.post(f"/?q={quote(narrowed, safe=':')}&x=m")
        if response.missing:
            return b""  # no hits
        limit = 4 * self.client.manners.body
        return inflate([response.body], limit) if response.body.startswith(b"\x1f\x8b") else response.body

    def _batch(self, raws: Iterable[tuple[str, bytes]], seen: tuple[str, ...]) -> tuple[Batch, tuple[str, ...]]:
        parts: list[Part] = []
        rejected: list[Rejected] = []
        known = set(seen)
        for name, raw in raws:
            one = part(raw, f"{self.url}/", self.labels)
            if isinstance(one, str):
                rejected.append(Rejected(f"{self.url}/{name}", one))
            elif digest(one.id) not in known:
                known.add(digest(one.id))
                parts.append(one)
        return Batch(tuple(parts), rejected=tuple(rejected)), (*seen, *(digest(one.id) for one in parts))


def part(raw: bytes, base_url: str, labels: tuple[str, ...]) -> Part | str:
    """The first mail in ``raw``, or why there is none."""
    try:
        return to_part(parse(next(iter(mails(raw)), b"")), base_url=base_url, labels=labels)
    except Unreadable as error:
        return str(error)


def mails(box: bytes) -> list[bytes]:
    """The mails of an mboxrd; bytes that are no mailbox are one mail."""
    if not box.startswith(b"From "):
        return [box] if box.strip() else []
    return [ESCAPED.sub(rb"\1", mail) for mail in SEPARATOR.split(box)[1:]]
