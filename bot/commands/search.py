"""``krab search``: ranked passages, with what their scores are made of."""

from __future__ import annotations

import argparse
import json

from bot.cite import flat
from bot.settings import Settings
from bot.wiring.opening import opened
from index.engine import Result


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Print the best passages."""
    with opened(settings) as krab:
        results = krab.index.search(" ".join(options.query), options.k)
    if options.json:
        print(json.dumps([_json(r) for r in results], ensure_ascii=False))
        return 0
    for n, result in enumerate(results, 1):
        print(_lines(n, result))
    if not results:
        print("nothing found")
    return 0


def _json(result: Result) -> dict[str, object]:
    found, hit = result.found, result.hit
    return {
        "id": found.passage.part,
        "url": found.url,
        "title": found.title,
        "author": found.author,
        "date": found.date.date().isoformat() if found.date else None,
        "kind": found.kind.value,
        "score": round(hit.score, 4),
        "why": dict(hit.why),
        "text": found.passage.text,
    }


def _lines(n: int, result: Result) -> str:
    from bot.chat.text import one_line, shorten

    found = result.found
    why = ", ".join(f"{name} {value:.2f}" for name, value in result.hit.why)
    day = found.date.date().isoformat() if found.date else "no date"
    head = f"{n}. {one_line(found.title)} ({one_line(found.author)}, {day}, {found.kind.value})"
    text = shorten(one_line(flat(found.passage.text)), 240)
    lines = (head, f"{result.hit.score:.2f}: {why}", found.url, text)
    return "\n   ".join(filter(None, lines)) + "\n"
