"""``krab digest``: what happened in a week, or since some day."""

from __future__ import annotations

import argparse
import json
import sys
from datetime import UTC, datetime
from pathlib import Path

from bot.digest.card import Length, card
from bot.digest.json import to_json
from bot.digest.markdown import markdown, plain
from bot.digest.model import Digest
from bot.digest.span import Span, UnknownSpan, since, week
from bot.digest.topics import UnknownTopic
from bot.errors import CommandError
from bot.settings import Settings
from bot.wiring.digests import digest_post, digester
from bot.wiring.opening import opened


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Print a digest, of the last week unless another is asked for."""
    with opened(settings) as krab:
        making = digester(krab)
        try:
            span = _span(options) or making.latest()
            if options.correct:
                edited = digest_post(krab).correct(span.week)
                print(f"{span.week} is composed anew; {edited} messages will be edited", file=sys.stderr)
            digest = making.digest(span, options.topic)
        except (UnknownSpan, UnknownTopic) as error:
            raise CommandError(str(error), 2) from error
    if options.chart:
        _draw(Path(options.chart), digest)
    if options.json:
        print(json.dumps(to_json(digest), ensure_ascii=False))
    else:
        shown = card(digest, Length.SHORT if options.short else Length.FULL)
        print(markdown(shown) if options.markdown else plain(shown), end="")
    return 0


def _span(options: argparse.Namespace) -> Span | None:
    if options.week and options.since:
        raise CommandError("give --week or --since, not both", 2)
    if options.since:
        return since(" ".join(options.since), datetime.now(UTC))
    return week(options.week) if options.week else None


def _draw(path: Path, digest: Digest) -> None:
    from bot import chart

    drawn = chart.png(digest) if path.suffix.lower() == ".png" else chart.svg(digest).encode()
    try:
        path.write_bytes(drawn)
    except OSError as error:
        raise CommandError(f"cannot write {path}: {error.strerror}") from error
