"""How krab stands up to Slack, measured against the stand-in with a real ``krab serve``.

    python -m tests.evaluation.slack load     300 questions in one second over 20 channels
    python -m tests.evaluation.slack crash    20 × kill -9 under load, restart, Slack's retries replayed
    python -m tests.evaluation.slack fuzz     10,000 generated answers against the rules of Block Kit

``load`` and ``crash`` take ``--data DIR`` (a krab data directory that is copied); otherwise the starter notes answer.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import re
import shutil
import signal
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp

from bot.chat.slack_blocks import blocks, fallback
from bot.model import Answer, Citation, Sentence, Status
from index.model import Kind, Reference
from tests.fakes import NOON
from tests.slack_standin import Message, SlackStandIn
from tests.slack_standin.block_kit import message_blocks_error
from tests.slack_standin.rules import text_error
from tests.slack_standin.workspace import BOT_USER, Channel
from tests.synapse import free_port

CHANNELS, QUESTIONS, KILLS = 20, 300, 20
MOMENTS = 0.8  # seconds in which krab is killed after it was asked: about as long as ten answers take
ASKED = ("When did Rust support land in the kernel?", "Who maintains Rust for Linux?", "What is pin-init for?")


class Serving:
    """``krab serve`` as a process of its own."""

    def __init__(self, slack: SlackStandIn, data: Path) -> None:
        self._slack, self._data, self._port = slack, data, free_port()
        self.process: asyncio.subprocess.Process | None = None
        data.mkdir(parents=True, exist_ok=True)
        (data / "krab.toml").write_text(
            f'sources = []\n[slack]\napi_url = "{slack.api_url}"\n[web]\nlisten = "127.0.0.1:{self._port}"\n'
            "[limits]\nper_user = 0\nper_channel = 0\nwaiting = 2000\n"
        )

    async def start(self) -> None:
        """Start it, and wait until it holds a socket."""
        app = self._slack.workspace.app
        secrets = {"KRAB_SLACK_BOT_TOKEN": app.bot_token, "KRAB_SLACK_APP_TOKEN": app.app_token}
        opened = self._slack.socket.opened
        with (self._data.parent / "krab.log").open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "bot", "--data", str(self._data), "serve"),
                stdout=log,
                stderr=log,
                env={**os.environ, **secrets},
            )
        await self._slack.until(lambda: self._slack.socket.opened > opened, 120)

    async def kill(self, sign: int = signal.SIGKILL) -> None:
        """End it."""
        assert self.process
        self.process.send_signal(sign)
        await self.process.wait()

    def memory(self) -> int:
        """Its resident memory, MiB."""
        assert self.process
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") >> 20

    async def ready(self) -> None:
        """Wait until it answers questions."""
        address = f"http://127.0.0.1:{self._port}/api/ask"
        for _ in range(600):
            try:
                async with aiohttp.ClientSession() as session, session.get(address, params={"q": ASKED[0]}) as found:
                    if found.status == 200:
                        return
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(0.2)


@asynccontextmanager
async def scene(data: str, post_every: float) -> AsyncIterator[tuple[SlackStandIn, Serving]]:
    """A workspace with 20 channels, and krab in it."""
    with tempfile.TemporaryDirectory() as folder:
        own = Path(folder) / "data"
        if data:
            shutil.copytree(data, own)
        async with SlackStandIn(post_every=post_every) as slack:
            for number in range(CHANNELS):
                slack.workspace.channels[f"C{number:03}"] = Channel(f"C{number:03}")
            serving = Serving(slack, own)
            await serving.start()
            try:
                yield slack, serving
            finally:
                if serving.process and serving.process.returncode is None:
                    await serving.kill(signal.SIGTERM)


async def load(data: str) -> None:
    """300 questions in a second."""
    async with scene(data, post_every=0.95) as (slack, serving):
        await serving.ready()
        before, started = serving.memory(), time.time()
        asked = []
        for number in range(QUESTIONS):
            channel, user = f"C{number % CHANNELS:03}", f"U{number:04}"
            asked.append(await slack.say(slack.ask(ASKED[number % len(ASKED)]), channel, user=user))
            await asyncio.sleep(max(0.0, started + (number + 1) / QUESTIONS - time.time()))
        took = time.time() - started
        await slack.until(lambda: len(_finals(slack)) >= QUESTIONS, 180)
        await slack.settled(2.0)
        finals = _finals(slack)
        waits = sorted(float(m.ts) - float(m.thread) for m in finals)
        acks = sorted(slack.socket.seconds)
        counted = Counter(m.thread for m in finals)
        print(f"{QUESTIONS} questions in {took:.2f} s over {CHANNELS} channels, {len(acks)} events")
        print(f"acknowledged: p50 {_at(acks, 0.5):.3f} s, p95 {_at(acks, 0.95):.3f} s, worst {acks[-1]:.3f} s")
        print(f"events lost: {len(slack.socket.lost)}, calls answered with 429: {dict(slack.limited) or 0}")
        print(f"answered once, in the thread: {sum(counted[ts] == 1 for ts in asked)} of {QUESTIONS}")
        print(f"to the answer: p50 {_at(waits, 0.5):.1f} s, p95 {_at(waits, 0.95):.1f} s, worst {waits[-1]:.1f} s")
        print(f"memory: {before} MiB before, {serving.memory()} MiB after")


async def crash(data: str) -> None:
    """kill -9 at random moments."""
    rolling, asked = random.Random(20261124), []
    async with scene(data, post_every=0.0) as (slack, serving):
        for kill in range(KILLS):
            for number in range(10):
                channel = f"C{(kill * 10 + number) % CHANNELS:03}"
                asked.append(await slack.say(slack.ask(ASKED[number % len(ASKED)]), channel, user=f"U{number}"))
            await asyncio.sleep(rolling.uniform(0.0, MOMENTS))
            said = len({m.thread for m in _finals(slack)})
            await serving.kill()
            await serving.start()
            for ts in asked[-20:]:  # Slack delivers again what it saw no acknowledgement of, or thinks so
                message = next(m for m in reversed(slack.transcript) if m.ts == ts)
                for event in slack.workspace.events_for(message):
                    slack.deliver(event)
            threads = set(asked)
            await slack.until(lambda: threads <= {m.thread for m in _finals(slack)}, 120)  # noqa: B023
            print(f"kill {kill + 1}: when {said - 10 * kill} of 10 were answered", flush=True)
        await slack.until(lambda: len({m.thread for m in _finals(slack)}) >= len(asked), 180)
        await slack.settled(3.0)
        counted = Counter(m.thread for m in _finals(slack))
        print(f"{KILLS} kills, {len(asked)} questions: {sum(counted[ts] == 1 for ts in asked)} answered exactly once,")
        doubled, missing = sum(counted[ts] > 1 for ts in asked), sum(counted[ts] == 0 for ts in asked)
        print(f"{doubled} more than once, {missing} not at all; calls answered with 429: {dict(slack.limited) or 0}")


def _finals(slack: SlackStandIn) -> list[Message]:
    """The final words of krab, without what only holds a place."""
    said = [m for m in slack.transcript if m.user == BOT_USER and not m.only and m.metadata]
    return [m for m in said if m.metadata["event_payload"].get("state") == "final"]


def _at(ordered: Sequence[float], share: float) -> float:
    return statistics.quantiles(ordered, n=100, method="inclusive")[round(share * 100) - 1]


BITS = (
    *(
        "<!channel>",
        "<@U123>",
        "<#C1|x>",
        "<!subteam^S1>",
        "@here",
        "@everyone ",
        "<https://evil.example|click>",
        "https://",
    ),
    *(
        "*bold*",
        "_it_",
        "~no~",
        "`code`",
        "```",
        "`",
        "|",
        ">",
        "&lt;",
        "&amp;",
        "\n",
        "\r\n",
        "\t",
        "\x00",
        "\x1b[31m",
    ),
    *(
        "\u202e",
        "\u2066",
        "\u200b",
        "\ufeff",
        "\ud800",
        "🦀",
        "👩‍👩‍👧",
        "مرحبا بالعالم",
        "שלום",
        "漢字かな",
        "e\u0301",
        "x" * 3_000,
    ),
    *(
        "rust_helper_foo()",
        "Box::new",
        "a sentence of words. ",
        "[1]",
        "**md** [x](http://evil.example)",
        "|a|b|\n|-|-|",
    ),
)
SPECIAL = re.compile(r"<[@#!]|@(here|channel|everyone)\b", re.IGNORECASE)
LINK = re.compile(r"<([^<>|]*)\|([^<>|]*)>")


def fuzz(count: int, seed: int = 20261124) -> None:
    """Generated answers against the rules."""
    rolling = random.Random(seed)
    refused, pings, links = 0, 0, 0
    started = time.monotonic()
    for _ in range(count):
        answer = _answer(rolling)
        known = {c.url for c in (*answer.sources, *answer.nearest)}
        known |= {r.url for c in (*answer.sources, *answer.nearest) for r in c.references}
        rich, text = blocks(answer, "C1:1.1", private=rolling.random() < 0.5), fallback(answer)
        refused += message_blocks_error(rich) != ("", []) or text_error(text, None) != ""
        shown = [words for words, kind in _texts(rich) if kind == "mrkdwn"]
        pings += any(SPECIAL.search(LINK.sub(r"\2", words)) for words in [*shown, text]) or "<" in text
        links += any(_plain(m[1]) not in known for words in shown for m in LINK.finditer(words))
    seconds = time.monotonic() - started
    print(f"{count:,} answers in {seconds:.0f} s: {refused} refused, {pings} with a ping, {links} with a foreign link")


def _answer(rolling: random.Random) -> Answer:
    def words(most: int = 8) -> str:
        return "".join(rolling.choice(BITS) for _ in range(rolling.randint(0, most)))

    def cited(n: int) -> Citation:
        url = rolling.choice((f"https://pond.example/{n}", "https://pond.example/a?b=c&d=e", "javascript:alert(1)", ""))
        origins = tuple(Reference(words(3), "https://pond.example/origin") for _ in range(rolling.randint(0, 3)))
        date = rolling.choice((None, NOON))
        return Citation(
            n, words(2), url, words(), words(3), date, words(20), rolling.choice(list(Kind)), words(2), origins
        )

    sources = tuple(cited(n) for n in range(1, rolling.choice((1, 2, 4, 9, 60)) + 1))
    said = tuple(
        Sentence(words(20), tuple(rolling.randint(0, 70) for _ in range(rolling.randint(0, 6))))
        for _ in range(rolling.choice((0, 1, 3, 8, 40)))
    )
    nearest = tuple(cited(n) for n in range(1, 6))
    return Answer(rolling.choice(list(Status)), said, sources, nearest, ("a",), NOON, remark=words(3))


def _texts(value: object) -> list[tuple[str, str]]:
    if isinstance(value, dict):
        own = [(value["text"], str(value.get("type")))] if isinstance(value.get("text"), str) else []
        return own + [found for item in value.values() for found in _texts(item)]
    return [found for item in value for found in _texts(item)] if isinstance(value, list) else []


def _plain(url: str) -> str:
    return url.replace("&amp;", "&")


def main() -> None:
    """Measure what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("load", "crash", "fuzz"))
    parser.add_argument("--data", default="")
    parser.add_argument("--count", type=int, default=10_000)
    told = parser.parse_args()
    if told.what == "fuzz":
        fuzz(told.count)
    else:
        asyncio.run(load(told.data) if told.what == "load" else crash(told.data))


if __name__ == "__main__":
    main()
