"""Slack's errors and the network's in our words: what the caller does next decides which it is.

https://docs.slack.dev/reference/methods/chat.postMessage#errors and its siblings name the codes.
"""

from __future__ import annotations

from dataclasses import dataclass

import aiohttp
from slack_sdk.errors import SlackApiError

from bot.chat import ChatRefused, Undelivered

UNREACHABLE = "unreachable"
NOTHING_READABLE = "nothing readable"
LIMITED = "ratelimited"

_RENEW = "install the app anew and set KRAB_SLACK_BOT_TOKEN (xoxb-…) and KRAB_SLACK_APP_TOKEN (xapp-…) again"
ADVICE = {
    "invalid_auth": f"the token is not valid: {_RENEW}",
    "not_authed": f"a token is missing: {_RENEW}",
    "token_revoked": f"the token was revoked: {_RENEW}",
    "token_expired": f"the token has expired: turn token rotation off, {_RENEW}",
    "account_inactive": f"the app was removed from the workspace: {_RENEW}",
    "not_allowed_token_type": "the tokens are mixed up: KRAB_SLACK_BOT_TOKEN is xoxb-…, KRAB_SLACK_APP_TOKEN is xapp-…",
    "org_login_required": "the workspace is being migrated: start krab again when that is over",
}
HINTS = {
    "not_in_channel": "invite krab to the channel",
    "channel_not_found": "invite krab to the channel",
    "missing_scope": "give the app the scopes of docs/slack-manifest.yaml and install it anew",
}
# After these Slack may have taken what was sent, or not.
DOUBTFUL = frozenset({UNREACHABLE, NOTHING_READABLE, "service_unavailable", "internal_error", "fatal_error"})
PASSING = DOUBTFUL | {LIMITED, "request_timeout"}
BLOCKS_REFUSED = frozenset({"invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long", "msg_too_long"})
CANNOT_EDIT = frozenset({"message_not_found", "cant_update_message", "edit_window_closed", "is_inactive"})
NO_STATUS = frozenset({"missing_scope", "unknown_method", "not_allowed_token_type", "method_deprecated"})
NOT_THERE = frozenset({"channel_not_found", "not_in_channel", "user_not_in_channel", "is_archived"})
# Trying again can't help, whenever it is.
NEVER = NOT_THERE | BLOCKS_REFUSED | CANNOT_EDIT | {"user_not_found", "cannot_dm_bot", "no_text", "restricted_action"}

FOREIGN = (SlackApiError, aiohttp.ClientError, TimeoutError, OSError)


@dataclass(eq=False)
class NotTaken(Undelivered):
    """Slack did not take what we sent. ``code`` is Slack's error code, or "unreachable"."""

    code: str = ""

    def __str__(self) -> str:
        return self.reason


def translate(error: Exception) -> ChatRefused | NotTaken:
    """Slack's or the network's exception in our words."""
    if not isinstance(error, SlackApiError):
        said = str(error) or type(error).__name__
        return NotTaken(f"Slack can't be reached: {said}", code=UNREACHABLE)
    code = code_of(error)
    if code in ADVICE:
        return ChatRefused("slack", ADVICE[code])
    hint = HINTS.get(code)
    reason = f"Slack said {code}" + (f": {hint}" if hint else "")
    return NotTaken(reason, after=_after(error), forever=code in NEVER, code=code)


def code_of(error: SlackApiError) -> str:
    """Slack's error code; a body that isn't JSON (a proxy's, say) leaves a string in its place."""
    data = getattr(error.response, "data", error.response)
    return str(data.get("error", NOTHING_READABLE)) if isinstance(data, dict) else NOTHING_READABLE


def _after(error: SlackApiError) -> float:
    """What Retry-After says, in seconds."""
    headers = getattr(error.response, "headers", None) or {}
    told = str(next((value for name, value in headers.items() if name.lower() == "retry-after"), ""))
    return float(told) if told.isdecimal() else 0.0
