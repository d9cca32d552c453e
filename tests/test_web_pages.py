"""Series, digests, the feed, sparklines and metrics: what their pages promise."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from bot.metrics import Metrics, of_sources, plain
from bot.model import Answer, Question
from bot.web_series import view
from bot.web_views import SourceRow
from tests.fake_site import ANSWERED, DAY, DIGEST, KETTLE, MAIL, ROWS, site

Client = TestClient[web.Request, web.Application]
ATOM = "{http://www.w3.org/2005/Atom}"


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    async with TestClient(TestServer(site())) as opened:
        yield opened


async def text(client: Client, path: str) -> str:
    response = await client.get(path)
    assert response.status == 200
    return await response.text()


# Series


async def test_a_series_has_every_version_newest_first_and_what_happened_to_it(client: Client) -> None:
    body = await text(client, "/series?q=kettle")
    assert re.findall(r'<h2><a href="/part[^"]*">(v\d)</a>', body) == ["v3", "v2", "v1"]
    assert "superseded by v3" in body
    assert re.search(r"<strong>applied</strong> by Rosa Blech to kettle-next, <a href=\"/part\?id=teapot-3", body)


async def test_what_the_line_shows_is_said_in_words_too(client: Client) -> None:
    body = await text(client, "/series?q=kettle")
    assert 'aria-label="Life line: v1 posted 2025-07-01, v2 posted 2025-07-08, v3 posted 2025-07-19' in body
    assert body.count("<circle") == 8


async def test_an_unknown_series_is_said_to_be_unknown(client: Client) -> None:
    assert "I know of no such series" in await text(client, "/series?q=nothing")


async def test_without_words_there_is_only_the_form(client: Client) -> None:
    body = await text(client, "/series")
    assert "<form" in body
    assert "I know of no" not in body


def test_time_runs_from_left_to_right_and_stays_in_the_picture() -> None:
    shown = view(KETTLE, DAY)
    places = [[dot.x for dot in row.dots] for row in shown.rows]
    assert all(60 <= x <= 700 for row in places for x in row)
    assert [row[0] for row in places] == sorted(row[0] for row in places)


def test_a_series_without_dates_is_shown() -> None:
    first = replace(KETTLE.versions[0], date=None, events=())
    assert view(replace(KETTLE, versions=(first,)), None).ticks == ()


# Digests


async def test_the_weeks_are_listed_and_lead_to_their_pages(client: Client) -> None:
    assert '<a href="/digests/2025-W28">7–13 July 2025</a>' in await text(client, "/digests")


async def test_a_digest_shows_everything_with_links_and_its_picture(client: Client) -> None:
    body = await text(client, "/digests/2025-W28")
    assert f'<a href="{MAIL.url}" rel="noopener noreferrer nofollow">' in body
    assert '<img src="/digests/2025-W28.svg" alt="' in body
    assert "A mapping must never outlive the binding." in body
    assert '<a href="/digests/2025-W27">The week before</a>' in body


async def test_the_picture_may_have_styles_and_nothing_else(client: Client) -> None:
    response = await client.get("/digests/2025-W28.svg")
    assert response.content_type == "image/svg+xml"
    assert response.headers["Content-Security-Policy"] == "default-src 'none'; style-src 'unsafe-inline'"
    ET.fromstring(await response.text())


@pytest.mark.parametrize("path", ["/digests/2025-W29", "/digests/2025-W99", "/digests/2025-W00", "/digests/soon"])
async def test_a_week_that_is_not_over_or_is_none_is_not_found(client: Client, path: str) -> None:
    assert (await client.get(path)).status == 404


async def test_the_feed_is_atom_with_addresses_that_readers_can_use(client: Client) -> None:
    response = await client.get("/digests.atom")
    assert response.content_type == "application/atom+xml"
    feed = ET.fromstring(await response.text())
    entry = feed.find(f"{ATOM}entry")
    assert entry is not None
    link = entry.find(f"{ATOM}link")
    assert link is not None
    assert link.get("href") == "https://krab.example.org/digests/2025-W28"
    assert entry.findtext(f"{ATOM}updated") == DIGEST.end.isoformat()
    assert "A mapping must never outlive" in (entry.findtext(f"{ATOM}content") or "")


# Sources


async def test_a_source_has_a_small_chart_that_says_what_it_shows(client: Client) -> None:
    body = await text(client, "/sources")
    assert body.count("<rect") == 30
    assert re.search(r'aria-label="[\d,]+ in 30 days, \d+ on the busiest"', body)


def test_bars_are_measured_by_the_busiest_day() -> None:
    row = SourceRow("x", "feed", "", "ok", days=(0, 5, 10))
    assert row.bars == ((1, 10.0), (2, 20.0))
    assert SourceRow("x", "feed", "", "ok", days=(0, 0)).bars == ()


# Metrics


def boom(_: Question, __: object) -> Answer:
    raise RuntimeError


def lines(metrics: Metrics) -> set[str]:
    return set(metrics.exposition().decode().splitlines())


def test_questions_are_counted_by_how_they_ended_and_timed() -> None:
    metrics = Metrics(tuple)
    ask = metrics.measured(lambda *_: ANSWERED, "web")
    assert [ask(Question("why?")) for _ in range(2)] == [ANSWERED, ANSWERED]
    with pytest.raises(RuntimeError):
        metrics.measured(boom, "chat")(Question("why?"))
    told = lines(metrics)
    assert 'krab_questions_total{from="web",status="answered"} 2.0' in told
    assert 'krab_questions_total{from="chat",status="failed"} 1.0' in told
    assert 'krab_answer_seconds_count{from="web"} 2.0' in told


def test_what_is_looked_up_is_looked_up_when_asked() -> None:
    values = iter([1.0, 2.0])
    metrics = Metrics(lambda: [plain("krab_parts", "Parts", next(values))])
    assert "krab_parts 1.0" in lines(metrics)
    assert "krab_parts 2.0" in lines(metrics)


def test_each_source_tells_whether_it_is_in_trouble() -> None:
    told = lines(Metrics(lambda: of_sources(ROWS)))
    assert 'krab_source_trouble{source="rust-for-linux"} 0.0' in told
    assert 'krab_source_trouble{source="kettle-devel"} 1.0' in told


async def test_prometheus_is_answered_by_our_own_names_only(client: Client) -> None:
    assert "krab_source_parts" in await text(client, "/metrics")
    assert (await client.get("/metrics", headers={"Host": "rebound.evil.example"})).status == 421
