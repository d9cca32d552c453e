"""A digest comes once a period: across restarts, clocks that are set, and two processes on one database."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier, Thread

import pytest

from bot import record
from bot.card import Card
from bot.chat.text import card as text
from bot.courier import Courier
from bot.digest_post import DigestPost, Looks
from bot.digester import Digester
from bot.digests import Digests
from bot.due import LOST, Cadence, occurrence
from bot.outbox import Outbox
from bot.subscriptions import MOST, Subscription, Subscriptions, TooMany
from index.database import Database
from index.sqlite import Sqlite
from tests.digest_fixtures import WEEK, read
from tests.fakes import FakeChat, FakeClock, FakeDigester
from tests.stores import Store
from tests.test_due import ZONES, utc

MONDAY = utc(2025, 7, 14, 9)  # the fixtures' clock begins on Tuesday, 8 July 2025
ADA = Subscription(0, "pond", "lilies", "ada")


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def database(tmp_path: Path, store: Store) -> Database:
    return store(tmp_path / "state.db")


def kept(database: Database, clock: FakeClock) -> Subscriptions:
    return Subscriptions(database, Outbox(database, clock=clock), clock=clock)


def post(database: Database, clock: FakeClock) -> DigestPost:
    """What a process that has just started has."""
    outbox = Outbox(database, clock=clock)
    return DigestPost(Subscriptions(database, outbox, clock=clock), FakeDigester(), outbox, clock=clock)


def keys(database: Database) -> list[str]:
    return [key for (key,) in database.connection().execute("SELECT key FROM outbox ORDER BY number")]


def said(database: Database) -> list[str]:
    rows = database.connection().execute("SELECT card FROM outbox ORDER BY number")
    return [text(record.read(card, Card)) for (card,) in rows]


def move_to(clock: FakeClock, when: datetime) -> None:
    clock.seconds = when.timestamp()


def test_nothing_comes_before_it_is_due(database: Database, clock: FakeClock) -> None:
    kept(database, clock).add(ADA)
    move_to(clock, MONDAY - timedelta(seconds=1))
    assert post(database, clock).tick() == 0


def test_a_digest_comes_once_though_krab_looks_often_and_is_started_again(database: Database, clock: FakeClock) -> None:
    kept(database, clock).add(ADA)
    move_to(clock, MONDAY)
    assert [post(database, clock).tick() for _ in range(3)] == [1, 0, 0]
    assert keys(database) == ["digest:1:2025-W29"]


def test_a_digest_that_is_late_says_so(database: Database, clock: FakeClock) -> None:
    kept(database, clock).add(ADA)
    move_to(clock, MONDAY + timedelta(hours=5))
    post(database, clock).tick()
    assert "This was due at 2025-07-14 09:00 UTC" in said(database)[0]


def test_a_digest_that_was_missed_for_a_day_is_passed_over(database: Database, clock: FakeClock) -> None:
    kept(database, clock).add(ADA)
    move_to(clock, MONDAY + LOST + timedelta(minutes=1))
    assert post(database, clock).tick() == 0


def test_a_clock_that_is_set_back_brings_nothing_twice(database: Database, clock: FakeClock) -> None:
    kept(database, clock).add(ADA)
    for when in (MONDAY, MONDAY - timedelta(days=1), MONDAY + timedelta(minutes=5)):
        move_to(clock, when)
        post(database, clock).tick()
    assert keys(database) == ["digest:1:2025-W29"]


def test_an_hour_changed_after_the_digest_came_brings_no_other_in_that_week(
    database: Database, clock: FakeClock
) -> None:
    subscriptions = kept(database, clock)
    mine = subscriptions.add(ADA)
    move_to(clock, MONDAY)
    post(database, clock).tick()
    subscriptions.change(replace(mine, cadence=Cadence(hour=10)))
    move_to(clock, MONDAY + timedelta(hours=2))
    assert post(database, clock).tick() == 0


def test_two_processes_send_it_once(tmp_path: Path, clock: FakeClock, store: Store) -> None:
    databases = [store(tmp_path / "state.db") for _ in range(2)]
    kept(databases[0], clock).add(ADA)
    move_to(clock, MONDAY)
    posts, start, sent = [post(one, clock) for one in databases], Barrier(2), list[int]()

    def look(one: DigestPost) -> None:
        start.wait()
        sent.append(one.tick())

    threads = [Thread(target=look, args=(one,)) for one in posts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(sent) == [0, 1]
    assert keys(databases[0]) == ["digest:1:2025-W29"]


def test_what_is_paused_is_silent_until_then_and_nothing_is_made_up_for(database: Database, clock: FakeClock) -> None:
    subscriptions = kept(database, clock)
    subscriptions.pause(subscriptions.add(ADA).number, MONDAY + timedelta(hours=1))
    sent = []
    for when in (MONDAY, MONDAY + timedelta(hours=2), MONDAY + timedelta(days=7)):
        move_to(clock, when)
        sent.append(post(database, clock).tick())
    assert sent == [0, 0, 1]


def test_what_is_resumed_goes_on(database: Database, clock: FakeClock) -> None:
    subscriptions = kept(database, clock)
    number = subscriptions.add(ADA).number
    subscriptions.pause(number, MONDAY + timedelta(days=99))
    subscriptions.resume(number)
    move_to(clock, MONDAY)
    assert post(database, clock).tick() == 1


def test_what_was_unsubscribed_does_not_come(database: Database, clock: FakeClock) -> None:
    subscriptions = kept(database, clock)
    subscriptions.remove(subscriptions.add(ADA).number)
    move_to(clock, MONDAY)
    assert post(database, clock).tick() == 0


def test_a_subscription_is_kept_as_it_was_wanted(database: Database, clock: FakeClock) -> None:
    wanted = replace(
        ADA, topics=("drm", "author:bo"), length="full", dates="de", cadence=Cadence(4, 17, 30, "Asia/Tokyo")
    )
    subscriptions = kept(database, clock)
    added = subscriptions.add(wanted)
    assert subscriptions.get(added.number) == added == replace(wanted, number=1, since=clock())


def test_one_person_keeps_so_many_and_no_more(database: Database, clock: FakeClock) -> None:
    subscriptions = kept(database, clock)
    [subscriptions.add(ADA) for _ in range(MOST)]
    with pytest.raises(TooMany):
        subscriptions.add(ADA)


def test_a_person_sees_his_own_and_his_channels(database: Database, clock: FakeClock) -> None:
    subscriptions = kept(database, clock)
    for channel, person in (("lilies", "ada"), ("ada", "ada"), ("lilies", "bo"), ("mud", "bo")):
        subscriptions.add(replace(ADA, channel=channel, person=person))
    assert [one.number for one in subscriptions.known("pond", "ada", "lilies")] == [1, 2, 3]


def test_a_person_is_forgotten_whole(database: Database, clock: FakeClock) -> None:
    subscriptions = kept(database, clock)
    subscriptions.add(ADA)
    assert subscriptions.forget("pond", "ada") == 1
    assert subscriptions.all() == []


def test_one_span_is_composed_once_for_all_who_get_it(database: Database, clock: FakeClock) -> None:
    subscriptions = kept(database, clock)
    [subscriptions.add(replace(ADA, person=str(n))) for n in range(5)]
    move_to(clock, MONDAY)
    outbox, digester = Outbox(database, clock=clock), FakeDigester()
    DigestPost(subscriptions, digester, outbox, clock=clock).tick()
    assert digester.composed == 1


def test_a_correction_edits_the_messages_that_were_sent(database: Database, clock: FakeClock) -> None:
    kept(database, clock).add(ADA)
    move_to(clock, MONDAY)
    sending = post(database, clock)
    sending.tick()
    assert sending.correct("2025-W28") == 1
    row = database.connection().execute("SELECT edits_key FROM outbox ORDER BY number DESC LIMIT 1").fetchone()
    assert row == ("digest:1:2025-W29",)


@pytest.mark.parametrize("seed", [1])
def test_over_two_years_each_of_two_hundred_gets_each_digest_once_and_never_early(tmp_path: Path, seed: int) -> None:
    chance, clock, start = random.Random(seed), FakeClock(), utc(2025, 1, 1)
    move_to(clock, start)
    with closing(Sqlite(tmp_path / "state.db")) as database:
        subscriptions = kept(database, clock)
        for n in range(200):
            cadence = Cadence(n % 7, chance.randrange(24), n % 60, ZONES[n % 30])
            subscriptions.add(replace(ADA, person=str(n), cadence=cadence))
        cadences = {one.number: one.cadence for one in subscriptions.all()}
        looks = simulated(database, clock, chance, until=utc(2027, 1, 1))
        found = [(int(k.split(":")[1]), k.split(":")[2]) for k in keys(database)]
        times = dict(database.connection().execute("SELECT key, created FROM outbox").fetchall())
    assert max(Counter(found).values()) == 1
    assert all(times[f"digest:{n}:{period}"] >= at(cadences[n], period).timestamp() for n, period in found)
    assert set(found) >= {
        (number, period)
        for number, cadence in cadences.items()
        for period, when in weeks(cadence, start + timedelta(days=8), utc(2026, 12, 20))
        if any(when <= look < when + LOST for look in looks)
    }


def simulated(database: Database, clock: FakeClock, chance: random.Random, until: datetime) -> list[datetime]:
    """Look at odd times, each time as a new process, now and then with a clock that is wrong; when it was right."""
    now, looks = clock(), []
    while now < until:
        now += timedelta(minutes=chance.randrange(30, 60 * 40))
        wrong = timedelta(minutes=chance.randrange(-600, 600)) if chance.random() < 0.2 else timedelta()
        move_to(clock, now + wrong)
        post(database, clock).tick()
        looks += [] if wrong else [now]
    return looks


def at(cadence: Cadence, period: str) -> datetime:
    year, number = period.split("-W")
    return occurrence(cadence, datetime.fromisocalendar(int(year), int(number), 1).replace(tzinfo=UTC).date())


def weeks(cadence: Cadence, begin: datetime, end: datetime) -> Iterator[tuple[str, datetime]]:
    while begin < end:
        year, number, _ = begin.isocalendar()
        yield f"{year}-W{number:02}", at(cadence, f"{year}-W{number:02}")
        begin += timedelta(days=7)


async def test_a_long_digest_goes_on_in_the_thread_of_its_first_message(tmp_path: Path, clock: FakeClock) -> None:
    with closing(Sqlite(tmp_path / "state.db")) as database, read(tmp_path, WEEK) as (catalog, histories):
        outbox = Outbox(database, clock=clock)
        subscriptions = Subscriptions(database, outbox, clock=clock)
        subscriptions.add(replace(ADA, service="slack", length="full"))
        move_to(clock, MONDAY)
        digester = Digester(catalog, histories, Digests(database), clock=clock)
        DigestPost(subscriptions, digester, outbox, looks=Looks(size=600), clock=clock).tick()
        chat = FakeChat()
        for _ in range(12):
            await Courier(outbox, {"slack": chat}, clock=clock).once()
    first, *rest = chat.shown.values()
    assert first.card.title == "Rust in the kernel, week 28: 7–13 July 2025"
    assert {parcel.thread for parcel in rest} == {"ref of digest:1:2025-W29"}
