"""Weeks, and what people call days."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.digest.dates import span
from bot.digest.span import Span, UnknownSpan, last_week, since, week, week_of

NOW = datetime(2025, 7, 9, 15, 30, tzinfo=UTC)  # a Wednesday


def test_a_week_is_monday_to_sunday() -> None:
    assert (week("2025-W28").begin, week("2025-W28").end) == (
        datetime(2025, 7, 7, tzinfo=UTC),
        datetime(2025, 7, 14, tzinfo=UTC),
    )


@pytest.mark.parametrize("name", ["2025-28", "2025-W54", "W28", "", "2025-W00"])
def test_what_is_no_week_is_refused(name: str) -> None:
    with pytest.raises(UnknownSpan, match="2025-W28"):
        week(name)


@given(st.datetimes(datetime(2000, 1, 1), datetime(2090, 1, 1)))  # noqa: DTZ001 - given its zone below
def test_every_moment_is_in_its_own_week(moment: datetime) -> None:
    found = week_of(moment.replace(tzinfo=UTC))
    assert found.begin <= moment.replace(tzinfo=UTC) < found.end
    assert week(found.week) == found


def test_the_last_week_is_over() -> None:
    assert last_week(NOW).week == "2025-W27"


@pytest.mark.parametrize(
    ("told", "begin"),
    [
        ("thursday", datetime(2025, 7, 3, tzinfo=UTC)),
        ("since Thursday", datetime(2025, 7, 3, tzinfo=UTC)),
        ("wed", datetime(2025, 7, 2, tzinfo=UTC)),
        ("yesterday", datetime(2025, 7, 8, tzinfo=UTC)),
        ("today", datetime(2025, 7, 9, tzinfo=UTC)),
        ("3 days", NOW - timedelta(days=3)),
        ("2 weeks ago", NOW - timedelta(days=14)),
        ("12h", NOW - timedelta(hours=12)),
        ("2025-07-01", datetime(2025, 7, 1, tzinfo=UTC)),
        ("2025-W27", datetime(2025, 6, 30, tzinfo=UTC)),
    ],
)
def test_people_name_days_as_they_like(told: str, begin: datetime) -> None:
    assert since(told, NOW) == Span(begin, NOW)


@pytest.mark.parametrize("told", ["tomorrow", "2031-01-01", "the day the frogs came", ""])
def test_what_is_no_day_before_now_is_refused(told: str) -> None:
    with pytest.raises(UnknownSpan):
        since(told, NOW)


def test_a_span_is_written_as_people_write_it() -> None:
    assert written("2025-W28") == "7–13 July 2025"
    assert written("2025-W27") == "30 June – 6 July 2025"
    assert written("2026-W01") == "29 December 2025 – 4 January 2026"


@pytest.mark.parametrize(
    ("language", "days"),
    [
        ("de", "30. Juni – 6. Juli 2025"),
        ("fr", "30 juin – 6 juillet 2025"),
        ("es", "30 de junio – 6 de julio de 2025"),
        ("iso", "2025-06-30 to 2025-07-06"),
    ],
)
def test_dates_are_written_in_the_language_that_is_wanted(language: str, days: str) -> None:
    assert written("2025-W27", language) == days


def written(name: str, language: str = "en") -> str:
    return span(week(name).begin, week(name).end, language)
