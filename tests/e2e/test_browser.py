"""The page in a real Chromium: it renders, it looks like something, and hostile words do nothing."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import struct
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from aiohttp.test_utils import TestServer

from tests.fake_site import QUOTE, site

pytestmark = pytest.mark.e2e

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
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)
ABSENT = "Chromium is absent: apt-get install chromium"
Browse = Callable[..., Awaitable[bytes]]


@pytest.fixture
async def browse(tmp_path: Path) -> AsyncIterator[Browse]:
    """Open a path of the page with further flags; returns what the browser prints."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        if os.environ.get("CI") == "true":
            pytest.fail(ABSENT)
        pytest.skip(ABSENT)
    async with TestServer(site()) as server:

        async def browsed(path: str, *flags: str) -> bytes:
            command = (*FLAGS, f"--user-data-dir={tmp_path / 'profile'}", *flags, str(server.make_url("/")) + path)
            browser = await asyncio.create_subprocess_exec(
                chromium, *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
            )
            try:
                return (await asyncio.wait_for(browser.communicate(), 60))[0]
            finally:
                if browser.returncode is None:
                    browser.kill()
                    await browser.wait()

        yield browsed


async def test_an_answer_is_rendered_with_its_citations(browse: Browse) -> None:
    dom = (await browse("ask?q=why+bound", "--dump-dom")).decode()
    assert 'href="#s1"' in dom
    assert QUOTE in dom
    assert "superseded by v4" in dom


async def test_hostile_words_make_no_element(browse: Browse) -> None:
    dom = (await browse("ask?q=attack+%3Cscript%3E", "--dump-dom")).decode()
    assert "&lt;script&gt;alert(0)&lt;/script&gt;" in dom
    assert not re.search(r"<script|<img[^>]*onerror", dom)


@pytest.mark.parametrize("size", ["1100,1200", "390,1200"], ids=["desktop", "phone"])
async def test_the_page_looks_like_something(browse: Browse, tmp_path: Path, size: str) -> None:
    picture = tmp_path / "page.png"
    await browse("ask?q=why+bound", f"--window-size={size}", f"--screenshot={picture}")
    width, height, pixels = _png(picture.read_bytes())
    assert (width, height) == tuple(map(int, size.split(",")))
    assert len(set(pixels)) > 100


async def test_dark_is_dark_and_light_is_light(browse: Browse, tmp_path: Path) -> None:
    light, dark = tmp_path / "light.png", tmp_path / "dark.png"
    await browse("", "--blink-settings=preferredColorScheme=1", f"--screenshot={light}")
    await browse("", "--blink-settings=preferredColorScheme=0", f"--screenshot={dark}")
    assert light.read_bytes() != dark.read_bytes()


def _png(data: bytes) -> tuple[int, int, bytes]:
    # Enough of PNG to see that something was drawn: the size, and the filtered rows.
    width, height = struct.unpack(">II", data[16:24])
    rows, at = b"", 8
    while at < len(data):
        (length,) = struct.unpack(">I", data[at : at + 4])
        if data[at + 4 : at + 8] == b"IDAT":
            rows += data[at + 8 : at + 8 + length]
        at += length + 12
    return width, height, zlib.decompress(rows)
