"""A reindex ordered from a chat: told about in one message, taken up after a restart, given up."""

from __future__ import annotations

import asyncio
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot import reindexing
from bot.audit import Audit
from bot.chat import Act, Incoming
from bot.outbox import Outbox
from bot.reindexing import TRIES, Reindexing, Request, Requests, command, minutes, shown
from bot.settings import Settings
from index.database import Database
from index.reindex import Progress
from tests.fakes import NOON, FakeReply
from tests.order_fixtures import ordering
from tests.stores import Store

STEP = Progress(2, 420, 1000, 7.0, NOON, NOON)
ORDERED = Request("slack-1", "slack", "C1", "T1", "slack:root")


@pytest.fixture
def memory(tmp_path: Path, store: Store) -> Database:
    return store(tmp_path / "state.db")


@pytest.fixture
def ordered(memory: Database) -> Reindexing:
    return Reindexing(Requests(memory), Outbox(memory), Audit(memory), lambda: STEP, program("pass"), tell=0.05)


def program(code: str) -> tuple[str, ...]:
    return (sys.executable, "-c", code)


async def run_until_ended(ordered: Reindexing) -> None:
    task = asyncio.create_task(ordered.run())
    for _ in range(500):
        await asyncio.sleep(0.02)
        if ordered.audit.last():
            break
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


def told(memory: Database) -> list[tuple[str, str]]:
    return [
        (card, edits)
        for card, edits in memory.connection().execute("SELECT card, edits_key FROM outbox ORDER BY number")
    ]


async def test_what_was_ordered_is_done_and_told_in_one_message(ordered: Reindexing, memory: Database) -> None:
    slow = replace(ordered, command=program("import time; time.sleep(0.3)"))
    ordered.requests.put(ORDERED)
    await run_until_ended(slow)
    cards = told(memory)
    assert "42 %" in cards[0][0]
    assert "new index answers" in cards[-1][0]
    assert {edits for _, edits in cards[1:]} == {"reindex:slack-1"}
    assert ordered.requests.begin() is None


async def test_a_failure_is_told_with_its_reason(ordered: Reindexing, memory: Database) -> None:
    failing = replace(ordered, command=program("import sys; sys.exit('krab: the disk is full')"))
    ordered.requests.put(ORDERED)
    await run_until_ended(failing)
    assert "the disk is full" in told(memory)[-1][0]
    assert ordered.audit.last()[0].outcome == "the disk is full"


async def test_a_krab_that_stops_leaves_the_request_for_its_next_start(ordered: Reindexing) -> None:
    slow = replace(ordered, command=program("import time; time.sleep(60)"))
    ordered.requests.put(ORDERED)
    task = asyncio.create_task(slow.run())
    await asyncio.sleep(0.2)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    assert ordered.requests.begin() == replace(ORDERED, tries=2)


async def test_what_kills_its_process_again_and_again_is_given_up(ordered: Reindexing) -> None:
    ordered.requests.put(ORDERED)
    for _ in range(TRIES):
        ordered.requests.begin()
    await run_until_ended(ordered)
    assert "too often" in ordered.audit.last()[0].outcome


def test_only_one_is_open_at_a_time_and_the_same_one_twice_is_one(ordered: Reindexing) -> None:
    assert [ordered.requests.put(r) for r in (ORDERED, ORDERED, replace(ORDERED, key="other"))] == [True, True, False]
    ordered.requests.end(ORDERED.key, "done")
    assert ordered.requests.put(replace(ORDERED, key="other"))


def test_how_far_it_is_is_said_with_the_time_left() -> None:
    assert "42 %, 420 of 1,000 items, 7 a second, about 83 s left" in str(shown(STEP))
    assert "interrupted" in str(shown(replace(STEP, running=False)))
    assert "reading" in str(shown(None))


@pytest.mark.parametrize(
    ("seconds", "said"), [(5, "5 s"), (89, "89 s"), (90, "2 min"), (5399, "90 min"), (7200, "2 h")]
)
def test_time_left_is_rough(seconds: float, said: str) -> None:
    assert minutes(seconds) == said


def test_the_process_gets_the_same_data_and_configuration() -> None:
    settings = Settings(data=Path("/d"), config=Path("/c.toml"))
    assert command(settings)[1:] == ("-m", "bot", "reindex", "--data", "/d", "--config", "/c.toml")


# The order


async def said(ordered: Reindexing, text: str, act: Act | None = None, **changes: Any) -> str:
    reply = FakeReply()
    incoming = Incoming("slack", "C1", "T1", "slack-1", "root", text, command="" if act else "reindex", act=act)
    await ordering(reindexing=ordered, audit=ordered.audit, **changes).run(incoming, reply)
    return " ".join(map(str, reply.said))


async def test_an_admin_orders_a_reindex(ordered: Reindexing) -> None:
    assert "Answering goes on" in await said(ordered, "")
    assert ordered.requests.begin() == replace(ORDERED, tries=1)


async def test_an_admin_orders_one_source_to_be_read_again(ordered: Reindexing) -> None:
    await said(ordered, "mud-blog")
    begun = ordered.requests.begin()
    assert begun
    assert begun.arguments == ("mud-blog",)


async def test_going_back_is_a_reindex_too(ordered: Reindexing) -> None:
    await said(ordered, "rollback")
    begun = ordered.requests.begin()
    assert begun
    assert begun.arguments == ("--rollback",)


async def test_an_unknown_source_is_refused(ordered: Reindexing) -> None:
    assert "no source “--cancel”" in await said(ordered, "--cancel")
    assert ordered.requests.begin() is None


async def test_status_shows_how_far_it_is(ordered: Reindexing) -> None:
    assert "42 %" in await said(ordered, "status")
    assert "No reindex" in await said(replace(ordered, progress=lambda: None), "status")


@pytest.mark.parametrize("act", [None, Act("reindex-cancel")])
async def test_it_is_given_up_by_word_or_button(ordered: Reindexing, act: Act | None) -> None:
    assert "given up" in await said(ordered, "cancel", act, cancel_reindex=lambda: True)
    assert ordered.audit.last()[0].action == "reindex --cancel"


def test_the_looks_are_seconds_apart() -> None:
    assert reindexing.LOOK <= reindexing.TELL <= 10
