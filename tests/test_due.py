"""When digests are due, wherever their readers live and whatever clocks do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.due import LATE, LOST, Cadence, Due, due, last_due, next_due, span

ZONES = (
    "UTC", "Europe/Berlin", "Europe/London", "Europe/Dublin", "Europe/Moscow", "Europe/Istanbul", "Europe/Lisbon",
    "America/New_York", "America/Los_Angeles", "America/St_Johns", "America/Sao_Paulo", "America/Asuncion",
    "America/Havana", "America/Nuuk", "America/Santiago", "Africa/Cairo", "Africa/Casablanca", "Africa/Johannesburg",
    "Asia/Tokyo", "Asia/Kolkata", "Asia/Kathmandu", "Asia/Tehran", "Asia/Gaza", "Asia/Beirut", "Australia/Sydney",
    "Australia/Lord_Howe", "Australia/Adelaide", "Pacific/Auckland", "Pacific/Chatham", "Pacific/Kiritimati",
)  # fmt: skip
CADENCES = st.builds(Cadence, st.integers(0, 6), st.integers(0, 23), st.integers(0, 59), st.sampled_from(ZONES))
MOMENTS = st.integers(1_500_000_000, 2_000_000_000).map(lambda s: datetime.fromtimestamp(s, UTC))
BERLIN = Cadence(0, 9, 0, "Europe/Berlin")


def utc(*when: int) -> datetime:
    return datetime(*when, tzinfo=UTC)  # type: ignore[misc, arg-type]


def test_nine_is_nine_in_summer_and_in_winter() -> None:
    assert next_due(BERLIN, utc(2025, 7, 10)) == utc(2025, 7, 14, 7)
    assert next_due(BERLIN, utc(2025, 12, 10)) == utc(2025, 12, 15, 8)


def test_an_hour_that_the_clocks_skip_is_taken_after_the_gap() -> None:
    night = Cadence(6, 2, 30, "Europe/Berlin")
    assert next_due(night, utc(2025, 3, 29)) == utc(2025, 3, 30, 1, 30)  # 3:30 in summer time


def test_of_an_hour_that_comes_twice_the_first_is_taken() -> None:
    night = Cadence(6, 2, 30, "Europe/Berlin")
    assert next_due(night, utc(2025, 10, 25)) == utc(2025, 10, 26, 0, 30)
    assert next_due(night, utc(2025, 10, 26, 0, 30)) == utc(2025, 11, 2, 1, 30)


@given(CADENCES, MOMENTS)
def test_the_next_is_after_now_within_eight_days_and_on_its_day(cadence: Cadence, now: datetime) -> None:
    at = next_due(cadence, now)
    assert now < at <= now + timedelta(days=8)
    assert at.astimezone(ZoneInfo(cadence.zone)).weekday() == cadence.weekday


@given(CADENCES, MOMENTS)
def test_the_last_is_not_after_now_and_the_next_follows_it(cadence: Cadence, now: datetime) -> None:
    period, at = last_due(cadence, now)
    assert at <= now < next_due(cadence, at) + timedelta(seconds=1)
    assert last_due(cadence, next_due(cadence, now))[0] > period


@given(CADENCES, MOMENTS)
def test_at_its_hour_on_the_clock_it_is_due(cadence: Cadence, now: datetime) -> None:
    at = next_due(cadence, now)
    local = at.astimezone(ZoneInfo(cadence.zone))
    wanted = (cadence.hour, cadence.minute)
    skipped = local.replace(tzinfo=None) - timedelta(hours=local.hour - wanted[0], minutes=local.minute - wanted[1])
    there = skipped.replace(tzinfo=ZoneInfo(cadence.zone)).astimezone(UTC).astimezone(ZoneInfo(cadence.zone))
    assert (local.hour, local.minute) == wanted or there.replace(tzinfo=None) != skipped


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        (timedelta(), Due("2025-W29", utc(2025, 7, 14, 7))),
        (LATE + timedelta(minutes=1), Due("2025-W29", utc(2025, 7, 14, 7), late=True)),
        (LOST + timedelta(minutes=1), None),
    ],
)
def test_what_was_missed_is_late_and_after_a_day_lost(after: timedelta, expected: Due | None) -> None:
    assert due(BERLIN, utc(2025, 7, 14, 7) + after, utc(2025, 7, 1)) == expected


def test_what_was_due_before_somebody_subscribed_is_not_for_him() -> None:
    assert due(BERLIN, utc(2025, 7, 14, 8), utc(2025, 7, 14, 7, 30)) is None


def test_on_monday_the_week_that_is_over_is_told() -> None:
    assert span(BERLIN, utc(2025, 7, 14, 7)).week == "2025-W28"


def test_where_monday_begins_on_sunday_the_week_is_told_as_far_as_it_has_come() -> None:
    at = next_due(Cadence(0, 9, 0, "Pacific/Auckland"), utc(2025, 7, 10))
    found = span(Cadence(0, 9, 0, "Pacific/Auckland"), at)
    assert (found.week, found.begin, found.end) == ("2025-W28", utc(2025, 7, 7), at)


def test_on_other_days_the_seven_days_before_are_told() -> None:
    friday = Cadence(4, 17, 0, "UTC")
    found = span(friday, utc(2025, 7, 11, 17))
    assert (found.week, found.begin, found.end) == ("", utc(2025, 7, 4, 17), utc(2025, 7, 11, 17))


@given(CADENCES, MOMENTS)
def test_no_digest_tells_of_what_has_not_come(cadence: Cadence, now: datetime) -> None:
    at = next_due(cadence, now)
    assert span(cadence, at).begin < span(cadence, at).end <= at
