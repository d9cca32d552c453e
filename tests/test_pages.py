"""Reference pages: what a page links to below itself, asked for politely and forgotten slowly."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from feeds.errors import Refused, Unreachable
from feeds.fetch import Client
from feeds.kinds import Source, pages
from index.model import Batch, Kind
from tests.web_server import Answer, FakeTime, WebServer, loopback_client, web_server

TEXT = " ".join(f"Line {n} explains how a crab grows its shell anew." for n in range(12))


@pytest.fixture
def web() -> Iterator[WebServer]:
    with web_server() as server:
        yield server


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Client]:
    with loopback_client(tmp_path, time=FakeTime().time) as client:
        yield client


def page(title: str, *links: str, etag: str = "") -> Answer:
    anchors = "".join(f'<p>See <a href="{link}">{link}</a>.</p>' for link in links)
    article = f"<article><h1>{title}</h1><p>{TEXT}</p>{anchors}</article>"
    html = f"<html><head><title>{title}</title></head><body>{article}</body></html>"
    return Answer(html.encode(), headers={"Content-Type": "text/html", **({"ETag": etag} if etag else {})})


def read(web: WebServer, client: Client, cursor: str = "", path: str = "/docs/") -> tuple[Batch, str]:
    client.time.sleep(pages.AGAIN)
    batches = list(pages.open(Source("docs", "pages", web.url + path), client).read(cursor))
    parts = tuple(part for batch in batches for part in batch.parts)
    removed = tuple(url for batch in batches for url in batch.removed)
    return Batch(parts, removed), next((batch.cursor for batch in reversed(batches)), cursor)


def titles(batch: Batch) -> list[str]:
    return [part.title for part in batch.parts]


def test_a_page_and_what_it_links_to_below_itself_are_read(web: WebServer, client: Client) -> None:
    web.routes["/docs/"] = page(
        "Index", "a.html", "/docs/b", "/elsewhere", "https://other.example/docs/c", "x.png", "#top"
    )
    web.routes["/docs/a.html"] = page("A", "deeper.html")
    web.routes["/docs/b"] = page("B")
    batch, _ = read(web, client)
    assert titles(batch) == ["Index", "A", "B"]
    assert {part.kind for part in batch.parts} == {Kind.PAGE}
    assert batch.parts[1].id == f"{web.url}/docs/a.html"
    assert "/elsewhere" not in web.paths()
    assert "/docs/deeper.html" not in web.paths()


def test_a_sitemap_names_the_pages(web: WebServer, client: Client) -> None:
    locations = "".join(f"<url><loc>{web.url}/docs/{name}</loc></url>" for name in ("a", "b"))
    web.routes["/docs/sitemap.xml"] = Answer(f'<?xml version="1.0"?><urlset>{locations}</urlset>'.encode())
    web.routes["/docs/a"] = page("A")
    web.routes["/docs/b"] = page("B")
    assert titles(read(web, client, path="/docs/sitemap.xml")[0]) == ["A", "B"]


def test_unchanged_pages_are_not_delivered_again(web: WebServer, client: Client) -> None:
    web.routes["/docs/"] = page("Index", "a")
    web.routes["/docs/a"] = page("A", etag='"1"')
    _, cursor = read(web, client)
    web.routes["/docs/a"] = Answer(status=304)
    assert read(web, client, cursor)[0] == Batch()
    assert web.asked[-1].headers["if-none-match"] == '"1"'


def test_a_changed_page_is_delivered_again(web: WebServer, client: Client) -> None:
    web.routes["/docs/"] = page("Index", "a")
    web.routes["/docs/a"] = page("A")
    _, cursor = read(web, client)
    web.routes["/docs/a"] = page("A, corrected")
    assert titles(read(web, client, cursor)[0]) == ["A, corrected"]


def test_a_page_is_removed_when_it_is_missing_twice(web: WebServer, client: Client) -> None:
    web.routes["/docs/"] = page("Index", "a")
    web.routes["/docs/a"] = page("A")
    _, cursor = read(web, client)
    del web.routes["/docs/a"]
    once, cursor = read(web, client, cursor)
    twice, cursor = read(web, client, cursor)
    thrice, _ = read(web, client, cursor)
    assert [once.removed, twice.removed, thrice.removed] == [(), (f"{web.url}/docs/a",), ()]


def test_a_page_that_comes_back_in_between_stays(web: WebServer, client: Client) -> None:
    web.routes["/docs/"] = page("Index", "a")
    web.routes["/docs/a"] = page("A")
    _, cursor = read(web, client)
    del web.routes["/docs/a"]
    _, cursor = read(web, client, cursor)
    web.routes["/docs/a"] = page("A")
    _, cursor = read(web, client, cursor)
    del web.routes["/docs/a"]
    assert read(web, client, cursor)[0].removed == ()


def test_a_page_in_trouble_harms_no_other(web: WebServer, client: Client) -> None:
    web.routes["/docs/"] = page("Index", "a", "b")
    web.routes["/docs/a"] = Answer(status=500)
    web.routes["/docs/b"] = page("B")
    assert titles(read(web, client)[0]) == ["Index", "B"]


def test_robots_decide_which_pages_are_read(web: WebServer, client: Client) -> None:
    web.routes["/robots.txt"] = Answer(b"User-agent: *\nDisallow: /docs/a\n")
    web.routes["/docs/"] = page("Index", "a", "b")
    web.routes["/docs/b"] = page("B")
    assert titles(read(web, client)[0]) == ["Index", "B"]
    assert "/docs/a" not in web.paths()


def test_a_site_that_wants_no_robots_is_left_alone(web: WebServer, client: Client) -> None:
    web.routes["/robots.txt"] = Answer(b"User-agent: *\nDisallow: /\n")
    with pytest.raises(Refused, match=r"robots\.txt"):
        read(web, client)


@pytest.mark.parametrize("fault", [Answer(status=503), Answer(b"cut", length=99)])
def test_robots_that_cannot_be_fetched_forbid_everything_and_are_named(
    web: WebServer, client: Client, fault: Answer
) -> None:
    web.routes["/robots.txt"] = fault
    with pytest.raises(Unreachable, match=r"robots\.txt (answered 503|can't be reached)"):
        read(web, client)
    assert web.paths() == ["/robots.txt"]


@pytest.mark.parametrize(("asked", "kept"), [(b"3", 3), (b"900", 10), (b"soon", None)])
def test_a_crawl_delay_is_kept_to_within_reason(tmp_path: Path, web: WebServer, asked: bytes, kept: float) -> None:
    web.routes["/robots.txt"] = Answer(b"User-agent: *\nCrawl-delay: %b\n" % asked)
    web.routes["/docs/"] = page("Index", "a")
    web.routes["/docs/a"] = page("A")
    clock = FakeTime()
    with loopback_client(tmp_path, time=clock.time) as client:
        read(web, client)
    assert clock.slept == [pages.AGAIN, *([kept] * 3 if kept else [])]


def test_pages_that_were_never_read_come_first(web: WebServer, client: Client) -> None:
    web.routes["/docs/"] = page("Index", "a", "b")
    web.routes["/docs/a"] = page("A")
    web.routes["/docs/b"] = Answer(status=503)
    _, cursor = read(web, client)
    web.routes["/docs/b"] = page("B")
    web.asked.clear()
    read(web, client, cursor)
    assert web.paths() == ["/robots.txt", "/docs/", "/docs/b", "/docs/", "/docs/a"]


def test_pages_are_asked_about_once_a_day_and_new_ones_at_once(web: WebServer, client: Client) -> None:
    web.routes["/docs/"] = page("Index", "a")
    web.routes["/docs/a"] = page("A")
    _, cursor = read(web, client)
    web.routes["/docs/"] = page("Index", "a", "b")
    web.routes["/docs/b"] = page("B")
    web.asked.clear()
    client.time.sleep(3_600 - pages.AGAIN)
    assert titles(read(web, client, cursor)[0]) == ["B"]
    assert web.paths() == ["/robots.txt", "/docs/", "/docs/b"]


def test_a_page_that_never_was_is_an_error(web: WebServer, client: Client) -> None:
    with pytest.raises(Unreachable, match="moved or is gone"):
        read(web, client)
