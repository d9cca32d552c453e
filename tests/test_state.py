"""The memory behind follow-ups and duplicates."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.chat import Incoming
from bot.model import Status
from bot.state import TRIES, State
from bot.state_sql import MIGRATIONS
from index.errors import NewerDatabase
from index.model import Reference
from tests.fakes import NOON, FakeClock, answered, citation
from tests.stores import Store

QUESTION = Incoming("slack", "C1", "100.1", "C1:100.1", "U1", "who holds the leaf?")


def again(text: str, ts: str, **changes: object) -> Incoming:
    return replace(QUESTION, text=text, key=f"C1:{ts}", in_thread=True, **changes)  # type: ignore[arg-type]


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def open_state(tmp_path: Path, clock: FakeClock, store: Store) -> Callable[[], State]:
    """Opens the same database again and again, as processes do that follow one another."""
    return lambda: State(store(tmp_path / "bot.sqlite"), clock=clock)


@pytest.fixture
def state(open_state: Callable[[], State]) -> State:
    return open_state()


def test_a_message_is_claimed_once(state: State) -> None:
    assert [state.claim(QUESTION), state.claim(QUESTION)] == [True, False]


def test_of_many_threads_one_gets_the_claim(state: State) -> None:
    with ThreadPoolExecutor(16) as pool:
        claims = list(pool.map(lambda _: state.claim(QUESTION), range(64)))
    assert claims.count(True) == 1


def test_a_finished_message_stays_finished_for_the_next_process(open_state: Callable[[], State]) -> None:
    first = open_state()
    first.claim(QUESTION)
    first.finish(QUESTION, "answered", answered())
    assert not open_state().claim(QUESTION)


def test_what_a_dead_process_left_is_taken_again_and_listed(open_state: Callable[[], State]) -> None:
    open_state().claim(QUESTION)
    second = open_state()
    assert second.unfinished("slack", NOON - timedelta(hours=1)) == (QUESTION,)
    assert second.unfinished("slack", NOON + timedelta(hours=1)) == ()
    assert [second.claim(QUESTION), second.claim(QUESTION)] == [True, False]
    assert second.unfinished("slack", NOON - timedelta(hours=1)) == ()


def test_a_question_that_kills_its_processes_is_left_alone_in_the_end(open_state: Callable[[], State]) -> None:
    claims = [open_state().claim(QUESTION) for _ in range(TRIES + 2)]
    assert claims == [True] * TRIES + [False, False]


def test_services_do_not_share_keys(state: State) -> None:
    assert state.claim(QUESTION)
    assert state.claim(replace(QUESTION, service="matrix"))


def test_a_follow_up_sees_the_answered_questions_of_its_thread_oldest_first(state: State, clock: FakeClock) -> None:
    follow_up = again("and why?", "100.4")
    others = (QUESTION, again("since when?", "100.2"), again("lost", "100.3"), again("elsewhere", "9", thread="9"))
    for message, status in zip(others, ("answered", "answered", "failed", "answered"), strict=True):
        state.claim(message)
        state.finish(message, status, answered())
        clock.move(1)
    state.claim(follow_up)
    state.finish(follow_up, "answered", answered())
    assert state.earlier(follow_up) == ("who holds the leaf?", "since when?")


def test_krab_has_spoken_where_it_answered(state: State) -> None:
    state.claim(QUESTION)
    assert not state.spoken_in(QUESTION)
    state.finish(QUESTION, "answered", answered())
    assert state.spoken_in(again("and why?", "100.2"))
    assert not state.spoken_in(again("and why?", "9", thread="9"))


def test_everybody_heard_in_a_thread_is_remembered_without_words(state: State, tmp_path: Path) -> None:
    for user in ("U1", "U2", "U1"):
        state.hear(again("a secret remark", "100.2", user=user))
    assert state.people(QUESTION) == {"U1", "U2"}
    assert state.people(replace(QUESTION, thread="9")) == frozenset()
    assert b"secret remark" not in b"".join(file.read_bytes() for file in tmp_path.iterdir())


def test_every_quote_ever_shown_can_be_listed_for_checking(state: State) -> None:
    other = again("and?", "100.2")
    for message in (QUESTION, other):
        state.claim(message)
    state.finish(QUESTION, "answered", answered("x", citation(1), citation(2, quote="Quiet “water” & co.")))
    state.finish(other, "answered", replace(answered("x", citation(1)), nearest=(citation(3),)))
    frog, other_quote = "A leaf must outlive the frog that sits on it.", "Quiet “water” & co."
    expected = [("1.frog@pond.example", frog), ("2.frog@pond.example", other_quote), ("3.frog@pond.example", frog)]
    assert sorted(state.citations()) == expected


def test_what_is_old_is_forgotten(state: State, clock: FakeClock) -> None:
    state.claim(QUESTION)
    state.hear(QUESTION)
    clock.move(10)
    state.claim(again("and why?", "100.2"))
    assert state.forget_before(NOON + timedelta(seconds=5)) == 1
    assert state.people(QUESTION) == frozenset()
    assert state.claim(QUESTION)


def test_a_database_of_a_newer_krab_is_not_touched(tmp_path: Path) -> None:
    State.at(tmp_path / "bot.sqlite").close()
    with sqlite3.connect(tmp_path / "bot.sqlite") as db:
        db.execute("UPDATE schema SET version = 99 WHERE component = 'bot'")
    db.close()
    with pytest.raises(NewerDatabase, match="schema 99"):
        State.at(tmp_path / "bot.sqlite")


def test_opening_again_migrates_nothing_twice(tmp_path: Path) -> None:
    for _ in range(3):
        State.at(tmp_path / "bot.sqlite").close()
    db = sqlite3.connect(tmp_path / "bot.sqlite")
    assert db.execute("SELECT version FROM schema WHERE component = 'bot'").fetchall() == [(len(MIGRATIONS),)]
    db.close()


def test_a_database_of_the_first_version_keeps_what_it_knows(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "bot.sqlite") as db:
        db.executescript(
            MIGRATIONS[0] + "; CREATE TABLE bot_schema (version INTEGER); INSERT INTO bot_schema VALUES (1)"
        )
        row = ("slack", "C1:100.1", "C1", "100.1", "U1", "who holds the leaf?", "answered", "o", 1, 0.0, 1.0)
        db.execute("INSERT INTO asked VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", (*row, '{"status": "answered"}'))
    db.close()
    state = State.at(tmp_path / "bot.sqlite")
    asked = state.latest(QUESTION)
    state.close()
    assert asked
    assert (asked.text, asked.answer.status) == ("who holds the leaf?", Status.ANSWERED)


def test_an_answer_is_read_back_as_it_was_said(state: State) -> None:
    said = answered("A leaf floats.", citation(1), citation(2, references=(Reference("T", "https://t.example"),)))
    state.claim(QUESTION)
    state.finish(QUESTION, "answered", said)
    asked = state.answered("slack", QUESTION.key)
    assert asked
    assert (asked.answer, asked.user, asked.created) == (said, "U1", NOON)
    assert state.answered("matrix", QUESTION.key) is None


def test_the_latest_answer_is_the_threads_or_else_the_persons_in_the_channel(state: State, clock: FakeClock) -> None:
    for message, text in ((QUESTION, "one"), (again("two", "9", thread="9"), "two"), (again("b", "8", user="U2"), "b")):
        state.claim(message)
        state.finish(message, "answered", answered(text))
        clock.move(1)
    told = [again("why", "7"), again("why", "7", thread="none"), again("why", "7", thread="none", user="U3")]
    found = [state.latest(message) for message in told]
    assert [asked.text if asked else None for asked in found] == ["b", "two", None]


def test_a_command_is_not_taken_up_by_the_next_process(open_state: Callable[[], State]) -> None:
    first = open_state()
    for message in (replace(QUESTION, command="series"), replace(QUESTION, key="2", command="ask")):
        first.claim(message)
    assert [m.command for m in open_state().unfinished("slack", NOON - timedelta(hours=1))] == ["ask"]


def test_what_a_person_asked_is_deleted_for_him_alone(state: State) -> None:
    for message in (QUESTION, again("mine too", "2"), again("another's", "3", user="U2")):
        state.hear(message)
        state.claim(message)
    assert state.forget("slack", "U1") == 2
    assert state.people(QUESTION) == {"U2"}
    assert not state.claim(again("another's", "3", user="U2"))


def test_what_somebody_asked_lately_is_his_alone_and_newest_first(state: State, clock: FakeClock) -> None:
    for number, message in enumerate((QUESTION, again("b", "8", user="U2"), again("two", "9"))):
        state.claim(message)
        state.finish(message, "answered", answered(), private=number == 2)
        clock.move(1)
    assert [asked.text for asked in state.recent("slack", "U1", 5)] == ["two", "who holds the leaf?"]
    assert len(state.recent("slack", "U1", 1)) == 1
