"""How krab stands up to Slack, measured against the stand-in with a real ``krab serve``.

    python -m tests.evaluation.slack load     waves of 300 questions in one second over 20 channels
    python -m tests.evaluation.slack crash    20 × kill -9 under load, restart, Slack's retries replayed
    python -m tests.evaluation.slack fuzz     10,000 generated answers against the rules of Block Kit

``load`` and ``crash`` take ``--data DIR`` (a krab data directory that is copied); otherwise the starter notes answer.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import statistics
import time
from collections import Counter
from collections.abc import Sequence

from tests.evaluation.slack_fuzz import fuzz
from tests.evaluation.slack_scene import ASKED, CHANNELS, finals, scene
from tests.slack_standin import SlackStandIn

QUESTIONS, KILLS = 300, 20
MOMENTS = 0.8  # seconds in which krab is killed after it was asked: about as long as ten answers take


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
    await slack.until(lambda: len(finals(slack)) >= QUESTIONS, 180)
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


async def crash(data: str) -> None:
    """kill -9 at random moments."""
    rolling, asked = random.Random(20261124), []
    async with scene(data, post_every=0.0) as (slack, serving):
        for kill in range(KILLS):
            for number in range(10):
                channel = f"C{(kill * 10 + number) % CHANNELS:03}"
                asked.append(await slack.say(slack.ask(ASKED[number % len(ASKED)]), channel, user=f"U{number}"))
            await asyncio.sleep(rolling.uniform(0.0, MOMENTS))
            said = len({m.thread for m in finals(slack)})
            await serving.kill()
            await serving.start()
            for ts in asked[-20:]:  # Slack delivers again what it saw no acknowledgement of, or thinks so
                message = next(m for m in reversed(slack.transcript) if m.ts == ts)
                for event in slack.workspace.events_for(message):
                    slack.deliver(event)
            threads = set(asked)
            await slack.until(lambda: threads <= {m.thread for m in finals(slack)}, 120)  # noqa: B023
            print(f"kill {kill + 1}: when {said - 10 * kill} of 10 were answered", flush=True)
        await slack.until(lambda: len({m.thread for m in finals(slack)}) >= len(asked), 180)
        await slack.settled(3.0)
        counted = Counter(m.thread for m in finals(slack))
        print(f"{KILLS} kills, {len(asked)} questions: {sum(counted[ts] == 1 for ts in asked)} answered exactly once,")
        doubled, missing = sum(counted[ts] > 1 for ts in asked), sum(counted[ts] == 0 for ts in asked)
        print(f"{doubled} more than once, {missing} not at all; calls answered with 429: {dict(slack.limited) or 0}")


def _at(ordered: Sequence[float], share: float) -> float:
    return statistics.quantiles(ordered, n=100, method="inclusive")[round(share * 100) - 1]


def main() -> None:
    """Measure what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("load", "crash", "fuzz"))
    parser.add_argument("--data", default="")
    parser.add_argument("--waves", type=int, default=6)
    parser.add_argument("--count", type=int, default=10_000)
    told = parser.parse_args()
    if told.what == "fuzz":
        fuzz(told.count)
    else:
        asyncio.run(load(told.data, told.waves) if told.what == "load" else crash(told.data))


if __name__ == "__main__":
    main()
