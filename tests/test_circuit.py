"""When a server that did not answer is asked again."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from index.circuit import LONGEST, Circuit


def test_a_server_that_answers_is_asked_at_any_time() -> None:
    assert Circuit().may_ask(0.0)
    assert Circuit().asking(5.0, 60.0).may_ask(5.0)


def test_one_failure_is_enough_to_stop_asking_for_a_while() -> None:
    failed = Circuit().failed(100.0, 0.0)
    assert failed.broken
    assert [failed.may_ask(now) for now in (100.0, 100.4, 100.5)] == [False, False, True]


def test_pauses_double() -> None:
    once = Circuit().failed(0.0, 0.0)
    twice = once.failed(0.0, 0.0)
    assert [once.until, twice.until, twice.failed(0.0, 0.0).until] == [0.5, 1.0, 2.0]


def test_after_a_failure_one_tries_for_all() -> None:
    trying = Circuit().failed(0.0, 0.0).asking(1.0, 5.0)
    assert [trying.may_ask(now) for now in (1.0, 5.9, 6.0)] == [False, False, True]


@given(failures=st.integers(0, 2000), chance=st.floats(0, 1, exclude_max=True))
def test_no_pause_is_longer_than_the_longest(failures: int, chance: float) -> None:
    assert 0.0 < Circuit(failures).failed(0.0, chance).until <= LONGEST


def test_processes_that_failed_together_come_back_one_after_the_other() -> None:
    assert Circuit().failed(0.0, 0.1).until < Circuit().failed(0.0, 0.9).until
