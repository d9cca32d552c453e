"""The log: one line an event, as text or as JSON; never with a secret in it.

What people ask is logged by nobody, unless the operator wants it (``[log] questions``); else questions go by their
keys. Secrets are cut out wherever they stand (an
error of a library may quote a request), both those krab was given and whatever looks like a token of Slack's
or Matrix's.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, fields, is_dataclass
from datetime import UTC, datetime

from bot.model import Answer, Progress, Question, silent
from bot.settings import Secret, Settings

log = logging.getLogger(__name__)

_TOKEN = re.compile(r"\b(?:xox[a-z]|xapp|xwfp)-[\w-]{8,}|\b(?:syt|mat|mct)_\w{8,}|(?<=Bearer )[\w.~+/-]{8,}=*")
_SHORTEST = 6  # characters of a secret that is looked for: anything shorter stands in ordinary words
_CHATTY = {"httpx2": logging.WARNING, "faiss.loader": logging.WARNING}
_REPEATING = {  # our adapters say the same in one line
    "slack_sdk": logging.CRITICAL,
    "slack_bolt": logging.CRITICAL,
    "psycopg.pool": logging.CRITICAL,
}


class Redacting(logging.Formatter):
    """Text, with secrets cut out."""

    def __init__(self, secrets: Collection[str]) -> None:
        super().__init__("%(asctime)s %(levelname)s %(message)s")
        known = sorted((s for s in secrets if len(s) >= _SHORTEST), key=len, reverse=True)
        self._secret = re.compile("|".join(map(re.escape, known))) if known else None

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        return self.clean(super().format(record))

    def clean(self, text: str) -> str:
        """Return ``text`` without secrets."""
        text = self._secret.sub("***", text) if self._secret else text
        return _TOKEN.sub("***", text)


class Json(Redacting):
    """One JSON object a line: time (UTC), level, logger, message, and the trace of an error."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the object."""
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        told = {"time": at, "level": record.levelname.lower(), "logger": record.name, "message": record.getMessage()}
        if record.exc_info:
            told["error"] = self.formatException(record.exc_info)
        return json.dumps({key: self.clean(value) for key, value in told.items()}, ensure_ascii=False)


def configure(settings: Settings) -> None:
    """Log to stderr, as the settings say."""
    form = Json if settings.upkeep.log == "json" else Redacting
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(form(set(secrets(settings))))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    for name, level in (_CHATTY | _REPEATING).items():
        logging.getLogger(name).setLevel(level)


@dataclass(frozen=True, slots=True)
class Aloud:
    """Answers as ``ask`` does, and logs what was asked, by whom, and what came of it: only where that is wanted."""

    ask: Callable[[Question, Progress], Answer]

    def __call__(self, question: Question, progress: Progress = silent) -> Answer:
        """Return the answer."""
        began = time.monotonic()
        answer = self.ask(question, progress)
        took, asker, place = time.monotonic() - began, question.asker or "somebody", question.channel or "the page"
        log.info("%s asked in %s: %r: %s, %.2f s", asker, place, question.text, answer.status.value, took)
        return answer


def secrets(value: object) -> Iterator[str]:
    """Yield every secret in the settings, however deep."""
    if isinstance(value, Secret):
        yield value.reveal()
    elif isinstance(value, tuple):
        for item in value:
            yield from secrets(item)
    elif is_dataclass(value):
        for field in fields(value):
            yield from secrets(getattr(value, field.name))
