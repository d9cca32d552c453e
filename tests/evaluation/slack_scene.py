"""A workspace of the Slack stand-in with a real ``krab serve`` in it, for measurements."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp

from tests.evaluation.memory import Held, held
from tests.peers import free_port
from tests.slack_standin import Message, SlackStandIn
from tests.slack_standin.workspace import BOT_USER, Channel

CHANNELS = 20
ASKED = ("When did Rust support land in the kernel?", "Who maintains Rust for Linux?", "What is pin-init for?")


class Serving:
    """``krab serve`` as a process of its own."""

    def __init__(self, slack: SlackStandIn, data: Path) -> None:
        self._slack, self._data, port = slack, data, free_port()
        self._page = f"http://127.0.0.1:{port}"
        self.process: asyncio.subprocess.Process | None = None
        data.mkdir(parents=True, exist_ok=True)
        (data / "krab.toml").write_text(
            f'sources = []\n[slack]\napi_url = "{slack.api_url}"\n[web]\nlisten = "127.0.0.1:{port}"\n'
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

    def held(self) -> Held:
        """What it holds."""
        assert self.process
        return held(self.process.pid)

    def log(self) -> str:
        """What it has logged, all its processes."""
        return (self._data.parent / "krab.log").read_text()

    async def health(self) -> str:
        """What /healthz says."""
        async with aiohttp.ClientSession() as session, session.get(f"{self._page}/healthz") as found:
            return (await found.text()).strip()

    async def answers(self) -> int:
        """The status of an answer on the page; 0 when there is no page."""
        try:
            async with (
                aiohttp.ClientSession() as session,
                session.get(f"{self._page}/api/ask", params={"q": ASKED[0]}) as found,
            ):
                return found.status
        except aiohttp.ClientError:
            return 0

    async def ready(self) -> None:
        """Wait until it answers questions."""
        while await self.answers() != 200:
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


def finals(slack: SlackStandIn) -> list[Message]:
    """The final words of krab, without what only holds a place."""
    said = [m for m in slack.transcript if m.user == BOT_USER and not m.only and m.metadata]
    return [m for m in said if m.metadata["event_payload"].get("state") == "final"]
