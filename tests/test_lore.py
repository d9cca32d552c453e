"""Lists over HTTP: which way is taken, and how holes, late mails and wrong cursors are handled.

The same against a real public-inbox: tests/e2e/test_public_inbox.py.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import unquote

import pytest

from feeds import mirror
from feeds.epochs import Epochs, Place
from feeds.errors import FeedError, Refused, Unreachable, Unreadable
from feeds.fetch import Client
from feeds.inbox import DAY, Inbox, State, mails
from feeds.kinds import Source, lore
from index.model import Batch
from tests.public_inbox import mail
from tests.web_server import Answer, Asked, FakeTime, WebServer, loopback_client, web_server

NOW = 1_780_000_000.0


class Archive:
    """A list's web side: what new.atom, raw and search say of the mails it holds."""

    def __init__(self, web: WebServer, *, search: bool = True) -> None:
        self.mails: dict[int, float] = {}
        self.web = web
        self.search = search
        web.site = self.answer

    def add(self, numbers: range, received: float) -> None:
        """Mails a minute apart, the last one at ``received``."""
        for number in numbers:
            self.mails[number] = received - 60 * (numbers[-1] - number)
            mid = f"crab-{number}@mail.example.org"
            self.web.routes[f"/crabs/{mid}/raw"] = Answer(boxed(mail(number, self.mails[number])))

    def answer(self, asked: Asked) -> Answer:
        """Serve."""
        if asked.path.startswith("/crabs/new.atom"):
            return self._atom(asked.path.partition("?t=")[2])
        if asked.path.startswith("/crabs/?q=rt:"):
            return self._search(asked.path.split("rt:")[1].split("&")[0])
        return Answer(status=404)

    def _atom(self, before: str) -> Answer:
        limit = datetime.strptime(before, "%Y%m%d%H%M%S").replace(tzinfo=UTC).timestamp() if before else 9e12
        newest = sorted((t, n) for n, t in self.mails.items() if t <= limit)[::-1][:25]
        body = "".join(
            f"<entry><title>x</title><updated>{datetime.fromtimestamp(t, UTC):%Y-%m-%dT%H:%M:%SZ}</updated>"
            f'<link href="{self.web.url}/crabs/crab-{n}@mail.example.org/"/><id>urn:uuid:{n}</id></entry>'
            for t, n in newest
        )
        return Answer(f'<feed xmlns="http://www.w3.org/2005/Atom"><title>crabs</title>{body}</feed>'.encode())

    def _search(self, span: str) -> Answer:
        start, _, end = span.partition("..")
        found = [n for n, t in self.mails.items() if float(start) <= t <= float(end or 9e12)]
        box = b"".join(boxed(mail(n, self.mails[n])) for n in found)
        return Answer(gzip.compress(box)) if found and self.search else Answer(status=404)


def boxed(raw: bytes) -> bytes:
    return b"From mboxrd@z Thu Jan  1 00:00:00 1970\n" + raw.replace(b"\nFrom ", b"\n>From ") + b"\n"


@pytest.fixture
def web() -> Iterator[WebServer]:
    with web_server() as server:
        yield server


@pytest.fixture
def clock() -> FakeTime:
    return FakeTime(NOW)


@pytest.fixture
def client(tmp_path: Path, clock: FakeTime) -> Iterator[Client]:
    with loopback_client(tmp_path, time=clock.time) as client:
        yield client


def read(web: WebServer, client: Client, cursor: str = "") -> tuple[list[int], str]:
    batches = list(lore.open(Source("crabs", "lore", f"{web.url}/crabs#http"), client).read(cursor))
    return numbers(batches), next((batch.cursor for batch in reversed(batches)), cursor)


def numbers(batches: list[Batch]) -> list[int]:
    return sorted(int(p.id.split("@")[0].removeprefix("crab-")) for batch in batches for p in batch.parts)


@pytest.mark.parametrize(
    ("fragment", "days"), [("", 14), ("#since=90d", 90), ("#since=2026-05-26", 2.85), ("#since=2030-01-01", 0)]
)
@pytest.mark.parametrize("way", ["git", "http"])
def test_a_new_list_goes_back_two_weeks_or_as_told(client: Client, way: str, fragment: str, days: float) -> None:
    url = (
        f"https://lore.example/crabs#{way}&since=14d" if not fragment else f"https://lore.example/crabs{fragment}&{way}"
    )
    opened = lore.open(Source("crabs", "lore", url), client)
    assert isinstance(opened, Epochs if way == "git" else Inbox)
    assert (opened.since or 0) / DAY == pytest.approx(days, abs=0.01)


def test_git_is_the_way_where_it_is_installed_and_http_where_it_is_not(
    client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "git").write_text("#!/bin/sh\n")
    (tmp_path / "git").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    installed = lore.open(Source("crabs", "lore", "https://lore.example/crabs"), client)
    (tmp_path / "git").unlink()
    absent = lore.open(Source("crabs", "lore", "https://lore.example/crabs"), client)
    assert isinstance(installed, Epochs)
    assert isinstance(absent, Inbox)


def test_git_alone_reads_everything(client: Client) -> None:
    opened = lore.open(Source("crabs", "lore", "https://lore.example/crabs#git"), client)
    assert opened == Epochs(opened.origins, ("list:crabs",), since=None)  # type: ignore[attr-defined]


def test_a_search_of_all_lists_brings_what_it_finds_and_nothing_twice(
    web: WebServer, client: Client, clock: FakeTime
) -> None:
    asked: list[str] = []
    archive = Archive(web)
    archive.add(range(30), NOW - 60)

    def answer(request: Asked) -> Answer:
        query = unquote(request.path.partition("?q=")[2].partition("&x=m")[0])
        asked.append(query)
        return archive._search(query.rpartition("rt:")[2])

    web.site = answer
    source = Source("rust-everywhere", "lore", f"{web.url}/all#q=dfn:rust/* OR s:rust")
    first = list(lore.open(source, client).read(""))
    clock.sleep(7_200)
    archive.add(range(100, 140), NOW + 3_600)
    second = list(lore.open(source, client).read(first[-1].cursor))
    assert (numbers(first), numbers(second)) == (list(range(30)), list(range(100, 140)))
    assert {query.partition(" AND rt:")[0] for query in asked} == {"(dfn:rust/* OR s:rust)"}


def test_a_search_that_fails_moves_no_cursor(web: WebServer, client: Client) -> None:
    web.site = lambda _: Answer(status=503)
    with pytest.raises(Unreachable):
        list(lore.open(Source("all", "lore", f"{web.url}/all#q=s:rust"), client).read(""))


@pytest.mark.parametrize("cursor", ["", "x", "{}", "[]", "7", '{"commits": 3}', '{"until": 1, "swept": 2, "seen": []}'])
def test_an_epochs_cursor_of_another_kind_is_the_beginning(cursor: str) -> None:
    assert Place.load(cursor) == Place()


@pytest.mark.parametrize(
    "fragment", ["#gitt", "#since=soon", "#since=", "#since=9999999d", "#git&http", "#git&q=s:rust", "#q=", "#q= "]
)
def test_an_option_that_means_nothing_is_refused(client: Client, fragment: str) -> None:
    with pytest.raises(Refused):
        lore.open(Source("crabs", "lore", "https://lore.example/crabs" + fragment), client)


def test_a_first_read_takes_the_last_two_weeks_from_search(web: WebServer, client: Client) -> None:
    archive = Archive(web)
    archive.add(range(40), NOW - 20 * DAY)
    archive.add(range(100, 160), NOW - 60)
    assert read(web, client)[0] == list(range(100, 160))
    assert not [path for path in web.paths() if path.endswith("/raw")]


@pytest.mark.parametrize("search", [True, False])
@pytest.mark.parametrize("burst", [0, 1, 24, 25, 26, 60])
def test_a_burst_between_two_polls_is_read_once(
    web: WebServer, client: Client, clock: FakeTime, burst: int, search: bool
) -> None:
    archive = Archive(web, search=search)
    archive.add(range(30), NOW - 7_200)
    _, cursor = read(web, client)
    clock.sleep(7_200)
    archive.add(range(100, 100 + burst), NOW + 3_600)
    fresh, cursor = read(web, client, cursor)
    assert fresh == list(range(100, 100 + burst))
    assert read(web, client, cursor)[0] == []


def test_a_hole_that_nothing_fills_keeps_the_cursor_where_it_is(
    web: WebServer, client: Client, clock: FakeTime
) -> None:
    archive = Archive(web, search=False)
    archive.add(range(30), NOW - 60)
    _, cursor = read(web, client)
    clock.sleep(7_200)
    archive.add(range(1_000, 2_100), NOW + 100_000)
    with pytest.raises(Unreachable, match="use #git"):
        read(web, client, cursor)


def test_a_mail_held_up_on_its_way_is_found_within_a_day(web: WebServer, client: Client, clock: FakeTime) -> None:
    archive = Archive(web)
    archive.add(range(30), NOW - 60)
    _, cursor = read(web, client)
    archive.add(range(99, 100), NOW - 20_000)
    clock.sleep(3_600)
    missed, cursor = read(web, client, cursor)
    clock.sleep(DAY)
    found, _ = read(web, client, cursor)
    assert (missed, found) == ([], [99])


def test_a_cursor_ahead_of_the_clock_is_noticed_and_healed(
    web: WebServer, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    archive = Archive(web)
    archive.add(range(30), NOW - 60)
    found, cursor = read(web, client, State(until=NOW + 10 * DAY, swept=NOW + 10 * DAY).dump())
    assert found == list(range(30))
    assert "ahead of the clock" in caplog.text
    assert State.load(cursor).until == pytest.approx(NOW, abs=60)


def test_a_fill_cut_short_is_done_again(web: WebServer, client: Client, clock: FakeTime) -> None:
    archive = Archive(web)
    archive.add(range(30), NOW - 60)
    _, cursor = read(web, client)
    clock.sleep(DAY / 2)
    archive.add(range(100, 350), NOW + 30_000)
    feed = lore.open(Source("crabs", "lore", f"{web.url}/crabs#http"), client)
    stored = next(iter(feed.read(cursor)))
    rest, _ = read(web, client, stored.cursor)
    assert sorted(numbers([stored]) + rest) == list(range(100, 350))


def test_a_day_too_large_for_one_mailbox_is_asked_for_in_parts(web: WebServer, client: Client) -> None:
    archive = Archive(web)
    archive.add(range(200), NOW - 60)
    found = archive._search

    def picky(span: str) -> Answer:
        start, _, end = span.partition("..")
        wide = float(end or NOW) - float(start) > DAY / 3
        return Answer(b"\x1f\x8b not a mailbox") if wide else found(span)

    archive._search = picky  # type: ignore[method-assign]
    assert read(web, client)[0] == list(range(200))


def test_a_mail_that_vanished_is_rejected_and_not_asked_for_again(web: WebServer, client: Client) -> None:
    archive = Archive(web)
    archive.add(range(3), NOW - 20 * DAY)
    del web.routes["/crabs/crab-1@mail.example.org/raw"]
    found, cursor = read(web, client)
    asked = len(web.asked)
    assert found == [0, 2]
    assert read(web, client, cursor)[0] == []
    assert len(web.asked) == asked + 1


def test_a_challenge_is_passed_on(web: WebServer, client: Client) -> None:
    page = b"<!doctype html><html><title>Making sure you're not a bot!</title></html>"
    web.routes["/crabs/new.atom"] = Answer(page, headers={"Content-Type": "text/html"})
    with pytest.raises(Refused, match="browser challenge"):
        read(web, client)


@pytest.mark.parametrize("cursor", ["", "x", "{}", '{"commits": {"0": "abc"}}', "[]", "7"])
def test_a_cursor_of_another_kind_is_the_beginning(cursor: str) -> None:
    assert State.load(cursor) == State()


def test_a_mailbox_is_cut_and_unescaped() -> None:
    one, two = b"A: 1\n\n>From the sea\nFrom the land\n", b"B: 2\n\ntext\n"
    box = boxed(b"A: 1\n\n>From the sea\n>From the land\n".replace(b">From the sea", b">>From the sea")) + boxed(two)
    assert [mail.strip() for mail in mails(box)] == [one.strip(), two.strip()]


def test_a_manifest_that_is_none_is_unreadable(web: WebServer, client: Client) -> None:
    web.routes["/crabs/manifest.js.gz"] = Answer(b"<html>")
    with pytest.raises(Unreadable, match="no manifest"):
        list(lore.open(Source("crabs", "lore", f"{web.url}/crabs#git"), client).read(""))


@pytest.mark.parametrize("url", ["http://10.0.0.1/crabs/0", "file:///etc", "ext::sh -c id", "http://user@127.0.0.1/0"])
def test_git_goes_nowhere_the_guard_forbids(client: Client, tmp_path: Path, url: str) -> None:
    with pytest.raises(Refused):
        mirror.update(tmp_path / "0.git", url, client)


def test_git_follows_no_redirect(web: WebServer, client: Client, tmp_path: Path) -> None:
    target = {"Location": f"http://127.0.0.1:{web.port}/other/info/refs?service=git-upload-pack"}
    web.routes["/0/info/refs?service=git-upload-pack"] = Answer(status=302, headers=target)
    with pytest.raises(FeedError):
        mirror.update(tmp_path / "0.git", f"{web.url}/0", client)
    assert not [path for path in web.paths() if path.startswith("/other")]


def test_git_says_who_asks(web: WebServer, client: Client, tmp_path: Path) -> None:
    with pytest.raises(Unreachable):
        mirror.update(tmp_path / "0.git", f"{web.url}/0", client)
    assert web.asked[0].headers["user-agent"].startswith("krab/")


def test_the_cursor_is_json(web: WebServer, client: Client) -> None:
    Archive(web).add(range(2), NOW - 60)
    assert json.loads(read(web, client)[1])["until"] == pytest.approx(NOW, abs=60)
