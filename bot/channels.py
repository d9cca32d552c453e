"""How krab behaves in a channel: values, the words they are typed in, and the table. Owns ``channels``.

In a conversation of two krab always answers; these settings are for channels and rooms.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from difflib import get_close_matches
from enum import StrEnum

from index.database import Database

MIGRATIONS = (
    """
CREATE TABLE channels (
    service TEXT NOT NULL,
    channel TEXT NOT NULL,
    mode TEXT NOT NULL,
    only_questions INTEGER NOT NULL,
    only_cited INTEGER NOT NULL,
    private INTEGER NOT NULL,
    changed_by TEXT NOT NULL,
    changed REAL NOT NULL,
    PRIMARY KEY (service, channel)
)
""",
)
PUT = """
INSERT INTO channels (service, channel, mode, only_questions, only_cited, private, changed_by, changed)
VALUES (:service, :channel, :mode, :only_questions, :only_cited, :private, :by, :now)
ON CONFLICT (service, channel) DO UPDATE SET mode = excluded.mode, only_questions = excluded.only_questions,
    only_cited = excluded.only_cited, private = excluded.private, changed_by = excluded.changed_by,
    changed = excluded.changed
"""


class Mode(StrEnum):
    """What krab answers in a channel without being named."""

    OFF = "off"  # nothing, also when it is named; only commands
    MENTIONS = "mentions"  # nothing; and in its own threads who goes on asking
    ROOT_POSTS = "root_posts"  # every message that begins a thread
    THREADS = "threads"  # those, and messages in threads


@dataclass(frozen=True, slots=True)
class Manner:
    """How krab behaves in one channel. The ``only_…`` are about messages that don't name it."""

    mode: Mode = Mode.MENTIONS
    only_questions: bool = True  # stay silent unless it reads as a question
    only_cited: bool = False  # stay silent unless there is an answer
    private: bool = False  # answer to the asker alone, where the service can


DEFAULT = Manner()
SWITCHES: Mapping[str, str] = {
    "only_questions": "Answer only what reads as a question",
    "only_cited": "Stay silent when I have no answer",
    "private": "Show answers to the asker alone",
}
_YES, _NO = ("on", "yes", "true", "1"), ("off", "no", "false", "0")


class Unclear(ValueError):
    """What was typed is no setting; ``str`` says what would be."""


def typed(text: str, manner: Manner) -> Manner:
    """Return the manner that "mode=threads only_questions=on" makes of another. Raises ``Unclear``."""
    changes: dict[str, object] = {}
    for word in text.lower().replace(",", " ").split():
        name, _, value = word.partition("=")
        name = name.replace("-", "_")
        changes[name] = _mode(value) if name == "mode" else _switch(name, value)
    return replace(manner, **changes)  # type: ignore[arg-type]


def _mode(value: str) -> Mode:
    try:
        return Mode(value.replace("-", "_"))
    except ValueError:
        raise Unclear(f"mode is one of {', '.join(Mode)}, not “{value}”.") from None


def _switch(name: str, value: str) -> bool:
    if name not in SWITCHES:
        near = get_close_matches(name, ["mode", *SWITCHES], 1, 0.5)
        known = f"did you mean “{near[0]}”?" if near else f"there are mode, {', '.join(SWITCHES)}."
        raise Unclear(f"There is no setting “{name}”: {known}")
    if value not in (*_YES, *_NO):
        raise Unclear(f"{name} is on or off, not “{value}”.")
    return value in _YES


def _now() -> datetime:
    return datetime.now(UTC)


class Channels:
    """Owns the table ``channels``. Safe to share between threads and processes."""

    def __init__(self, database: Database, *, clock: Callable[[], datetime] = _now) -> None:
        self._database = database
        self._clock = clock
        database.migrate("channels", MIGRATIONS)

    def manner(self, service: str, channel: str) -> Manner:
        """How krab behaves there."""
        sql = "SELECT mode, only_questions, only_cited, private FROM channels WHERE service = ? AND channel = ?"
        row = self._database.connection().execute(sql, (service, channel)).fetchone()
        return Manner(Mode(row[0]), *map(bool, row[1:])) if row else DEFAULT

    def put(self, service: str, channel: str, manner: Manner, by: str) -> None:
        """Behave so from now on; ``by`` is who wants it."""
        values = {"service": service, "channel": channel, "by": by, "now": self._clock().timestamp()}
        with self._database.write() as connection:
            connection.execute(PUT, values | asdict(manner))

    def all(self) -> list[tuple[str, str, Manner, str]]:
        """Every channel with settings of its own: service, channel, how krab behaves there, who said so."""
        sql = (
            "SELECT service, channel, mode, only_questions, only_cited, private, changed_by FROM channels"
            " ORDER BY service, channel"
        )
        rows = self._database.connection().execute(sql)
        return [(s, c, Manner(Mode(mode), bool(q), bool(o), bool(p)), by) for s, c, mode, q, o, p, by in rows]
