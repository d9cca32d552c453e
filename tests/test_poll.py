"""Polling: stored first, cursor second; one bad source harms no other."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from feeds.cursors import Cursors
from feeds.defaults import BUILTIN
from feeds.errors import FeedError, Refused, Unreachable
from feeds.fetch import Client
from feeds.guard import Guard
from feeds.kinds import Source
from feeds.poll import Poller, open_feed, poll
from feeds.relevance import relevant
from feeds.schedule import Outcome
from index.model import Batch, Block, Kind, Part, Rejected, Role
from index.sqlite import Sqlite
from tests.web_server import Answer, FakeTime, WebServer, loopback_client, web_server

SHORE = Source("shore", "feed", "https://shore.example/feed")
CRABS = "Crabs moult in spring and hide until the new shell is hard."
KERNEL = "The Linux kernel now takes drivers in Rust, for the sake of memory safety."


def part(name: str, text: str = CRABS, title: str = "") -> Part:
    return Part(name, name, title or name, "Ann", None, (Block(Role.OWN, text),), Kind.POST)


@dataclass
class ScriptedFeed:
    """Delivers what it is told to, then fails if it is told to."""

    batches: list[Batch] = field(default_factory=list)
    failure: Exception | None = None
    read_from: list[str] = field(default_factory=list)

    def read(self, cursor: str) -> Iterator[Batch]:
        self.read_from.append(cursor)
        yield from self.batches
        if self.failure:
            raise self.failure


@pytest.fixture
def cursors(tmp_path: Path) -> Cursors:
    cursors = Cursors(Sqlite(tmp_path / "krab.db"))
    cursors.register([SHORE])
    return cursors


@pytest.fixture
def web() -> Iterator[WebServer]:
    with web_server() as server:
        yield server


@pytest.fixture
def clock() -> FakeTime:
    return FakeTime()


@pytest.fixture
def client(tmp_path: Path, clock: FakeTime) -> Iterator[Client]:
    with loopback_client(tmp_path, time=clock.time) as client:
        yield client


class Store:
    """A sink that remembers, and fails when told to."""

    def __init__(self, *, fail_at: int = -1) -> None:
        self.batches: list[Batch] = []
        self.fail_at = fail_at

    def __call__(self, batch: Batch, name: str) -> None:
        if len(self.batches) == self.fail_at:
            raise OSError("disk full")
        self.batches.append(batch)

    @property
    def ids(self) -> list[str]:
        return [part.id for batch in self.batches for part in batch.parts]


def test_batches_are_stored_and_the_cursor_follows(cursors: Cursors) -> None:
    feed, store = ScriptedFeed([Batch((part("a"),), cursor="1"), Batch((part("b"),), cursor="2")]), Store()
    assert poll(SHORE, feed, cursors, store) == Outcome(delivered=2)
    assert (store.ids, cursors.cursor("shore")) == (["a", "b"], "2")


def test_reading_goes_on_from_the_cursor(cursors: Cursors) -> None:
    feed = ScriptedFeed([Batch((part("a"),), cursor="1")])
    poll(SHORE, feed, cursors, Store())
    poll(SHORE, feed, cursors, Store())
    assert feed.read_from == ["", "1"]


def test_the_cursor_never_overtakes_what_is_stored(cursors: Cursors) -> None:
    feed = ScriptedFeed([Batch((part("a"),), cursor="1"), Batch((part("b"),), cursor="2")])
    with pytest.raises(OSError, match="disk full"):
        poll(SHORE, feed, cursors, Store(fail_at=1))
    assert cursors.cursor("shore") == "1"


def test_a_failure_halfway_keeps_what_came_before(cursors: Cursors) -> None:
    feed = ScriptedFeed([Batch((part("a"),), cursor="1")], Unreachable("the tide took it", retry_after=60))
    outcome = poll(SHORE, feed, cursors, Store())
    assert outcome == Outcome(delivered=1, error="the tide took it", retry_after=60)
    assert cursors.cursor("shore") == "1"


def test_what_does_not_concern_us_is_left_out_and_counted(cursors: Cursors) -> None:
    source, store = Source("shore", "feed", SHORE.url, filter="relevant"), Store()
    feed = ScriptedFeed([Batch((part("a"), part("b", KERNEL)), cursor="1"), Batch((part("c"),), cursor="2")])
    assert poll(source, feed, cursors, store) == Outcome(delivered=1, left_out=2)
    assert (store.ids, cursors.cursor("shore")) == (["b"], "2")


def test_removals_and_rejections_are_handed_on(cursors: Cursors) -> None:
    store = Store()
    batch = Batch(removed=("a",), rejected=(Rejected("b", "no text"),), cursor="1")
    assert poll(SHORE, ScriptedFeed([batch]), cursors, store) == Outcome(removed=1, rejected=1)
    assert store.batches == [batch]


def rss(*names: str) -> Answer:
    items = "".join(
        f"<item><title>{n}</title><link>/{n}</link><description>{KERNEL * 30}{n}</description></item>" for n in names
    )
    return Answer(f"<rss version='2.0'><channel><title>t</title>{items}</channel></rss>".encode())


def sources(web: WebServer, *names: str) -> list[Source]:
    return [Source(name, "feed", f"{web.url}/{name}.xml") for name in names]


def test_one_bad_source_harms_no_other(web: WebServer, client: Client, cursors: Cursors) -> None:
    web.routes["/good.xml"] = rss("one")
    web.routes["/bad.xml"] = Answer(b"<html>no feed</html>")
    store = Store()
    odd = [Source("odd", "telepathy", "x"), Source("wrong", "lore", "https://lore.example/x#y")]
    outcomes = Poller([*sources(web, "bad", "good"), *odd], client, cursors, store).once()
    assert store.ids == [f"{web.url}/one"]
    assert {name: bool(outcome.error) for name, outcome in outcomes.items()} == {
        "bad": True,
        "good": False,
        "odd": True,
        "wrong": True,
    }


def test_a_bug_in_the_sink_is_written_down_and_harms_no_other_source(
    web: WebServer, client: Client, cursors: Cursors
) -> None:
    web.routes["/good.xml"] = rss("one")
    outcome = Poller(sources(web, "good"), client, cursors, Store(fail_at=0)).once()["good"]
    assert outcome.error == "an error of krab's own (OSError: disk full); see the log"
    assert cursors.state("good").error_count == 1


def test_an_error_is_told_in_one_line_with_the_next_try(
    web: WebServer, client: Client, cursors: Cursors, caplog: pytest.LogCaptureFixture
) -> None:
    web.routes["/bad.xml"] = Answer(status=503, headers={"Retry-After": "7200"})
    Poller(sources(web, "bad"), client, cursors, Store(), jitter=lambda: 0.0).once(["bad"])
    assert f"bad: {web.url}/bad.xml answered 503; next try 2026-05-28 22:26 UTC" in caplog.text


def test_a_source_is_due_when_its_time_has_come(
    web: WebServer, client: Client, cursors: Cursors, clock: FakeTime
) -> None:
    web.routes["/a.xml"] = web.routes["/b.xml"] = rss("one")
    poller = Poller(sources(web, "a", "b"), client, cursors, Store(), jitter=lambda: 0.0)
    poller.once(["a"])
    assert poller.due(clock.now) == ("b",)
    clock.sleep(3_700)
    assert poller.due(clock.now) == ("b", "a")


def test_a_fresh_answer_puts_the_next_poll_off(
    web: WebServer, client: Client, cursors: Cursors, clock: FakeTime
) -> None:
    web.routes["/a.xml"] = Answer(rss("one").body, headers={"Cache-Control": "max-age=20000"})
    Poller(sources(web, "a"), client, cursors, Store(), jitter=lambda: 0.0).once()
    assert cursors.state("a").next_poll == pytest.approx(clock.now + 20_000)


def test_the_loop_polls_what_is_due_until_it_is_stopped(web: WebServer, client: Client, cursors: Cursors) -> None:
    web.routes["/a.xml"] = rss("one")
    web.routes["/b.xml"] = rss("two")
    store, stop = Store(), threading.Event()
    thread = threading.Thread(target=Poller(sources(web, "a", "b"), client, cursors, store).run, args=(stop,))
    thread.start()
    deadline = time.monotonic() + 10
    while len(store.ids) < 2 and time.monotonic() < deadline:
        time.sleep(0.01)
    stop.set()
    thread.join(timeout=10)
    assert sorted(store.ids) == [f"{web.url}/one", f"{web.url}/two"]
    assert not thread.is_alive()


def test_a_stop_in_the_middle_stores_no_further_batch(web: WebServer, client: Client, cursors: Cursors) -> None:
    web.routes["/a.xml"] = rss(*(str(n) for n in range(50)))
    stop = threading.Event()
    stored: list[Batch] = []

    def sink(batch: Batch, name: str) -> None:
        stored.append(batch)
        stop.set()

    Poller(sources(web, "a"), client, cursors, sink).run(stop)
    assert len(stored) == 1
    assert cursors.cursor("a") == stored[0].cursor


def test_a_kind_that_is_not_there_names_those_that_are(client: Client) -> None:
    with pytest.raises(Refused, match=r"no kind 'telepathy'; there are .*feed.*lore.*pages"):
        open_feed(Source("odd", "telepathy", "x"), client)


def test_the_builtin_sources_can_all_be_opened_and_are_told_apart(client: Client) -> None:
    assert len({source.name for source in BUILTIN}) == len({source.url for source in BUILTIN}) == len(BUILTIN) >= 12
    assert all(open_feed(source, client) for source in BUILTIN)


@pytest.mark.parametrize("url", [source.url for source in BUILTIN])
def test_the_builtin_sources_are_asked_over_https(url: str) -> None:
    assert Guard().check(url).scheme == "https"


@pytest.mark.parametrize(
    ("title", "text", "expected"),
    [
        ("Moving firmware to memory-safe languages", "We did.", True),
        ("Spring notes", KERNEL, True),
        ("Fixing a use-after-free", "A use-after-free, a use-after-free, and one more use-after-free.", True),
        ("Corrosion on boats", "Rust eats the hull.", False),
        ("Cloud conference", "Talks on Linux and on everything else.", False),
        ("Trusting robust crusts", "Thrust and frustration.", False),
        ("", "", False),
    ],
)
def test_relevance_tells_our_subjects_from_others(title: str, text: str, expected: bool) -> None:
    assert relevant(part("x", text, title)) == expected


@pytest.mark.parametrize(
    ("title", "labels", "files", "expected"),
    [
        ("[PATCH] mm: a leaf", ("list:linux-mm",), ("mm/leaf.c",), False),
        ("[PATCH] mm: a leaf", ("list:linux-mm", "list:rust-for-linux"), ("mm/leaf.c",), True),
        ("[PATCH] mm: a leaf", (), ("rust/kernel/leaf.rs",), True),
        ("[PATCH] samples: a leaf", (), ("samples/leaf.rs",), True),
        ("[PATCH] a leaf", (), ("scripts/generate_rust_target.c",), True),
        ("Re: [PATCH] rust: leaf: grow", (), (), True),
        ("Trusting a leaf", (), ("drivers/thrust/leaf.c",), False),
    ],
)
def test_of_a_list_about_other_things_mail_about_rust_is_kept(
    title: str, labels: tuple[str, ...], files: tuple[str, ...], expected: bool
) -> None:
    mail = replace(part("x", "", title), kind=Kind.MAIL, labels=labels, files=files)
    assert relevant(mail) == expected


def test_every_feed_error_is_a_line() -> None:
    assert "\n" not in str(FeedError("one line"))


class Elsewhere:
    """Another process reads every source just now."""

    def take(self, name: str) -> bool:
        return False

    def give(self, name: str) -> None:
        raise AssertionError(f"{name} was not ours to give")


def test_what_another_process_reads_is_left_to_it(client: Client, cursors: Cursors) -> None:
    poller = Poller([SHORE], client, cursors, Store())
    poller.claims = Elsewhere()
    assert poller.once()["shore"].error == "another process reads it just now"
    assert cursors.state("shore").last_error == ""
