"""What somebody types to subscribe: "monday 9:00 Europe/Berlin topic=drm length=full dates=de". Pure.

Words may come in any order; what is not said keeps the value it has.
"""

from __future__ import annotations

import difflib
import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

from bot.digest.card import Length
from bot.digest.dates import LANGUAGES
from bot.digest.span import DAYS
from bot.digest.topics import UnknownTopic, topic
from bot.due import Cadence
from bot.subscriptions import Subscription

EXAMPLE = "subscribe monday 9:00 Europe/Berlin topic=drm length=short"
TOPICS_MAX = 10
_TIME = re.compile(r"(?P<hour>\d{1,2})(?::(?P<minute>\d{2}))?\s*(?P<half>am|pm)?", re.IGNORECASE)
_KEYS = ("topic", "topics", "length", "dates", "day", "time", "zone")


class Unclear(ValueError):
    """What was typed can't be understood; ``str`` says what would be."""


def typed(text: str, wanted: Subscription) -> Subscription:
    """Return ``wanted`` with what was typed. Raises ``Unclear``."""
    try:
        words = shlex.split(text.replace("“", '"').replace("”", '"'))
    except ValueError as error:
        raise Unclear(f"A quotation mark is not closed. For example: {EXAMPLE}") from error
    topics: list[str] = []
    for word in words:
        key, equals, value = word.partition("=")
        if equals and key.lower() in ("topic", "topics"):
            topics += _topics(value)
        else:
            wanted = _said(key.lower() if equals else "", value if equals else word, wanted)
    if len(topics) > TOPICS_MAX:
        raise Unclear(f"At most {TOPICS_MAX} topics, please.")
    return replace(wanted, topics=tuple(dict.fromkeys(topics))) if topics else wanted


def _said(key: str, value: str, wanted: Subscription) -> Subscription:
    """Take one word, named or known by its looks."""
    for name, taken in _READERS.items():
        if key in ("", name) and (found := taken(value, wanted)):
            return found
    raise Unclear(_advice(key, value))


def _advice(key: str, value: str) -> str:
    if key and key not in _KEYS:
        near = difflib.get_close_matches(key, _KEYS, 1, 0.5)
        return f"I don't know “{key}=”. {f'Did you mean “{near[0]}=”? ' if near else ''}For example: {EXAMPLE}"
    near = difflib.get_close_matches(value, (*DAYS, *available_timezones()), 1, 0.7)
    return f"I don't understand “{value}”. {f'Did you mean “{near[0]}”? ' if near else ''}For example: {EXAMPLE}"


def _day(value: str, wanted: Subscription) -> Subscription | None:
    value = value.lower().removesuffix("s") if value.lower().removesuffix("s") in DAYS else value.lower()
    number = next((n for n, day in enumerate(DAYS) if value in (day, day[:3])), None)
    return None if number is None else _at(wanted, weekday=number)


def _time(value: str, wanted: Subscription) -> Subscription | None:
    match = _TIME.fullmatch(value)
    if not match:
        return None
    hour, minute, half = int(match["hour"]), int(match["minute"] or 0), (match["half"] or "").lower()
    hour = hour % 12 + 12 * (half == "pm") if half and 1 <= hour <= 12 else hour
    return _at(wanted, hour=hour, minute=minute) if hour < 24 and minute < 60 else None


def _zone(value: str, wanted: Subscription) -> Subscription | None:
    known = {name.lower(): name for name in available_timezones()}
    cities = {
        name.rsplit("/", 1)[-1]: full for name, full in known.items() if "/" in name and not full.startswith("Etc")
    }
    name = known.get(value.lower()) or cities.get(value.lower().replace(" ", "_"))
    return _at(wanted, zone=name) if name else None


def _length(value: str, wanted: Subscription) -> Subscription | None:
    return replace(wanted, length=value.lower()) if value.lower() in list(Length) else None


def _dates(value: str, wanted: Subscription) -> Subscription | None:
    return replace(wanted, dates=value.lower()) if value.lower() in LANGUAGES else None


def _at(wanted: Subscription, **changes: int | str) -> Subscription:
    return replace(wanted, cadence=replace(wanted.cadence, **changes))  # type: ignore[arg-type]


_READERS: Mapping[str, Callable[[str, Subscription], Subscription | None]] = {
    "day": _day,
    "time": _time,
    "length": _length,
    "dates": _dates,
    "zone": _zone,
}


def _topics(value: str) -> list[str]:
    try:
        return [topic(one).name for one in value.split(",") if one.strip()]
    except UnknownTopic as error:
        raise Unclear(str(error)) from error


def submitted(fields: Mapping[str, Sequence[str]], wanted: Subscription) -> Subscription:
    """Return ``wanted`` with what was filled into the form. Raises ``Unclear``."""
    told = {name: ",".join(values).strip() for name, values in fields.items()}
    words = [f"{key}={shlex.quote(told[key])}" for key in ("day", "time", "zone", "length", "dates") if told.get(key)]
    found = typed(" ".join(words), replace(wanted, topics=()))
    return replace(found, topics=tuple(_topics(told.get("topics", ""))[:TOPICS_MAX]))


def until(told: str, cadence: Cadence, now: datetime) -> datetime:
    """Return the day until which somebody wants to hear nothing. Raises ``Unclear``."""
    told = told.strip().lower().removeprefix("until ").strip()
    here = now.astimezone(ZoneInfo(cadence.zone))
    weeks = re.fullmatch(r"(?:for )?(\d{1,2}) weeks?", told)
    try:
        day = here.date() + timedelta(weeks=int(weeks[1])) if weeks else date.fromisoformat(told)
    except ValueError as error:
        raise Unclear("Until when? Write a day as 2025-08-31, or “2 weeks”.") from error
    found = datetime.combine(day, time(), here.tzinfo).astimezone(UTC)
    if found <= now:
        raise Unclear(f"{day} is over. Until when?")
    return found
