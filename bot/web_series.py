"""Patch series as pages: a life line of all versions, and what happened to each in words. Values in, a page out.

The line is a picture for whoever can see it; everything in it stands below in words too, each with its mail.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from aiohttp import web
from jinja2 import Environment

from bot.chat.text import one_line, shorten
from bot.series import day, state, summary
from bot.web_guard import page
from index.history import History, Version
from index.model import Event

LONGEST = 300  # characters of what is looked for
SHOWN = 12  # versions in the picture, the newest
LEFT, RIGHT, ROW = 60.0, 700.0, 34.0
KINDS = {"posted": "posted", "reviewed": "reviewed", "acked": "reviewed", "tested": "reviewed", "applied": "applied"}
KINDS |= {"nacked": "nacked"}

Find = Callable[[str], tuple[Sequence[History], datetime | None]]


@dataclass(frozen=True, slots=True)
class Dot:
    """One happening on the line."""

    x: float
    kind: str
    says: str
    size: float


@dataclass(frozen=True, slots=True)
class Row:
    """One version's line, from its posting to the next version or its last happening."""

    y: float
    label: str
    begin: float
    end: float
    dots: tuple[Dot, ...]


@dataclass(frozen=True, slots=True)
class Tick:
    """A date below the line."""

    x: float
    says: str
    anchor: str


@dataclass(frozen=True, slots=True)
class Told:
    """A happening in words; ``word`` is what its ``kind`` is called."""

    kind: str
    word: str
    who: str
    when: str
    detail: str
    link: str


@dataclass(frozen=True, slots=True)
class VersionView:
    """A version in words; ``newer`` is the label of the one that supersedes it."""

    label: str
    link: str
    when: str
    parts: str
    newer: str
    events: tuple[Told, ...]


@dataclass(frozen=True, slots=True)
class SeriesView:
    """A series, ready for its page."""

    title: str
    link: str
    fate: str
    summary: str
    alt: str
    height: float
    rows: tuple[Row, ...]
    ticks: tuple[Tick, ...]
    versions: tuple[VersionView, ...]


def routes(find: Find) -> Callable[[Environment], Sequence[web.RouteDef]]:
    """Return the page of series. ``find`` is called in worker threads: the histories meant, and up to when was read."""

    def made(pages: Environment) -> Sequence[web.RouteDef]:
        async def series(request: web.Request) -> web.Response:
            asked = " ".join(request.query.get("q", "")[:LONGEST].split())
            found, newest = await asyncio.to_thread(find, asked) if asked else ((), None)
            views = [view(history, newest) for history in found]
            return page(pages, "series.html", asked=asked, found=views, newest=newest)

        return [web.get("/series", series)]

    return made


def view(history: History, newest: datetime | None) -> SeriesView:
    """Return a series for its page; ``newest`` is up to when mail was read."""
    shown = history.versions[-SHOWN:]
    scale = _scale(shown)
    rows = tuple(_row(version, n, shown, scale) for n, version in enumerate(shown))
    newer: list[str] = [*(version.label for version in history.versions[1:]), ""]
    pairs = list(zip(history.versions, newer, strict=True))[::-1]
    return SeriesView(
        title=one_line(history.title),
        link=_series_link(history.subject),
        fate=state(history)[0],
        summary=summary(history, newest),
        alt=_alt(history),
        height=ROW * len(rows) + 30,
        rows=rows,
        ticks=_ticks(shown),
        versions=tuple(_version(version, label) for version, label in pairs),
    )


def _alt(history: History) -> str:
    said = [f"{version.label} posted {day(version.date)}" for version in history.versions]
    said += [f"applied {day(event.when)}" for event in history.applied[:1]]
    return shorten("Life line: " + ", ".join(said), 300)


def _moments(versions: Sequence[Version]) -> list[float]:
    return [event.when.timestamp() for version in versions for event in version.events if event.when]


def _scale(versions: Sequence[Version]) -> Callable[[datetime | None], float]:
    moments = _moments(versions) or [0.0]
    first, span = min(moments), max(max(moments) - min(moments), 1.0)

    def place(when: datetime | None) -> float:
        share = ((when.timestamp() if when else first) - first) / span
        return round(LEFT + 8 + share * (RIGHT - LEFT - 16), 1)

    return place


def _row(version: Version, n: int, all_: Sequence[Version], place: Callable[[datetime | None], float]) -> Row:
    events = [event for event in version.events if event.kind in KINDS]
    dots = tuple(_dot(event, place) for event in events)
    ends = [*(dot.x for dot in dots), *(place(newer.date) for newer in all_[n + 1 : n + 2])]
    begin = place(version.date)
    return Row(ROW * n + 20, version.label, begin, max([begin, *ends]), dots)


def _dot(event: Event, place: Callable[[datetime | None], float]) -> Dot:
    kind = KINDS[event.kind]
    says = f"{event.kind} by {one_line(event.who)}, {day(event.when)}"
    return Dot(place(event.when), kind, says, 6.0 if kind in ("posted", "applied") else 4.0)


def _ticks(versions: Sequence[Version]) -> tuple[Tick, ...]:
    dates = sorted(event.when for version in versions for event in version.events if event.when)
    if not dates:
        return ()
    first, last = Tick(LEFT, day(dates[0]), "start"), Tick(RIGHT, day(dates[-1]), "end")
    return (first, last) if first.says != last.says else (first,)


def _version(version: Version, newer: str) -> VersionView:
    parts = f"{version.seen} of {version.expected} parts read" if version.expected > 1 else ""
    events = tuple(_told(event) for event in version.events if event.kind in KINDS and event.kind != "posted")
    return VersionView(version.label, _link(version.root, version.title), day(version.date), parts, newer, events)


def _told(event: Event) -> Told:
    word = "refused (NAK)" if event.kind == "nacked" else event.kind
    link = _link(event.part, event.quote)
    return Told(event.kind, word, one_line(event.who), day(event.when), one_line(event.detail), link)


def _link(part: str, quote: str) -> str:
    return f"/part?{urlencode({'id': part, 'q': quote}, errors='replace')}#quote"


def _series_link(subject: str) -> str:
    return f"/series?{urlencode({'q': subject}, errors='replace')}"
