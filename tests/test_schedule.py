"""When a source is asked next: by its habit, by its host's wish, and never in a hurry after errors."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.schedule import DAY, HOUR, LATEST, MINUTE, SOONEST, Outcome, SourceState, next_poll, stalled

NOW = 1_780_000_000.0
NEWS = Outcome(delivered=1)
QUIET = Outcome()
FAILED = Outcome(error="nothing answered")


def wait(state: SourceState, outcome: Outcome, **options: float | None) -> float:
    return next_poll(state, outcome, NOW, 0.0, **options).next_poll - NOW


def habit(seconds: float, silent: float = 0.0) -> SourceState:
    return SourceState(last_change=NOW - silent, habit=seconds)


def test_an_unknown_source_is_asked_every_hour() -> None:
    assert wait(SourceState(), QUIET) == HOUR


def test_a_source_is_asked_four_times_as_often_as_it_changes() -> None:
    assert wait(habit(8 * HOUR), QUIET) == 2 * HOUR


@pytest.mark.parametrize(("usual", "expected"), [(1.0, SOONEST), (60 * DAY, LATEST)])
def test_the_interval_stays_between_five_minutes_and_a_day(usual: float, expected: float) -> None:
    assert wait(habit(usual), QUIET) == expected


def test_the_longer_a_source_is_silent_the_less_it_is_asked() -> None:
    assert wait(habit(HOUR, silent=50 * HOUR), QUIET) == 5 * HOUR


def test_a_source_that_changed_but_once_is_asked_less_and_less() -> None:
    asked = [wait(SourceState(last_change=NOW - days * DAY), QUIET) for days in (0, 1, 5, 50)]
    assert asked == [HOUR, 2.4 * HOUR, 12 * HOUR, LATEST]


def test_the_operators_interval_goes_before_habit_and_max_age() -> None:
    assert wait(habit(DAY), Outcome(fresh_for=HOUR), every=15 * MINUTE) == 15 * MINUTE


def test_an_interval_beyond_a_day_is_kept() -> None:
    assert wait(SourceState(), QUIET, every=3 * DAY) == 3 * DAY


def test_a_host_that_calls_its_answer_fresh_is_not_asked_before() -> None:
    assert wait(habit(HOUR), Outcome(fresh_for=4 * HOUR)) == 4 * HOUR


@pytest.mark.parametrize(("errors", "expected"), [(0, 5), (1, 10), (2, 20), (5, 160), (50, 24 * 60)])
def test_errors_back_off_doubling_up_to_a_day(errors: int, expected: float) -> None:
    assert wait(SourceState(error_count=errors), FAILED) == expected * MINUTE


@pytest.mark.parametrize(("asked", "expected"), [(HOUR, HOUR), (10.0, 5 * MINUTE), (9 * DAY, DAY)])
def test_retry_after_is_kept_to_within_reason(asked: float, expected: float) -> None:
    assert wait(SourceState(), Outcome(error="busy", retry_after=asked)) == expected


def test_an_error_is_written_down_and_a_success_wipes_it() -> None:
    failed = next_poll(SourceState(last_success=1.0), FAILED, NOW, 0.0)
    assert (failed.last_error, failed.error_count, failed.last_success) == ("nothing answered", 1, 1.0)
    well = next_poll(failed, QUIET, NOW, 0.0)
    assert (well.last_error, well.error_count, well.last_success) == ("", 0, NOW)


def test_a_habit_is_learned_from_the_gaps_between_changes() -> None:
    first = next_poll(SourceState(), NEWS, NOW, 0.0)
    second = next_poll(first, NEWS, NOW + 1000, 0.0)
    third = next_poll(second, NEWS, NOW + 3000, 0.0)
    assert (first.habit, second.habit) == (None, 1000)
    assert third.habit == pytest.approx(1300)


def test_counts_add_up_also_over_a_poll_that_failed_halfway() -> None:
    state = next_poll(SourceState(delivered=5, left_out=1), Outcome(delivered=2, left_out=3, error="x"), NOW, 0.0)
    assert (state.delivered, state.left_out) == (7, 4)


def test_jitter_only_adds() -> None:
    assert next_poll(SourceState(), QUIET, NOW, 1.0).next_poll - NOW == pytest.approx(1.1 * HOUR)


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (SourceState(), False),
        (habit(HOUR, silent=30 * HOUR), False),
        (habit(HOUR, silent=37 * HOUR), True),
        (habit(7 * DAY, silent=50 * DAY), False),
        (habit(7 * DAY, silent=57 * DAY), True),
    ],
)
def test_a_silence_far_beyond_habit_is_a_stall(state: SourceState, expected: bool) -> None:
    assert stalled(state, NOW) == expected


@given(
    st.builds(
        SourceState,
        error_count=st.integers(0, 10_000),
        last_change=st.none() | st.floats(0, 4e9),
        habit=st.none() | st.floats(0, 1e12),
    ),
    st.builds(
        Outcome,
        delivered=st.integers(0, 5),
        error=st.sampled_from(["", "x"]),
        retry_after=st.none() | st.floats(0, 1e12),
        fresh_for=st.floats(0, 1e12),
    ),
    st.floats(0, 1),
)
def test_the_next_poll_is_always_minutes_to_a_day_away(state: SourceState, outcome: Outcome, jitter: float) -> None:
    delay = next_poll(state, outcome, NOW, jitter).next_poll - NOW
    assert SOONEST - 1 <= delay <= LATEST * 1.1 + 1
