"""What the Matrix adapter remembers between starts."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.chat.matrix_memory import Memory, Said, Waiting
from tests.stores import Store

SAID = Said("$answer", "!room", "$question", "$question", 0, "$root")
ME = "@krab:x"


@pytest.fixture
def memory(tmp_path: Path, store: Store) -> Memory:
    return Memory(store(tmp_path / "state.db"))


def waiting(event: str, at: float = 1.0) -> Waiting:
    return Waiting("!room", {"event_id": event, "content": {"session_id": "s"}}, at, False)


def test_what_was_said_is_found_by_its_event_and_by_what_it_answers(memory: Memory) -> None:
    second = Said("$more", "!room", "$question", "$question", 1, "$root")
    memory.keep(second, 1.0)
    memory.keep(SAID, 1.0)
    assert memory.said("$answer") == SAID
    assert memory.answers("$question") == (SAID, second)
    assert (memory.said("$other"), memory.answers("$other")) == (None, ())


def test_an_edited_answer_is_about_the_edited_question_from_then_on(memory: Memory) -> None:
    memory.keep(SAID, 1.0)
    memory.keep(Said("$answer", "!room", "$question", "$edit", 0, "$root"), 2.0)
    (found,) = memory.answers("$question")
    assert (found.event, found.cause) == ("$answer", "$edit")


def test_what_was_taken_back_is_forgotten(memory: Memory) -> None:
    memory.keep(SAID, 1.0)
    memory.unsay("$answer")
    assert memory.said("$answer") is None


def test_what_waits_is_kept_once_in_the_order_it_came_for_its_account(memory: Memory) -> None:
    for event, at in (("$b", 2.0), ("$a", 1.0), ("$b", 3.0)):
        memory.wait(ME, waiting(event, at))
    memory.wait("@other:x", waiting("$c"))
    assert [w.raw["event_id"] for w in memory.waiting(ME)] == ["$a", "$b"]
    assert memory.waiting(ME)[1].at == 2.0


def test_what_was_told_and_what_is_settled_stay_so_after_a_start(memory: Memory, tmp_path: Path, store: Store) -> None:
    for event in ("$a", "$b"):
        memory.wait(ME, waiting(event))
    memory.told("$a")
    memory.settle("$b")
    again = Memory(store(tmp_path / "state.db"))
    assert [(w.raw["event_id"], w.told) for w in again.waiting(ME)] == [("$a", True)]


def test_too_many_waiting_give_up_the_oldest(tmp_path: Path, store: Store) -> None:
    memory = Memory(store(tmp_path / "small.db"), most_waiting=2)
    for at, event in enumerate(("$a", "$b", "$c")):
        memory.wait(ME, waiting(event, float(at)))
    assert [w.raw["event_id"] for w in memory.waiting(ME)] == ["$b", "$c"]


def test_what_is_old_is_forgotten(memory: Memory) -> None:
    memory.keep(SAID, 1.0)
    memory.wait(ME, waiting("$a", 1.0))
    memory.forget_before(2.0)
    assert (memory.said("$answer"), memory.waiting(ME)) == (None, ())
