"""What a Slack event says, as an ``Incoming``. Pure: an event's JSON in, a value or None out.

Rules of this file:
- Events are read as Slack documents them (https://docs.slack.dev/reference/events/message), and nothing
  in one is taken for granted: whatever lacks a channel, a time stamp or an author says nothing to us.
- One message arrives as ``message`` and, when it names krab, as ``app_mention`` too: both get the same key.
- A message that its author changed arrives as ``message_changed``, also when Slack only added a preview.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from bot.chat import Incoming

# Subtypes under which people speak. All others (deletions, joins, other bots …) are not speech.
SPOKEN = frozenset({"", "thread_broadcast", "file_share", "me_message"})
CHANGED = "message_changed"

_MARKUP = re.compile(r"<([^<>\s][^<>]*)>")
_CODE = re.compile(r"```.*?```|`[^`\n]+`", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Me:
    """Who krab is in the workspace; ``service`` is how the rest of krab calls the workspace."""

    user: str  # U…
    bot: str  # B…
    team: str = ""  # T…
    service: str = "slack"


def read(event: Mapping[str, Any], me: Me) -> Incoming | None:
    """The message in an ``app_mention`` or ``message`` event, or None when nobody said anything to read."""
    if _string(event, "subtype") == CHANGED:
        return _changed(event, me)
    fields = {name: _string(event, name) for name in ("channel", "user", "ts", "thread_ts", "text", "bot_id")}
    if not (fields["channel"] and fields["user"] and fields["ts"]) or _unspoken(event, me):
        return None
    root = fields["thread_ts"] or fields["ts"]
    return Incoming(
        service=me.service,
        channel=fields["channel"],
        thread=root,
        key=f"{fields['channel']}:{fields['ts']}",
        user=fields["user"],
        text=words(fields["text"], me),
        direct=event.get("channel_type") == "im",
        mentioned=mentions(fields["text"], me),
        in_thread=root != fields["ts"],
        from_bot=bool(fields["bot_id"]),
    )


def mentions(text: str, me: Me) -> bool:
    """Whether krab is named; a mention within code names nobody."""
    return re.search(rf"<@{re.escape(me.user)}[|>]", _CODE.sub(" ", text)) is not None


def words(text: str, me: Me) -> str:
    """A message's text as its author sees it, without krab's own name in it."""
    named = re.sub(rf"<@{re.escape(me.user)}(\|[^<>]*)?>", " ", text)
    shown = _MARKUP.sub(_shown, named)
    for entity, character in (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")):
        shown = shown.replace(entity, character)
    return shown.strip().lstrip(",:").strip()


def _changed(event: Mapping[str, Any], me: Me) -> Incoming | None:
    """A message whose author changed its words: the new message, and which one it replaces."""
    now, before = event.get("message"), event.get("previous_message")
    if not isinstance(now, Mapping) or (isinstance(before, Mapping) and before.get("text") == now.get("text")):
        return None
    edited = now.get("edited")
    when = _string(edited, "ts") if isinstance(edited, Mapping) else ""
    outer = {name: event[name] for name in ("channel", "channel_type") if name in event}
    found = read({**now, **outer}, me) if when and _string(now, "subtype") in SPOKEN else None
    return replace(found, key=f"{found.key}:{when}", edits=found.key) if found else None


def _unspoken(event: Mapping[str, Any], me: Me) -> bool:
    own = event.get("user") == me.user or event.get("bot_id") == me.bot
    return own or bool(event.get("hidden")) or _string(event, "subtype") not in SPOKEN


def _string(event: Mapping[str, Any], name: str) -> str:
    value = event.get(name)
    return value if isinstance(value, str) else ""


def _shown(match: re.Match[str]) -> str:
    """``<@U1|ann>``, ``<#C1|general>``, ``<!here>``, ``<https://…|label>`` as they look on the screen."""
    target, _, label = match[1].partition("|")
    if target[:1] in ("@", "#"):
        return target[0] + (label.lstrip("@#") or target[1:])
    if target[:1] == "!":
        return label or f"@{target[1:].partition('^')[0]}"
    return target
