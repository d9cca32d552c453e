"""Blogs by their feed: nothing twice, nothing lost, and no feed can hurt."""

from __future__ import annotations

import json
import tarfile
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.entries import canonical, parse
from feeds.errors import FeedError, Unreachable, Unreadable
from feeds.fetch import Client
from feeds.kinds import Source, feed
from index.model import Batch, Part, Role
from tests.web_server import Answer, FakeTime, WebServer, loopback_client, web_server

LONG = " ".join(f"Sentence {n} tells of crabs, their shells and their claws." for n in range(40))


@pytest.fixture
def web() -> Iterator[WebServer]:
    with web_server() as server:
        yield server


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Client]:
    with loopback_client(tmp_path, time=FakeTime().time) as client:
        yield client


def item(number: int, text: str = "", *, link: str = "", guid: str = "", date: str = "") -> str:
    link = link or f"/post/{number}"
    when = f"<pubDate>{date or f'{number:02d} May 2026 10:00:00 GMT'}</pubDate>"
    body = f"<content:encoded><![CDATA[<p>{text or f'Post {number} about moulting crabs.'}</p>]]></content:encoded>"
    return f"<item><title>Post {number}</title><link>{link}</link><guid>{guid or number}</guid>{when}{body}</item>"


def rss(*items: str) -> bytes:
    head = '<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel><title>Shore</title>'
    return f"{head}{''.join(items)}</channel></rss>".encode()


def read(web: WebServer, client: Client, cursor: str = "") -> tuple[list[Batch], str]:
    batches = list(feed.open(Source("shore", "feed", f"{web.url}/feed"), client).read(cursor))
    return batches, next((batch.cursor for batch in reversed(batches)), cursor)


def parts(batches: list[Batch]) -> list[Part]:
    return [part for batch in batches for part in batch.parts]


def test_a_post_becomes_a_part_that_is_named_by_its_address(web: WebServer, client: Client) -> None:
    web.routes["/feed"] = Answer(rss(item(3, link="/post/3?utm_source=rss#top")))
    [part] = parts(read(web, client)[0])
    assert part.id == part.url == f"{web.url}/post/3"
    assert (part.title, part.date) == ("Post 3", datetime(2026, 5, 3, 10, tzinfo=UTC))
    assert part.text == "Post 3 about moulting crabs."


def test_posts_come_oldest_first_and_only_once(web: WebServer, client: Client) -> None:
    web.routes["/feed"] = Answer(rss(item(3), item(2), item(1)))
    batches, cursor = read(web, client)
    assert [part.title for part in parts(batches)] == ["Post 1", "Post 2", "Post 3"]
    web.routes["/feed"] = Answer(rss(item(4), item(3), item(2)))
    assert [part.title for part in parts(read(web, client, cursor)[0])] == ["Post 4"]


def test_a_changed_post_is_delivered_again(web: WebServer, client: Client) -> None:
    web.routes["/feed"] = Answer(rss(item(1)))
    _, cursor = read(web, client)
    web.routes["/feed"] = Answer(rss(item(1, "Corrected: crabs have ten legs.")))
    assert [part.text for part in parts(read(web, client, cursor)[0])] == ["Corrected: crabs have ten legs."]


def test_a_post_that_only_got_a_new_id_is_no_new_post(web: WebServer, client: Client) -> None:
    web.routes["/feed"] = Answer(rss(item(1, link="/old/1", guid="a")))
    _, cursor = read(web, client)
    web.routes["/feed"] = Answer(rss(item(1, link="/new/1", guid="b")))
    assert parts(read(web, client, cursor)[0]) == []


def test_an_unchanged_feed_costs_one_conditional_request(web: WebServer, client: Client) -> None:
    web.routes["/feed"] = Answer(rss(item(1)), headers={"ETag": '"1"'})
    _, cursor = read(web, client)
    web.routes["/feed"] = Answer(status=304)
    assert read(web, client, cursor) == ([], cursor)
    assert web.asked[-1].headers["if-none-match"] == '"1"'


def test_validators_are_kept_only_with_the_last_batch(web: WebServer, client: Client) -> None:
    web.routes["/feed"] = Answer(rss(*(item(n) for n in range(1, 29))), headers={"ETag": '"1"'})
    batches, _ = read(web, client)
    assert ['"1"' in json.loads(batch.cursor)[0] for batch in batches] == [False, True]


def test_a_crash_between_batches_repeats_nothing_that_was_stored(web: WebServer, client: Client) -> None:
    web.routes["/feed"] = Answer(rss(*(item(n) for n in range(1, 29))))
    first = read(web, client)[0][0]
    rest, _ = read(web, client, first.cursor)
    assert sorted(p.title for p in (*first.parts, *parts(rest))) == sorted(f"Post {n}" for n in range(1, 29))


@pytest.mark.parametrize("date", ["Mon, 01 Jan 1900 00:00:00 GMT", "Mon, 01 Jan 2090 00:00:00 GMT", "yesterday"])
def test_a_date_nobody_can_believe_is_no_date(web: WebServer, client: Client, date: str) -> None:
    web.routes["/feed"] = Answer(rss(item(1, date=date)))
    assert parts(read(web, client)[0])[0].date is None


def test_an_entry_without_an_address_is_named_below_the_feed(web: WebServer, client: Client) -> None:
    web.routes["/feed"] = Answer(rss("<item><title>Note</title><description>Tide is out.</description></item>"))
    assert parts(read(web, client)[0])[0].id.startswith(f"{web.url}/feed#")


def announced() -> bytes:
    return rss("<item><title>New</title><link>/post/new</link><description>In short.</description></item>")


def test_an_announced_article_is_read_from_its_page(web: WebServer, client: Client) -> None:
    page = f"<html><head><title>New</title></head><body><nav>Home</nav><article><p>{LONG}</p></article></body></html>"
    web.routes["/feed"] = Answer(announced())
    web.routes["/post/new"] = Answer(page.encode(), headers={"Content-Type": "text/html"})
    assert parts(read(web, client)[0])[0].text == LONG
    assert web.paths() == ["/feed", "/robots.txt", "/post/new"]


def test_robots_keep_us_from_a_page_and_the_summary_stands(web: WebServer, client: Client) -> None:
    web.routes["/feed"] = Answer(announced())
    web.routes["/robots.txt"] = Answer(b"User-agent: krab\nDisallow: /post/")
    assert parts(read(web, client)[0])[0].text == "In short."
    assert "/post/new" not in web.paths()


@pytest.mark.parametrize("fault", [Answer(status=403), Answer(status=404), Answer(b"\0\1\2")])
def test_a_page_that_is_none_leaves_the_summary(web: WebServer, client: Client, fault: Answer) -> None:
    web.routes["/feed"] = Answer(announced())
    web.routes["/post/new"] = fault
    assert parts(read(web, client)[0])[0].text == "In short."


def test_an_article_that_cannot_be_had_just_now_is_waited_for(web: WebServer, client: Client) -> None:
    page = f"<html><head><title>New</title></head><body><article><p>{LONG}</p></article></body></html>"
    web.routes["/feed"] = Answer(announced(), headers={"ETag": '"1"'})
    web.routes["/post/new"] = Answer(status=503)
    batches, cursor = read(web, client)
    web.routes["/post/new"] = Answer(page.encode(), headers={"Content-Type": "text/html"})
    again, cursor = read(web, client, cursor)
    assert parts(batches) == []
    assert "if-none-match" not in web.asked[-3].headers
    assert [part.text for part in parts(again)] == [LONG]
    assert parts(read(web, client, cursor)[0]) == []


def test_an_article_that_never_comes_is_not_waited_for_for_ever(web: WebServer, client: Client) -> None:
    web.routes["/feed"] = Answer(announced())
    web.routes["/robots.txt"] = Answer(status=503)
    one, cursor = read(web, client)
    two, cursor = read(web, client, cursor)
    three, cursor = read(web, client, cursor)
    assert [len(parts(batches)) for batches in (one, two, three)] == [0, 0, 1]
    assert parts(three)[0].text == "In short."
    assert parts(read(web, client, cursor)[0]) == []


def test_quotations_and_code_are_not_the_authors_prose(web: WebServer, client: Client) -> None:
    html = f"{LONG}</p><blockquote><p>So said the gull.</p></blockquote><pre>let crab = 1;</pre><p>And so on."
    web.routes["/feed"] = Answer(rss(item(1, html)))
    blocks = parts(read(web, client)[0])[0].blocks
    assert [(b.role, b.text) for b in blocks[1:]] == [
        (Role.QUOTED, "So said the gull."),
        (Role.CODE, "let crab = 1;"),
        (Role.OWN, "And so on."),
    ]


def test_a_json_feed_is_a_feed(web: WebServer, client: Client) -> None:
    entry = {
        "id": "1",
        "url": "/a",
        "title": "Claws",
        "content_text": "Two of them.",
        "date_published": "2026-05-01T12:00:00+02:00",
    }
    body = {"version": "https://jsonfeed.org/version/1.1", "authors": [{"name": "Ann Crab"}], "items": [entry, 7, {}]}
    web.routes["/feed"] = Answer(json.dumps(body).encode())
    part = parts(read(web, client)[0])[0]
    assert (part.id, part.title, part.author, part.text) == (f"{web.url}/a", "Claws", "Ann Crab", "Two of them.")
    assert part.date == datetime(2026, 5, 1, 10, tzinfo=UTC)


def test_a_feed_that_is_gone_says_so(web: WebServer, client: Client) -> None:
    with pytest.raises(Unreachable, match="moved or is gone"):
        read(web, client)


def test_a_web_page_instead_of_a_feed_says_where_the_feed_is(web: WebServer, client: Client) -> None:
    page = b'<!doctype html><html><head><link rel="alternate" type="application/rss+xml" href="/rss.xml"></head></html>'
    web.routes["/feed"] = Answer(page, headers={"Content-Type": "text/html"})
    with pytest.raises(Unreadable, match=rf"its feed is {web.url}/rss\.xml"):
        read(web, client)


@pytest.mark.parametrize(
    "declared",
    [
        b'<!ENTITY a "crab"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;">',
        b'<!ENTITY long "' + b"x" * 5_000 + b'">',
        b'<!ENTITY file SYSTEM "file:///etc/passwd">',
        b'<!ENTITY % remote SYSTEM "http://10.0.0.1/x.dtd"> %remote;',
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_an_entity_bomb_is_refused(declared: bytes, encoding: str) -> None:
    text = f"<!DOCTYPE rss [{declared.decode()}]><rss version='2.0'><channel><title>&c;</title></channel></rss>"
    with pytest.raises(Unreadable, match="entities of its own"):
        parse(text.encode(encoding), "https://shore.example/feed")


def test_the_few_characters_old_feeds_name_are_fine() -> None:
    body = b'<!DOCTYPE rss [<!ENTITY copy "&#169;">]>' + rss(item(1))
    assert len(parse(body, "https://shore.example/feed")) == 1


def test_a_feed_never_makes_the_parser_open_anything() -> None:
    with pytest.raises(Unreadable):
        parse(b"http://10.0.0.1/feed", "https://shore.example/feed")


@pytest.mark.parametrize("link", ["javascript:alert(1)", "mailto:a@b", "http://[::1", "data:text/html,x"])
def test_a_link_that_is_no_web_address_is_none(link: str) -> None:
    assert canonical(link, "https://shore.example/") == ""


@pytest.mark.parametrize(
    "body",
    [b"<!ENTITY " * 200_000, b"<html>" + b"<link " * 100_000, b"\n" * 500_000 + b"<rss/>", b"<!DOCTYPE " * 100_000],
)
def test_a_body_made_to_keep_patterns_busy_is_done_with_in_time(body: bytes) -> None:
    started = time.monotonic()
    with suppress(FeedError):
        parse(body, "https://shore.example/feed")
    assert time.monotonic() - started < 20


@given(st.binary(max_size=300) | st.text(max_size=300).map(lambda text: rss(text)))
def test_any_bytes_are_a_feed_or_a_feed_error(body: bytes) -> None:
    with suppress(FeedError):
        parse(body, "https://shore.example/feed")


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda v: (
            st.lists(v)
            | st.dictionaries(
                st.sampled_from(["items", "url", "id", "title", "authors", "name", "content_html", "date_published"]), v
            )
        ),
    )
)
def test_any_json_is_a_feed_or_a_feed_error(data: object) -> None:
    with suppress(FeedError):
        parse(json.dumps({"items": [data]}).encode(), "https://shore.example/feed")


@pytest.mark.parametrize("cursor", ["", "nonsense", "{}", "[1,2,3]", '{"seen": 1}'])
def test_a_cursor_of_another_kind_is_the_beginning(web: WebServer, client: Client, cursor: str) -> None:
    web.routes["/feed"] = Answer(rss(item(1)))
    assert len(parts(read(web, client, cursor)[0])) == 1


@pytest.mark.data
def test_every_feed_of_three_readers_suites_is_read_or_refused(shared: Path, tmp_path: Path) -> None:
    with tarfile.open(shared / "data" / "feeds.tar.xz") as archive:
        archive.extractall(tmp_path, filter="data")
    files = [path for path in sorted(tmp_path.rglob("*")) if path.is_file()]
    found = [_entries(path.read_bytes()) for path in files]
    assert len(found) > 2_000
    assert sum(count > 0 for count in found) > 1_200


def _entries(body: bytes) -> int:
    with suppress(FeedError):
        return len(parse(body, "https://shore.example/feed"))
    return 0
