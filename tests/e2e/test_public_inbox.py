"""A real public-inbox is read completely, by git and over HTTP, and bursts between polls lose nothing."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from feeds.epochs import Epochs
from feeds.fetch import Client
from feeds.kinds import Source, lore
from feeds.mail import parse, to_part
from feeds.origins import Origins
from index.model import Batch
from tests.evaluation.feeds.real import Real
from tests.evaluation.feeds.threads import differences, documents
from tests.public_inbox import PublicInbox, mail, public_inbox
from tests.web_server import loopback_client

pytestmark = pytest.mark.e2e


@pytest.fixture
def inbox(tmp_path: Path) -> Iterator[PublicInbox]:
    with public_inbox(tmp_path) as running:
        yield running


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Client]:
    with loopback_client(tmp_path / "cache") as client:
        yield client


def read(client: Client, url: str, cursor: str = "") -> tuple[list[Batch], str]:
    batches = list(lore.open(Source("crabs", "lore", url), client).read(cursor))
    return batches, next((batch.cursor for batch in reversed(batches)), cursor)


def ids(batches: list[Batch]) -> list[str]:
    return [part.id for batch in batches for part in batch.parts]


def named(*numbers: int) -> list[str]:
    return [f"crab-{number}@mail.example.org" for number in numbers]


@pytest.mark.parametrize("way", ["", "#git", "#http", "#http&since=30d"])
def test_the_whole_list_is_read_once_whichever_way(inbox: PublicInbox, client: Client, way: str) -> None:
    now = time.time()
    inbox.deliver(mail(n, now - 7_200 * n) for n in range(60))
    batches, cursor = read(client, inbox.url + way)
    assert Counter(ids(batches)) == Counter(named(*range(60)))
    assert ids(read(client, inbox.url + way, cursor)[0]) == []


@pytest.mark.parametrize("way", ["#http", "", "#git"])
@pytest.mark.parametrize("search", ["lagging", "current"])
def test_bursts_between_polls_lose_nothing_and_double_nothing(
    inbox: PublicInbox, client: Client, way: str, search: str
) -> None:
    refresh = inbox.restart if search == "current" else time.time
    now = time.time()
    inbox.deliver(mail(n, now - 600 + n) for n in range(10))
    first, cursor = read(client, inbox.url + way)
    inbox.deliver([mail(10, now - 500)])
    one, cursor = read(client, inbox.url + way, cursor)
    inbox.deliver(mail(n, now - 450 + n) for n in range(11, 41))
    refresh()
    thirty, cursor = read(client, inbox.url + way, cursor)
    inbox.deliver(mail(n, now - 350 + n) for n in range(41, 101))
    refresh()
    sixty, cursor = read(client, inbox.url + way, cursor)
    assert Counter(ids(first)) == Counter(named(*range(10)))
    assert ids(one) == named(10)
    assert Counter(ids(thirty)) == Counter(named(*range(11, 41)))
    assert Counter(ids(sixty)) == Counter(named(*range(41, 101)))


def test_a_mail_that_comes_late_is_found_by_the_sweep(inbox: PublicInbox, client: Client) -> None:
    now = time.time()
    inbox.deliver(mail(n, now - 60 + n) for n in range(30))
    url = inbox.url + "#http"
    _, cursor = read(client, url)
    inbox.deliver([mail(99, now - 20_000)])
    unnoticed, cursor = read(client, url, cursor)
    inbox.restart()
    yesterday = cursor.replace('"swept":', '"swept":0,"old":')
    assert ids(unnoticed) == []
    assert ids(read(client, url, yesterday)[0]) == named(99)


def test_a_list_is_fetched_only_so_deep_as_it_is_to_be_read(inbox: PublicInbox, client: Client) -> None:
    now = time.time()
    inbox.deliver(mail(n, now - 86_400 * (120 - n)) for n in range(120))
    recent = list(Epochs(Origins.of(inbox.url, client), since=30 * 86_400.0, depth=10).read(""))
    cursor = recent[-1].cursor
    inbox.deliver([mail(200, now)])
    newer, cursor = read(client, inbox.url + "#git&since=30d", cursor)
    everything, cursor = read(client, inbox.url + "#git", cursor)
    assert set(named(*range(95, 120))) <= set(ids(recent)) < set(named(*range(120)))
    assert ids(newer) == named(200)
    assert Counter(ids(everything)) == Counter(named(*range(120), 200))
    assert ids(read(client, inbox.url + "#git", cursor)[0]) == []


def test_a_search_brings_what_it_finds(inbox: PublicInbox, client: Client) -> None:
    now = time.time()
    inbox.deliver(mail(n, now - 600 + n) for n in range(20))
    inbox.restart()
    batches, cursor = read(client, inbox.url + '#q=s:"number 7" OR s:"number 12"')
    assert sorted(ids(batches)) == sorted(named(7, 12))
    assert ids(read(client, inbox.url + '#q=s:"number 7" OR s:"number 12"', cursor)[0]) == []


def test_a_mail_that_is_taken_back_is_reported_as_removed(inbox: PublicInbox, client: Client) -> None:
    now = time.time()
    inbox.deliver(mail(n, now - 60 + n) for n in range(3))
    _, cursor = read(client, inbox.url + "#git")
    inbox.remove([mail(1, now - 59)])
    batches, _ = read(client, inbox.url + "#git", cursor)
    assert [batch.removed for batch in batches] == [tuple(named(1))]


def test_a_mirror_stands_in_for_a_server_that_is_gone(inbox: PublicInbox, client: Client, tmp_path: Path) -> None:
    now = time.time()
    inbox.deliver(mail(n, now - 600 + n) for n in range(10))
    (tmp_path / "home").mkdir()
    with public_inbox(tmp_path / "home") as home:
        home.deliver(mail(n, now - 600 + n) for n in range(10))
        url = f"{home.url}#git&mirror={inbox.url}"
        first, cursor = read(client, url)
        home.kill()
        inbox.deliver([mail(10, now)])
        second, cursor = read(client, url, cursor)
        home.restart()
    assert (len(ids(first)), ids(second)) == (10, named(10))


def test_a_cursor_that_the_epoch_forgot_reads_it_again(
    inbox: PublicInbox, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    inbox.deliver([mail(1, time.time())])
    batches, _ = read(client, inbox.url + "#git", '{"commits": {"0": "' + "a" * 40 + '"}}')
    assert ids(batches) == named(1)
    assert "gone from the epoch" in caplog.text


@pytest.mark.parametrize("way", ["", "#http"])
def test_a_crash_in_the_middle_repeats_work_and_loses_none(inbox: PublicInbox, client: Client, way: str) -> None:
    now = time.time()
    inbox.deliver(mail(n, now - 3_600 * n) for n in range(130))
    feed = lore.open(Source("crabs", "lore", inbox.url + way), client)
    stored = next(iter(feed.read("")))
    rest, _ = read(client, inbox.url + way, stored.cursor)
    assert set(ids([stored]) + ids(rest)) == set(named(*range(130)))


def headed(name: str, *headers: str) -> bytes:
    lines = (f"Message-ID: {name}", "From: Ferris Sand <ferris@example.org>", f"Subject: {name[1]}", *headers)
    return "\n".join((*lines, "", f"This is {name}.", "")).encode()


def test_threads_are_those_of_public_inbox(inbox: PublicInbox, tmp_path: Path) -> None:
    raws = [
        headed("<a@x>", "In-Reply-To: <gone@x>"),
        headed("<b@x>", "References: <root@x>\n <gone@x>"),
        headed("<c@x>", "In-Reply-To: <a@x>\n <d@x>"),
        headed("<d@x>"),
        headed("<e@x>", "In-Reply-To: <ferris@example.org>"),
        headed("<f@x>", "In-Reply-To: Ferris' mail <ferris@example.org>", "References: <y> <n>"),
        headed("<g@x>\n <h@x>"),
        headed("<i@x>", "References: <h@x>", "References: <j@x>"),
        headed("<j@x>", "In-Reply-To: <j@x>"),
        headed("<k@x>", "In-Reply-To: <y>"),
    ]
    inbox.deliver(raws)
    theirs = inbox.threads()
    parts = [to_part(parse(raw)) for raw in raws]
    real = Real(tmp_path, tmp_path)
    assert not differences(documents(real, parts), theirs)
    assert not differences(documents(real, parts[::-1]), theirs)
    assert len(theirs) == len(raws) + 1  # one has two names


def test_one_thread_is_had_by_any_of_its_mails(inbox: PublicInbox, client: Client) -> None:
    now = time.time()
    inbox.deliver([mail(1, now), mail(2, now, parent=1), mail(3, now, parent=2), mail(4, now)])
    batches = list(lore.thread("crab-2@mail.example.org", client, inbox.url))
    assert sorted(ids(batches)) == named(1, 2, 3)
    assert list(lore.thread("crab-9@mail.example.org", client, inbox.url)) == []


def test_mails_point_at_their_place_in_the_archive(inbox: PublicInbox, client: Client) -> None:
    inbox.deliver([mail(1, time.time()), mail(2, time.time(), parent=1)])
    parts = [part for batch in read(client, inbox.url)[0] for part in batch.parts]
    assert {part.url for part in parts} == {f"{inbox.url}/{name}/" for name in named(1, 2)}
    assert client.get(parts[0].url, kind="page").status == 200


def test_an_empty_list_is_no_error(inbox: PublicInbox, client: Client) -> None:
    assert ids(read(client, inbox.url)[0]) == []
