"""What Slack refuses, as pure checks. Each rule names the page of Slack's documentation it is from."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

# https://docs.slack.dev/reference/block-kit/blocks/section-block, …/context-block, …/header-block
SECTION_TEXT, CONTEXT_ELEMENTS, HEADER_TEXT = 3_000, 10, 150
# https://docs.slack.dev/reference/block-kit/composition-objects/text-object (every text object)
TEXT_OBJECT = 3_000
# https://docs.slack.dev/reference/block-kit/blocks ("you can include up to 50 blocks in each message")
BLOCKS = 50
# https://github.com/slackapi/bolt-js/issues/2509: msg_blocks_too_long from about 13,200 characters over all blocks
ALL_BLOCKS = 13_200
# https://docs.slack.dev/reference/methods/chat.postMessage ("no more than 40,000 characters")
MESSAGE_TEXT = 40_000


@dataclass(frozen=True)
class Method:
    """A Web API method: the scopes of which the token needs one, and its arguments."""

    scopes: tuple[str, ...]
    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    token: str = "bot"


_POST = ("text", "blocks", "thread_ts", "reply_broadcast", "parse", "link_names", "mrkdwn", "metadata")
_UNFURL = ("unfurl_links", "unfurl_media")
_STATUS = ("loading_messages", "icon_emoji", "icon_url", "username")

# https://docs.slack.dev/reference/methods/<name> for each of them; the scope changes of
# assistant.threads.setStatus: https://docs.slack.dev/changelog/2026/03/05/set-status-scope-update
METHODS: Mapping[str, Method] = {
    "api.test": Method((), token="none"),
    "auth.test": Method(()),
    "apps.connections.open": Method(("connections:write",), token="app"),
    "chat.postMessage": Method(("chat:write",), ("channel",), _POST + _UNFURL),
    "chat.postEphemeral": Method(("chat:write",), ("channel", "user"), (*_POST, "as_user")),
    "chat.update": Method(("chat:write",), ("channel", "ts"), ("text", "blocks", "parse", "link_names", "metadata")),
    "chat.delete": Method(("chat:write",), ("channel", "ts")),
    "reactions.add": Method(("reactions:write",), ("channel", "name", "timestamp")),
    "reactions.remove": Method(("reactions:write",), ("name", "channel", "timestamp")),
    "users.info": Method(("users:read",), ("user",), ("include_locale",)),
    "conversations.info": Method(
        ("channels:read", "groups:read", "im:read", "mpim:read"), ("channel",), ("include_num_members",)
    ),
    "assistant.threads.setStatus": Method(
        ("chat:write", "assistant:write"), ("channel_id", "thread_ts", "status"), _STATUS
    ),
}


def argument_errors(method: Method, arguments: Mapping[str, Any]) -> list[str]:
    """Why Slack says invalid_arguments, as it words it in response_metadata.messages.

    Stricter than Slack, which ignores arguments it does not know: here they are always a typing error.
    """
    missing = [name for name in method.required if arguments.get(name) in (None, "")]
    # A status may be empty: that is how one is cleared.
    missing = [name for name in missing if not (name == "status" and arguments.get(name) == "")]
    unknown = sorted(set(arguments) - {*method.required, *method.optional, "token"})
    return [f"[ERROR] missing required field: {n}" for n in missing] + [f"[ERROR] unknown field: {n}" for n in unknown]


def text_error(text: Any, blocks: Any) -> str:
    """The error for a message's content, or ""."""
    if blocks not in (None, [], ""):
        return "" if isinstance(text, str) or text is None else "invalid_arguments"
    if not isinstance(text, str) or not text.strip():
        return "no_text"
    return "msg_too_long" if len(text) > MESSAGE_TEXT else ""


def blocks_error(blocks: Any) -> tuple[str, list[str]]:
    """The error for a message's blocks and its details, or ("", [])."""
    if not isinstance(blocks, list):
        return "invalid_blocks_format", []
    details = list(_problems(blocks))
    if details:
        return "invalid_blocks", [f"[ERROR] {problem}" for problem in details]
    if len(json.dumps(blocks, ensure_ascii=False)) > ALL_BLOCKS:
        return "msg_blocks_too_long", []
    return "", []


def _problems(blocks: list[Any]) -> Iterator[str]:
    if len(blocks) > BLOCKS:
        yield f"no more than {BLOCKS} items allowed [json-pointer:/blocks]"
    for number, block in enumerate(blocks):
        where = f"/blocks/{number}"
        kind = block.get("type") if isinstance(block, dict) else None
        check = _CHECKS.get(kind) if isinstance(kind, str) else None
        yield from check(block, where) if check else [f"unsupported type: {kind} [json-pointer:{where}/type]"]


def _section(block: dict[str, Any], where: str) -> Iterator[str]:
    yield from _fields(block, where, {"text", "fields", "accessory", "expand"})
    if "text" not in block and "fields" not in block:
        yield f"missing required field: text [json-pointer:{where}]"
    if "text" in block:
        yield from _text(block["text"], f"{where}/text", SECTION_TEXT)


def _context(block: dict[str, Any], where: str) -> Iterator[str]:
    yield from _fields(block, where, {"elements"})
    elements = block.get("elements")
    if not isinstance(elements, list) or not 1 <= len(elements) <= CONTEXT_ELEMENTS:
        yield f"between 1 and {CONTEXT_ELEMENTS} items required [json-pointer:{where}/elements]"
        return
    for number, element in enumerate(elements):
        yield from _text(element, f"{where}/elements/{number}", TEXT_OBJECT)


def _header(block: dict[str, Any], where: str) -> Iterator[str]:
    yield from _fields(block, where, {"text"})
    yield from _text(block.get("text"), f"{where}/text", HEADER_TEXT, ("plain_text",))


def _divider(block: dict[str, Any], where: str) -> Iterator[str]:
    yield from _fields(block, where, set())


def _text(value: Any, where: str, limit: int, kinds: tuple[str, ...] = ("mrkdwn", "plain_text")) -> Iterator[str]:
    if not isinstance(value, dict) or value.get("type") not in kinds:
        yield f"must be a text object of {' or '.join(kinds)} [json-pointer:{where}]"
        return
    if not isinstance(value.get("text"), str) or not value["text"]:
        yield f"must be more than 0 characters [json-pointer:{where}/text]"
    elif len(value["text"]) > limit:
        yield f"must be less than {limit + 1} characters [json-pointer:{where}/text]"
    if "verbatim" in value and value["type"] != "mrkdwn":
        yield f"verbatim is for mrkdwn [json-pointer:{where}/verbatim]"
    unknown = set(value) - {"type", "text", "verbatim", "emoji"}
    yield from (f"unknown field: {name} [json-pointer:{where}]" for name in sorted(unknown))


def _fields(block: dict[str, Any], where: str, known: set[str]) -> Iterator[str]:
    unknown = set(block) - known - {"type", "block_id"}
    yield from (f"unknown field: {name} [json-pointer:{where}]" for name in sorted(unknown))


_CHECKS = {"section": _section, "context": _context, "header": _header, "divider": _divider}
