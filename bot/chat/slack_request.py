"""Whether a request really is Slack's, and whether it can be read. Decided before Bolt sees it.

Rules of this file:
- Nothing in a request is parsed before its signature was checked; whatever is wrong with the signature,
  the answer is no and never an exception.
- Bolt answers 500 to an outline it does not expect, so the outline is checked here.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from urllib.parse import parse_qs

from slack_sdk.signature import Clock, SignatureVerifier


class _Clock(Clock):
    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now

    def now(self) -> float:
        return self._now()


def signed(body: bytes, headers: Mapping[str, str], secret: str, now: Callable[[], float]) -> bool:
    """Whether the request carries Slack's signature, and not for longer than five minutes."""
    if not secret:
        return False
    try:
        return SignatureVerifier(secret, _Clock(now)).is_valid_request(body, headers)
    except (ValueError, TypeError):  # a time stamp that is no number, bytes that are no text
        return False


def readable(body: bytes) -> bool:
    """Whether a body has the outline of an event, a command, or something somebody pressed or sent."""
    if body[:1] not in (b"{", b"["):
        return _readable_form(body)
    parsed = _json(body)
    if not isinstance(parsed, dict) or not isinstance(parsed.get("type"), str):
        return False
    event = parsed.get("event")
    wanted = parsed["type"] == "event_callback"
    return not wanted or (isinstance(event, dict) and isinstance(event.get("type"), str))


def _readable_form(body: bytes) -> bool:
    """https://docs.slack.dev/interactivity/handling-user-interaction and …/implementing-slash-commands."""
    try:
        fields = parse_qs(body.decode(), max_num_fields=100)
    except ValueError:
        return False
    if "payload" in fields:
        parsed = _json(fields["payload"][0].encode())
        return isinstance(parsed, dict) and isinstance(parsed.get("type"), str)
    return "command" in fields or "ssl_check" in fields


def _json(body: bytes) -> object:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None
