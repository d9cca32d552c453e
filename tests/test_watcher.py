"""A watched series: one message that is kept up to date, a word about what matters, once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.chat import Undelivered
from bot.chat.text import card as as_text
from bot.courier import Courier
from bot.outbox import Outbox
from bot.series_card import Archive
from bot.watcher import MOST, TooMany, Watcher, telling
from bot.watches import LASTS, Phase, Watch, Watches
from feeds.kinship import kin
from index.engine import Index
from index.history import History
from index.model import Batch, Part
from index.nearness import filed
from index.sqlite import Sqlite
from index.stores.faiss import Faiss
from tests.fakes import FakeChat, FakeClock
from tests.index_fixtures import FakeEmbedder, part
from tests.series_mail import BO, mail, series
from tests.stores import Store

V1 = series(1, "pond: green leaves", ["pond: add a leaf", "pond: count frogs"], day=0)
LINK = "Link: https://lore.kernel.org/all/leaves-v1-0@pond.example/\n"
V2 = series(2, "pond: more green leaves", ["pond: add a leaf", "pond: count frogs"], day=10, body=LINK)
REVIEW = mail(
    "r", "Re: [PATCH 1/2] pond", "Reviewed-by: Bo Reed <bo@pond.example>\n", sender=BO, to="leaves-v1-1", day=2
)
NAK = mail("n", "Re: [PATCH 0/2] pond", "NAK. Too green.\n", sender=BO, to="leaves-v1-0", day=3)
APPLIED = mail("a", "Re: [PATCH v2 0/2] pond", "Applied to pond-next, thanks!\n", sender=BO, to="leaves-v2-0", day=12)
WORMS = mail("w", "[PATCH] mud: green worms", day=3)


class World:
    """An index that grows, people who read a channel, and a courier between them."""

    def __init__(self, folder: Path, store: Store = Sqlite) -> None:
        self.clock = FakeClock()
        self.databases = [store(folder / "krab.db"), store(folder / "state.db")]
        self.index = Index(folder, self.databases[0], FakeEmbedder(), filed(Faiss), kin)
        self.chat = FakeChat()
        self.start()
        self.learn(*V1)

    def start(self) -> None:
        """Begin anew with what is on disk, as after a restart."""
        self.outbox = Outbox(self.databases[1], clock=self.clock)
        self.watches = Watches(self.databases[1], self.outbox, clock=self.clock)
        self.watcher = Watcher(self.watches, self.outbox, self.index, clock=self.clock)

    def learn(self, *parts: Part) -> None:
        self.index.ingest(Batch(parts), "pond")

    def history(self, id_: str = "leaves-v1-0@pond.example") -> History:
        found = self.index.histories.of(id_)
        assert found
        return found

    def watch(self, channel: str = "C1", person: str = "ann") -> Watch:
        watch = self.watcher.watch("slack", channel, person, self.history())
        self.deliver()
        return watch

    def deliver(self) -> None:
        asyncio.run(Courier(self.outbox, {"slack": self.chat}, clock=self.clock).once())

    def look(self) -> list[str]:
        """Look after the watches; what was delivered then."""
        before = len(self.chat.calls)
        self.watcher.look()
        self.deliver()
        return self.chat.calls[before:]

    def shown(self, key: str) -> str:
        return as_text(self.chat.shown[key].card)

    def close(self) -> None:
        for database in self.databases:
            database.close()


@pytest.fixture
def world(tmp_path: Path, store: Store) -> Iterator[World]:
    world = World(tmp_path, store)
    yield world
    world.close()


def test_a_watch_begins_with_a_message_that_says_how_the_series_stands(world: World) -> None:
    world.watch()
    shown = world.shown("watch:1")
    for words in (
        "pond: green leaves",
        "no mail up to 2025-07-08 says",
        "Watched until 2025-10-06",
    ):
        assert words in shown


def test_what_happens_is_written_into_the_message_and_what_matters_is_said_under_it(world: World) -> None:
    world.watch()
    world.learn(REVIEW)
    assert world.look() == ["watch:1:1"]
    world.learn(*V2, NAK)
    assert world.look() == ["watch:1:2", "watch:1:2:news"]
    world.learn(APPLIED)
    assert world.look() == ["watch:1:3", "watch:1:3:news"]
    assert "Reviewed by Bo Reed" in world.shown("watch:1:1")
    assert "Bo Reed refused it" in world.shown("watch:1:2:news")
    assert "Ada Quill posted v2" in world.shown("watch:1:2:news")
    assert "Bo Reed applied" in world.shown("watch:1:3:news")
    assert "posted" not in world.shown("watch:1:3:news")
    edit, word = world.chat.shown["watch:1:3"], world.chat.shown["watch:1:3:news"]
    assert (edit.edits, word.thread, word.edits) == ("ref of watch:1", "ref of watch:1", "")


def test_nothing_is_said_when_nothing_happened_to_it(world: World) -> None:
    world.watch()
    world.learn(WORMS, part("talk", "Frogs like leaves."))
    assert world.look() == []


def test_a_restart_repeats_nothing_and_forgets_nothing(world: World) -> None:
    world.watch()
    world.learn(REVIEW)
    assert world.look() == ["watch:1:1"]
    world.start()
    assert world.look() == []
    world.learn(APPLIED, *V2)
    world.start()
    assert world.look() == ["watch:1:2", "watch:1:2:news"]


def test_of_two_processes_one_tells(world: World) -> None:
    watch = world.watch()
    world.learn(NAK)
    found = telling(watch, world.history(), Archive(world.index.part, None), world.clock())
    assert found
    assert [world.watches.tell(watch, found), world.watches.tell(watch, found)] == [True, False]


def test_a_message_not_yet_delivered_is_followed_by_its_edit(world: World) -> None:
    world.chat.errors = [Undelivered("busy", after=10)]
    world.watch()
    world.learn(NAK)
    assert world.look() == []
    world.clock.move(11)
    world.deliver()
    assert world.chat.shown["watch:1:1"].edits == "ref of watch:1"
    assert world.chat.shown["watch:1:1:news"].thread == "ref of watch:1"


def test_watching_the_same_series_again_is_the_same_watch(world: World) -> None:
    first = world.watch()
    world.learn(*V2)
    assert world.watcher.watch("slack", "C1", "bob", world.history("leaves-v2-1@pond.example")).number == first.number
    assert world.watch(channel="C2").number == 2


def test_a_paused_watch_is_silent_and_catches_up_when_resumed(world: World) -> None:
    world.watch()
    world.watches.turn(1, Phase.PAUSED)
    world.learn(NAK)
    assert world.look() == []
    world.watches.turn(1, Phase.ON)
    world.watcher.look()
    world.learn(WORMS)
    assert [key for key in (*world.look(), *world.chat.calls) if "news" in key] != []


def test_a_watch_ends_after_its_time_with_a_last_edit(world: World) -> None:
    world.watch()
    world.clock.move(LASTS.total_seconds() + 1)
    assert world.look() == ["watch:1:1"]
    assert "No longer watched." in world.shown("watch:1:1")
    world.learn(NAK)
    assert world.look() == []
    assert world.watches.known("slack", "ann", "C1") == []


def test_a_watch_that_is_ended_says_so_where_it_stands(world: World) -> None:
    world.watcher.end(world.watch())
    world.deliver()
    assert "No longer watched." in world.shown("watch:1:1")
    world.learn(NAK)
    assert world.look() == []


def test_a_watch_whose_channel_takes_no_message_ends(world: World, caplog: pytest.LogCaptureFixture) -> None:
    world.chat.errors = [Undelivered("not in the channel", forever=True)]
    world.watch()
    world.learn(NAK)
    assert world.look() == []
    assert world.watches.on() == []
    assert "watch 1 ends" in caplog.text


def test_one_person_watches_a_limited_number(world: World) -> None:
    for n in range(MOST):
        world.watcher.watch("slack", f"D{n}", "ann", world.history())
    with pytest.raises(TooMany):
        world.watcher.watch("slack", "another", "ann", world.history())


@given(st.permutations([REVIEW, NAK, APPLIED, *V2]), st.lists(st.booleans(), min_size=6, max_size=6))
@settings(max_examples=4, deadline=None)
def test_whatever_the_order_each_thing_that_matters_is_said_once(
    tmp_path_factory: pytest.TempPathFactory, parts: list[Part], restarts: list[bool]
) -> None:
    world = World(tmp_path_factory.mktemp("world"))
    world.watch()
    for one, restart in zip(parts, restarts, strict=True):
        world.learn(one)
        if restart:
            world.start()
        world.look()
    said = "\n".join(as_text(p.card) for key, p in world.chat.shown.items() if key.endswith("news"))
    world.close()
    assert [said.count(words) for words in ("refused it", "Bo Reed applied")] == [1, 1]
