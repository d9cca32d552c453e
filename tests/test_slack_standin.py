"""The stand-in refuses what Slack refuses: a test against it is worth something."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest

from tests.slack_standin import App, SlackStandIn
from tests.slack_standin.rules import blocks_error
from tests.slack_standin.web_api import call
from tests.slack_standin.workspace import Channel, Message, Workspace

BOT, APP = "xoxb-1-standin", "xapp-1-standin"
POST = {"channel": "C1", "text": "hello"}


@pytest.fixture
def pond() -> Workspace:
    found = Workspace(App.from_manifest(), {"C1": Channel("C1")}, revoked={"xoxb-old": "token_revoked"})
    found.channels |= {"C2": Channel("C2", member=False), "C3": Channel("C3", archived=True)}
    found.channels["G2"] = Channel("G2", "group", member=False)
    found.write(Message("C1", "1.1", "UANN", "hi"))
    found.write(Message("C1", "1.2", "UBOB", "ho", "1.1"))
    return found


def section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


@pytest.mark.parametrize(
    ("method", "token", "arguments", "error"),
    [
        ("chat.postMassage", BOT, POST, "unknown_method"),
        ("chat.postMessage", "", POST, "not_authed"),
        ("chat.postMessage", "xoxb-2", POST, "invalid_auth"),
        ("chat.postMessage", "xoxb-old", POST, "token_revoked"),
        ("chat.postMessage", APP, POST, "not_allowed_token_type"),
        ("apps.connections.open", BOT, {}, "not_allowed_token_type"),
        ("reactions.add", BOT, {"channel": "C1", "name": "eyes", "timestamp": "1.1"}, "missing_scope"),
        ("chat.postMessage", BOT, {"text": "hello"}, "invalid_arguments"),
        ("chat.postMessage", BOT, {**POST, "txet": "hello"}, "invalid_arguments"),
        ("chat.postMessage", BOT, {**POST, "channel": "C9"}, "channel_not_found"),
        ("chat.postMessage", BOT, {**POST, "channel": "G2"}, "channel_not_found"),
        ("chat.postMessage", BOT, {**POST, "channel": "C2"}, "not_in_channel"),
        ("chat.postMessage", BOT, {**POST, "channel": "C3"}, "is_archived"),
        ("chat.postMessage", BOT, {"channel": "C1", "text": " "}, "no_text"),
        ("chat.postMessage", BOT, {**POST, "text": "x" * 40_001}, "msg_too_long"),
        ("chat.postMessage", BOT, {**POST, "thread_ts": "9.9"}, "cannot_reply_to_message"),
        ("chat.postMessage", BOT, {**POST, "thread_ts": "1.2"}, "cannot_reply_to_message"),
        ("chat.postMessage", BOT, {**POST, "blocks": "[]x"}, "invalid_blocks_format"),
        ("chat.postMessage", BOT, {**POST, "blocks": [section("x" * 3_001)]}, "invalid_blocks"),
        ("chat.postMessage", BOT, {**POST, "blocks": [section("x" * 2_900)] * 5}, "msg_blocks_too_long"),
        ("chat.update", BOT, {"channel": "C1", "ts": "9.9", "text": "x"}, "message_not_found"),
        ("chat.update", BOT, {"channel": "C1", "ts": "1.1", "text": "x"}, "cant_update_message"),
        (
            "assistant.threads.setStatus",
            BOT,
            {"channel_id": "C1", "thread_ts": "1.2", "status": "looks"},
            "invalid_thread_ts",
        ),
    ],
)
def test_a_call_is_refused_as_slack_refuses_it(
    pond: Workspace, method: str, token: str, arguments: dict[str, Any], error: str
) -> None:
    answer = call(pond, method, token, arguments)
    assert (answer["ok"], answer.get("error")) == (False, error)


@pytest.mark.parametrize(
    ("blocks", "where"),
    [
        ([section("x")] * 51, "/blocks]"),
        ([section("")], "/blocks/0/text/text]"),
        ([{"type": "context", "elements": [section("x")["text"]] * 11}], "/blocks/0/elements]"),
        ([{"type": "context", "elements": []}], "/blocks/0/elements]"),
        ([section("x"), {"type": "sektion"}], "/blocks/1/type]"),
        ([{**section("x"), "colour": "red"}], "/blocks/0]"),
        (["section"], "/blocks/0/type]"),
    ],
)
def test_wrong_blocks_are_refused_with_their_place(blocks: list[Any], where: str) -> None:
    error, details = blocks_error(blocks)
    assert error == "invalid_blocks"
    assert details[0].endswith(where)


def test_what_is_right_is_done(pond: Workspace) -> None:
    posted = call(pond, "chat.postMessage", BOT, {**POST, "thread_ts": "1.1", "blocks": [section("hello")]})
    assert posted["ok"]
    assert call(pond, "chat.update", BOT, {"channel": "C1", "ts": posted["ts"], "text": "bye"})["ok"]
    assert (pond.transcript[-1].shown, pond.transcript[-1].thread, pond.transcript[-1].edits) == ("bye", "1.1", 1)


async def test_a_ticket_opens_one_socket() -> None:
    async with SlackStandIn() as slack, aiohttp.ClientSession() as session:
        headers = {"Authorization": f"Bearer {APP}"}
        async with session.post(f"{slack.api_url}apps.connections.open", headers=headers) as response:
            url = (await response.json())["url"]
        async with session.ws_connect(url) as socket:
            assert (await socket.receive_json())["type"] == "hello"
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await session.ws_connect(url)


async def test_an_event_that_is_not_acknowledged_comes_again() -> None:
    async with SlackStandIn(ack_within=0.05) as slack, aiohttp.ClientSession() as session:
        socket = await session.ws_connect(f"http://127.0.0.1:{slack.port}/link?ticket={slack.socket.new_ticket()}")
        await socket.receive_json()
        await slack.say("hello")
        first, second = await socket.receive_json(), await socket.receive_json()
        await socket.close()
    assert (first["retry_attempt"], second["retry_attempt"], second["retry_reason"]) == (0, 1, "timeout")
    assert first["payload"] == second["payload"]


def test_the_app_gets_no_events_from_channels_it_is_not_in(pond: Workspace) -> None:
    assert pond.events_for(Message("C2", "1.1", "UANN", "hi")) == []
    assert len(pond.events_for(Message("C1", "1.1", "UANN", "<@UKRAB0001> hi"))) == 2
