"""``python -m tests.slack_pictures FOLDER`` draws docs/images/slack-*.png: the stand-in's page in Chromium."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import web
from aiohttp.test_utils import TestServer
from PIL import Image

from tests.browser import Tab, browser
from tests.slack_pond import NOBODY_KNOWS, WHY, pond
from tests.slack_standin import SlackStandIn
from tests.slack_standin.page import mount

WIDTH, COLOURS = 850, 128
ASKED = (("C1", WHY), ("C2", NOBODY_KNOWS), ("C2", "Did Bo Reed refuse the Rust heron driver?"))
TYPED = ("subscribe mine friday 17:00", "watch pinned leaves")


@asynccontextmanager
async def workspace(folder: Path) -> AsyncIterator[tuple[SlackStandIn, Tab, str]]:
    """A workspace with krab in it, a browser, and where its page is."""
    async with SlackStandIn() as slack, pond(slack, folder / "data"):
        app = web.Application()
        mount(app, slack)
        async with TestServer(app) as server, browser(folder / "profile") as tab:
            yield slack, tab, str(server.make_url("/"))


async def live(slack: SlackStandIn) -> None:
    """What happens in the workspace before it is looked at: an answer, a refusal, a digest, things of Ann's."""
    for channel, question in ASKED:
        asked = await slack.say(slack.ask(question), channel)
        await slack.until(lambda asked=asked: slack.by_krab(asked), 30)  # type: ignore[misc]
    for told in TYPED:
        before = len(slack.whispered())
        slack.hands.command(told, "D1")
        await slack.until(lambda before=before: len(slack.whispered()) > before, 30)  # type: ignore[misc]
    slack.hands.command("digest 2025-W29", "G1")
    await slack.until(lambda: [m for m in slack.whispered() if m.channel == "G1"], 30)


async def pictures(folder: Path) -> None:
    """Write them."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as own:
        async with workspace(Path(own)) as (slack, tab, home):
            await live(slack)
            for name, where in (("answer", "C1"), ("refusal", "C2"), ("digest", "G1"), ("home", "home")):
                await tab.look(WIDTH, 400)
                await tab.open(f"{home}?in={where}&as=UANN")
                await tab.look(WIDTH, int(await tab.value("document.querySelector('main').scrollHeight")))
                file = folder / f"slack-{name}.png"
                await tab.picture(file)
                with Image.open(file) as drawn:
                    drawn.quantize(COLOURS).save(file, optimize=True)


if __name__ == "__main__":
    asyncio.run(pictures(Path(sys.argv[1])))
