"""What krab says by itself is said in order, once, and not lost: against a model, with processes that die."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from bot.card import Button, Card, Picture, note
from bot.chat import ChatRefused, Parcel, Undelivered
from bot.courier import BUGS, LONGEST, PATIENCE, Again, Courier, Never, verdict
from bot.outbox import LEASE, Outbox, Taken
from index.database import Database
from index.sqlite import Sqlite
from tests.fakes import NOON, FakeChat, FakeClock
from tests.stores import Store

HELLO = Parcel("hello", "C1", note("Hello."))


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def database(tmp_path: Path, store: Store) -> Database:
    return store(tmp_path / "state.db")


@pytest.fixture
def outbox(database: Database, clock: FakeClock) -> Outbox:
    return Outbox(database, clock=clock)


def deliver(outbox: Outbox, chat: FakeChat, clock: FakeClock) -> list[str]:
    asyncio.run(Courier(outbox, {chat.name: chat}, clock=clock).once())
    return chat.calls


def test_a_parcel_arrives_as_it_was_put(outbox: Outbox, clock: FakeClock) -> None:
    rich = Card("T", buttons=(Button("Go", "go", "7"),), picture=Picture(b"\x00\x89PNG", "a chart"))
    parcel, chat = Parcel("k", "C1", rich, thread="100.1", edits="99.1"), FakeChat()
    outbox.put("slack", parcel)
    deliver(outbox, chat, clock)
    assert list(chat.shown.values()) == [parcel]
    assert outbox.ref("slack", "k") == "ref of k"


def test_a_key_is_put_once(outbox: Outbox, clock: FakeClock) -> None:
    assert [outbox.put("slack", HELLO), outbox.put("slack", HELLO)] == [True, False]
    assert deliver(outbox, FakeChat(), clock) == ["hello"]
    assert not outbox.put("slack", HELLO)


def test_a_parcel_is_kept_with_the_callers_own_change_or_not_at_all(outbox: Outbox, database: Database) -> None:
    def change() -> None:
        with database.write() as connection:
            outbox.put("slack", HELLO, within=connection)
            raise InterruptedError

    with pytest.raises(InterruptedError):
        change()
    assert outbox.waiting() == 0


def test_a_channel_gets_its_messages_in_order_though_one_is_late(outbox: Outbox, clock: FakeClock) -> None:
    chat = FakeChat(errors=[Undelivered("busy", after=30)])
    for key in ("1", "2"):
        outbox.put("slack", replace(HELLO, key=key))
    outbox.put("slack", replace(HELLO, key="other", channel="C2"))
    assert deliver(outbox, chat, clock) == ["1", "other"]
    clock.move(29)
    assert deliver(outbox, chat, clock) == ["1", "other"]
    clock.move(1)
    assert deliver(outbox, chat, clock) == ["1", "other", "1", "2"]


def test_what_never_can_be_delivered_is_dropped_with_a_line(
    outbox: Outbox, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    outbox.put("slack", HELLO)
    outbox.put("slack", replace(HELLO, key="next"))
    assert deliver(outbox, FakeChat(errors=[Undelivered("no such channel", forever=True)]), clock) == ["hello", "next"]
    assert [(d.key, d.error) for d in outbox.given_up()] == [("hello", "no such channel")]
    assert [r.message for r in caplog.records] == ["slack: given up: hello for C1: no such channel"]


def test_only_the_newest_edit_of_a_message_is_sent(outbox: Outbox, clock: FakeClock) -> None:
    chat = FakeChat()
    for n in (1, 2, 3):
        outbox.put("slack", replace(HELLO, key=f"edit {n}", edits="100.1"))
    outbox.put("slack", replace(HELLO, key="another's", edits="200.1"))
    assert deliver(outbox, chat, clock) == ["edit 3", "another's"]


def test_an_edit_and_a_reply_wait_for_the_message_they_are_about(outbox: Outbox, clock: FakeClock) -> None:
    chat = FakeChat(errors=[Undelivered("busy")])
    outbox.put("slack", HELLO)
    outbox.put("slack", replace(HELLO, key="edit"), edits="hello")
    outbox.put("slack", replace(HELLO, key="reply"), under="hello")
    deliver(outbox, chat, clock)
    clock.move(10)
    deliver(outbox, chat, clock)
    assert (chat.shown["edit"].edits, chat.shown["reply"].thread) == ("ref of hello", "ref of hello")


def test_what_is_about_a_dropped_message_is_dropped_too(outbox: Outbox, clock: FakeClock) -> None:
    outbox.put("slack", HELLO)
    outbox.put("slack", replace(HELLO, key="edit"), edits="hello")
    assert deliver(outbox, FakeChat(errors=[Undelivered("gone", forever=True)]), clock) == ["hello"]
    assert [d.key for d in outbox.given_up()] == ["edit", "hello"]


def test_two_processes_never_hold_the_same_parcel(database: Database, clock: FakeClock) -> None:
    one, other = Outbox(database, clock=clock), Outbox(database, clock=clock)
    one.put("slack", HELLO)
    one.put("slack", replace(HELLO, key="next"))
    (first,) = one.take("slack")
    assert other.take("slack") == []
    clock.move(LEASE + 1)
    (again,) = other.take("slack")
    assert (again.parcel, again.tries) == (first.parcel, 2)
    one.sent(first, "late")
    assert other.ref("slack", "hello") == ""
    other.sent(again, "right")
    assert one.ref("slack", "hello") == "right"


def test_what_was_said_long_ago_is_forgotten_and_what_waits_is_not(outbox: Outbox, clock: FakeClock) -> None:
    outbox.put("slack", HELLO)
    deliver(outbox, FakeChat(), clock)
    outbox.put("slack", replace(HELLO, key="waits"))
    assert outbox.forget_before(NOON + timedelta(days=1)) == 1
    assert outbox.waiting() == 1


async def test_the_courier_hears_at_once_of_what_is_put(outbox: Outbox, clock: FakeClock) -> None:
    chat = FakeChat()
    running = asyncio.create_task(Courier(outbox, {"slack": chat}, clock=clock).run())
    await asyncio.sleep(0.05)
    await asyncio.to_thread(outbox.put, "slack", HELLO)
    async with asyncio.timeout(1.5):
        while outbox.waiting():
            await asyncio.sleep(0.01)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert chat.calls == ["hello"]


async def test_what_is_on_its_way_is_finished_when_krab_stops(outbox: Outbox, clock: FakeClock) -> None:
    class Slow(FakeChat):
        async def send(self, parcel: Parcel) -> str:
            self.calls.append(parcel.key)
            await asyncio.sleep(0.1)
            return "the reference"

    outbox.put("slack", HELLO)
    chat = Slow()
    running = asyncio.create_task(Courier(outbox, {"slack": chat}, clock=clock).run())
    async with asyncio.timeout(5):
        while not chat.calls:
            await asyncio.sleep(0.005)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert outbox.ref("slack", "hello") == "the reference"


def test_waits_grow_up_to_a_limit_and_never_below_what_the_service_asks() -> None:
    young = timedelta(0)
    assert [verdict(Undelivered("x"), n, young) for n in (1, 2, 3)] == [Again(2), Again(4), Again(8)]
    assert verdict(Undelivered("x", after=60), 1, young) == Again(60)
    assert verdict(Undelivered("x"), 10**6, young) == Again(LONGEST)


def test_patience_ends() -> None:
    old = PATIENCE + timedelta(seconds=1)
    assert [verdict(e, 9, old) for e in (Undelivered("x"), ChatRefused("slack", "x"), OSError())] == [Never()] * 3
    assert verdict(Undelivered("x", forever=True), 1, timedelta(0)) == Never()
    assert verdict(KeyError("a bug"), BUGS, timedelta(0)) == Never()
    assert isinstance(verdict(KeyError("a bug"), 1, timedelta(0)), Again)


CHANNELS = st.sampled_from(["C1", "C2", "C3"])


class Post(RuleBasedStateMachine):
    """Two processes deliver the same outbox and die in between; every message appears once, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory()
        self.database = Sqlite(Path(self.folder.name) / "state.db")
        self.clock = FakeClock()
        self.processes = [Outbox(self.database, clock=self.clock) for _ in range(2)]
        self.put: dict[str, list[str]] = {}
        self.shown: dict[str, list[str]] = {}  # what people see: by channel, each key once
        self.held: list[tuple[int, Taken, float]] = []
        self.dropped: set[str] = set()
        self.number = 0

    def teardown(self) -> None:
        self.clock.move(10**6)
        for _ in range(self.number + 1):
            for taken in self.processes[0].take("slack"):
                self._show(taken)
                self.processes[0].sent(taken, "ref")
        self.database.close()
        self.folder.cleanup()
        expected = {c: [k for k in keys if k not in self.dropped] for c, keys in self.put.items()}
        assert {c: keys for c, keys in self.shown.items() if keys} == {c: keys for c, keys in expected.items() if keys}

    def _show(self, taken: Taken) -> None:
        seen = self.shown.setdefault(taken.parcel.channel, [])
        if taken.parcel.key not in seen:  # what adapters do with a key that they know
            seen.append(taken.parcel.key)

    @rule(channel=CHANNELS, again=st.booleans())
    def someone_puts(self, channel: str, again: bool) -> None:
        keys = self.put.setdefault(channel, [])
        if again and keys:
            assert not self.processes[1].put("slack", Parcel(keys[0], channel, note("x")))
            return
        self.number += 1
        keys.append(f"k{self.number}")
        assert self.processes[0].put("slack", Parcel(keys[-1], channel, note("x")))

    @rule(process=st.integers(0, 1))
    def a_process_takes(self, process: int) -> None:
        until = self.clock.time() + LEASE
        self.held += [(process, taken, until) for taken in self.processes[process].take("slack")]

    @precondition(lambda self: self.held)
    @rule(data=st.data(), outcome=st.sampled_from(["sent", "shown, then killed", "killed", "later", "never"]))
    def its_work_ends(self, data: st.DataObject, outcome: str) -> None:
        entry = data.draw(st.sampled_from(self.held))
        process, taken, until = entry
        self.held.remove(entry)
        if self.clock.time() >= until:
            return  # the courier's own time-out is shorter than the lease
        if outcome in ("sent", "shown, then killed"):
            self._show(taken)
        if outcome == "sent":
            self.processes[process].sent(taken, "ref")
        elif outcome == "later":
            self.processes[process].later(taken, 5, "busy")
        elif outcome == "never" and taken.parcel.key not in self.shown.get(taken.parcel.channel, []):
            self.processes[process].dropped(taken, "gone")
            self.dropped.add(taken.parcel.key)

    @rule(seconds=st.sampled_from([1.0, 6.0, LEASE + 1]))
    def time_passes(self, seconds: float) -> None:
        self.clock.move(seconds)

    @invariant()
    def a_channel_has_one_message_on_its_way(self) -> None:
        alive = [taken.parcel.channel for _, taken, until in self.held if self.clock.time() < until]
        assert len(alive) == len(set(alive))


TestPost = Post.TestCase
TestPost.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
