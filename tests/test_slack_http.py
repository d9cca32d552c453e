"""Slack's requests over HTTP: believed after their signature was checked, and never answered with 500."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from urllib.parse import urlencode

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from hypothesis import given
from hypothesis import strategies as st

from bot.chat import Incoming, Reply
from bot.chat.slack import Slack
from bot.chat.slack_request import readable, signed
from tests.slack_app import krab_over_http, settings
from tests.slack_standin import SlackStandIn
from tests.slack_standin.delivery import HttpDelivery, signature

EVENT = json.dumps({"type": "event_callback", "event": {"type": "team_join"}}).encode()


@pytest.fixture
async def slack() -> AsyncIterator[SlackStandIn]:
    async with SlackStandIn() as standin:
        yield standin


@pytest.fixture
async def door(slack: SlackStandIn) -> AsyncIterator[HttpDelivery]:
    async with krab_over_http(slack) as delivery:
        yield delivery


async def test_a_signed_event_is_answered_once(slack: SlackStandIn, door: HttpDelivery) -> None:
    asked = await slack.say(slack.ask("who holds the leaf?"), times=2)
    await slack.until(lambda: slack.by_krab(asked))
    await slack.settled()
    assert len(slack.by_krab()) == 1
    assert set(door.statuses) == {200}


async def test_a_message_is_handed_on_before_slack_is_told_that_it_was_taken(slack: SlackStandIn) -> None:
    """Slack forgets what was acknowledged: whoever is killed between the two would have lost it."""
    heard: list[str] = []
    known: list[list[str]] = []
    chat = Slack(settings(slack, "http"))

    async def hear(incoming: Incoming, _: Reply) -> None:
        heard.append(incoming.text)

    async def take(request: web.Request) -> web.Response:
        response = await chat.webhook(request)
        known.append(list(heard))
        return response

    app = web.Application()
    app.router.add_post("/", take)
    running = asyncio.create_task(chat.run(hear))
    async with TestServer(app) as server:
        await slack.until(lambda: slack.calls)
        await asyncio.sleep(0.05)
        slack.http = HttpDelivery(str(server.make_url("/")), slack.workspace.app.signing_secret)
        await slack.say(slack.ask("who holds the leaf?"))
        await slack.until(lambda: known)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert known[0] == ["who holds the leaf?"]


async def test_the_request_url_is_verified_with_its_challenge(door: HttpDelivery) -> None:
    assert await door.send(json.dumps({"type": "url_verification", "challenge": "c"}).encode()) == 200


@pytest.mark.parametrize("forged", ["v0=" + "0" * 64, "v0=é", "nonsense", ""])
async def test_a_wrong_or_missing_signature_is_refused(door: HttpDelivery, forged: str) -> None:
    assert await door.send(EVENT, signed=forged) == 401


@pytest.mark.parametrize("minutes", [-6, 6])
async def test_a_signature_that_is_stale_or_of_the_future_is_refused(door: HttpDelivery, minutes: int) -> None:
    assert await door.send(EVENT, at=time.time() + 60 * minutes) == 401


@pytest.mark.parametrize("stamp", ["yesterday", "", "1e999"])
async def test_a_time_stamp_that_is_no_time_is_refused(door: HttpDelivery, stamp: str) -> None:
    assert await door.send(EVENT, headers={"X-Slack-Request-Timestamp": stamp}) == 401


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"text"',
        b"{}",
        b'{"type": 1}',
        b'{"type": "event_callback"}',
        b'{"type": "event_callback", "event": "message"}',
        b'{"type": "event_callback", "event": {}}',
        b"[" * 100_000,
    ],
)
async def test_a_signed_body_that_is_no_event_is_refused(door: HttpDelivery, body: bytes) -> None:
    assert await door.send(body) == 400


async def test_signed_bytes_that_are_no_text_are_refused(door: HttpDelivery) -> None:
    assert await door.send(b"\xff\xfe") == 401


@pytest.mark.parametrize(
    "event",
    [
        {"type": "message"},
        {"type": "message", "channel": None, "user": 7, "ts": [], "text": {}},
        {"type": "message", "channel": "C1", "user": "U1", "ts": "1.1", "thread_ts": 5, "bot_id": []},
        {"type": "app_mention", "channel": "C1", "user": {"id": "U1"}, "ts": "1.1"},
        {"type": "message", "message": "a", "channel": {"id": 1}},
    ],
)
async def test_events_of_any_other_shape_are_taken_and_left(
    slack: SlackStandIn, door: HttpDelivery, event: dict[str, object]
) -> None:
    body = {"type": "event_callback", "event": event, "authorizations": "none"}
    assert await door.send(json.dumps(body).encode()) < 500
    assert slack.by_krab() == []


async def test_commands_and_buttons_come_by_signed_requests_too(slack: SlackStandIn, door: HttpDelivery) -> None:
    slack.hands.command("help")
    await slack.until(slack.whispered)
    asked = await slack.say(slack.ask("who holds the leaf?"))
    await slack.until(lambda: slack.by_krab(asked))
    slack.hands.press(slack.by_krab(asked)[0], "Show the quoted words")
    await slack.until(lambda: len(slack.whispered()) == 2)
    assert set(door.statuses) == {200}


@pytest.mark.parametrize(
    "body",
    [
        b"payload=",
        b"payload=%7B",
        b"payload=%5B%5D",
        b"payload=%7B%22type%22%3A1%7D",
        b"text=hi",
        b"a=1&" * 200,
        b"payload=" + b"%5B" * 100_000,
    ],
)
async def test_a_signed_form_that_is_nothing_of_slacks_is_refused(door: HttpDelivery, body: bytes) -> None:
    assert await door.send(body, headers={"Content-Type": "application/x-www-form-urlencoded"}) in (400, 413)


@pytest.mark.parametrize(
    "payload",
    [
        {"type": "block_actions"},
        {"type": "block_actions", "actions": "all", "user": 7},
        {"type": "block_actions", "actions": [[]], "user": {"id": "U1"}},
        {"type": "block_actions", "actions": [{"action_id": "krab:more:0", "value": {}}], "user": {"id": "UANN"}},
        {"type": "view_submission", "view": {"callback_id": "krab:settings", "id": "V1", "private_metadata": "[["}},
        {"type": "view_submission", "view": [], "user": {"id": "UANN"}},
        {"type": "message_action", "callback_id": "ask_about", "message": "x"},
        {"type": "shortcut", "callback_id": 5},
        {"type": "something_new"},
    ],
)
async def test_interactions_of_any_other_shape_are_taken_and_left(
    slack: SlackStandIn, door: HttpDelivery, payload: dict[str, object]
) -> None:
    body = urlencode({"payload": json.dumps(payload)}).encode()
    assert await door.send(body, headers={"Content-Type": "application/x-www-form-urlencoded"}) < 500
    assert (slack.by_krab(), slack.whispered()) == ([], [])


async def test_a_forged_command_is_refused(slack: SlackStandIn, door: HttpDelivery) -> None:
    body = urlencode({"command": "/krab", "text": "help", "user_id": "UANN", "channel_id": "C1"}).encode()
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    assert await door.send(body, headers=kind, signed="v0=" + "0" * 64) == 401


async def test_a_body_of_megabytes_is_refused(door: HttpDelivery) -> None:
    assert await door.send(b"{" + b" " * 2_000_000 + b"}") == 413


@given(
    st.binary(max_size=200),
    st.dictionaries(st.sampled_from(["X-Slack-Signature", "X-Slack-Request-Timestamp"]), st.text(max_size=20)),
)
def test_nothing_unsigned_is_ever_believed(body: bytes, headers: dict[str, str]) -> None:
    assert not signed(body, headers, "secret", time.time)


@given(st.binary(max_size=200))
def test_what_slack_signed_is_believed_unless_it_is_no_text(body: bytes) -> None:
    headers = {"x-slack-request-timestamp": "1000", "x-slack-signature": signature("secret", "1000", body)}
    text = body.decode("utf-8", "replace").encode() == body
    assert signed(body, headers, "secret", lambda: 1000.0) is text


def test_without_a_secret_nothing_is_believed() -> None:
    headers = {"x-slack-request-timestamp": "1000", "x-slack-signature": signature("", "1000", b"{}")}
    assert not signed(b"{}", headers, "", lambda: 1000.0)


@given(st.binary(max_size=200))
def test_reading_a_body_never_raises(body: bytes) -> None:
    assert readable(body) in (True, False)
