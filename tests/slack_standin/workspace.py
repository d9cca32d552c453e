"""The workspace behind the stand-in: channels, people, messages, one app. No network here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

BOT_USER, BOT_ID, TEAM, APP_ID = "UKRAB0001", "BKRAB0001", "T00000001", "A00000001"
MANIFEST = Path(__file__).parents[2] / "docs" / "slack-manifest.yaml"

# https://docs.slack.dev/reference/events/message.channels and its three siblings
EVENT_OF = {"channel": "message.channels", "group": "message.groups", "im": "message.im", "mpim": "message.mpim"}
# https://docs.slack.dev/reference/events/app_mention and the pages above ("Required Scopes")
SCOPE_OF = {
    "app_mention": "app_mentions:read",
    "message.channels": "channels:history",
    "message.groups": "groups:history",
    "message.im": "im:history",
    "message.mpim": "mpim:history",
}


@dataclass
class App:
    """The installed app. By default it has what docs/slack-manifest.yaml asks for, and no more."""

    scopes: frozenset[str]
    events: frozenset[str]
    bot_token: str = "xoxb-1-standin"
    app_token: str = "xapp-1-standin"
    signing_secret: str = "8f742231b10e8888abcd99yyyzzz85a5"

    @classmethod
    def from_manifest(cls, path: Path = MANIFEST) -> App:
        manifest = yaml.safe_load(path.read_text())
        events = manifest["settings"]["event_subscriptions"]["bot_events"]
        return cls(frozenset(manifest["oauth_config"]["scopes"]["bot"]), frozenset(events))


@dataclass
class Message:
    """A line of the transcript. ``thread`` is the root's ts, or "" for a root."""

    channel: str
    ts: str
    user: str
    text: str
    thread: str = ""
    blocks: list[dict[str, Any]] = field(default_factory=list)
    edits: int = 0
    arguments: Mapping[str, Any] = field(default_factory=dict)  # as the app sent it

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


@dataclass
class Workspace:
    """Who and what there is."""

    app: App
    channels: dict[str, Channel] = field(default_factory=dict)
    transcript: list[Message] = field(default_factory=list)
    statuses: list[tuple[str, str, str]] = field(default_factory=list)  # channel, thread, status
    reactions: list[tuple[str, str, str]] = field(default_factory=list)
    revoked: dict[str, str] = field(default_factory=dict)  # token → error
    blocks_refused: bool = False  # all of them: a rule of Slack's that nobody knew
    _stamps: int = 0

    def write(self, message: Message) -> Message:
        self.transcript.append(message)
        return message

    def find(self, channel: str, ts: str) -> Message | None:
        return next((m for m in self.transcript if (m.channel, m.ts) == (channel, ts)), None)

    def new_ts(self) -> str:
        """Slack's time stamps are unique in a channel and grow."""
        self._stamps += 1
        return f"{1_700_000_000 + self._stamps}.{self._stamps:06d}"

    def events_for(self, message: Message) -> list[dict[str, Any]]:
        """The events of the Events API that the app gets for a message: none where it isn't, up to two."""
        channel = self.channels[message.channel]
        if not channel.member and channel.kind != "im":
            return []
        found = []
        if self._gets(EVENT_OF[channel.kind]):
            found.append(_event("message", message, channel_type=channel.kind))
        if f"<@{BOT_USER}" in message.text and channel.kind != "im" and self._gets("app_mention"):
            found.append(_event("app_mention", message))
        return found

    def _gets(self, event: str) -> bool:
        return event in self.app.events and SCOPE_OF[event] in self.app.scopes


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
