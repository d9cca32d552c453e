"""Many people ask at once: how soon each is acknowledged, answered, and whether one's flood keeps another waiting.

    python -m tests.evaluation.crowd --data DIR --questions FILE [--count 300] [--channels 20]

The real dispatcher over a real index; replies take no time (what a chat service adds is measured with its adapter).
Prints one JSON object. ``alone`` is one person's question put in the middle of another's flood of ``count``.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bot.card import Card, Form
from bot.chat import Incoming
from bot.dispatch import Dispatcher
from bot.limits import Limits
from bot.model import Answer
from bot.settings import load
from bot.state import State
from bot.wiring.opening import opened
from bot.wiring.serving import Reading


@dataclass
class Clocked:
    """A reply that notes when things were shown (seconds since it was made)."""

    begun: float = field(default_factory=time.perf_counter)
    seen: float = 0.0
    done: float = 0.0
    finals: int = 0

    async def working(self, words: str = "") -> None:
        self.seen = self.seen or time.perf_counter() - self.begun

    async def answer(self, answer: Answer, *, private: bool = False) -> None:
        self._final()

    async def card(self, card: Card, *, private: bool = False) -> None:
        self._final()

    async def text(self, text: str) -> None:
        self._final()

    async def ask(self, form: Form) -> None:
        self._final()

    async def moderates(self) -> bool:
        return False

    def _final(self) -> None:
        self.done = time.perf_counter() - self.begun
        self.finals += 1


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True)
    parser.add_argument("--questions", required=True, type=Path)
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--channels", type=int, default=20)
    options = parser.parse_args()
    lines = options.questions.read_text(encoding="utf-8").splitlines()
    texts = [json.loads(line)["question"] for line in lines if line.strip()]
    with opened(load(os.environ, data=options.data)) as krab:
        state = State.at(":memory:")
        limits = Limits(per_user=0, per_channel=0)
        reading = Reading(krab.index.catalog).words
        crowd = Dispatcher(krab.answerer.answer, state, limits, reading=reading)
        many = [_incoming(texts, n, f"person {n % 97}", n % options.channels) for n in range(options.count)]
        told: dict[str, object] = {"crowd": asyncio.run(_run(crowd, many))}
        flood = [_incoming(texts, options.count + n, "flood", 0) for n in range(options.count)]
        alone = _incoming(texts, 2 * options.count, "somebody", 1)
        told |= asyncio.run(_starved(crowd, flood, alone))
        state.close()
    print(json.dumps(told, indent=1))


def _incoming(texts: Sequence[str], n: int, user: str, channel: int) -> Incoming:
    place, key = f"C{channel}", f"key {n}"
    return Incoming("crowd", place, key, key, user, texts[n % len(texts)], mentioned=True)


async def _run(krab: Dispatcher, asked: Sequence[Incoming]) -> dict[str, object]:
    replies = [Clocked() for _ in asked]
    started, used = time.perf_counter(), time.process_time()
    await asyncio.gather(*(krab.handle(one, reply) for one, reply in zip(asked, replies, strict=True)))
    return {
        "questions": len(asked),
        "finals each": sorted({reply.finals for reply in replies}),
        "seconds": round(time.perf_counter() - started, 2),
        "CPU s a question": round((time.process_time() - used) / len(asked), 3),
        "acknowledged s": _spread([reply.seen for reply in replies]),
        "answered s": _spread([reply.done for reply in replies]),
    }


async def _starved(krab: Dispatcher, flood: Sequence[Incoming], alone: Incoming) -> dict[str, object]:
    running = [asyncio.create_task(krab.handle(one, Clocked())) for one in flood]
    await asyncio.sleep(0.2)
    reply = Clocked()
    await krab.handle(alone, reply)
    left = sum(not task.done() for task in running)
    await asyncio.gather(*running)
    return {"alone": {"answered s": round(reply.done, 3), "of the flood still waiting": left}}


def _spread(seconds: Sequence[float]) -> dict[str, float]:
    ranked = sorted(seconds)
    at = {"p50": 0.5, "p95": 0.95, "max": 1.0}
    return {name: round(ranked[min(len(ranked) - 1, int(share * len(ranked)))], 3) for name, share in at.items()}


if __name__ == "__main__":
    main()
