"""A patch series as it is looked up and judged: which history was meant, how much of it was applied. Pure.

What is said of it is what mails say: nothing is concluded but that a newer version supersedes an older
one, and that all parts are applied when every one of them was said to be.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import unquote

from bot.chat.text import one_line
from feeds.applied import where
from index.history import History, Version

if TYPE_CHECKING:
    from index.histories import Histories

FOUND = 6
REVIEWS = {"reviewed": "reviewed by", "acked": "acked by", "tested": "tested by", "nacked": "refused (NAK) by"}
ADDRESS = re.compile(r"https?://\S+?/(?P<id>[^/\s]+@[^/\s]+)(?:/.*)?$")


def lookup(histories: Histories, asked: str) -> list[History]:
    """Return the histories that a link, a Message-ID or words ask for, the best first."""
    address = ADDRESS.search(asked)
    id_ = unquote(address["id"]) if address else asked.strip("<>")
    if "@" in id_ and " " not in id_:
        history = histories.of(id_)
        return [history] if history else []
    return histories.find(asked, FOUND)


def extent(version: Version) -> str:
    """Return how much of a version mails say was applied: "whole", "part" or "none"."""
    said = [where(event.detail) for event in version.applied]
    if any(not one.parts for one in said):
        return "whole"
    numbers = frozenset[int]().union(*(one.numbers for one in said))
    return "none" if not numbers else "whole" if len(numbers) >= version.expected else "part"


def state(history: History) -> tuple[str, Version]:
    """Return what is known of a series' fate, and of which version that is said."""
    applied = [version for version in history.versions if extent(version) != "none"]
    whole = [version for version in applied if extent(version) == "whole"]
    if chosen := (whole or applied)[-1:]:
        return f"{'' if whole else 'partly '}applied", chosen[0]
    refused = any(event.kind == "nacked" for event in history.newest.events)
    return "refused" if refused else "posted", history.newest


def summary(history: History, until: datetime | None) -> str:
    """Return the state in one sentence; ``until`` is the date of the newest mail read."""
    fate, version = state(history)
    if fate.endswith("applied"):
        trees = ", ".join(dict.fromkeys(where(e.detail).tree for e in version.applied if where(e.detail).tree))
        whom = ", ".join(dict.fromkeys(one_line(e.who) for e in version.applied))
        return f"{version.label} {fate}{f' to {trees}' if trees else ''} by {whom} (mail up to {day(until)})"
    refused = f", and {version.label} was refused" if fate == "refused" else ""
    return f"no mail up to {day(until)} says that it was applied{refused}"


def signers(version: Version, kind: str) -> list[tuple[str, list[str]]]:
    """Return who said ``kind`` of a version, and the ids of the mails in which he did."""
    mails: dict[str, list[str]] = {}
    for event in version.events:
        if event.kind == kind:
            mails.setdefault(one_line(event.who), []).append(event.part)
    return list(mails.items())


def count(history: History) -> str:
    """Return how many versions there are, in words."""
    return "1 version" if len(history.versions) == 1 else f"{len(history.versions)} versions"


def day(when: datetime | None) -> str:
    """Return a date for a reader."""
    return when.date().isoformat() if when else "no date"
