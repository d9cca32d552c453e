"""The digests as pages and as an Atom feed: every week that was published, and the last one that is over.

Composing one that was not published yet costs CPU, so it stands in the same line as questions. Nothing is written.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Protocol, TypeVar

from aiohttp import web
from jinja2 import Environment

from bot import chart
from bot.digest import dates
from bot.digest.card import card, title
from bot.digest.markdown import plain
from bot.digest.model import Digest
from bot.digest.span import WEEK, Span, UnknownSpan, week, week_of
from bot.web_guard import page

T = TypeVar("T")
LISTED = 60
FED = 12  # weeks in the feed
# The picture is a document of its own, with its own two colour schemes; nothing of others' words is style.
CHART_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_NAMED = r"/digests/{week:\d{4}-W\d{2}}"


class Archive(Protocol):
    """Where digests come from. Called in worker threads."""

    def weeks(self) -> Sequence[tuple[str, datetime]]:
        """Return the weeks that were published and when, the newest first."""
        ...

    def digest(self, span: Span) -> Digest:
        """Return a week's digest, as it was published when it was."""
        ...

    def latest(self) -> Span:
        """Return the last week that there is anything to tell of."""
        ...


@dataclass(frozen=True, slots=True)
class Week:
    """A week in the list and in the feed."""

    week: str
    title: str
    made: datetime
    text: str = ""


class Run(Protocol):
    """Does work in turn; raises ``Busy`` when too much waits."""

    async def __call__(self, work: Callable[[], T]) -> T:
        """Return what ``work`` returns."""
        ...


@dataclass(frozen=True, slots=True)
class Digests:
    """The pages. ``base`` is the address under which the page is known to its readers, without a slash at the end."""

    archive: Archive
    run: Run
    base: str

    def routes(self, pages: Environment) -> Sequence[web.RouteDef]:
        """Return the routes of the pages, the pictures and the feed."""

        async def listed(_request: web.Request) -> web.Response:
            return page(pages, "digests.html", weeks=await asyncio.to_thread(self._listed))

        async def one(request: web.Request) -> web.Response:
            span, latest = _named(request), await asyncio.to_thread(self.archive.latest)
            if span.begin > latest.begin:
                raise web.HTTPNotFound
            digest = await self.run(partial(self.archive.digest, span))
            after = week_of(span.end).week if span.begin < latest.begin else ""
            before = week_of(span.begin - WEEK).week
            return page(
                pages,
                "digest.html",
                week=span.week,
                before=before,
                after=after,
                card=card(digest),
                alt=chart.alt(digest),
                height=chart.drawing(digest).height,
            )

        async def picture(request: web.Request) -> web.Response:
            digest = await self.run(partial(self.archive.digest, _named(request)))
            headers = {"Content-Security-Policy": CHART_POLICY}
            return web.Response(text=chart.svg(digest), content_type="image/svg+xml", headers=headers)

        async def feed(_request: web.Request) -> web.Response:
            entries = await asyncio.to_thread(self._fed)
            updated = max((entry.made for entry in entries), default=datetime.fromtimestamp(0, UTC)).isoformat()
            response = page(pages, "digests.xml", entries=entries, updated=updated, base=self.base)
            response.content_type = "application/atom+xml"
            return response

        return [
            web.get("/digests", listed),
            web.get("/digests.atom", feed),
            web.get(_NAMED + ".svg", picture),
            web.get(_NAMED, one),
        ]

    def _listed(self) -> list[Week]:
        published = dict(self.archive.weeks())
        latest = self.archive.latest()
        known = {latest.week: latest.end, **published}
        names = sorted(known, reverse=True)[:LISTED]
        return [Week(name, _days(week(name)), known[name]) for name in names]

    def _fed(self) -> list[Week]:
        made = list(self.archive.weeks())[:FED]
        digests = [(self.archive.digest(week(name)), when) for name, when in made]
        return [Week(digest.week, title(digest), when, plain(card(digest))) for digest, when in digests]


def _days(span: Span) -> str:
    return dates.span(span.begin, span.end)


def _named(request: web.Request) -> Span:
    try:
        return week(request.match_info["week"])
    except UnknownSpan as error:
        raise web.HTTPNotFound from error
