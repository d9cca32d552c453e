"""Makes digests: reads, composes, and keeps those of whole weeks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from bot.digest import topics as asked
from bot.digest.collect import collect
from bot.digest.compose import compose
from bot.digest.model import Digest
from bot.digest.retold import Rewrite, retold
from bot.digest.span import Span, last_week, week_of
from bot.digests import Digests
from index.catalog import Catalog
from index.histories import Histories

SETTLED = timedelta(hours=1)  # until the last mails of a week were read


def _now() -> datetime:
    return datetime.now(UTC)


class Digester:
    """Digests of any span, on any topics."""

    def __init__(
        self,
        catalog: Catalog,
        histories: Histories,
        digests: Digests,
        *,
        stalled: Callable[[], Sequence[str]] = tuple,
        rewrite: Rewrite | None = None,
        clock: Callable[[], datetime] = _now,
    ) -> None:
        """``stalled`` names the sources that should have said more; ``rewrite`` is a language model's, if any."""
        self._catalog = catalog
        self._histories = histories
        self.archive = digests
        self._stalled = stalled
        self._rewrite = rewrite
        self._clock = clock

    def digest(self, span: Span, topics: Sequence[str] = ()) -> Digest:
        """Return the digest of a span: as it was published, when it was. Raises ``UnknownTopic``."""
        published = self.archive.get(span.week, topics) if span.week else None
        return published or self.fresh(span, topics)

    def fresh(self, span: Span, topics: Sequence[str] = ()) -> Digest:
        """Return the digest of a span, composed of what is known now. Raises ``UnknownTopic``."""
        material = collect(self._catalog, self._histories, span, stalled=self._stalled())
        return compose(asked.about(material, topics), tuple(topics))

    def publish(self, span: Span, topics: Sequence[str] = ()) -> Digest:
        """Return the digest of a week, and keep it when the week's mail is in: from then on it stays as it is."""
        published = self.archive.get(span.week, topics)
        if published:
            return published
        made = self._told(span, topics)
        return self.archive.keep(made) if span.week and span.end + SETTLED <= self._clock() else made

    def _told(self, span: Span, topics: Sequence[str]) -> Digest:
        made = self.fresh(span, topics)
        return retold(made, self._rewrite) if self._rewrite else made

    def published(self, span: Span) -> bool:
        """Whether there is a digest of a week."""
        return self.archive.get(span.week) is not None

    def correct(self, span: Span, topics: Sequence[str] = ()) -> Digest:
        """Compose a week anew, and keep that instead of what was published."""
        made = self._told(span, topics)
        self.archive.replace(made)
        return made

    def latest(self) -> Span:
        """Return the last week that is over, or the one of the newest mail when that is older."""
        newest, last = self._histories.newest(), last_week(self._clock())
        return week_of(newest) if newest and newest < last.begin else last
