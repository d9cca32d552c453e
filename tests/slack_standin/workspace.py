"""The workspace behind the stand-in: channels, people, messages, views, files, one app. No network here."""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

BOT_USER, BOT_ID, TEAM, APP_ID = "UKRAB0001", "BKRAB0001", "T00000001", "A00000001"
MANIFEST = Path(__file__).parents[2] / "docs" / "slack-manifest.yaml"

# https://docs.slack.dev/interactivity/handling-user-interaction: a trigger_id is good for 3 seconds, and once
TRIGGER_LIFE = 3.0
# …/handling-user-interaction#message_responses: a response_url is good for 5 responses within 30 minutes
RESPONSES, RESPONSE_LIFE = 5, 1_800.0

# https://docs.slack.dev/reference/events/message.channels and its three siblings
EVENT_OF = {"channel": "message.channels", "group": "message.groups", "im": "message.im", "mpim": "message.mpim"}
# https://docs.slack.dev/reference/events/app_mention and the pages above ("Required Scopes")
SCOPE_OF = {
    "app_mention": "app_mentions:read",
    "message.channels": "channels:history",
    "message.groups": "groups:history",
    "message.im": "im:history",
    "message.mpim": "mpim:history",
    "app_home_opened": "",
    "assistant_thread_started": "assistant:write",
}


@dataclass
class App:
    """The installed app. By default it has what docs/slack-manifest.yaml asks for, and no more."""

    scopes: frozenset[str]
    events: frozenset[str]
    commands: frozenset[str] = frozenset({"/krab"})
    shortcuts: frozenset[str] = frozenset({"ask_about"})
    interactive: bool = True
    home: bool = True
    bot_token: str = "xoxb-1-standin"
    app_token: str = "xapp-1-standin"
    signing_secret: str = "8f742231b10e8888abcd99yyyzzz85a5"

    @classmethod
    def from_manifest(cls, path: Path = MANIFEST) -> App:
        manifest = yaml.safe_load(path.read_text())
        features, settings = manifest["features"], manifest["settings"]
        return cls(
            frozenset(manifest["oauth_config"]["scopes"]["bot"]),
            frozenset(settings["event_subscriptions"]["bot_events"]),
            frozenset(one["command"] for one in features.get("slash_commands", ())),
            frozenset(one["callback_id"] for one in features.get("shortcuts", ())),
            settings["interactivity"]["is_enabled"],
            features["app_home"]["home_tab_enabled"],
        )


@dataclass
class Message:
    """A line of the transcript. ``thread`` is the root's ts, or "" for a root; ``only`` the one who sees it."""

    channel: str
    ts: str
    user: str
    text: str
    thread: str = ""
    blocks: list[dict[str, Any]] = field(default_factory=list)
    edits: int = 0
    arguments: Mapping[str, Any] = field(default_factory=dict)  # as the app sent it
    only: str = ""
    metadata: dict[str, Any] = field(default_factory=dict)

    @property
    def shown(self) -> str:
        """Everything a reader sees: the texts of the blocks, or the text when there are none."""
        return "\n".join(_texts(self.blocks)) if self.blocks else self.text


def _texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        own = [value["text"]] if isinstance(value.get("text"), str) else []
        return own + [text for item in value.values() for text in _texts(item)]
    return [text for item in value for text in _texts(item)] if isinstance(value, list) else []


@dataclass
class Channel:
    """A place to talk. ``kind`` is "channel", "group", "im" or "mpim"."""

    id: str
    kind: str = "channel"
    member: bool = True  # whether the app's bot is in it
    archived: bool = False
    name: str = ""
    creator: str = ""


@dataclass
class Person:
    """Somebody in the workspace."""

    id: str
    name: str
    zone: str = "Europe/Berlin"
    admin: bool = False


@dataclass
class File:
    """An uploaded file; ``ready`` is when Slack has processed it."""

    id: str
    length: int
    alt: str = ""
    content: bytes = b""
    ready: float = float("inf")


@dataclass
class Response:
    """A response_url: where it leads, for whom, how often it was used and until when it is good."""

    channel: str
    user: str
    until: float
    used: int = 0


@dataclass
class Workspace:
    """Who and what there is."""

    app: App
    channels: dict[str, Channel] = field(default_factory=dict)
    people: dict[str, Person] = field(default_factory=dict)
    transcript: list[Message] = field(default_factory=list)
    statuses: list[tuple[str, str, str]] = field(default_factory=list)  # channel, thread, status
    prompts: list[tuple[str, str, list[dict[str, str]]]] = field(default_factory=list)  # channel, thread, prompts
    reactions: list[tuple[str, str, str]] = field(default_factory=list)
    revoked: dict[str, str] = field(default_factory=dict)  # token → error
    triggers: dict[str, tuple[float, str]] = field(default_factory=dict)  # trigger → until, user; until 0: used
    responses: dict[str, Response] = field(default_factory=dict)
    modals: list[dict[str, Any]] = field(default_factory=list)  # open views, with "user"
    homes: dict[str, dict[str, Any]] = field(default_factory=dict)
    files: dict[str, File] = field(default_factory=dict)
    processing: float = 0.0  # seconds that a file needs
    base: str = ""  # the server's own address
    blocks_refused: bool = False  # all of them: a rule of Slack's that nobody knew
    _last: float = 0.0

    def write(self, message: Message) -> Message:
        self.transcript.append(message)
        return message

    def find(self, channel: str, ts: str) -> Message | None:
        # From the end: what is looked for is mostly new, and a load test writes thousands.
        return next((m for m in reversed(self.transcript) if (m.channel, m.ts) == (channel, ts)), None)

    def new_ts(self) -> str:
        """Slack's time stamps are unique in a channel and grow."""
        self._last = max(time.time(), self._last + 0.00001)
        return f"{self._last:.6f}"

    def new_trigger(self, user: str) -> str:
        trigger = f"{len(self.triggers) + 1}.{TEAM[1:]}.{uuid.uuid4().hex}"
        self.triggers[trigger] = (time.monotonic() + TRIGGER_LIFE, user)
        return trigger

    def new_response(self, channel: str, user: str) -> str:
        token = uuid.uuid4().hex
        self.responses[token] = Response(channel, user, time.monotonic() + RESPONSE_LIFE)
        return f"{self.base}/response/{token}"

    def direct(self, user: str) -> Channel:
        """The direct messages between the app and somebody."""
        name = "D1" if user == "UANN" else f"D{user[1:]}"
        return self.channels.setdefault(name, Channel(name, "im"))

    def events_for(self, message: Message) -> list[dict[str, Any]]:
        """The events of the Events API that the app gets for a message: none where it isn't, up to two."""
        channel = self.channels[message.channel]
        if message.only or (not channel.member and channel.kind != "im"):
            return []
        found = []
        if self.gets(EVENT_OF[channel.kind]):
            found.append(_event("message", message, channel_type=channel.kind))
        if f"<@{BOT_USER}" in message.text and channel.kind != "im" and self.gets("app_mention"):
            found.append(_event("app_mention", message))
        return found

    def gets(self, event: str) -> bool:
        return event in self.app.events and (not SCOPE_OF[event] or SCOPE_OF[event] in self.app.scopes)


def _event(kind: str, message: Message, **more: str) -> dict[str, Any]:
    # https://docs.slack.dev/reference/events/message and …/app_mention
    event: dict[str, Any] = {
        "type": kind,
        "channel": message.channel,
        "user": message.user,
        "text": message.text,
        "ts": message.ts,
        "event_ts": message.ts,
        **more,
    }
    if message.thread:
        event["thread_ts"] = message.thread
    if message.user == BOT_USER:
        event |= {"bot_id": BOT_ID, "app_id": APP_ID}
    return event
