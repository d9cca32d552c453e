"""What Slack refuses of a call's arguments, as pure checks.

Each rule names the page of Slack's documentation it is from.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.slack_standin.block_kit import message_blocks_error as blocks_error

__all__ = ["METHODS", "Method", "argument_errors", "blocks_error", "metadata_error", "text_error"]

# https://docs.slack.dev/reference/methods/chat.postMessage ("no more than 40,000 characters")
MESSAGE_TEXT = 40_000


@dataclass(frozen=True)
class Method:
    """A Web API method: the scopes of which the token needs one, its arguments, and its rate limit.

    ``tier`` is calls a minute that are always allowed (https://docs.slack.dev/apis/web-api/rate-limits);
    ``per_channel`` methods are limited to one a second and channel instead.
    """

    scopes: tuple[str, ...]
    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    token: str = "bot"
    tier: int = 100


_POST = ("text", "blocks", "thread_ts", "reply_broadcast", "parse", "link_names", "mrkdwn", "metadata")
_UNFURL = ("unfurl_links", "unfurl_media")
_STATUS = ("loading_messages", "icon_emoji", "icon_url", "username")
_HISTORY = ("channels:history", "groups:history", "im:history", "mpim:history")
_PAGED = ("cursor", "limit", "include_all_metadata", "inclusive", "latest", "oldest")

# https://docs.slack.dev/reference/methods/<name> for each of them; the scope changes of
# assistant.threads.setStatus: https://docs.slack.dev/changelog/2026/03/05/set-status-scope-update
METHODS: Mapping[str, Method] = {
    "api.test": Method((), token="none"),
    "auth.test": Method(()),
    "apps.connections.open": Method(("connections:write",), token="app", tier=1_000),
    "chat.postMessage": Method(("chat:write",), ("channel",), _POST + _UNFURL, tier=1_000),
    "chat.postEphemeral": Method(("chat:write",), ("channel", "user"), (*_POST, "as_user")),
    "chat.update": Method(
        ("chat:write",), ("channel", "ts"), ("text", "blocks", "parse", "link_names", "metadata"), tier=50
    ),
    "chat.delete": Method(("chat:write",), ("channel", "ts"), tier=50),
    "conversations.history": Method(_HISTORY, ("channel",), _PAGED, tier=50),
    "conversations.replies": Method(_HISTORY, ("channel", "ts"), _PAGED, tier=50),
    "conversations.open": Method(("im:write", "mpim:write"), (), ("users", "channel", "return_im"), tier=50),
    "conversations.info": Method(
        ("channels:read", "groups:read", "im:read", "mpim:read"), ("channel",), ("include_num_members",), tier=50
    ),
    "files.getUploadURLExternal": Method(("files:write",), ("filename", "length"), ("alt_txt", "snippet_type")),
    "files.completeUploadExternal": Method(
        ("files:write",), ("files",), ("channel_id", "thread_ts", "initial_comment", "blocks")
    ),
    "reactions.add": Method(("reactions:write",), ("channel", "name", "timestamp"), tier=50),
    "reactions.remove": Method(("reactions:write",), ("name", "channel", "timestamp"), tier=50),
    "users.info": Method(("users:read",), ("user",), ("include_locale",)),
    "views.open": Method((), ("view",), ("trigger_id", "interactivity_pointer")),
    "views.publish": Method((), ("user_id", "view"), ("hash",)),
    "assistant.threads.setStatus": Method(
        # special limits apply: https://docs.slack.dev/reference/methods/assistant.threads.setStatus
        ("chat:write", "assistant:write"),
        ("channel_id", "thread_ts", "status"),
        _STATUS,
        tier=600,
    ),
    "assistant.threads.setSuggestedPrompts": Method(
        ("assistant:write",), ("channel_id", "prompts"), ("thread_ts", "title"), tier=100
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


def metadata_error(metadata: Any) -> str:
    """https://docs.slack.dev/messaging/message-metadata: an event_type and a flat event_payload."""
    if metadata in (None, ""):
        return ""
    if not isinstance(metadata, dict) or set(metadata) - {"event_type", "event_payload"}:
        return "invalid_metadata_format"
    payload = metadata.get("event_payload")
    if not isinstance(metadata.get("event_type"), str) or not isinstance(payload, dict):
        return "invalid_metadata_schema"
    return "" if all(isinstance(value, (str, int, bool)) for value in payload.values()) else "invalid_metadata_schema"
