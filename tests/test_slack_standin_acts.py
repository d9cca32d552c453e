"""The stand-in refuses what Slack refuses where people act: views, triggers, files, responses, rate limits."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from tests.slack_standin import App, SlackStandIn
from tests.slack_standin.block_kit import message_blocks_error, view_error
from tests.slack_standin.rules import METHODS, metadata_error
from tests.slack_standin.web_api import call
from tests.slack_standin.workspace import RESPONSES, Channel, Person, Workspace

BOT = "xoxb-1-standin"
TEXT = {"type": "plain_text", "text": "x"}
MODAL = {"type": "modal", "title": TEXT, "blocks": [{"type": "divider"}]}
OPTION = {"text": TEXT, "value": "v"}


@pytest.fixture
def pond() -> Workspace:
    found = Workspace(App.from_manifest(), {"C1": Channel("C1")}, {"UANN": Person("UANN", "Ann")})
    found.triggers = {"new": (1e18, "UANN"), "old": (1.0, "UANN"), "used": (0.0, "UANN")}
    return found


@pytest.fixture
async def slack() -> AsyncIterator[SlackStandIn]:
    async with SlackStandIn() as standin:
        yield standin


def button(**changes: Any) -> dict[str, Any]:
    return {"type": "button", "action_id": "a", "text": TEXT, **changes}


def entry(element: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {"type": "input", "label": TEXT, "element": {"action_id": "e", **element}, **changes}


@pytest.mark.parametrize(
    ("method", "arguments", "error"),
    [
        ("views.open", {"trigger_id": "made up", "view": MODAL}, "invalid_trigger_id"),
        ("views.open", {"trigger_id": "old", "view": MODAL}, "expired_trigger_id"),
        ("views.open", {"trigger_id": "used", "view": MODAL}, "exchanged_trigger_id"),
        ("views.open", {"trigger_id": "new", "view": {**MODAL, "type": "home"}}, "invalid_arguments"),
        (
            "views.publish",
            {"user_id": "UNOBODY", "view": {"type": "home", "blocks": MODAL["blocks"]}},
            "user_not_found",
        ),
        ("conversations.open", {"users": "UNOBODY"}, "user_not_found"),
        ("conversations.replies", {"channel": "C1", "ts": "9.9"}, "thread_not_found"),
        ("chat.postEphemeral", {"channel": "C1", "user": "UNOBODY", "text": "x"}, "user_not_in_channel"),
        ("files.getUploadURLExternal", {"filename": "a.png", "length": 0}, "missing_argument"),
        ("files.getUploadURLExternal", {"filename": "a.png", "length": 9, "alt_txt": "x" * 1_001}, "alt_txt_too_large"),
        ("files.completeUploadExternal", {"files": [{"id": "F1"}]}, "file_not_found"),
        ("assistant.threads.setSuggestedPrompts", {"channel_id": "C1", "prompts": [{}] * 5}, "invalid_arguments"),
        ("chat.postMessage", {"channel": "C1", "text": "x", "metadata": {"key": 1}}, "invalid_metadata_format"),
        (
            "chat.postMessage",
            {
                "channel": "C1",
                "text": "x",
                "blocks": [{"type": "image", "alt_text": "x", "slack_file": {"id": "F1"}}],
            },
            "invalid_blocks",
        ),
    ],
)
def test_an_act_is_refused_as_slack_refuses_it(
    pond: Workspace, method: str, arguments: dict[str, Any], error: str
) -> None:
    assert call(pond, method, BOT, arguments).get("error") == error


def test_a_trigger_opens_one_view(pond: Workspace) -> None:
    told = {"trigger_id": "new", "view": MODAL}
    assert [call(pond, "views.open", BOT, told)["ok"] for _ in range(2)] == [True, False]


@pytest.mark.parametrize(
    "block",
    [
        {"type": "actions", "elements": [button()] * 26},
        {"type": "actions", "elements": [button(), button()]},
        {"type": "actions", "elements": [button(text={"type": "plain_text", "text": "x" * 76})]},
        {"type": "actions", "elements": [button(value="x" * 2_001)]},
        {"type": "actions", "elements": [button(style="loud")]},
        {"type": "context_actions", "elements": [button()]},
        {"type": "header", "text": {"type": "plain_text", "text": "x" * 151}},
        {"type": "header", "text": {"type": "mrkdwn", "text": "x"}},
        {"type": "image", "image_url": "https://pond.example/a.png"},
        entry({"type": "plain_text_input"}),
        {"type": "carousel"},
    ],
)
def test_a_message_with_such_a_block_is_refused(block: dict[str, Any]) -> None:
    assert message_blocks_error([block])[0] == "invalid_blocks"


@pytest.mark.parametrize(
    "view",
    [
        {**MODAL, "title": {"type": "plain_text", "text": "x" * 25}},
        {**MODAL, "private_metadata": "x" * 3_001},
        {**MODAL, "blocks": []},
        {**MODAL, "blocks": [{"type": "divider"}] * 101},
        {**MODAL, "blocks": [entry({"type": "plain_text_input"})]},
        {**MODAL, "submit": TEXT, "blocks": [entry({"type": "radio_buttons", "options": [OPTION] * 11})]},
        {**MODAL, "submit": TEXT, "blocks": [entry({"type": "static_select", "options": []})]},
        {
            **MODAL,
            "submit": TEXT,
            "blocks": [entry({"type": "radio_buttons", "options": [OPTION], "initial_option": {"text": TEXT}})],
        },
        {**MODAL, "submit": TEXT, "blocks": [entry({"type": "plain_text_input", "max_length": 3_001})]},
        {"type": "home", "title": TEXT, "blocks": [{"type": "divider"}]},
    ],
)
def test_such_a_view_is_refused(view: dict[str, Any]) -> None:
    assert view_error(view)[0] == "invalid_arguments"


def test_metadata_is_flat() -> None:
    assert metadata_error({"event_type": "x", "event_payload": {"a": "b"}}) == ""
    assert metadata_error({"event_type": "x", "event_payload": {"a": {}}}) == "invalid_metadata_schema"


async def test_a_response_url_is_good_for_five_responses(slack: SlackStandIn) -> None:
    url = slack.workspace.new_response("C1", "UANN")
    async with aiohttp.ClientSession() as session:
        statuses = [(await session.post(url, json={"text": "x"})).status for _ in range(RESPONSES + 1)]
    assert statuses == [200] * RESPONSES + [404]


async def test_more_calls_a_minute_than_a_method_takes_get_429_with_the_time_to_wait(slack: SlackStandIn) -> None:
    headers = {"Authorization": f"Bearer {BOT}"}
    async with aiohttp.ClientSession(headers=headers) as session:
        for _ in range(METHODS["users.info"].tier):
            await session.get(f"{slack.api_url}users.info", params={"user": "UANN"})
        refused = await session.get(f"{slack.api_url}users.info", params={"user": "UANN"})
    assert (refused.status, int(refused.headers["Retry-After"]) > 50) == (429, True)
