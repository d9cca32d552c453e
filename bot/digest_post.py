"""Sends digests to those who subscribed, when they are due. It decides nothing: ``bot.due`` does.

One look (``tick``) sends what is due and was not sent. It may be repeated at will, by several processes, with
any clock: ``Subscriptions.deliver`` lets a digest through once. Digests of one span and topics are composed
once a look, whoever gets them.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import count
from typing import Protocol

from bot.card import Card, Picture, Section, Span, Style
from bot.chat import Parcel
from bot.digest.card import Length, card
from bot.digest.model import Digest
from bot.digest.span import Span as Stretch
from bot.digest.span import UnknownSpan, week
from bot.digest.topics import UnknownTopic
from bot.due import Due, due, span
from bot.outbox import Outbox
from bot.pages import PAGE, pages
from bot.subscriptions import Subscription, Subscriptions

log = logging.getLogger(__name__)


def _now() -> datetime:
    return datetime.now(UTC)


class Making(Protocol):
    """Who makes digests: ``bot.digester.Digester``."""

    def fresh(self, span: Stretch, topics: Sequence[str] = ()) -> Digest:
        """Return the digest of a span as of now."""
        ...

    def publish(self, span: Stretch, topics: Sequence[str] = ()) -> Digest:
        """Return the digest of a week, and keep it when the week is over."""
        ...

    def published(self, span: Stretch) -> bool:
        """Whether there is a digest of a week."""
        ...

    def correct(self, span: Stretch, topics: Sequence[str] = ()) -> Digest:
        """Compose a week anew, and keep that instead."""
        ...

    def latest(self) -> Stretch:
        """Return the last week that is over."""
        ...


@dataclass(frozen=True, slots=True)
class Looks:
    """What digests are sent with: ``picture`` draws one, ``page`` returns the address of a week's web page, or "";
    ``size`` is how many characters a message has.
    """

    picture: Callable[[Digest], Picture | None] = lambda _: None
    page: Callable[[str], str] = lambda _: ""
    size: int = PAGE


PLAIN = Looks()


class DigestPost:
    """The driver of subscriptions."""

    def __init__(
        self,
        subscriptions: Subscriptions,
        digester: Making,
        outbox: Outbox,
        *,
        looks: Looks = PLAIN,
        clock: Callable[[], datetime] = _now,
    ) -> None:
        self._subscriptions = subscriptions
        self._digester = digester
        self._outbox = outbox
        self._looks = looks
        self._clock = clock

    def tick(self) -> int:
        """Send what is due now; return how many digests that were."""
        now, made, sent = self._clock(), dict[tuple[Stretch, tuple[str, ...]], Digest](), 0
        for one in self._subscriptions.all():
            now_due = due(one.cadence, now, one.since)
            if now_due is None or one.paused > now or self._subscriptions.was_sent(one.number, now_due.period):
                continue
            stretch = span(one.cadence, now_due.at)
            try:
                digest = made.get((stretch, one.topics)) or self._made(stretch, one.topics)
                made[stretch, one.topics] = digest
                sent += self._subscriptions.deliver(one, now_due, digest.week, self.parcels(one, now_due, digest))
            except UnknownTopic as problem:
                log.warning("subscription %d can't be served: %s", one.number, problem)
        return sent

    def _made(self, stretch: Stretch, topics: tuple[str, ...]) -> Digest:
        if stretch.week and stretch == week(stretch.week):
            return self._digester.publish(stretch, topics)
        return self._digester.fresh(stretch, topics)

    def parcels(self, one: Subscription, now_due: Due, digest: Digest) -> list[Parcel]:
        """Return the messages of a digest; the second and further ones go into the first one's thread."""
        keys = _keys(one.key(now_due.period))
        return [
            Parcel(key, one.channel, page)
            for key, page in zip(keys, pages(self.shown(one, digest, now_due), self._looks.size), strict=False)
        ]

    def shown(self, one: Subscription, digest: Digest, now_due: Due | None = None) -> Card:
        """Return a digest as a subscription wants it; without ``now_due`` as a preview."""
        page = self._looks.page(digest.week) if digest.week and not digest.topics else ""
        made = card(digest, Length(one.length), picture=self._looks.picture(digest), page=page, dates=one.dates)
        if now_due and now_due.late:
            late = f"This was due at {now_due.at:%Y-%m-%d %H:%M} UTC; I was not running then."
            made = replace(made, sections=(Section(((Span(late, Style.FAINT),),)), *made.sections))
        hint = f"“unsubscribe {one.number}” ends this, “subscriptions” lists yours." if one.number else ""
        return replace(made, hint=hint)

    def archive(self) -> None:
        """Publish the last week that is over, whether anybody subscribed or not."""
        latest = self._digester.latest()
        if not self._digester.published(latest):
            self._digester.publish(latest)

    def correct(self, name: str) -> int:
        """Compose a published week anew and edit the messages that told of it; return how many those were.

        Raises ``UnknownSpan`` when it was not published.
        """
        stretch, stamp = week(name), f"{self._clock():%Y%m%dT%H%M%S}"
        if not self._digester.published(stretch):
            raise UnknownSpan(f"{name}: no digest of it was published")
        receivers = self._subscriptions.receivers(name)
        topics: set[tuple[str, ...]] = {(), *(one.topics for one, _ in receivers)}
        made = {some: self._digester.correct(stretch, some) for some in topics}
        for one, period in receivers:
            shown = pages(self.shown(one, made[one.topics]), self._looks.size)
            for key, page in zip(_keys(one.key(period)), shown, strict=False):
                self._outbox.put(one.service, Parcel(f"{key}:{stamp}", one.channel, page), edits=key)
        return len(receivers)


def _keys(first: str) -> Iterator[str]:
    """The keys of a digest's messages."""
    yield first
    yield from (f"{first}:{number}" for number in count(2))
