"""When a digest is due: a weekday and an hour where its reader lives. Pure; the clock is an argument.

Hours are wall-clock hours, so a digest comes at nine in summer and in winter. An hour that the clocks skip is
taken right after the gap; of an hour that comes twice, the first is taken. A period is the ISO week that the
due day lies in, where the reader lives: there is one digest a period, whatever clocks, restarts or changed
subscriptions do.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.digest.span import WEEK, Span, last_week, week_of

LATE = timedelta(hours=1)  # from then on a digest says that it is late
LOST = timedelta(days=1)  # from then on it is not sent any more


@dataclass(frozen=True, slots=True)
class Cadence:
    """Every week on ``weekday`` (0 is Monday) at ``hour``:``minute``, in an IANA time zone."""

    weekday: int = 0
    hour: int = 9
    minute: int = 0
    zone: str = "UTC"


@dataclass(frozen=True, slots=True)
class Due:
    """A digest that is to be sent now. ``period`` names it; ``late`` says that its hour was missed."""

    period: str
    at: datetime
    late: bool = False


def occurrence(cadence: Cadence, monday: date) -> datetime:
    """Return when the digest is due in the week that begins on ``monday``, in UTC."""
    day = monday + timedelta(days=cadence.weekday)
    return datetime.combine(day, time(cadence.hour, cadence.minute), ZoneInfo(cadence.zone)).astimezone(UTC)


def last_due(cadence: Cadence, now: datetime) -> tuple[str, datetime]:
    """Return the period and time of the newest digest that was due until ``now``."""
    monday = _monday(cadence, now)
    at = occurrence(cadence, monday)
    if at > now:
        monday -= timedelta(days=7)
        at = occurrence(cadence, monday)
    return _name(monday), at


def next_due(cadence: Cadence, now: datetime) -> datetime:
    """Return when the next digest is due after ``now``."""
    monday = _monday(cadence, now)
    at = occurrence(cadence, monday)
    return at if at > now else occurrence(cadence, monday + timedelta(days=7))


def due(cadence: Cadence, now: datetime, since: datetime) -> Due | None:
    """Return what is to be sent at ``now``; nothing that was due before ``since``, or more than a day ago."""
    period, at = last_due(cadence, now)
    if at <= since or now - at > LOST:
        return None
    return Due(period, at, late=now - at > LATE)


def span(cadence: Cadence, at: datetime) -> Span:
    """Return what a digest due at ``at`` is about: on Mondays the week that is over, else the seven days before.

    Where Monday begins before it does in UTC, the week is told as far as it has come.
    """
    if cadence.weekday:
        return Span(at - WEEK, at)
    week = week_of(at + timedelta(days=1))
    if week.begin > at:  # Monday here, and still Sunday in UTC
        week = last_week(week.begin)
        return Span(week.begin, at, week.week)
    return last_week(at)


def _monday(cadence: Cadence, now: datetime) -> date:
    local = now.astimezone(ZoneInfo(cadence.zone)).date()
    return local - timedelta(days=local.weekday())


def _name(monday: date) -> str:
    year, week, _ = monday.isocalendar()
    return f"{year}-W{week:02}"
