"""An answer as it is kept in the database, and back again.

What was written by another version of krab is read as far as it is known: a field that is new has its
default, one that is gone is left out.
"""

from __future__ import annotations

import json
from dataclasses import asdict, fields, is_dataclass
from datetime import datetime
from enum import Enum
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from bot.model import Answer


def written(answer: Answer) -> str:
    """Return the answer as JSON; dates as ISO 8601."""
    return json.dumps(asdict(answer), default=datetime.isoformat)


def read(text: str) -> Answer:
    """Return the answer that ``written`` wrote. Raises ``ValueError`` when the text is none."""
    try:
        answer = _value(json.loads(text), Answer)
    except (TypeError, KeyError) as error:
        raise ValueError(f"no answer: {error}") from error
    assert isinstance(answer, Answer)
    return answer


def _value(told: Any, kind: Any) -> Any:
    """``told`` as the type that it had."""
    if told is None:
        return None
    if get_origin(kind) in (Union, UnionType):
        return _value(told, next(one for one in get_args(kind) if one is not type(None)))
    if get_origin(kind) is tuple:
        inner = get_args(kind)
        types = inner[:1] * len(told) if inner[-1] is Ellipsis else inner
        return tuple(_value(one, each) for one, each in zip(told, types, strict=True))
    if is_dataclass(kind) and isinstance(kind, type):
        hints = get_type_hints(kind)
        return kind(**{f.name: _value(told[f.name], hints[f.name]) for f in fields(kind) if f.name in told})
    if kind is datetime:
        return datetime.fromisoformat(told)
    return kind(told) if isinstance(kind, type) and issubclass(kind, Enum) else told
