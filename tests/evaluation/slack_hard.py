"""krab on Slack through kill -9 and through an hour's worth of outages in some minutes."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any

from bot.chat.slack_reply import LOST
from tests.evaluation.slack_scene import ASKED, CHANNELS, Serving, finals, scene
from tests.slack_standin import SlackStandIn
from tests.slack_standin.workspace import Person

Trouble = Callable[[SlackStandIn, Serving], Coroutine[Any, Any, str]]

KILLS, PUBLIC, PRIVATE = 20, 7, 3
MOMENTS = 0.8  # seconds in which krab is killed after it was asked: about as long as ten answers take
MINUTE = 60.0


@dataclass
class Asked:
    """The threads of questions put in public, and who asked one for himself alone."""

    threads: list[str] = field(default_factory=list)
    people: list[str] = field(default_factory=list)


async def crash(data: str) -> None:
    """kill -9 at random moments."""
    rolling, asked = random.Random(20261124), Asked()
    async with scene(data, post_every=0.0) as (slack, serving):
        for kill in range(KILLS):
            await _ask(slack, asked, kill)
            await asyncio.sleep(rolling.uniform(0.0, MOMENTS))
            said = len({m.thread for m in finals(slack)}) - PUBLIC * kill
            await serving.kill()
            await serving.start()
            _replay(slack, asked.threads[-PUBLIC:])
            await slack.until(lambda: _all_have_something(slack, asked), 120)
            print(f"kill {kill + 1}: when {said} of {PUBLIC} were answered in public", flush=True)
        await slack.settled(3.0)
        _report(slack, asked)


async def _ask(slack: SlackStandIn, asked: Asked, kill: int) -> None:
    """Ten questions at once: mentions, and ``/krab ask`` by people who asked nothing before."""
    for number in range(PUBLIC):
        channel = f"C{(kill * PUBLIC + number) % CHANNELS:03}"
        asked.threads.append(await slack.say(slack.ask(ASKED[number % 3]), channel, user=f"U{number}"))
    for number in range(PRIVATE):
        user = f"UALONE{kill}N{number}"
        slack.workspace.people[user] = Person(user, user)
        slack.hands.command(f"ask {ASKED[number]}", f"C{number:03}", user=user)
        asked.people.append(user)


def _replay(slack: SlackStandIn, threads: Sequence[str]) -> None:
    """Slack delivers again what it believes unacknowledged, rightly or wrongly."""
    for ts in threads:
        message = next(m for m in reversed(slack.transcript) if m.ts == ts)
        for event in slack.workspace.events_for(message):
            slack.deliver(event)


def _unheard(slack: SlackStandIn) -> set[str]:
    """Whose commands krab did not acknowledge: Slack tells them so, and does not deliver a command again."""
    return {str(payload.get("user_id")) for payload in slack.socket.lost}


def _all_have_something(slack: SlackStandIn, asked: Asked) -> bool:
    whispered = {m.only for m in slack.transcript if m.only}
    answered = {m.thread for m in finals(slack)}
    return set(asked.threads) <= answered and set(asked.people) <= whispered | _unheard(slack)


def _report(slack: SlackStandIn, asked: Asked) -> None:
    public = Counter(m.thread for m in finals(slack))
    once, doubled = _tally([public[ts] for ts in asked.threads])
    print(f"{len(asked.threads)} in public: {once} answered exactly once, {doubled} more often")
    told = [m for m in slack.transcript if m.only]
    answers = Counter(m.only for m in told if m.text != LOST)
    again = {m.only for m in told if m.text == LOST}
    once, doubled = _tally([answers[who] for who in asked.people])
    unheard = len(_unheard(slack) - set(answers) - again)
    print(f"{len(asked.people)} to one person: {once} answered exactly once, {doubled} more often,", end=" ")
    print(f"{len(again - set(answers))} asked to ask again, {unheard} not acknowledged")
    print(f"calls answered with 429: {dict(slack.limited) or 0}")


def _tally(counts: Sequence[int]) -> tuple[int, int]:
    """How many were answered once, and how many more often."""
    return sum(count == 1 for count in counts), sum(count > 1 for count in counts)


async def outage(data: str) -> None:
    """A minute of 429 to every call, a minute of sockets that drop, a revoked token."""
    async with scene(data, post_every=0.95) as (slack, serving):
        await serving.ready()
        await _phase(slack, serving, "429 to every call", _limited)
        await _phase(slack, serving, "a socket that drops every 10 s", _dropping)
        await _phase(slack, serving, "503 to every call", _down)
        await _phase(slack, serving, "a revoked token", _revoked)


async def _phase(slack: SlackStandIn, serving: Serving, name: str, happens: Trouble) -> None:
    """A question a second for a minute while something ``happens``; then all must be answered."""
    calls, sockets, log_lines = len(slack.calls), slack.socket.opened, serving.log().count("\n")
    trouble = asyncio.create_task(happens(slack, serving))
    asked: list[str] = []
    began = time.monotonic()
    while time.monotonic() < began + MINUTE:
        number = len(asked)
        asked.append(await slack.say(slack.ask(ASKED[number % 3]), f"C{number % CHANNELS:03}", user=f"U{number}"))
        await asyncio.sleep(max(0.0, began + len(asked) - time.monotonic()))
    seen = await trouble
    over = time.monotonic()
    await slack.until(lambda: set(asked) <= {m.thread for m in finals(slack)}, 300)
    last = time.monotonic() - over
    await slack.settled(5.0)
    counted = Counter(m.thread for m in finals(slack))
    print(f"{name}: {len(asked)} asked, {sum(counted[ts] == 1 for ts in asked)} answered once,", end=" ")
    print(f"the last {last:.0f} s after it was over; {len(slack.calls) - calls} calls,", end=" ")
    print(f"{slack.socket.opened - sockets} sockets, {serving.log().count(chr(10)) - log_lines} log lines,", end=" ")
    print(f"{serving.log().count('Traceback')} tracebacks. {seen}", flush=True)


async def _limited(slack: SlackStandIn, serving: Serving) -> str:
    slack.limiting = time.monotonic() + MINUTE
    await asyncio.sleep(MINUTE)
    return f"{slack.limited.total()} calls answered with 429"


async def _dropping(slack: SlackStandIn, serving: Serving) -> str:
    for _ in range(6):
        await asyncio.sleep(MINUTE / 6)
        await slack.socket.drop()
    return f"{len(slack.socket.lost)} events lost"


async def _down(slack: SlackStandIn, serving: Serving) -> str:
    slack.down = True
    await asyncio.sleep(MINUTE)
    slack.down = False
    return ""


async def _revoked(slack: SlackStandIn, serving: Serving) -> str:
    """The token is revoked while questions are being answered; the page goes on."""
    await asyncio.sleep(5)
    slack.workspace.revoked[slack.workspace.app.bot_token] = "token_revoked"
    await asyncio.sleep(MINUTE / 2)
    health, answers = await serving.health(), await serving.answers()
    slack.workspace.revoked.clear()
    told = [line for line in serving.log().splitlines() if "revoked" in line]
    return f"/healthz said {health}; the page answered with {answers}; in the log {len(told)} ×: {told[0]}"
