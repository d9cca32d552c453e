"""Wires what krab tells of its own state: the sources and their health, the line of the whole, and the metrics."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from importlib import metadata
from time import time
from typing import TYPE_CHECKING

from bot.settings import Settings
from bot.sourcebook import Standing
from bot.upkeep import free_space
from bot.wiring.krab import Krab
from bot.wiring.sources import STARTER, sources
from feeds.kinds import Source
from index.reindex import progress

if TYPE_CHECKING:
    from bot.metrics import Metrics
    from bot.web import SourceRow, StatusView


def source_rows(krab: Krab, *, charted: bool = False) -> list[SourceRow]:
    """Return every source and its health; ``charted``, also how much it has of each day of late."""
    from bot.web import SourceRow
    from feeds.schedule import SourceState, stalled

    states, now = krab.cursors.states(), time()
    counts = krab.index.catalog.counts() | krab.private.parts()
    days = by_day(krab) if charted else {}
    every = (*krab.book.known(sources(krab.settings)), *_starter(krab.settings))
    told = {source.name: source for source in every}
    said = {name: entry.standing.value for name, entry in krab.book.entries().items()}
    rows = []
    for name, source in told.items():
        state = states.get(name, SourceState())
        health = "failing" if state.last_error else "stalled" if stalled(state, now) else "ok"
        health = health if state.last_success or state.last_error or counts.get(name) else "not yet read"
        idle = said.get(name, Standing.ACTIVE) != Standing.ACTIVE
        rows.append(
            SourceRow(
                name=name,
                kind=source.kind,
                url=source.url.partition("#")[0],
                state=said[name] if idle else health,
                last_success=_moment(state.last_success),
                last_error=state.last_error,
                next_poll=_moment(state.next_poll) if name != STARTER.name and not idle else None,
                parts=counts.get(name, 0),
                lag=now - state.last_success if state.last_success else None,
                habit=state.habit,
                left_out=state.left_out,
                readers=source.private,
                days=days.get(name, ()),
            )
        )
    others = [
        SourceRow(name, "archive", "", "ok", parts=count, days=days.get(name, ()))
        for name, count in counts.items()
        if name not in told
    ]
    return rows + others


def public_rows(krab: Krab) -> list[SourceRow]:
    """Return the sources that everybody may know of, with how much they have of each day of late."""
    return [row for row in source_rows(krab, charted=True) if not row.readers]


def by_day(krab: Krab) -> dict[str, tuple[int, ...]]:
    """Return how many items each source has of the last days, oldest first."""
    from bot.web_views import DAYS

    today = int(time() // 86_400)
    counted = krab.index.catalog.by_day(datetime.fromtimestamp((today - DAYS + 1) * 86_400, UTC))
    span = range(today - DAYS + 1, today + 1)
    return {source: tuple(days.get(day, 0) for day in span) for source, days in counted.items()}


def _starter(settings: Settings) -> tuple[Source, ...]:
    return (STARTER,) if settings.starter_notes else ()


def _moment(stamp: float | None) -> datetime | None:
    return datetime.fromtimestamp(stamp, UTC) if stamp else None


def status_view(krab: Krab) -> StatusView:
    """Return the whole system in a line, for the web page."""
    from bot.web import StatusView

    totals = krab.index.catalog.totals()
    return StatusView(
        parts=totals.parts,
        documents=totals.documents,
        passages=totals.passages,
        newest=totals.newest,
        embedder=krab.index.embedder.identity,
        version=metadata.version("krab"),
        ready=krab.index.ready,
    )


def measuring(krab: Krab) -> Metrics:
    """Return what Prometheus is told."""
    from bot.metrics import Metrics, of_sources, plain
    from bot.metrics import Reading as Value

    def read() -> Iterator[Value]:
        totals, generation = krab.index.catalog.totals(), krab.index.catalog.live()
        step = progress(krab.database)
        yield plain("krab_ready", "1 when questions can be answered", float(krab.index.ready))
        alone = float(not krab.index.trouble)
        yield plain("krab_vectors_reachable", "0 when questions are answered from words alone", alone)
        yield plain("krab_parts", "Mails, posts, pages and notes in the index", totals.parts)
        yield plain("krab_passages", "Passages that are searched", totals.passages)
        yield plain("krab_pending", "Passages that wait for their vector", totals.pending)
        yield plain("krab_generation", "Number of the generation that answers", generation.number if generation else 0)
        percent = step.percent if step else -1
        yield plain("krab_reindex_percent", "How far a reindex is; -1 when none is under way", percent)
        yield plain("krab_outbox_waiting", "Messages of krab's own that wait to be sent", krab.outbox.waiting())
        yield plain("krab_disk_free_bytes", "Free bytes where the data directory is", free_space(krab.settings.data))
        newest = totals.newest.timestamp() if totals.newest else 0
        yield plain("krab_newest_timestamp_seconds", "Date of the newest thing read", newest)
        yield from of_sources(public_rows(krab))

    return Metrics(read)
