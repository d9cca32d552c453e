"""What the web page promises to its readers, and to whoever runs it."""

from __future__ import annotations

import asyncio
import json
import re
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestClient, TestServer, unused_port
from hypothesis import given
from hypothesis import strategies as st

from bot.answer_json import to_json
from bot.model import Answer, Question
from bot.web import Limits, StatusView, serve
from bot.web_ask import BadQuestion, question, question_from_json
from bot.web_guard import host_name
from bot.weblink import weblink
from tests.fake_site import ANSWERED, HOSTILE, MAIL, NOT_FOUND, QUOTE, site

Client = TestClient[web.Request, web.Application]
Start = Callable[[web.Application], Awaitable[Client]]
CSS = Path(__file__).parents[1] / "bot" / "static" / "krab.css"


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    async with AsyncExitStack() as stack:

        async def started(app: web.Application) -> Client:
            return await stack.enter_async_context(TestClient(TestServer(app)))

        yield started


@pytest.fixture
async def client(start: Start) -> Client:
    return await start(site())


async def text(client: Client, path: str, **query: str) -> str:
    response = await client.get(path, params=query)
    assert response.status == 200
    return await response.text()


class TestPages:
    async def test_the_first_page_has_a_labelled_question_box_examples_and_what_was_read(self, client: Client) -> None:
        body = await text(client, "/")
        assert re.search(r"<label>Your question\s*<input[^>]*name=\"q\"[^>]*required", body)
        assert body.count('href="/ask?q=') >= 4
        assert "49,474" in body
        assert "rust-for-linux" in body

    async def test_an_answer_has_its_citations_behind_each_sentence(self, client: Client) -> None:
        body = await text(client, "/ask", q="why bound?")
        assert re.search(r'bound device\.<a class="cite" href="#s1"[^>]*>\[1\]</a><a class="cite" href="#s2"', body)

    async def test_a_source_shows_its_quote_its_note_and_links_to_the_original_and_to_the_copy(
        self, client: Client
    ) -> None:
        body = await text(client, "/ask", q="why bound?")
        assert QUOTE in body
        assert "superseded by v4" in body
        assert (
            'href="https://lists.example.org/teapot/teapot-3@example.org/" rel="noopener noreferrer nofollow"' in body
        )
        assert 'href="/part?id=teapot-3%40example.org&amp;q=A+mapping' in body

    async def test_a_note_names_what_it_rests_on(self, client: Client) -> None:
        assert "The driver model, chapter 4</a>" in await text(client, "/ask", q="why bound?")

    @pytest.mark.parametrize(
        ("asked", "label"),
        [
            ("bound", "Answered"),
            ("weak", "Weak evidence"),
            ("nothing", "Not in my sources"),
            ("gardening", "Outside my subject"),
        ],
    )
    async def test_each_status_says_what_it_is(self, client: Client, asked: str, label: str) -> None:
        assert f"<strong>{label}</strong>" in await text(client, "/ask", q=asked)

    async def test_a_refusal_gives_its_reason_and_the_nearest(self, client: Client) -> None:
        body = await text(client, "/ask", q="nothing")
        assert NOT_FOUND.remark in body
        assert "Nearest in what I have read" in body
        assert "Bound to boil" in body

    async def test_a_follow_up_carries_the_questions_before_it_and_the_day(self, start: Start) -> None:
        asked: list[Question] = []
        client = await start(site(_noting(asked)))
        query = [("q", "and v4?"), ("earlier", "is it merged?"), ("as_of", "2025-07-08")]
        body = await (await client.get("/ask", params=query)).text()
        assert asked == [Question("and v4?", ("is it merged?",), datetime(2025, 7, 8, 23, 59, 59, 999999, tzinfo=UTC))]
        assert 'name="earlier" value="is it merged?"' in body
        assert 'name="earlier" value="and v4?"' in body

    async def test_a_message_is_shown_as_it_was_read_with_the_quote_marked(self, client: Client) -> None:
        body = await text(client, "/part", id=MAIL.id, q=QUOTE)
        assert '<mark id="quote">A mapping must never outlive the binding,\nso the allocator' in body
        assert "In reply to: [PATCH v3 2/5]" in body
        assert re.search(r'<details class="fold quoted">\s*<summary>Quoted', body)
        assert re.search(r'<details class="fold diff">\s*<summary>The patch', body)

    async def test_a_quote_that_is_gone_is_said_to_be_gone(self, client: Client) -> None:
        assert "are not in the copy I have now" in await text(client, "/part", id=MAIL.id, q="no such words")

    async def test_the_sources_page_tells_how_each_source_is_doing(self, client: Client) -> None:
        body = await text(client, "/sources")
        assert '<span class="state bad">stalled</span>' in body
        assert "503 from blog.example.org" in body
        assert "2025-07-08 14:03" in body

    async def test_every_page_is_small(self, client: Client) -> None:
        pages = [await text(client, "/"), await text(client, "/ask", q="x"), await text(client, "/static/krab.css")]
        assert sum(map(len, pages)) < 100_000
        assert len(pages[-1]) < 12_000


class TestHealth:
    async def test_alive_says_so_always(self, start: Start) -> None:
        client = await start(site(status=StatusView(0, 0, 0, None, "", "0.1.0", ready=False)))
        response = await client.get("/healthz")
        assert (response.status, await response.json()) == (200, {"alive": True})

    async def test_ready_says_yes_when_the_index_is(self, client: Client) -> None:
        response = await client.get("/readyz")
        assert (response.status, await response.json()) == (200, {"ready": True, "why": ""})

    async def test_ready_says_no_and_why(self, start: Start) -> None:
        client = await start(site(status=StatusView(0, 0, 0, None, "", "0.1.0", ready=False, why="reindexing")))
        response = await client.get("/readyz")
        assert (response.status, await response.json()) == (503, {"ready": False, "why": "reindexing"})

    async def test_probes_are_answered_by_address(self, client: Client) -> None:
        assert (await client.get("/healthz", headers={"Host": "10.1.2.3:8080"})).status == 200


class TestApi:
    KEYS = ("status", "text", "sentences", "sources", "retrieved", "as_of", "took_ms")

    async def test_get_returns_the_answer_as_the_command_line_prints_it(self, client: Client) -> None:
        body = await (await client.get("/api/ask", params={"q": "bound"})).json()
        assert body == json.loads(json.dumps(to_json(ANSWERED)))
        assert set(self.KEYS) < set(body)

    async def test_post_takes_a_conversation(self, start: Start) -> None:
        asked: list[Question] = []
        client = await start(site(_noting(asked)))
        sent = {"question": "and v4?", "earlier": ["is it merged?"], "as_of": None}
        assert (await client.post("/api/ask", json=sent)).status == 200
        assert asked == [Question("and v4?", ("is it merged?",))]

    @pytest.mark.parametrize(
        "body",
        [
            *(b"", b"nonsense", b"[]", b'{"question": 3}', b"[" * 9999, b"\xff"),
            *(b'{"question": "x", "earlier": "y"}', b'{"question": "x", "earlier": [1]}'),
            *(b'{"question": "x", "as_of": "soon"}', b'{"question": "x", "as_of": 5}'),
        ],
    )
    async def test_a_body_that_is_no_question_is_answered_with_400(self, client: Client, body: bytes) -> None:
        response = await client.post("/api/ask", data=body, headers={"Content-Type": "application/json"})
        assert response.status == 400
        assert (await response.json())["error"]

    async def test_a_form_of_another_site_is_not_taken(self, client: Client) -> None:
        assert (await client.post("/api/ask", data={"question": "x"})).status == 415

    async def test_a_body_without_end_is_cut_off(self, client: Client) -> None:
        response = await client.post("/api/ask", json={"question": "x" * 100_000})
        assert response.status == 413

    def test_a_day_is_a_day_or_null(self) -> None:
        body = json.loads(json.dumps(to_json(ANSWERED)))
        assert [s["date"] for s in body["sources"]] == ["2025-07-08", "2025-07-08", None]
        assert body["as_of"] == "2025-07-08"
        assert body["sources"][0]["note"] == "superseded by v4"
        assert body["sources"][1]["note"] is None
        assert body["took_ms"] == 12

    def test_a_refusal_is_json_too(self) -> None:
        body = json.loads(json.dumps(to_json(NOT_FOUND)))
        assert body["status"] == "not_found"
        assert body["text"] == NOT_FOUND.remark
        assert body["sentences"] == []
        assert len(body["nearest"]) == 2


class TestHostileWords:
    @pytest.mark.parametrize("path", ["/ask?q=attack", "/part?id=evil@example.org", "/ask?q=<script>alert(9)</script>"])
    async def test_nothing_from_a_source_or_a_question_becomes_markup(self, client: Client, path: str) -> None:
        body = await text(client, path)
        assert "<script" not in body
        assert "<img src=x" not in body
        assert "<b>" not in body

    async def test_only_http_addresses_become_links(self, client: Client) -> None:
        body = await text(client, "/part", id=HOSTILE.id) + await text(client, "/ask", q="attack")
        assert 'href="javascript:' not in body
        assert 'href="data:' not in body

    async def test_control_and_direction_characters_are_not_shown(self, client: Client) -> None:
        body = await text(client, "/part", id=HOSTILE.id)
        assert " backwards" in body

    @pytest.mark.parametrize(
        "url",
        [
            "javascript:alert(1)",
            "data:text/html,x",
            "//example.org",
            "https://",
            "ftp://example.org",
            "http://[::1",
            "https://bank.example@evil.example/",
            "https://example.org/a b",
            "",
            "note:x",
            "https://example.org/\n",
        ],
    )
    def test_a_bad_address_is_no_link(self, url: str) -> None:
        assert weblink(url) == ""

    @given(st.text())
    def test_asking_never_fails_but_with_advice(self, words: str) -> None:
        with suppress(BadQuestion):
            assert question(words).text

    @given(st.recursive(st.none() | st.booleans() | st.text(), lambda c: st.dictionaries(st.text(), c) | st.lists(c)))
    def test_no_json_breaks_the_reading_of_a_question(self, body: object) -> None:
        with pytest.raises(BadQuestion):
            question_from_json({"question": None, "earlier": body})

    def test_control_characters_are_stripped_and_space_folded(self) -> None:
        assert question("  why\x00\x1b[2J  \n bound? \ud800").text == "why [2J bound?"


class TestLimits:
    async def test_a_question_of_2000_characters_is_taken_in_any_script(self, start: Start) -> None:
        asked: list[Question] = []
        port = unused_port()
        task = asyncio.create_task(serve(site(_noting(asked)), f"127.0.0.1:{port}"))
        async with ClientSession() as session:
            await _up(session, port)
            async with session.get(f"http://127.0.0.1:{port}/ask", params={"q": "ж" * 2000}) as response:
                assert response.status == 200
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert asked == [Question("ж" * 2000)]

    async def test_a_longer_one_is_refused_kindly(self, client: Client) -> None:
        response = await client.get("/ask", params={"q": "x" * 2001})
        assert response.status == 400
        assert "2,000 characters at most" in await response.text()

    async def test_an_empty_one_is_refused_kindly(self, client: Client) -> None:
        response = await client.get("/ask")
        assert response.status == 400
        assert "Please type a question" in await response.text()

    async def test_when_too_many_ask_the_next_is_told_to_come_again(self, start: Start) -> None:
        gate = threading.Event()
        client = await start(site(_after(gate), limits=Limits(at_once=1, waiting=1)))
        first = [asyncio.create_task(client.get("/ask?q=x")) for _ in range(2)]
        await asyncio.sleep(0.2)
        refused = await client.get("/ask?q=x")
        gate.set()
        assert (refused.status, refused.headers["Retry-After"]) == (503, "5")
        assert [r.status for r in await asyncio.gather(*first)] == [200, 200]
        assert (await client.get("/ask?q=x")).status == 200

    async def test_an_answer_that_takes_too_long_is_not_waited_for(self, start: Start) -> None:
        gate = threading.Event()
        client = await start(site(_after(gate), limits=Limits(seconds=0.05)))
        response = await client.get("/api/ask?q=x")
        gate.set()
        assert (response.status, response.headers["Retry-After"]) == (503, "10")
        assert "try again" in (await response.text()).lower()

    async def test_work_that_was_given_up_keeps_its_worker_until_it_ends(self, start: Start) -> None:
        gate = threading.Event()
        client = await start(site(_after(gate), limits=Limits(at_once=1, waiting=0, seconds=0.05)))
        statuses = [(await client.get("/ask?q=x")).headers["Retry-After"] for _ in range(2)]
        gate.set()
        assert statuses == ["10", "5"]

    async def test_the_page_lives_while_an_answer_is_worked_on(self, start: Start) -> None:
        gate = threading.Event()
        client = await start(site(_after(gate)))
        waiting = asyncio.create_task(client.get("/ask?q=x"))
        assert (await client.get("/healthz")).status == 200
        gate.set()
        assert (await waiting).status == 200


class TestGuard:
    @pytest.mark.parametrize("path", ["/", "/ask?q=x", "/part?id=none", "/static/krab.css", "/api/ask", "/nowhere"])
    async def test_every_response_carries_the_headers(self, client: Client, path: str) -> None:
        headers = (await client.get(path)).headers
        assert headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'self'; img-src 'self'")
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["Server"] == "krab"
        assert "Set-Cookie" not in headers

    @pytest.mark.parametrize("path", ["/", "/ask?q=x", "/api/ask?q=x", "/static/krab.css", "/nowhere"])
    async def test_a_foreign_host_name_is_not_answered(self, client: Client, path: str) -> None:
        response = await client.get(path, headers={"Host": "rebound.evil.example"})
        assert response.status == 421
        assert "kettle" not in await response.text()

    @pytest.mark.parametrize(
        "host", ["localhost", "LOCALHOST:8080", "127.0.0.1:1", "[::1]:8080", "krab.lan", "10.0.0.5"]
    )
    async def test_our_own_names_are_answered(self, start: Start, host: str) -> None:
        client = await start(site(allowed_hosts=("10.0.0.5:8080", "krab.lan")))
        assert (await client.get("/", headers={"Host": host})).status == 200

    @pytest.mark.parametrize(
        ("netloc", "name"),
        [("a.example:80", "a.example"), ("[::1]:80", "::1"), ("[::1]", "::1"), ("::1", "::1"), ("", ""), ("A", "a")],
    )
    def test_a_host_is_read_without_its_port(self, netloc: str, name: str) -> None:
        assert host_name(netloc) == name

    @pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
    async def test_other_methods_are_not_taken(self, client: Client, method: str) -> None:
        response = await client.request(method, "/ask?q=x")
        assert response.status == 405
        assert "GET" in response.headers["Allow"]

    async def test_head_is(self, client: Client) -> None:
        assert (await client.head("/ask?q=x")).status == 200

    @pytest.mark.parametrize("path", ["/nowhere", "/part", "/part?id=unknown", "/static/../web.py", "/static/none"])
    async def test_what_is_not_there_is_a_friendly_404(self, client: Client, path: str) -> None:
        response = await client.get(path)
        assert response.status == 404
        assert "Nothing here" in await response.text()

    @pytest.mark.parametrize("path", ["/ask?q=x", "/api/ask?q=x"])
    async def test_a_bug_shows_no_trace(self, start: Start, path: str, caplog: pytest.LogCaptureFixture) -> None:
        client = await start(site(_broken))
        response = await client.get(path)
        assert response.status == 500
        assert "secret detail" not in await response.text()
        assert "secret detail" in caplog.text

    async def test_nothing_is_loaded_from_elsewhere_and_nothing_runs(self, client: Client) -> None:
        body = await text(client, "/") + await text(client, "/ask", q="x") + await text(client, "/sources")
        assert not re.search(r'(?:src|action)="(?!/)|<link[^>]*href="(?!/)|<script|<style|\son\w+=|style="', body)


class TestLooks:
    @pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
    @pytest.mark.parametrize(
        ("ink", "ground"),
        [(ink, ground) for ink in ("ink", "soft", "rust", "good", "warn", "bad") for ground in ("paper", "card")]
        + [("on-rust", "rust"), ("ink", "mark"), ("rust", "tint"), ("ink", "tint")],
    )
    def test_words_stand_out_from_their_ground(self, scheme: int, ink: str, ground: str) -> None:
        rules = re.findall(r":root {(.*?)}", CSS.read_text(), re.DOTALL)
        palette = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{3,6});", rules[scheme]))
        assert _contrast(palette[ink], palette[ground]) >= 4.5


def _after(gate: threading.Event) -> Callable[[Question], Answer]:
    def ask(_question: Question) -> Answer:
        gate.wait(10)
        return ANSWERED

    return ask


def _noting(asked: list[Question]) -> Callable[[Question], Answer]:
    def ask(question: Question) -> Answer:
        asked.append(question)
        return ANSWERED

    return ask


def _broken(_question: Question) -> Answer:
    raise RuntimeError("secret detail")


async def _up(session: ClientSession, port: int) -> None:
    for _ in range(100):
        try:
            async with session.get(f"http://127.0.0.1:{port}/healthz"):
                return
        except OSError:
            await asyncio.sleep(0.02)


def _contrast(one: str, other: str) -> float:
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(c * 2 for c in colour[1:])
    red, green, blue = (_linear(int(digits[i : i + 2], 16) / 255) for i in (0, 2, 4))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(value: float) -> float:
    return value / 12.92 if value <= 0.03928 else float(((value + 0.055) / 1.055) ** 2.4)
