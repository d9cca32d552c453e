"""A day in minutes: ``python -m tests.evaluation.soak --minutes 20``.

A krab process between a real Synapse, the Slack stand-in and a real public-inbox: mails arrive and are read, people
ask in both chats and on the page, connections are cut. Its memory, open files and threads are noted every few seconds,
and every question must have got its one answer.

An index that takes in mail grows, and so may its process. So mail arrives in the first part of the day only
(``--writing``, a share): from then on memory must be flat, and before that it may grow by what was read.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import random
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp

from tests.e2e.test_story import Installation
from tests.evaluation.memory import Held, held, kinds
from tests.matrix_person import Person
from tests.peers import free_port
from tests.public_inbox import PublicInbox, mail, public_inbox
from tests.slack_standin import SlackStandIn
from tests.synapse import Account, Synapse, install

NAMES = ("own", "resident", "files", "threads")
QUESTIONS = (
    "how long is the shell of a crab soft?",
    "when does the shell harden?",
    "what about crab 7?",
    "who is Ferris?",
)
WORDS = "frog pond lily leaf reed heron newt algae mud stone rain sun jump swim croak sleep wait hunt hide grow".split()


@dataclass
class Day:
    """What happened: how many of each, and what the process held, with how many mails had arrived by then."""

    asked: dict[str, int] = field(default_factory=dict)
    mails: int = 0
    cuts: int = 0
    samples: list[tuple[int, Held]] = field(default_factory=list)
    kinds: list[Counter[str]] = field(default_factory=list)

    def count(self, where: str) -> int:
        self.asked[where] = self.asked.get(where, 0) + 1
        return self.asked[where]


async def every(seconds: float, do: Callable[[], Awaitable[None]]) -> None:
    """Do something again and again; the gaps vary by half."""
    while True:
        await asyncio.sleep(seconds * random.uniform(0.5, 1.5))
        await do()


@dataclass(frozen=True, slots=True)
class Plan:
    """How long the day is, in minutes, and for which share of it mail arrives."""

    minutes: float
    writing: float


async def soak(plan: Plan, folder: Path, slack: SlackStandIn, synapse: Synapse, inbox: PublicInbox) -> Day:
    """Live through the day; a connection to Slack is cut about every 45 seconds."""
    bot, ann = synapse.account("krab"), Person(synapse, synapse.account("ann"))
    krab = installation(folder, slack, synapse, bot, inbox)
    day, numbers = Day(), itertools.count()
    async with krab.serving() as process:
        room = await ann.room(bot.user)
        await ann.until_joined(room)
        began = time.monotonic()

        async def write() -> None:
            if time.monotonic() - began > 60 * plan.minutes * plan.writing:
                return
            fresh = [mail(next(numbers), time.time()) for _ in range(random.randrange(1, 6))]
            await asyncio.to_thread(inbox.deliver, fresh)
            day.mails += len(fresh)

        async def in_slack() -> None:
            day.count("slack")
            await slack.say(slack.ask(f"{random.choice(QUESTIONS)} {' '.join(random.choices(WORDS, k=3))}"))

        async def in_matrix() -> None:
            day.count("matrix")
            await ann.say(room, random.choice(QUESTIONS))

        async def on_page() -> None:
            day.count("web")
            path = random.choice(("/ask?q=knob", "/series?q=frobnicator", "/sources", "/digests", "/metrics"))
            async with aiohttp.ClientSession() as session, session.get(f"http://{krab.listen}{path}") as response:
                assert response.status == 200, (path, response.status)

        async def cut() -> None:
            day.cuts += 1
            await slack.socket.drop()

        async def look() -> None:
            day.samples.append((day.mails, held(process.pid)))
            day.kinds.append(kinds(process.pid))

        work = ((2, write), (1.5, in_slack), (1.5, in_matrix), (1, on_page), (45, cut), (5, look))
        tasks = [asyncio.create_task(every(seconds, do)) for seconds, do in work]
        done, _ = await asyncio.wait(tasks, timeout=60 * plan.minutes, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()
        for task in done:
            task.result()
        await asyncio.sleep(30)
        day.asked["answered in slack"] = len({message.thread for message in slack.by_krab()})
        day.asked["answered in matrix"] = len(await ann.answers(room))
        process.terminate()
        print(f"ended with {await process.wait()}; errors in the log: {krab.log.count('Traceback')}")
        for error in krab.log.split("Traceback")[1:]:
            print(error[:2_000])
    await ann.client.close()
    return day


def installation(folder: Path, slack: SlackStandIn, synapse: Synapse, bot: Account, inbox: PublicInbox) -> Installation:
    """Return a krab that is configured for all of them."""
    data, listen = folder / "data", f"127.0.0.1:{free_port()}"
    data.mkdir()
    (data / "krab.toml").write_text(
        f'[[sources]]\nname = "pond"\nkind = "lore"\nurl = "{inbox.url}#http"\nevery = "5s"\n'
        f'[fetch]\nallow_private = ["127.0.0.1"]\n[slack]\napi_url = "{slack.api_url}"\n'
        f'[matrix]\nhomeserver = "{synapse.url}"\nuser = "{bot.user}"\n[web]\nlisten = "{listen}"\n'
        "[limits]\nper_user = 100000\nper_channel = 100000\n"
    )
    app = slack.workspace.app
    secrets = {
        "KRAB_SLACK_BOT_TOKEN": app.bot_token,
        "KRAB_SLACK_APP_TOKEN": app.app_token,
        "KRAB_MATRIX_PASSWORD": bot.password,
    }
    return Installation(data, listen, secrets)


def report(day: Day) -> None:
    """Compare the beginning of the time in which no mail came with its end."""
    print(f"{day.asked}, {day.mails} mails, {day.cuts} connections cut")
    first, quiet = day.samples[0][1], [told for mails, told in day.samples if mails == day.mails]
    part = max(len(quiet) // 4, 1)
    early, late = quiet[part : 2 * part], quiet[-part:]
    for name in NAMES:
        a, b = (statistics.median(getattr(told, name) for told in some) for some in (early, late))
        change = f"all mail read {a:>9.0f}, end {b:>9.0f} ({b / a - 1:+.1%})"
        print(f"{name:<9} at first {getattr(first, name):>9}, {change}")
    print(f"more open files of: {dict(day.kinds[-1] - day.kinds[len(day.kinds) // 2])}")


async def main() -> None:
    """Run, and say what came of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--writing", type=float, default=0.4)
    options = parser.parse_args()
    plan = Plan(options.minutes, options.writing)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        synapse = Synapse(install(), folder)
        synapse.start()
        try:
            with public_inbox(folder / "inbox") as inbox:
                async with SlackStandIn() as slack:
                    report(await soak(plan, folder, slack, synapse, inbox))
        finally:
            synapse.stop()


if __name__ == "__main__":
    asyncio.run(main())
