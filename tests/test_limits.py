"""How much is taken of one person and one channel."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.limits import Bucket, Limits, Meter, draw
from tests.fakes import FakeClock


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def test_a_persons_questions_are_taken_up_to_the_limit_and_then_again_bit_by_bit(clock: FakeClock) -> None:
    meter = Meter(Limits(per_user=3, per_channel=0), clock.time)
    waits = [meter.too_early(("slack", "ann"), None) for _ in range(4)]
    assert waits == [0, 0, 0, pytest.approx(20)]
    clock.move(20)
    assert meter.too_early(("slack", "ann"), None) == 0
    assert meter.too_early(("slack", "ann"), None) > 0


def test_people_do_not_share_their_limits_but_a_channel_does(clock: FakeClock) -> None:
    meter = Meter(Limits(per_user=2, per_channel=3), clock.time)
    asked = [meter.too_early(("slack", who), ("slack", "C1")) for who in ("ann", "ann", "bob", "bob")]
    assert asked == [0, 0, 0, pytest.approx(20)]
    assert meter.too_early(("slack", "bob"), ("slack", "C2")) == 0


def test_who_is_told_to_wait_uses_up_nothing_of_the_channel(clock: FakeClock) -> None:
    meter = Meter(Limits(per_user=1, per_channel=2), clock.time)
    assert [meter.too_early(("slack", "ann"), ("slack", "C1")) > 0 for _ in range(9)] == [False] + [True] * 8
    assert meter.too_early(("slack", "bob"), ("slack", "C1")) == 0


def test_no_limit_is_no_limit(clock: FakeClock) -> None:
    meter = Meter(Limits(per_user=0, per_channel=0), clock.time)
    assert not any(meter.too_early(("slack", "ann"), ("slack", "C1")) for _ in range(1000))


@given(st.lists(st.floats(0, 120), max_size=200), st.integers(1, 30))
def test_no_window_of_a_minute_takes_more_than_twice_the_limit(gaps: list[float], limit: int) -> None:
    bucket: Bucket | None = None
    now, taken = 0.0, []
    for gap in gaps:
        now += gap
        bucket, wait = draw(bucket, now, limit)
        taken += [now] if not wait else []
    assert all(sum(start <= t < start + 60 for t in taken) <= 2 * limit for start in taken)
