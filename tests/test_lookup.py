"""A question that names a mail gets its thread first, if that is quick."""

from __future__ import annotations

import gzip
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.lookup import missing
from feeds.errors import Refused, Unreachable
from feeds.fetch import Client
from feeds.kinds import Source, lore
from index.model import Batch, Rejected
from tests.index_fixtures import part
from tests.public_inbox import mail
from tests.web_server import Answer, WebServer, loopback_client, web_server

NAME = "crab-1@mail.example.org"


@pytest.fixture
def web() -> Iterator[WebServer]:
    with web_server() as server:
        yield server


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Client]:
    with loopback_client(tmp_path) as client:
        yield client


def boxed(*raws: bytes) -> bytes:
    escaped = (raw.replace(b"\nFrom ", b"\n>From ") for raw in raws)
    return b"".join(b"From mboxrd@z Thu Jan  1 00:00:00 1970\n" + raw + b"\n" for raw in escaped)


@pytest.mark.parametrize("asked", [NAME, f"<{NAME}>", f"https://lore.kernel.org/r/{NAME}"])
def test_a_thread_is_fetched_by_any_name_of_a_mail_in_it(web: WebServer, client: Client, asked: str) -> None:
    box = gzip.compress(boxed(mail(1, 1_750_000_000.0), mail(2, 1_750_000_060.0, parent=1), b"nothing"))
    web.routes[f"/all/{NAME}/t.mbox.gz"] = Answer(box)
    [batch] = lore.thread(asked, client, f"{web.url}/all")
    assert [(one.id, one.url) for one in batch.parts] == [
        (f"crab-{n}@mail.example.org", f"{web.url}/all/crab-{n}@mail.example.org/") for n in (1, 2)
    ]
    assert [rejected.where for rejected in batch.rejected] == [NAME]


def test_a_mail_that_the_archive_does_not_know_has_no_thread(web: WebServer, client: Client) -> None:
    assert list(lore.thread(NAME, client, f"{web.url}/all")) == []


def test_a_link_decides_what_is_asked_for_and_never_where(web: WebServer, client: Client) -> None:
    with pytest.raises(Refused):
        list(lore.thread(f"https://evil.example/all/{NAME}/", client, f"{web.url}/all"))
    list(lore.thread(f"https://lore.kernel.org/other/{NAME}/", client, f"{web.url}/all"))
    assert web.paths() == [f"/all/{NAME}/t.mbox.gz"]


@pytest.mark.parametrize(
    ("urls", "base"),
    [
        ([], ""),
        (["https://lists.example/lamps#git"], "https://lists.example/lamps"),
        (["https://lists.example/lamps", "https://lore.kernel.org/lamps/#since=9d"], "https://lore.kernel.org/all"),
    ],
)
def test_threads_are_asked_of_an_archive_that_is_read_anyway(urls: list[str], base: str) -> None:
    feed = Source("blog", "feed", "https://lore.kernel.org/feed")
    assert lore.archive([feed, *(Source("x", "lore", url) for url in urls)]) == base


def test_what_comes_in_time_is_kept_and_what_fails_harms_nothing() -> None:
    def fetch(name: str) -> Iterator[Batch]:
        if name == "b":
            raise Unreachable("nobody home")
        yield Batch(rejected=(Rejected(name, "no mail"),))
        yield Batch((part(name),))

    assert [batch.parts[0].id for batch in missing(["a", "b", "c"], fetch)] == ["a", "c"]


def test_nobody_waits_for_an_archive_that_does_not_answer() -> None:
    forever = threading.Event()

    def fetch(name: str) -> Iterator[Batch]:
        forever.wait(30)
        yield Batch((part(name),))

    started = time.monotonic()
    assert missing(["a"], fetch, patience=0.1) == ()
    assert time.monotonic() - started < 5
    forever.set()
