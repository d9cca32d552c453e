"""When to ask a source next. Pure: state and outcome in, state out; nobody sleeps in here.

- A source is asked about four times as often as it changes, between every 5 minutes and once a day; the
  longer it stays silent, the less often. The operator's own ``every`` goes before all that.
- A host's Retry-After and max-age are kept to, up to a day. Errors back off from 5 minutes, doubling.
- A source that is silent far longer than its habit is stalled: it may have moved, or our cursor is wrong.

All times are seconds, and seconds since 1970.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

MINUTE, HOUR, DAY = 60.0, 3_600.0, 86_400.0
SOONEST, LATEST = 5 * MINUTE, DAY
UNKNOWN = HOUR  # between polls of a source whose habit is not known yet
SPREAD = 0.1  # of the interval, added at random so that sources don't march in step
MEMORY = 0.3  # how much the newest gap between changes counts in the habit
SILENT = 8.0  # habits; and never less than
SILENT_AT_LEAST = 36 * HOUR


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a poll came to. ``error`` is "" when it went well; ``fresh_for`` is the host's max-age."""

    delivered: int = 0
    removed: int = 0
    left_out: int = 0
    rejected: int = 0
    error: str = ""
    retry_after: float | None = None
    fresh_for: float = 0.0

    @property
    def changed(self) -> bool:
        """Whether the source had anything new."""
        return bool(self.delivered or self.removed or self.left_out or self.rejected)


@dataclass(frozen=True, slots=True)
class SourceState:
    """How a source stands. ``habit`` is the usual time between two changes, once two were seen."""

    next_poll: float = 0.0
    last_success: float | None = None
    last_error: str = ""
    error_count: int = 0  # in a row
    last_change: float | None = None
    habit: float | None = None
    delivered: int = 0  # in all
    left_out: int = 0


def next_poll(
    state: SourceState, outcome: Outcome, now: float, jitter: float, *, every: float | None = None
) -> SourceState:
    """The state after a poll. ``jitter`` is a random number from 0 to 1."""
    if outcome.error:
        failed = replace(state, last_error=outcome.error, error_count=state.error_count + 1)
        after = failed
        wait = max(_back_off(failed.error_count), every or 0.0, outcome.retry_after or 0.0)
    else:
        after = _success(state, outcome, now)
        wait = every or max(_interval(after, now), outcome.fresh_for)
    return replace(
        after,
        next_poll=now + min(wait, LATEST if every is None else max(LATEST, every)) * (1 + SPREAD * jitter),
        delivered=state.delivered + outcome.delivered,
        left_out=state.left_out + outcome.left_out,
    )


def stalled(state: SourceState, now: float) -> bool:
    """Whether the source has been silent far longer than is its habit."""
    if state.last_change is None or state.habit is None:
        return False
    return now - state.last_change > max(SILENT * state.habit, SILENT_AT_LEAST)


def _success(state: SourceState, outcome: Outcome, now: float) -> SourceState:
    well = replace(state, last_success=now, last_error="", error_count=0)
    if not outcome.changed:
        return well
    if state.last_change is None:
        return replace(well, last_change=now)
    gap = max(0.0, now - state.last_change)
    habit = gap if state.habit is None else (1 - MEMORY) * state.habit + MEMORY * gap
    return replace(well, last_change=now, habit=habit)


def _interval(state: SourceState, now: float) -> float:
    if state.last_change is None:
        return UNKNOWN
    silence = max(0.0, now - state.last_change)
    usual = UNKNOWN if state.habit is None else max(state.habit / 4, SOONEST)
    return min(max(usual, silence / 10), LATEST)


def _back_off(errors: int) -> float:
    return min(SOONEST * 2.0 ** min(errors - 1, 20), LATEST)
