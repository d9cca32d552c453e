"""Somebody in a direct message with krab, on the stand-in's Slack."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest

from bot.chat import Chat
from bot.chat.slack import Slack
from tests.slack_app import settings
from tests.slack_standin import SlackStandIn

SENDS = True


@dataclass
class SlackPeer:
    slack: SlackStandIn
    chat: Chat
    channel: str = "D1"

    async def ready(self) -> None:
        await self.slack.until(lambda: self.slack.socket.sockets)

    async def ask(self, text: str, *, thread: str = "") -> str:
        ts = await self.slack.say(text, "D1", thread=thread)
        return thread or ts

    async def shown(self, thread: str) -> list[str]:
        said = [m for m in self.slack.by_krab() if thread in (m.thread, m.ts)]
        return [message.shown for message in [*said, *self.slack.whispered()]]


@asynccontextmanager
async def connect(_: pytest.FixtureRequest) -> AsyncIterator[SlackPeer]:
    async with SlackStandIn() as slack:
        yield SlackPeer(slack, Slack(settings(slack), pace=0.0, ping=0.1))
