"""The pages in a real Chromium: what a reader does, what a screen reader needs, what hostile words can't do.

``python -m tests.e2e.test_browser FOLDER`` writes the pictures of docs/images, of invented content.
"""

from __future__ import annotations

import asyncio
import re
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp.test_utils import TestServer

from tests.browser import Tab, browser
from tests.fake_site import MAIL, QUOTE, site

pytestmark = pytest.mark.e2e

PAGES = {
    "home": "/",
    "answer": "/ask?q=why+bound",
    "weak": "/ask?q=weak",
    "nothing": "/ask?q=nothing",
    "part": f"/part?id={MAIL.id}&q=A+mapping+must+never+outlive+the+binding",
    "series": "/series?q=kettle",
    "no-series": "/series?q=nothing",
    "digests": "/digests",
    "digest": "/digests/2025-W28",
    "sources": "/sources",
    "error": "/nowhere",
}
SHOWN = {"light": ("answer", "part", "series", "sources"), "dark": ("answer", "digest"), "phone": ("home", "series")}
LOOKS = {"light": (1100, False), "dark": (1100, True), "phone": (390, False)}


@asynccontextmanager
async def reading(folder: Path) -> AsyncIterator[tuple[Tab, str]]:
    """A browser, and where the site is."""
    async with TestServer(site()) as server, browser(folder / "profile") as tab:
        yield tab, str(server.make_url("/")).rstrip("/")


@pytest.fixture
async def tab(tmp_path: Path) -> AsyncIterator[tuple[Tab, str]]:
    async with reading(tmp_path) as opened:
        yield opened


async def test_a_reader_asks_follows_a_quote_to_its_place_and_looks_around(tab: tuple[Tab, str]) -> None:
    page, home = tab
    await page.open(home + "/")
    await page.value("document.querySelector('input[name=q]').value = 'why bound?'")
    await page.click("button[type=submit]")
    assert await page.value("document.querySelector('.verdict strong').textContent") == "Answered"
    await page.click(".source .links a")
    assert (await page.value("document.querySelector('#quote').textContent")).startswith("A mapping must never")
    assert await page.value("document.querySelector('#quote').getBoundingClientRect().top < innerHeight")
    await page.click("nav a[href='/series']")
    await page.open(home + "/series?q=kettle")
    assert await page.value("document.querySelectorAll('svg circle').length") == 8
    await page.click("nav a[href='/digests']")
    await page.click(".weeks a")
    assert "7–13 July 2025" in await page.value("document.querySelector('h1').textContent")
    assert await page.value("document.querySelector('.chart img').naturalWidth > 0")
    await page.click("nav a[href='/sources']")
    assert await page.value("document.querySelectorAll('.spark rect').length") == 30


@pytest.mark.parametrize("look", LOOKS)
async def test_axe_finds_nothing_serious_on_any_page(tab: tuple[Tab, str], look: str) -> None:
    page, home = tab
    width, dark = LOOKS[look]
    await page.look(width, dark=dark)
    found = {}
    for name, path in PAGES.items():
        await page.open(home + path)
        found[name] = await page.violations()
    assert {name: said for name, said in found.items() if said} == {}


async def test_every_page_is_small_soon_there_and_asks_nobody_else(tab: tuple[Tab, str]) -> None:
    page, home = tab
    for path in PAGES.values():
        await page.open(home + path)
        assert {url for url in page.asked if not url.startswith((home, "data:"))} == set()
        bytes_ = "performance.getEntries().reduce((sum, e) => sum + (e.encodedBodySize || 0), 0)"
        assert await page.value(bytes_) < 100_000


@pytest.mark.parametrize("path", PAGES.values(), ids=PAGES.keys())
async def test_on_a_phone_no_page_is_wider_than_the_screen(tab: tuple[Tab, str], path: str) -> None:
    page, home = tab
    await page.look(390)
    await page.open(home + path)
    assert await page.value("document.documentElement.scrollWidth") <= 390


async def test_everything_can_be_reached_with_the_keyboard_and_is_seen_there(tab: tuple[Tab, str]) -> None:
    page, home = tab
    await page.open(home + PAGES["answer"])
    for _ in range(3):
        for kind in ("keyDown", "keyUp"):
            await page.call("Input.dispatchKeyEvent", type=kind, key="Tab", code="Tab", windowsVirtualKeyCode=9)
    assert await page.value("document.activeElement.matches('nav a, .brand, .skip')")
    assert await page.value("getComputedStyle(document.activeElement).outlineStyle") == "solid"


async def test_hostile_words_make_no_element_and_nothing_runs(tab: tuple[Tab, str]) -> None:
    page, home = tab
    await page.open(f"{home}/ask?q=attack+%3Cscript%3Ewindow.bad%3D1%3C/script%3E")
    assert await page.value("document.querySelectorAll('script, img[onerror], b').length") == 0
    assert await page.value("window.bad === undefined")
    assert "<script>alert(0)</script>" in await page.value("document.body.textContent")


async def test_dark_is_dark_and_light_is_light(tab: tuple[Tab, str]) -> None:
    page, home = tab
    seen = []
    for dark in (False, True):
        await page.look(1100, dark=dark)
        await page.open(home + "/")
        colour = await page.value("getComputedStyle(document.body).backgroundColor")
        seen.append(sum(map(int, re.findall(r"\d+", colour)[:3])))
    assert seen[0] > 600 > 200 > seen[1]


def test_the_quote_of_the_invented_mail_stands_in_it() -> None:
    assert QUOTE.split()[0] in MAIL.blocks[1].text


async def pictures(folder: Path) -> None:
    """Write a picture of each page in each look."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        async with reading(Path(profile)) as (tab, home):
            for look, (width, dark) in LOOKS.items():
                await tab.look(width, 900 if width > 600 else 800, dark=dark)
                for name in SHOWN[look]:
                    await tab.open(home + PAGES[name])
                    await tab.picture(folder / f"{name}-{look}.png")
                    paint = "performance.getEntriesByType('paint').find(e => e.name == 'first-paint').startTime"
                    size = "performance.getEntries().reduce((sum, e) => sum + (e.encodedBodySize || 0), 0)"
                    told = f"{await tab.value(size)} bytes, first paint after {await tab.value(paint):.0f} ms"
                    sys.stdout.write(f"{name}-{look}: {told}\n")


if __name__ == "__main__":
    asyncio.run(pictures(Path(sys.argv[1])))
