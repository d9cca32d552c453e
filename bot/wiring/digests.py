"""Wires the digests: what makes them, who gets which when, what sends them, and those that the web page shows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from bot.wiring.krab import Krab
from bot.wiring.status import source_rows

if TYPE_CHECKING:
    from bot.digest.model import Digest
    from bot.digest.span import Span
    from bot.digest_post import DigestPost
    from bot.digester import Digester
    from bot.subscriptions import Subscriptions

REMEMBERED = 32  # digests that were made for the web page


def digester(krab: Krab) -> Digester:
    """Return what makes digests."""
    from bot.digester import Digester
    from bot.digests import Digests
    from bot.writer import Writer

    def stalled() -> list[str]:
        return [row.name for row in source_rows(krab) if row.state in ("failing", "stalled") and not row.readers]

    rewrite = krab.answerer.rewrite if isinstance(krab.answerer, Writer) else None
    return Digester(krab.index.catalog, krab.index.histories, Digests(krab.memory), stalled=stalled, rewrite=rewrite)


def subscriptions(krab: Krab) -> Subscriptions:
    """Return who gets which digest when."""
    from bot.subscriptions import Subscriptions

    return Subscriptions(krab.memory, krab.outbox)


def digest_post(krab: Krab) -> DigestPost:
    """Return what sends digests to those who subscribed."""
    from bot.chart import picture
    from bot.digest_post import DigestPost, Looks

    def page(week: str) -> str:
        base = krab.settings.web.public_url
        return f"{base}/digests/{week}" if base else ""

    return DigestPost(subscriptions(krab), digester(krab), krab.outbox, looks=Looks(picture, page))


class PublicDigests:
    """The digests on all topics. Those that were not published are remembered until something new is read."""

    def __init__(self, digester: Digester, tick: Callable[[], int]) -> None:
        self.digester = digester
        self._tick = tick
        self._made: dict[tuple[str, int], Digest] = {}

    def weeks(self) -> Sequence[tuple[str, datetime]]:
        """Return the weeks that were published and when, the newest first."""
        return self.digester.archive.weeks()

    def digest(self, span: Span) -> Digest:
        """Return a week's digest, as it was published when it was."""
        key = (span.week, self._tick())
        if key not in self._made:
            while len(self._made) >= REMEMBERED:
                self._made.pop(next(iter(self._made)), None)
            self._made[key] = self.digester.digest(span)
        return self._made[key]

    def latest(self) -> Span:
        """Return the last week that there is anything to tell of."""
        return self.digester.latest()
