"""The client is polite to hosts, and no host can make it wait, swell or wander."""

from __future__ import annotations

import gzip
import threading
import time
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.errors import Refused, Unreachable, Unreadable
from feeds.fetch import Client, Manners, Validators
from feeds.guard import Guard
from feeds.response import inflate, max_age, retry_after
from tests.web_server import Answer, FakeTime, WebServer, loopback_client, web_server

SMALL = Manners(contact="ops@example.org", gap=0.0, body=1000)
HASTY = Manners(gap=0.0, connect=0.5, read=0.3, total=0.6)


@pytest.fixture
def web() -> Iterator[WebServer]:
    with web_server() as server:
        yield server


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Client]:
    with loopback_client(tmp_path) as client:
        yield client


def test_a_body_comes_with_where_it_came_from(web: WebServer, client: Client) -> None:
    web.routes["/a"] = Answer(b"hello", headers={"Content-Type": "text/plain", "X-Other": "left out"})
    response = client.get(web.url + "/a")
    assert (response.status, response.url, response.body) == (200, web.url + "/a", b"hello")
    assert dict(response.headers) == {"content-type": "text/plain"}


def test_the_user_agent_says_who_asks_and_is_no_browser(web: WebServer, client: Client) -> None:
    client.get(web.url + "/")
    agent = web.asked[0].headers["user-agent"]
    assert agent.startswith("krab/")
    assert agent.endswith(" (+ops@example.org)")


def test_a_contact_cannot_add_headers() -> None:
    assert "\n" not in Manners(contact="me\r\nX-Evil: 1").user_agent


def test_no_cookie_is_ever_sent_back(web: WebServer, client: Client) -> None:
    web.routes["/"] = Answer(b"x", headers={"Set-Cookie": "who=krab"})
    client.get(web.url + "/")
    client.get(web.url + "/")
    assert "cookie" not in web.asked[1].headers


def test_validators_make_a_request_conditional(web: WebServer, client: Client) -> None:
    web.routes["/"] = Answer(b"x", headers={"ETag": '"v1"', "Last-Modified": "Mon, 01 Jun 2026 00:00:00 GMT"})
    first = client.get(web.url + "/")
    web.routes["/"] = Answer(status=304)
    assert client.get(web.url + "/", conditional=first.validators).not_modified
    assert web.asked[1].headers["if-none-match"] == '"v1"'
    assert web.asked[1].headers["if-modified-since"] == "Mon, 01 Jun 2026 00:00:00 GMT"


@pytest.mark.parametrize("status", [404, 410])
def test_what_is_missing_is_returned_as_such(web: WebServer, client: Client, status: int) -> None:
    web.routes["/"] = Answer(status=status)
    assert client.get(web.url + "/").missing


@pytest.mark.parametrize("status", [401, 403, 451])
def test_a_host_that_says_no_is_refusing(web: WebServer, client: Client, status: int) -> None:
    web.routes["/"] = Answer(status=status)
    with pytest.raises(Refused, match=f"answered {status}"):
        client.get(web.url + "/")


@pytest.mark.parametrize("status", [400, 429, 500, 502, 503])
def test_a_host_in_trouble_is_unreachable(web: WebServer, client: Client, status: int) -> None:
    web.routes["/"] = Answer(status=status)
    with pytest.raises(Unreachable, match=f"answered {status}"):
        client.get(web.url + "/")


@pytest.mark.parametrize("status", [403, 429, 503])
def test_when_to_come_back_is_told_and_kept_without_asking_again(web: WebServer, client: Client, status: int) -> None:
    web.routes["/"] = Answer(status=status, headers={"Retry-After": "120"})
    with pytest.raises((Refused, Unreachable)) as refused:
        client.get(web.url + "/")
    assert refused.value.retry_after == 120
    with pytest.raises(Unreachable, match="wants us to wait") as waiting:
        client.get(web.url + "/other")
    assert waiting.value.retry_after == pytest.approx(120, abs=5)
    assert len(web.asked) == 1


def test_after_the_wait_the_host_is_asked_again(web: WebServer, tmp_path: Path) -> None:
    clock = FakeTime()
    with loopback_client(tmp_path, time=clock.time) as client:
        web.routes["/"] = Answer(status=503, headers={"Retry-After": "60"})
        with pytest.raises(Unreachable):
            client.get(web.url + "/")
        web.routes["/"] = Answer(b"back")
        clock.sleep(61)
        assert client.get(web.url + "/").body == b"back"


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7),
        ("999999999", 86_400),
        ("99999999999999999999", None),
        ("Thu, 01 Jan 1970 00:02:00 GMT", 20),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
        ("Thu, 01 Jan 2099 00:00:00 GMT", 86_400),
        ("soon", None),
        ("-5", None),
        ("", None),
    ],
)
def test_retry_after_is_a_number_or_a_date_and_never_more_than_a_day(value: str, seconds: float | None) -> None:
    assert retry_after({"retry-after": value}, now=100.0) == seconds


@given(st.text())
def test_no_retry_after_breaks_us(value: str) -> None:
    seconds = retry_after({"retry-after": value}, now=0.0)
    assert seconds is None or 0 <= seconds <= 86_400


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("max-age=300", 300), ("public, MAX-AGE = 60", 60), ("no-cache, max-age=60", 0), ("max-age=99999999", 86_400)],
)
def test_max_age_is_understood(value: str, seconds: float) -> None:
    assert max_age({"cache-control": value}) == seconds


def test_the_client_remembers_how_long_a_host_calls_an_answer_fresh(web: WebServer, tmp_path: Path) -> None:
    clock = FakeTime()
    with loopback_client(tmp_path, time=clock.time) as client:
        web.routes["/"] = Answer(b"x", headers={"Cache-Control": "max-age=600"})
        client.get(web.url + "/")
        clock.sleep(100)
        assert client.fresh_for(web.url + "/") == 500
        assert client.fresh_for(web.url + "/never") == 0


def test_redirects_are_followed_to_where_they_lead(web: WebServer, client: Client) -> None:
    web.routes["/a"] = Answer(status=301, headers={"Location": "b?x=1"})
    web.routes["/b?x=1"] = Answer(status=302, headers={"Location": f"{web.url}/c"})
    web.routes["/c"] = Answer(b"here")
    response = client.get(web.url + "/a")
    assert (response.url, response.body) == (web.url + "/c", b"here")


def test_a_redirect_loop_ends(web: WebServer, client: Client) -> None:
    web.routes["/"] = Answer(status=302, headers={"Location": "/"})
    with pytest.raises(Unreachable, match="redirects more than 5 times"):
        client.get(web.url + "/")
    assert len(web.asked) == 6


@pytest.mark.parametrize(
    "target",
    [
        "http://169.254.169.254/latest/meta-data/",
        "http://10.0.0.1/",
        "http://[::ffff:10.0.0.1]/",
        "http://0x7f.1/",
        "file:///etc/passwd",
        "gopher://127.0.0.1/",
        "//10.0.0.1/",
        "http://user@127.0.0.1/",
        "http:\\\\10.0.0.1\\",
    ],
)
def test_a_redirect_to_a_place_we_must_not_go_is_refused(web: WebServer, client: Client, target: str) -> None:
    web.routes["/"] = Answer(status=302, headers={"Location": target})
    with pytest.raises(Refused):
        client.get(web.url + "/")


def test_a_redirect_that_is_no_url_is_refused(web: WebServer, client: Client) -> None:
    web.routes["/"] = Answer(status=302, headers={"Location": "http://[::1"})
    with pytest.raises(Refused):
        client.get(web.url + "/")


def test_a_name_that_changes_its_address_after_the_check_is_not_followed_there(web: WebServer, tmp_path: Path) -> None:
    answers = iter([("127.0.0.1",), ("10.0.0.1",)])
    guard = Guard(allow=("127.0.0.1",), resolver=lambda host, port: next(answers))
    with Client(SMALL, cache=tmp_path, guard=guard) as client:
        web.routes["/"] = Answer(b"x", headers={"Connection": "close"})
        assert guard.excepts("rebound.example", "127.0.0.1")
        client.get(web.url + "/")
        with pytest.raises(Refused):
            client.get(web.url + "/")
    assert len(web.asked) == 1


def test_without_an_exception_loopback_is_refused_and_not_asked(web: WebServer, tmp_path: Path) -> None:
    with Client(SMALL, cache=tmp_path) as client, pytest.raises(Refused):
        client.get(web.url + "/")
    assert web.asked == []


@pytest.mark.parametrize(
    ("coding", "pack"),
    [("gzip", gzip.compress), ("x-gzip", gzip.compress), ("deflate", zlib.compress), ("identity", bytes)],
)
def test_a_packed_body_is_unpacked(web: WebServer, client: Client, coding: str, pack: type[bytes]) -> None:
    web.routes["/"] = Answer(pack(b"hello " * 100), headers={"Content-Encoding": coding})
    assert client.get(web.url + "/").body == b"hello " * 100


@pytest.mark.parametrize("coding", ["br", "zstd", "gzip, gzip", "compress", "nonsense"])
def test_a_coding_nobody_asked_for_is_unreadable(web: WebServer, client: Client, coding: str) -> None:
    web.routes["/"] = Answer(b"hello", headers={"Content-Encoding": coding})
    with pytest.raises(Unreadable, match="nobody asked for"):
        client.get(web.url + "/")


def test_a_large_body_is_given_up(web: WebServer, tmp_path: Path) -> None:
    web.routes["/"] = Answer(b"x" * 5000)
    with loopback_client(tmp_path, manners=SMALL) as client, pytest.raises(Unreadable, match="larger than 1000 bytes"):
        client.get(web.url + "/")


def test_a_body_that_swells_when_unpacked_is_given_up(web: WebServer, tmp_path: Path) -> None:
    bomb = gzip.compress(b"\0" * 600_000)
    assert len(bomb) < 1000
    web.routes["/"] = Answer(bomb, headers={"Content-Encoding": "gzip"})
    with loopback_client(tmp_path, manners=SMALL) as client, pytest.raises(Unreadable, match="larger than"):
        client.get(web.url + "/")


def test_a_bomb_is_never_unpacked_further_than_the_limit() -> None:
    bomb = gzip.compress(gzip.compress(b"\0" * 10_000_000))
    assert len(inflate([bomb], 20_000)) < 20_000


@pytest.mark.parametrize("body", [b"not gzip at all", gzip.compress(b"x" * 500)[:-9]])
def test_a_damaged_body_is_unreadable(web: WebServer, client: Client, body: bytes) -> None:
    web.routes["/"] = Answer(body, headers={"Content-Encoding": "gzip"})
    with pytest.raises(Unreadable, match=r"damaged|cut short"):
        client.get(web.url + "/")


@given(st.lists(st.binary(max_size=60), max_size=4), st.integers(1, 50))
def test_gzip_in_members_and_in_any_pieces_is_the_same_text(members: list[bytes], size: int) -> None:
    packed = b"".join(gzip.compress(m) for m in members)
    pieces = [packed[i : i + size] for i in range(0, len(packed), size)]
    assert inflate(pieces, 10_000) == b"".join(members)


@given(st.binary(max_size=200))
def test_any_bytes_inflate_or_are_unreadable(data: bytes) -> None:
    with suppress(Unreadable):
        assert len(inflate([data], 1000)) <= 1000


def test_a_connection_that_ends_early_is_unreachable(web: WebServer, client: Client) -> None:
    web.routes["/"] = Answer(b"half", length=100)
    with pytest.raises(Unreachable, match="can't be reached"):
        client.get(web.url + "/")


def test_a_body_that_drips_is_given_up_in_time(web: WebServer, tmp_path: Path) -> None:
    web.routes["/"] = Answer(b"slowly" * 50, drip=0.05)
    started = time.monotonic()
    with loopback_client(tmp_path, manners=HASTY) as client, pytest.raises(Unreachable, match="in time"):
        client.get(web.url + "/")
    assert time.monotonic() - started < 2


def test_a_host_that_says_nothing_is_given_up_in_time(web: WebServer, tmp_path: Path) -> None:
    def silent(asked: object) -> Answer:
        time.sleep(1)
        return Answer()

    web.routes["/"] = silent
    with loopback_client(tmp_path, manners=HASTY) as client, pytest.raises(Unreachable, match="in time"):
        client.get(web.url + "/")


def test_a_closed_port_is_unreachable(client: Client) -> None:
    with pytest.raises(Unreachable):
        client.get("http://127.0.0.1:1/")


def test_between_two_requests_to_a_host_there_is_a_gap(web: WebServer, tmp_path: Path) -> None:
    clock = FakeTime()
    with loopback_client(tmp_path, manners=Manners(gap=0.1), time=clock.time) as client:
        client.get(web.url + "/")
        client.get(web.url + "/")
        client.get(web.url + "/")
    assert clock.slept == pytest.approx([0.1, 0.1])


def test_a_host_has_one_request_at_a_time(web: WebServer, client: Client) -> None:
    at_once: list[int] = []
    running = threading.Semaphore(1)

    def slow(asked: object) -> Answer:
        at_once.append(1 if running.acquire(blocking=False) else 2)
        time.sleep(0.02)
        running.release()
        return Answer(b"x")

    web.routes["/"] = slow
    threads = [threading.Thread(target=client.get, args=(web.url + "/",)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert at_once == [1] * 6


@pytest.mark.parametrize(
    "page",
    [
        b'<!doctype html><html><script src="/.within.website/x/cmd/anubis/main.js"></script></html>',
        b"<!DOCTYPE html><html><title>Just a moment...</title></html>",
        b"<html><title>Making sure you're not a bot!</title></html>",
    ],
)
@pytest.mark.parametrize("status", [200, 403, 503])
def test_a_challenge_page_means_to_leave_for_an_hour(web: WebServer, client: Client, page: bytes, status: int) -> None:
    web.routes["/"] = Answer(page, status=status, headers={"Content-Type": "text/html"})
    with pytest.raises(Refused, match="asks for a browser challenge") as refused:
        client.get(web.url + "/")
    assert refused.value.retry_after == 3600


def test_a_page_about_challenges_is_a_page(web: WebServer, client: Client) -> None:
    web.routes["/"] = Answer(
        b"<html>Anubis asks whether you are not a bot.</html>", headers={"Content-Type": "text/html"}
    )
    assert client.get(web.url + "/", kind="page").is_html


def test_a_mailbox_is_asked_for_with_an_empty_post(web: WebServer, client: Client) -> None:
    web.routes["/?q=x&x=m"] = Answer(b"box")
    assert client.post(web.url + "/?q=x&x=m").body == b"box"
    assert (web.asked[0].method, web.asked[0].headers["content-length"]) == ("POST", "0")


def test_no_validators_add_no_headers() -> None:
    assert Validators().headers == {}
