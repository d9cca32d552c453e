"""How krab stands up to Slack, measured against the stand-in with a real ``krab serve``.

    python -m tests.evaluation.slack load     waves of 300 questions in one second over 20 channels
    python -m tests.evaluation.slack crash    20 × kill -9 under load, restart, Slack's retries replayed
    python -m tests.evaluation.slack outage   a minute each of 429, dropping sockets, 503, and a revoked token
    python -m tests.evaluation.slack fuzz     10,000 generated answers against the rules of Block Kit

All but ``fuzz`` take ``--data DIR`` (a krab data directory that is copied); otherwise the starter notes answer.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import time
from collections import Counter
from collections.abc import Sequence

from tests.evaluation.slack_fuzz import fuzz
from tests.evaluation.slack_hard import crash, outage
from tests.evaluation.slack_scene import ASKED, CHANNELS, finals, scene
from tests.slack_standin import SlackStandIn

QUESTIONS = 300
PATIENCE = 600.0  # seconds that a wave may take on a machine that does much else


async def load(data: str, waves: int) -> None:
    """300 questions in a second, again and again."""
    async with scene(data, post_every=0.95) as (slack, serving):
        await serving.ready()
        print(f"before: {serving.held()}", flush=True)
        for wave in range(1, waves + 1):
            told = await _wave(slack)
            print(f"wave {wave}: {told}; {serving.held()}", flush=True)
        acks = sorted(slack.socket.seconds)
        print(f"{waves} × {QUESTIONS} questions over {CHANNELS} channels, {len(acks)} events")
        print(f"acknowledged: p50 {_at(acks, 0.5):.3f} s, p95 {_at(acks, 0.95):.3f} s, worst {acks[-1]:.3f} s")
        print(f"events lost: {len(slack.socket.lost)}, calls answered with 429: {dict(slack.limited) or 0}")


async def _wave(slack: SlackStandIn) -> str:
    """One wave: how many were answered once, in their threads, and after how long. The stand-in forgets it."""
    started, asked = time.time(), []
    for number in range(QUESTIONS):
        channel, user = f"C{number % CHANNELS:03}", f"U{number:04}"
        asked.append(await slack.say(slack.ask(ASKED[number % len(ASKED)]), channel, user=user))
        await asyncio.sleep(max(0.0, started + (number + 1) / QUESTIONS - time.time()))
    took = time.time() - started
    await slack.until(lambda: len(finals(slack)) >= QUESTIONS, PATIENCE)
    await slack.settled(2.0)
    counted = Counter(m.thread for m in finals(slack))
    waits = sorted(float(m.ts) - float(m.thread) for m in finals(slack))
    slack.transcript.clear()
    slack.workspace.statuses.clear()
    slack.calls.clear()
    await asyncio.sleep(5.0)
    once = sum(counted[ts] == 1 for ts in asked)
    spent = f"p50 {_at(waits, 0.5):.1f} s, p95 {_at(waits, 0.95):.1f} s, worst {waits[-1]:.1f} s"
    return f"asked in {took:.2f} s, {once} of {QUESTIONS} answered once, {spent}"


def _at(ordered: Sequence[float], share: float) -> float:
    return statistics.quantiles(ordered, n=100, method="inclusive")[round(share * 100) - 1]


def main() -> None:
    """Measure what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("load", "crash", "outage", "fuzz"))
    parser.add_argument("--data", default="")
    parser.add_argument("--waves", type=int, default=6)
    parser.add_argument("--count", type=int, default=10_000)
    told = parser.parse_args()
    if told.what == "fuzz":
        fuzz(told.count)
    elif told.what == "load":
        asyncio.run(load(told.data, told.waves))
    else:
        asyncio.run(crash(told.data) if told.what == "crash" else outage(told.data))


if __name__ == "__main__":
    main()
