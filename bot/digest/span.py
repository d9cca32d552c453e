"""Which stretch of time a digest is about: an ISO week, or since some day. Pure.

A week is Monday to Sunday in UTC, wherever its reader lives, so that everybody's week is the same.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

WEEK = timedelta(days=7)
_WEEK = re.compile(r"(?P<year>\d{4})-?w(?P<week>\d{1,2})", re.IGNORECASE)
_AGO = re.compile(r"(?P<count>\d{1,3})\s*(?P<unit>d|day|days|w|week|weeks|h|hour|hours)(?:\s+ago)?", re.IGNORECASE)
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
SPANS = "a week (2025-W28), a day (2025-07-08, thursday, yesterday) or how long ago (3 days)"


class UnknownSpan(ValueError):
    """What was given is no stretch of time."""


@dataclass(frozen=True, slots=True)
class Span:
    """From ``begin`` until just before ``end``. ``week`` is "2025-W28" when it is one."""

    begin: datetime
    end: datetime
    week: str = ""


def week(name: str) -> Span:
    """Return the week called "2025-W28". Raises ``UnknownSpan``."""
    match = _WEEK.fullmatch(name.strip())
    try:
        first = date.fromisocalendar(int(match["year"]), int(match["week"]), 1) if match else None
    except ValueError:
        first = None
    if first is None:
        raise UnknownSpan(f"{name}: write a week as 2025-W28")
    return week_of(datetime.combine(first, time(), UTC))


def week_of(moment: datetime) -> Span:
    """Return the week that ``moment`` is in."""
    moment = moment.astimezone(UTC)
    year, number, weekday = moment.isocalendar()
    begin = datetime.combine(moment.date() - timedelta(days=weekday - 1), time(), UTC)
    return Span(begin, begin + WEEK, f"{year}-W{number:02}")


def last_week(now: datetime) -> Span:
    """Return the last week that is over."""
    return week_of(now - WEEK)


def since(told: str, now: datetime) -> Span:
    """Return the span from what a person calls a day until ``now``. Raises ``UnknownSpan``."""
    told = re.sub(r"^(?:since|last)\s+", "", told.strip().lower())
    today = datetime.combine(now.date(), time(), now.tzinfo)
    if told in ("today", "yesterday"):
        begin = today - timedelta(days=told == "yesterday")
    elif told in DAYS or (len(told) == 3 and told in {day[:3] for day in DAYS}):
        number = [day[:3] for day in DAYS].index(told[:3])
        begin = today - timedelta(days=(today.weekday() - number) % 7 or 7)
    elif match := _AGO.fullmatch(told):
        hours = {"h": 1, "d": 24, "w": 168}[match["unit"][0]]
        begin = now - timedelta(hours=int(match["count"]) * hours)
    else:
        begin = _day(told, now)
    if begin >= now:
        raise UnknownSpan(f"{told}: that has not come yet")
    return Span(begin.astimezone(UTC), now.astimezone(UTC))


def _day(told: str, now: datetime) -> datetime:
    if _WEEK.fullmatch(told):
        return week(told).begin
    try:
        return datetime.combine(date.fromisoformat(told), time(), now.tzinfo)
    except ValueError as error:
        raise UnknownSpan(f"{told}: write {SPANS}") from error
