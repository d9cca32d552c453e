"""What people do in the workspace besides writing: commands, buttons, forms, shortcuts, their Home, edits.

Each builds the payload that Slack documents (https://docs.slack.dev/reference/interaction-payloads,
…/interactivity/implementing-slash-commands) and gives it to the stand-in to deliver.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

from tests.slack_standin.workspace import APP_ID, BOT_USER, TEAM, Message, Workspace

Json = dict[str, Any]
Deliver = Callable[[str, Json], None]  # the kind of envelope, the payload


class Hands:
    """The hands of everybody in a workspace."""

    def __init__(self, workspace: Workspace, deliver: Deliver) -> None:
        self._workspace = workspace
        self._deliver = deliver

    def command(self, text: str, channel: str = "C1", *, user: str = "UANN", command: str = "/krab") -> Json:
        """Type a slash command; what was delivered."""
        assert command in self._workspace.app.commands, f"the manifest has no command {command}"
        place = self._workspace.channels[channel]
        payload = {
            "token": "standin",
            "team_id": TEAM,
            "team_domain": "pond",
            "channel_id": channel,
            "channel_name": "directmessage" if place.kind == "im" else place.name or channel.lower(),
            "user_id": user,
            "user_name": user.lower(),
            "command": command,
            "text": text,
            "api_app_id": APP_ID,
            "response_url": self._workspace.new_response(channel, user),
            "trigger_id": self._workspace.new_trigger(user),
        }
        self._deliver("slash_commands", payload)
        return payload

    def press(self, where: Message | Json, label: str, *, user: str = "UANN") -> Json:
        """Press the button of a message, or of a view, that says ``label``."""
        blocks = where.blocks if isinstance(where, Message) else where["blocks"]
        block, element, chosen = next(found for found in buttons(blocks) if label in (found[2]["text"]["text"],))
        action = {
            "type": element["type"],
            "action_id": element["action_id"],
            "block_id": block.get("block_id", "auto"),
            "value": chosen.get("value", ""),
            "text": chosen["text"],
            "action_ts": self._workspace.new_ts(),
        }
        return self.act(where, action, user=user)

    def act(self, where: Message | Json, action: Json, *, user: str = "UANN") -> Json:
        """Deliver any action."""
        payload = self._payload("block_actions", user) | {"actions": [action]}
        if isinstance(where, Message):
            payload |= self._of_message(where, user)
        else:
            payload |= {"container": {"type": "view", "view_id": where["id"]}, "view": where}
        self._deliver("interactive", payload)
        return payload

    def _of_message(self, message: Message, user: str) -> Json:
        thread = {"thread_ts": message.thread} if message.thread else {}
        return {
            "container": {
                "type": "message",
                "message_ts": message.ts,
                "channel_id": message.channel,
                "is_ephemeral": bool(message.only),
                **thread,
            },
            "channel": {"id": message.channel, "name": message.channel.lower()},
            "message": {"type": "message", "user": message.user, "ts": message.ts, "text": message.text, **thread},
            "response_url": self._workspace.new_response(message.channel, user),
        }

    def submit(self, view: Json, **values: str | list[str]) -> Json:
        """Fill a modal in and send it; what is not given stays as it is."""
        filled = {block["block_id"]: _filled(block, values) for block in view["blocks"] if block["type"] == "input"}
        assert not set(values) - set(filled), "no such field"
        self._workspace.modals[:] = [one for one in self._workspace.modals if one is not view]
        sent = view | {"state": {"values": {name: entry for name, entry in filled.items() if entry}}}
        payload = self._payload("view_submission", view["user"]) | {"view": sent, "response_urls": []}
        self._deliver("interactive", payload)
        return payload

    def shortcut(self, message: Message, *, user: str = "UANN", name: str = "ask_about") -> Json:
        """Use the message shortcut of that name."""
        assert name in self._workspace.app.shortcuts, f"the manifest has no shortcut {name}"
        payload = self._payload("message_action", user) | self._of_message(message, user)
        del payload["container"]
        payload |= {"callback_id": name, "message_ts": message.ts}
        self._deliver("interactive", payload)
        return payload

    def home(self, user: str = "UANN", tab: str = "home") -> None:
        """Look at the app's Home, or at its messages."""
        channel = self._workspace.direct(user)
        if self._workspace.gets("app_home_opened"):
            event = {"type": "app_home_opened", "user": user, "channel": channel.id, "tab": tab}
            self._deliver("events_api", event | {"event_ts": self._workspace.new_ts()})

    def edit(self, message: Message, text: str) -> None:
        """Change what one has written."""
        before = {"type": "message", "user": message.user, "text": message.text, "ts": message.ts}
        message.text = text
        thread = {"thread_ts": message.thread} if message.thread else {}
        stamp = self._workspace.new_ts()
        now = before | {"text": text, "edited": {"user": message.user, "ts": stamp}} | thread
        outer = {"channel": message.channel, "channel_type": self._workspace.channels[message.channel].kind}
        event = {"type": "message", "subtype": "message_changed", "hidden": True, "ts": stamp, "event_ts": stamp}
        self._deliver("events_api", event | outer | {"message": now, "previous_message": before | thread})

    def _payload(self, kind: str, user: str) -> Json:
        return {
            "type": kind,
            "user": {"id": user, "username": user.lower(), "team_id": TEAM},
            "team": {"id": TEAM, "domain": "pond"},
            "api_app_id": APP_ID,
            "token": "standin",
            "trigger_id": self._workspace.new_trigger(user),
            "action_ts": f"{time.time():.6f}",
            "bot_user_id": BOT_USER,
        }


def buttons(blocks: list[Json]) -> Iterator[tuple[Json, Json, Json]]:
    """Everything that can be pressed: its block, its element, and what has the label and the value."""
    for block in blocks:
        for element in block.get("elements", ()) if block["type"] in ("actions", "context_actions") else ():
            if element["type"] == "button":
                yield block, element, element
            if element["type"] == "feedback_buttons":
                yield block, element, element["positive_button"]
                yield block, element, element["negative_button"]


def _filled(block: Json, values: dict[str, str | list[str]]) -> Json:
    element, told = block["element"], values.get(block["block_id"])
    entry: Json = {"type": element["type"]}
    options = {option["value"]: option for option in element.get("options", ())}
    if element["type"] == "plain_text_input":
        entry["value"] = told if told is not None else element.get("initial_value")
        empty = not entry["value"]
    elif element["type"] in ("radio_buttons", "static_select"):
        entry["selected_option"] = options[str(told)] if told is not None else element.get("initial_option")
        empty = not entry["selected_option"]
    else:
        chosen = element.get("initial_options", []) if told is None else [options[value] for value in told]
        entry["selected_options"] = chosen
        empty = not chosen
    assert block.get("optional") or not empty, f"Slack's client does not send a form without {block['block_id']}"
    return {element["action_id"]: entry}
