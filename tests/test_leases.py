"""Leases: one process does it, another takes over, nobody is taken for dead too early."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from bot.chat import Incoming
from bot.leases import LEASE, Leases
from bot.state import State
from tests.fakes import FakeClock
from tests.stores import Store

Enter = Callable[[str], Leases]


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def enter(tmp_path: Path, store: Store, clock: FakeClock) -> Enter:
    """A process of that name."""
    return lambda name: Leases(store(tmp_path / "state.db"), holder=name, clock=clock)


def test_one_of_two_gets_it_and_keeps_it_while_it_beats(enter: Enter, clock: FakeClock) -> None:
    ada, bo = enter("ada"), enter("bo")
    assert (ada.take("digests"), bo.take("digests"), bo.take("poll:pond")) == (True, False, True)
    for _ in range(5):
        clock.move(LEASE / 2)
        ada.beat()
    assert (ada.take("digests"), bo.take("digests")) == (True, False)


def test_what_was_not_renewed_is_taken_over_and_not_given_back(enter: Enter, clock: FakeClock) -> None:
    ada, bo = enter("ada"), enter("bo")
    ada.take("digests")
    clock.move(LEASE)
    assert bo.take("digests")
    ada.beat()
    assert (ada.take("digests"), bo.take("digests")) == (False, True)


def test_what_is_given_up_is_free_at_once_and_only_by_its_holder(enter: Enter) -> None:
    ada, bo = enter("ada"), enter("bo")
    ada.take("digests")
    bo.give("digests")
    assert not bo.take("digests")
    ada.give("digests")
    assert bo.take("digests")


def test_who_is_there_is_seen_and_who_has_left_is_not(enter: Enter, clock: FakeClock) -> None:
    ada, bo = enter("ada"), enter("bo")
    with ada.beating(lambda error: pytest.fail(str(error))):
        bo.beat()
        assert [ada.living(), bo.living()] == [{"bo"}, {"ada"}]
    assert bo.living() == frozenset()


def test_a_process_that_is_killed_is_dead_when_its_lease_is_over(enter: Enter, clock: FakeClock) -> None:
    ada, bo = enter("ada"), enter("bo")
    for one in (ada, bo):
        one.beat()
    clock.move(LEASE - 1)
    bo.beat()
    assert bo.living() == {"ada"}
    clock.move(1)
    bo.beat()
    assert bo.living() == frozenset()


def test_after_an_outage_nobody_is_dead_until_everybody_could_come_back(enter: Enter, clock: FakeClock) -> None:
    ada, bo = enter("ada"), enter("bo")
    for one in (ada, bo):
        one.beat()
    clock.move(10 * LEASE)
    bo.beat()
    assert bo.living() == {"ada"}
    clock.move(LEASE - 1)
    bo.beat()
    ada.beat()
    clock.move(1)
    bo.beat()
    assert bo.living() == {"ada"}


def test_the_question_of_a_living_process_is_its_own_and_of_a_dead_one_the_next_ones(
    enter: Enter, clock: FakeClock, tmp_path: Path, store: Store
) -> None:
    question = Incoming("slack", "C1", "100.1", "C1:100.1", "U1", "who holds the leaf?")
    ada, bo = enter("ada"), enter("bo")
    first = State(store(tmp_path / "state.db"), clock=clock, owner="ada", living=ada.living)
    second = State(store(tmp_path / "state.db"), clock=clock, owner="bo", living=bo.living)
    for one in (ada, bo):
        one.beat()
    assert first.claim(question)
    assert (second.unfinished("slack", clock()), second.claim(question)) == ((), False)
    began = clock()
    clock.move(LEASE - 1)
    bo.beat()
    clock.move(1)
    bo.beat()
    assert [one.key for one in second.unfinished("slack", began)] == ["C1:100.1"]
    assert (second.claim(question), first.claim(question)) == (True, False)
