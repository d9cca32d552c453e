"""What people do without writing a message: commands, buttons, forms, shortcuts. Pure: JSON in, a value or None out.

Rules of this file:
- Nothing in a payload is taken for granted (https://docs.slack.dev/reference/interaction-payloads): what lacks
  a person or an act of ours says nothing to us.
- A ``Way`` holds what Slack gives for the reply alone: it is of use for minutes or seconds, and is never stored.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from bot.chat import Act, Incoming
from bot.chat.slack_buttons import PREFIX, RUN, pressed
from bot.chat.slack_card import filled
from bot.chat.slack_events import Me, words
from bot.intent import ASK

ABOUT = "ask_about"  # the callback of the message shortcut


@dataclass(frozen=True, slots=True)
class Way:
    """How what somebody did can be replied to, besides by a message.

    ``quiet`` says that only the asker sees it unless it is shared; ``outside`` that krab need not be a
    member where it was said; ``home`` that it was done in the App Home.
    """

    response_url: str = field(default="", repr=False)  # whoever knows it can write in krab's name
    trigger: str = ""
    home: bool = False
    quiet: bool = False
    outside: bool = False


Heard = tuple[Incoming, Way]


def command(body: Mapping[str, Any], me: Me) -> Heard | None:
    """A slash command: ``/krab series nova-core`` is the command "series". Alone it asks for help."""
    told = {name: _string(body, name) for name in ("user_id", "channel_id", "trigger_id", "text")}
    if not (told["user_id"] and told["channel_id"] and told["trigger_id"]):
        return None
    name, _, rest = words(told["text"], me).partition(" ")
    key = f"{told['channel_id']}:command:{told['trigger_id']}"
    incoming = Incoming(
        service=me.service,
        channel=told["channel_id"],
        thread=key,  # a command begins a conversation of its own
        key=key,
        user=told["user_id"],
        text=rest.strip(),
        direct=told["channel_id"].startswith("D") and _string(body, "channel_name") == "directmessage",
        mentioned=True,
        command=name.strip().lower() or "help",
    )
    return incoming, Way(_string(body, "response_url"), told["trigger_id"], quiet=True, outside=True)


def shortcut(body: Mapping[str, Any], me: Me) -> Heard | None:
    """The shortcut "Ask krab about this" on a message: its words are the question, answered for who asked alone."""
    message, channel, user = _table(body, "message"), _string(_table(body, "channel"), "id"), _user(body)
    ts, trigger = _string(message, "ts"), _string(body, "trigger_id")
    if body.get("callback_id") != ABOUT or not (channel and user and ts and trigger):
        return None
    root = _string(message, "thread_ts") or ts
    incoming = Incoming(
        service=me.service,
        channel=channel,
        thread=root,
        key=f"{channel}:about:{trigger}",
        user=user,
        text=words(_string(message, "text"), me),
        direct=channel.startswith("D"),
        mentioned=True,
        in_thread=root != ts,
        command=ASK,
    )
    return incoming, Way(_string(body, "response_url"), trigger, quiet=True, outside=True)


def button(body: Mapping[str, Any], me: Me) -> Heard | None:
    """A pressed button of ours, in a message or in the App Home (then without a channel)."""
    actions = body.get("actions")
    action = actions[0] if isinstance(actions, list) and actions and isinstance(actions[0], Mapping) else {}
    act, user = pressed(action), _user(body)
    if act is None or not user:
        return None
    container, message = _table(body, "container"), _table(body, "message")
    channel = _string(container, "channel_id") or _string(_table(body, "channel"), "id")
    ts = _string(container, "message_ts") or _string(message, "ts")
    stamp = _string(action, "action_ts") or _string(body, "trigger_id")
    key, alone = f"{channel or user}:act:{user}:{stamp}", container.get("is_ephemeral") is True
    # What one person alone sees is the root of no thread.
    thread = _string(container, "thread_ts") or _string(message, "thread_ts") or (key if alone else ts)
    incoming = _acted(me, user, channel, thread, key, act)
    if act.name == RUN:
        name, _, rest = act.value.partition(" ")
        incoming = replace(incoming, act=None, command=name, text=rest)
    return incoming, Way(_string(body, "response_url"), _string(body, "trigger_id"), home=not channel, quiet=alone)


def submission(body: Mapping[str, Any], me: Me) -> Heard | None:
    """A form of ours that was sent."""
    view, user = _table(body, "view"), _user(body)
    name, id_ = _string(view, "callback_id"), _string(view, "id")
    if not (name.startswith(PREFIX) and user and id_):
        return None
    memory = _memory(_string(view, "private_metadata"))
    fields = filled(_table(_table(view, "state"), "values"))
    act = Act(name.removeprefix(PREFIX), memory.get("value", ""), fields)
    channel, thread = memory.get("channel", ""), memory.get("thread", "")
    incoming = _acted(me, user, channel, thread, f"{channel or user}:form:{id_}", act)
    return incoming, Way(home=not channel, quiet=memory.get("quiet") == "yes", outside=memory.get("outside") == "yes")


def memory_of(incoming: Incoming, way: Way) -> dict[str, str]:
    """What a form must remember of where it was opened."""
    if way.home:
        return {}
    flags = {name: "yes" for name, on in (("quiet", way.quiet), ("outside", way.outside)) if on}
    return {"channel": incoming.channel, "thread": incoming.thread, **flags}


def _acted(me: Me, user: str, channel: str, thread: str, key: str, act: Act) -> Incoming:
    direct = channel.startswith("D") or not channel
    return Incoming(me.service, channel, thread, key, user, "", direct=direct, mentioned=True, in_thread=True, act=act)


def _memory(kept: str) -> dict[str, str]:
    try:
        found = json.loads(kept or "{}")
    except (ValueError, RecursionError):
        return {}
    return {str(k): v for k, v in found.items() if isinstance(v, str)} if isinstance(found, dict) else {}


def _user(body: Mapping[str, Any]) -> str:
    return _string(_table(body, "user"), "id")


def _table(body: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = body.get(name)
    return value if isinstance(value, Mapping) else {}


def _string(body: Mapping[str, Any], name: str) -> str:
    value = body.get(name)
    return value if isinstance(value, str) else ""
