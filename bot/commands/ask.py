"""``krab ask``: one answer, a batch of them, or a prompt."""

from __future__ import annotations

import argparse
import json
import sys
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, time
from pathlib import Path
from typing import TextIO

from bot.answer_json import to_json
from bot.chat import Incoming
from bot.errors import CommandError
from bot.evaluation import Asked, conversation, read_lines
from bot.model import Answer, Question
from bot.settings import Settings
from bot.wiring.krab import Krab
from bot.wiring.opening import opened
from bot.wiring.serving import dispatcher
from bot.wiring.sources import fetch_named


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Answer what was asked."""
    as_of = until(options.as_of)
    text = " ".join(options.question).strip()
    with opened(settings) as krab:
        if options.batch:
            _batch(krab, options.batch, as_of)
        elif text:
            fetch_named(krab, text)
            _print(answered(krab, Question(text, as_of=as_of)), options.json)
        elif options.json or not sys.stdin.isatty():
            raise CommandError('what is the question? krab ask "Who maintains Binder?"', 2)
        else:
            _converse(krab)
    return 0


def until(day: str) -> datetime | None:
    """Return the end of a day given as YYYY-MM-DD. Raises ``CommandError``."""
    if not day:
        return None
    try:
        return datetime.combine(datetime.strptime(day, "%Y-%m-%d").date(), time.max, UTC)  # noqa: DTZ007 - only its day
    except ValueError as error:
        raise CommandError(f"--as-of {day}: write the date as YYYY-MM-DD", 2) from error


def answered(krab: Krab, question: Question) -> Answer:
    """Answer, and remember what was cited, so that ``krab verify`` can check it later."""
    answer = krab.answerer.answer(question)
    key = uuid.uuid4().hex
    incoming = Incoming("command line", "", key, key, "", question.text)
    if krab.state.claim(incoming):
        krab.state.finish(incoming, "answered", answer)
    return answer


def _print(answer: Answer, as_json: bool) -> None:
    if as_json:
        print(json.dumps(to_json(answer), ensure_ascii=False))
    else:
        from bot.chat.text import plain

        print(plain(answer))


def _batch(krab: Krab, file: str, as_of: datetime | None) -> None:
    asked = list(_questions(file))
    for one, question in zip(asked, conversation(asked), strict=True):
        answer = answered(krab, Question(question.text, question.earlier, as_of))
        print(json.dumps({"id": one.id, **to_json(answer)}, ensure_ascii=False), flush=True)


def _questions(file: str) -> Iterator[Asked]:
    if file == "-":
        return iter(read_lines(sys.stdin, "stdin"))
    try:
        source: TextIO = Path(file).open(encoding="utf-8")  # noqa: SIM115 - closed below
    except OSError as error:
        raise CommandError(f"cannot read {file}: {error.strerror}") from error
    with source:
        return iter(read_lines(source, file))


def _converse(krab: Krab) -> None:
    import asyncio

    from bot.chat.console import Console

    asyncio.run(Console(sys.stdin, sys.stdout, prompt="? ").run(dispatcher(krab).handle))
