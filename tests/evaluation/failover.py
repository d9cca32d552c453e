"""Three krabs on one PostgreSQL, and what happens when parts die: ``python -m tests.evaluation.failover``.

Three ``krab serve`` (Slack in Socket Mode, a data directory each) answer questions from the starter notes, asked so
many a second in sum, and read a feed that grows. One after the other: nothing, SIGKILL of a krab, SIGKILL of the
krab that holds the lease on the feed, a restart of PostgreSQL, SIGKILL of PostgreSQL, nothing. Whoever is killed is
started again ten seconds later, as an orchestrator would. In the end every question must have its one answer, the
same as one krab alone gave, and every entry of the feed must have been read once.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import random
import signal
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import psycopg

from bot.answer import WORDS_ALONE
from tests.e2e.test_story import Installation
from tests.milvus_cluster import Cluster, install
from tests.peers import free_port
from tests.postgres import Postgres
from tests.slack_standin import SlackStandIn
from tests.slack_standin.workspace import Channel, Person

QUESTIONS = Path(__file__).with_name("mission.jsonl")
KINDS = 12  # different questions: each has one right answer
AGAIN = 10.0  # seconds until who was killed is started again
CHANNELS = 200  # Slack takes a message a second in each
LATE = 120.0  # seconds after the end in which answers may come


class Roomy(SlackStandIn):
    """A Slack without limits by the minute: what is measured is krab."""

    def _too_fast(self, method: str, arguments: dict[str, Any]) -> int:
        return 0


class Feed:
    """A feed that has one more entry every second; an answer takes a second too.

    It is a private source's, which nobody may be told of: answers to the same question stay the same while it grows.
    """

    def __init__(self) -> None:
        self.began = time.time()
        feed = self

        class Pages(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                time.sleep(1)
                body = feed.body().encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/atom+xml")
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Pages)
        Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/feed"

    @property
    def entries(self) -> int:
        return int(time.time() - self.began)

    def body(self) -> str:
        entry = (
            "<entry><id>urn:pond:{n}</id><title>Leaf {n}</title><updated>2025-07-08T00:00:00Z</updated>"
            '<link href="http://pond.example/{n}"/><content>The pond has a leaf more.</content></entry>'
        )
        every = "".join(entry.format(n=n) for n in range(self.entries))
        return f'<feed xmlns="http://www.w3.org/2005/Atom"><title>Pond</title>{every}</feed>'


@dataclass
class Asked:
    """A question, when it was put, in which phase, and when its answer was there."""

    text: str
    phase: str
    at: float
    thread: str
    answered: float = 0.0


@dataclass
class Scene:
    """Everything that runs."""

    folder: Path
    slack: SlackStandIn
    server: Postgres
    url: str
    feed: Feed
    krabs: list[Installation] = field(default_factory=list)
    running: list[asyncio.subprocess.Process] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    phase: str = "alone"
    cluster: Cluster | None = None  # where vectors are, when not in files

    def installation(self, number: int) -> Installation:
        """Return a krab with a data directory of its own."""
        data, listen = self.folder / str(number) / "data", f"127.0.0.1:{free_port()}"
        data.mkdir(parents=True)
        (data / "krab.toml").write_text(
            f'[store]\nurl = "{self.url}"\n[slack]\napi_url = "{self.slack.api_url}"\n'
            f'[[sources]]\nname = "pond"\nkind = "feed"\nurl = "{self.feed.url}"\nevery = "2s"\n'
            'private = ["slack:NOBODY"]\n[fetch]\nallow_private = ["127.0.0.1"]\n'
            f'[web]\nlisten = "{listen}"\n[limits]\nper_user = 100000\nper_channel = 100000\nwaiting = 100000\n'
        )
        if self.cluster:
            with (data / "krab.toml").open("a") as config:
                config.write(f'[vectors]\nkind = "milvus"\nurl = "{self.cluster.url}"\nreplicas = 2\n')
        app = self.slack.workspace.app
        secrets = {"KRAB_SLACK_BOT_TOKEN": app.bot_token, "KRAB_SLACK_APP_TOKEN": app.app_token}
        return Installation(data, listen, secrets)

    async def start(self, number: int) -> None:
        """Start a krab, and wait until it serves."""
        while len(self.krabs) <= number:
            self.krabs.append(self.installation(len(self.krabs)))
            self.running.append(None)  # type: ignore[arg-type]
        self.running[number] = await self.krabs[number]._start("serve")
        while not await self.krabs[number]._ready():
            await asyncio.sleep(0.1)

    async def kill(self, number: int) -> None:
        """SIGKILL a krab, and start it again after a while."""
        self.running[number].kill()
        await self.running[number].wait()
        await asyncio.sleep(AGAIN)
        await self.start(number)

    async def ask(self, text: str) -> None:
        """Put a question, and note when it is answered."""
        began, number = time.monotonic(), len(self.asked)
        who = f"U{number + 1000}"  # somebody who has not asked before: nothing is a follow-up
        self.slack.workspace.people[who] = Person(who, f"Person {number}")
        thread = await self.slack.say(self.slack.ask(text), f"C{number % CHANNELS + 100}", user=who)
        self.asked.append(Asked(text, self.phase, began, thread))

    async def listen(self) -> None:
        """Note when answers come."""
        open_, seen = dict[str, Asked](), 0
        while True:
            open_ |= {one.thread: one for one in self.asked[seen:]}
            seen = len(self.asked)
            for message in self.slack.by_krab():
                if one := open_.pop(message.thread, None):
                    one.answered = time.monotonic()
            await asyncio.sleep(0.02)

    def holder(self, name: str) -> tuple[int, float]:
        """Return the process that holds a lease, and until when; (0, 0) when nobody does."""
        with suppress(psycopg.Error), psycopg.connect(self.url) as connection:
            sql = "SELECT holder, until FROM krab_state.leases WHERE name = %s"
            row = connection.execute(sql, (name,)).fetchone()
            if row and row[1] > time.time():
                return int(row[0].split(":")[-2]), row[1]
        return 0, 0.0


async def asking(scene: Scene, texts: list[str], rate: float, ended: asyncio.Event) -> None:
    """Ask so many questions a second, at random moments."""
    chance, due = random.Random(3), time.monotonic()
    for text in itertools.cycle(texts):
        due += chance.expovariate(rate)
        await asyncio.sleep(max(due - time.monotonic(), 0))
        if ended.is_set():
            return
        await scene.ask(text)


async def a_krab(scene: Scene) -> None:
    """One is killed: which one does not matter."""
    await scene.kill(0)


async def the_poller(scene: Scene) -> None:
    """The one is killed that reads the feed; how long it takes until another one does."""
    pid = 0
    while not pid:
        pid, _ = await asyncio.to_thread(scene.holder, "poll:pond")
        await asyncio.sleep(0.01)
    number = next(n for n, process in enumerate(scene.running) if process.pid == pid)
    killing, began = asyncio.create_task(scene.kill(number)), time.monotonic()
    while (await asyncio.to_thread(scene.holder, "poll:pond"))[0] in (0, pid):
        await asyncio.sleep(0.05)
    scene.told.append(f"the feed was read by another process {time.monotonic() - began:.1f} s after the kill")
    await killing


async def restart(scene: Scene) -> None:
    """PostgreSQL is stopped, clients are cut off, and started again."""
    await _restart(scene, signal.SIGINT)


async def crash(scene: Scene) -> None:
    """PostgreSQL dies, recovers and goes on."""
    await _restart(scene, signal.SIGQUIT)


async def _restart(scene: Scene, how: signal.Signals) -> None:
    began = time.monotonic()
    await asyncio.to_thread(scene.server.stop, how=how)
    await asyncio.sleep(2)
    await asyncio.to_thread(scene.server.start)
    scene.told.append(f"PostgreSQL was away for {time.monotonic() - began:.1f} s ({how.name})")


async def a_query_node(scene: Scene) -> None:
    """One of the two nodes that search vectors dies, and is started again."""
    if scene.cluster:
        await asyncio.to_thread(scene.cluster.kill_query_node)
        await asyncio.sleep(AGAIN)
        await asyncio.to_thread(scene.cluster.start_query_node)


async def nothing(_: Scene) -> None:
    """A quiet time."""


PHASES: tuple[tuple[str, Callable[[Scene], Coroutine[Any, Any, None]]], ...] = (
    ("before", nothing),
    ("a krab is killed", a_krab),
    ("the poller is killed", the_poller),
    ("PostgreSQL restarts", restart),
    ("PostgreSQL crashes", crash),
    ("a query node is killed", a_query_node),
    ("after", nothing),
)


async def live(scene: Scene, texts: list[str], rate: float, seconds: float) -> dict[str, str]:
    """Go through it all; return the right answers."""
    await scene.start(0)
    listening = asyncio.create_task(scene.listen())
    for text in texts:
        await scene.ask(text)
    await scene.slack.until(lambda: all(one.answered for one in scene.asked), 60)
    right = {one.text: shown(scene, one) for one in scene.asked}
    await asyncio.gather(scene.start(1), scene.start(2))
    ended = asyncio.Event()
    putting = asyncio.create_task(asking(scene, texts, rate, ended))
    for name, happens in PHASES:
        if happens is a_query_node and not scene.cluster:
            continue
        scene.phase = name
        began = time.monotonic()
        await happens(scene)
        await asyncio.sleep(max(seconds - (time.monotonic() - began), 5))
    ended.set()
    await putting
    with suppress(AssertionError):
        await scene.slack.until(lambda: all(one.answered for one in scene.asked), LATE)
    await asyncio.sleep(5)
    listening.cancel()
    return right


def shown(scene: Scene, one: Asked) -> str:
    """What was said to a question."""
    return "\n".join(message.shown for message in scene.slack.by_krab(one.thread))


def report(scene: Scene, right: dict[str, str]) -> dict[str, object]:
    """Count what was lost, doubled, wrong, and said by words alone without the cluster; how long answers took."""
    said = Counter(message.thread for message in scene.slack.by_krab())
    usual = {one.text: said[one.thread] for one in scene.asked if one.phase == "alone"}
    others = [one for one in scene.asked if one.answered and shown(scene, one) != right[one.text]]
    wrong = [one for one in others if WORDS_ALONE not in shown(scene, one)]
    with psycopg.connect(scene.url) as connection:
        room = "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'krab\\_private\\_%'"
        (name,) = connection.execute(room).fetchone() or ("",)
        ids = [id_ for (id_,) in connection.execute(f"SELECT id FROM {name}.parts".encode()).fetchall()]
    return {
        "asked": len(scene.asked),
        "lost": sum(not one.answered for one in scene.asked),
        "doubled": sum(said[one.thread] > usual[one.text] for one in scene.asked),
        "wrong": len(wrong),
        "found by words alone, and said so": len(others) - len(wrong),
        "entries": f"{len(ids)} of {scene.feed.entries} read, {len(ids) - len(set(ids))} twice",
        "took": {name: took(scene, name) for name in dict.fromkeys(one.phase for one in scene.asked)},
        "told": scene.told,
        "not right": [shown(scene, one) for one in wrong][:5],
    }


def took(scene: Scene, phase: str) -> str:
    """How long answers took that were asked for in a phase."""
    seconds = sorted(one.answered - one.at for one in scene.asked if one.phase == phase and one.answered)
    if len(seconds) < 2:
        return "-"
    p50, p95 = statistics.median(seconds), statistics.quantiles(seconds, n=20, method="inclusive")[-1]
    return f"{len(seconds)} answers, p50 {p50:.2f} s, p95 {p95:.2f} s, slowest {seconds[-1]:.1f} s"


async def main() -> None:
    """Run, and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rate", type=float, default=20.0, help="questions a second, in sum")
    parser.add_argument("--seconds", type=float, default=25.0, help="of each phase")
    parser.add_argument("--milvus", action="store_true", help="with vectors on a cluster, whose query node dies too")
    options = parser.parse_args()
    lines = QUESTIONS.read_text(encoding="utf-8").splitlines()
    texts = [json.loads(line)["question"] for line in lines[:KINDS]]
    server = Postgres(durable=True)
    server.start()
    try:
        with tempfile.TemporaryDirectory() as name:
            async with Roomy() as slack:
                slack.socket.spread = True
                for n in range(CHANNELS):
                    slack.workspace.channels[f"C{n + 100}"] = Channel(f"C{n + 100}")
                scene = Scene(Path(name), slack, server, server.create(), Feed())
                try:
                    if options.milvus:
                        scene.cluster = Cluster(install(), Path(name) / "milvus")
                        await asyncio.to_thread(scene.cluster.start)
                    right = await live(scene, texts, options.rate, options.seconds)
                    print(json.dumps(report(scene, right), indent=1))
                    logs = "".join(log.read_text() for krab in scene.krabs for log in krab.logs)
                    errors, lost = logs.count("Traceback"), len(slack.socket.lost)
                    print(f"errors in the logs: {errors}; questions that nobody acknowledged to Slack: {lost}")
                finally:
                    for process in scene.running:
                        if process is not None and process.returncode is None:
                            process.kill()
                    if scene.cluster:
                        scene.cluster.stop()
    finally:
        server.remove()


if __name__ == "__main__":
    asyncio.run(main())
