"""A real Chromium, driven over its debugging protocol: pages, clicks, colours, widths, pictures, axe.

Scripts that a test evaluates do not count as the page's own: the protocol runs them whatever its policy says.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, ClientWebSocketResponse

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--hide-scrollbars",
    "--remote-debugging-port=0",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)
ABSENT = "Chromium is absent: apt-get install chromium"
SERIOUS = ("serious", "critical")


def chromium() -> str:
    """Return Chromium's path; without one the test skips, or fails in CI."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None and os.environ.get("CI") == "true":
        pytest.fail(ABSENT)
    if found is None:
        pytest.skip(ABSENT)
    return found


class Tab:
    """One tab. ``asked`` are the addresses that it requested."""

    def __init__(self, socket: ClientWebSocketResponse) -> None:
        self._socket = socket
        self._number = 0
        self.asked: list[str] = []

    async def call(self, method: str, **parameters: object) -> dict[str, Any]:
        """Call a method of the protocol; what happens meanwhile is noted."""
        self._number += 1
        await self._socket.send_json({"id": self._number, "method": method, "params": parameters})
        while True:
            told = await self._told()
            if told.get("id") == self._number:
                assert "error" not in told, told
                result: dict[str, Any] = told["result"]
                return result

    async def _told(self) -> dict[str, Any]:
        told: dict[str, Any] = json.loads((await asyncio.wait_for(self._socket.receive(), 60)).data)
        if told.get("method") == "Network.requestWillBeSent":
            self.asked.append(told["params"]["request"]["url"])
        return told

    async def _until(self, event: str) -> None:
        while (await self._told()).get("method") != event:
            pass

    async def open(self, url: str) -> None:
        """Go to a page, and wait until it is loaded."""
        self.asked.clear()
        await self.call("Page.navigate", url=url)
        await self._until("Page.loadEventFired")

    async def click(self, selector: str) -> None:
        """Click on what a selector finds first; when that leads elsewhere, wait for the page."""
        before = await self.value("performance.timeOrigin")
        await self.value(f"document.querySelector({json.dumps(selector)}).click()")
        for _ in range(100):
            if await self.value("performance.timeOrigin") != before:
                break
            await asyncio.sleep(0.05)
        while await self.value("document.readyState") != "complete":
            await asyncio.sleep(0.05)

    async def value(self, script: str) -> Any:
        """Return what a script evaluates to, promises too."""
        for _ in range(50):
            told = await self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
            if "exceptionDetails" not in told:
                return told["result"].get("value")
            await asyncio.sleep(0.05)  # the page is just changing
        raise AssertionError(told["exceptionDetails"])

    async def look(self, width: int, height: int = 900, *, dark: bool = False) -> None:
        """Be so wide, and prefer light or dark."""
        await self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        await self.call("Emulation.setEmulatedMedia", features=[scheme])

    async def picture(self, file: Path) -> None:
        """Write what is to be seen, the whole page, as PNG."""
        told = await self.call("Page.captureScreenshot", format="png", captureBeyondViewport=True)
        file.write_bytes(base64.b64decode(told["data"]))

    async def violations(self) -> list[str]:
        """Return what axe finds serious, a line each."""
        await self.call("Runtime.evaluate", expression=(files("axe_core_python") / "axe.min.js").read_text())
        found = await self.value("axe.run().then(r => r.violations)")
        return [
            f"{one['id']}: {one['help']}: {node['html'][:200]}"
            for one in found
            if one["impact"] in SERIOUS
            for node in one["nodes"]
        ]


@asynccontextmanager
async def browser(profile: Path) -> AsyncIterator[Tab]:
    """A browser with one tab, for the length of a ``with``."""
    command = (chromium(), *FLAGS, f"--user-data-dir={profile}", "about:blank")
    quiet = asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(*command, stdout=quiet, stderr=quiet)
    try:
        port = await _port(profile / "DevToolsActivePort")
        async with ClientSession() as session, session.ws_connect(await _address(session, port), max_msg_size=0) as ws:
            tab = Tab(ws)
            for domain in ("Page", "Runtime", "Network"):
                await tab.call(f"{domain}.enable")
            yield tab
    finally:
        process.kill()
        await process.wait()


async def _port(file: Path) -> int:
    for _ in range(600):
        if file.exists() and (lines := file.read_text().split()):
            return int(lines[0])
        await asyncio.sleep(0.05)
    raise AssertionError("Chromium did not start")


async def _address(session: ClientSession, port: int) -> str:
    async with session.get(f"http://127.0.0.1:{port}/json/list") as response:
        pages = [target for target in await response.json() if target["type"] == "page"]
    return str(pages[0]["webSocketDebuggerUrl"])
