"""Items gathered into batches, each with the cursor that is right once it is stored.

The cursor of a place with many containers is a JSON object: the container's name to a list that only
its reader understands. A cursor that is none of ours means the beginning.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

from feeds.errors import FeedError
from index.model import Batch, Part, Rejected

BATCH_ITEMS = 256
BATCH_BYTES = 4 * 1024 * 1024

State = list[str | int]
Cursor = dict[str, State]


@dataclass(frozen=True, slots=True)
class Item:
    """One thing read from the container ``key``, and what the cursor says after it.

    A part, an id that was taken back, a rejection, or none of them: then only the cursor moves.
    """

    key: str
    state: State
    size: int = 0
    part: Part | None = None
    removed: str = ""
    rejected: Rejected | None = None


def cursor(text: str) -> Cursor:
    """The cursor as saved, or the beginning."""
    try:
        found = json.loads(text or "{}")
    except (ValueError, RecursionError):
        return {}
    if not isinstance(found, dict):
        return {}
    return {key: state for key, state in found.items() if _is_state(state)}


def batches(items: Iterator[Item], state: Cursor, total: int | None) -> Iterator[Batch]:
    """Gather ``items``. What could be read before an error is delivered before the error is raised."""
    state = dict(state)
    held: list[Item] = []
    failed: FeedError | None = None
    more = True
    while more and not failed:
        try:
            held.append(next(items))
            state[held[-1].key] = held[-1].state
        except StopIteration:
            more = False
        except FeedError as error:
            failed = error
        if held and (failed or not more or _full(held)):
            yield _batch(held, json.dumps(state), total)
            held = []
    if failed:
        raise failed


def _full(held: list[Item]) -> bool:
    return len(held) >= BATCH_ITEMS or (held[-1].size > 0 and sum(item.size for item in held) >= BATCH_BYTES)


def _batch(items: list[Item], cursor: str, total: int | None) -> Batch:
    """The last word about an id counts: a mail that came and was taken back is only taken back."""
    parts: dict[str, Part] = {}
    removed: dict[str, None] = {}
    for item in items:
        if item.part:
            parts.pop(item.part.id, None)
            parts[item.part.id] = item.part
            removed.pop(item.part.id, None)
        elif item.removed:
            removed[item.removed] = None
            parts.pop(item.removed, None)
    rejected = tuple(item.rejected for item in items if item.rejected)
    return Batch(tuple(parts.values()), tuple(removed), rejected, cursor, total)


def _is_state(value: object) -> bool:
    """A name, and numbers after it."""
    if not isinstance(value, list) or not value or not isinstance(value[0], str):
        return False
    return all(isinstance(number, int) for number in value[1:])
