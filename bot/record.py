"""Values as they are kept in the database, and back again: answers, cards.

What another version of krab wrote is read as far as it is known: a field that is new has its default, one
that is gone is left out. Dates are ISO 8601, bytes base64.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from dataclasses import asdict, fields, is_dataclass
from datetime import datetime
from enum import Enum
from types import UnionType
from typing import TYPE_CHECKING, Any, TypeVar, Union, get_args, get_origin, get_type_hints

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T")


def written(value: DataclassInstance) -> str:
    """Return a frozen value as JSON."""
    return json.dumps(asdict(value), default=_plain)


def read(text: str, kind: type[T]) -> T:
    """Return the value of this kind that ``written`` wrote. Raises ``ValueError`` when the text is none."""
    try:
        value = _value(json.loads(text), kind)
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError(f"no {kind.__name__}: {error}") from error
    if not isinstance(value, kind):
        raise ValueError(f"no {kind.__name__}: {text[:40]}")
    return value


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bytes):
        return b64encode(value).decode("ascii")
    raise TypeError(f"{type(value).__name__} can't be kept")


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
    if not isinstance(kind, type):
        return told
    if is_dataclass(kind):
        hints = get_type_hints(kind)
        return kind(**{f.name: _value(told[f.name], hints[f.name]) for f in fields(kind) if f.name in told})
    if kind is datetime:
        return datetime.fromisoformat(told)
    if kind is bytes:
        return b64decode(told)
    return kind(told) if issubclass(kind, Enum) else told
