"""Somebody at a terminal: a pipe in, and everything that is printed kept."""

from __future__ import annotations

import io
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TextIO

import pytest

from bot.chat import Chat
from bot.chat.console import Console

SENDS = True


class Paper(io.StringIO):
    def __init__(self) -> None:
        super().__init__()
        self.pages: list[str] = []

    def write(self, words: str) -> int:
        self.pages.append(words)
        return len(words)


@dataclass
class ConsolePeer:
    keyboard: TextIO
    paper: Paper
    chat: Chat
    channel: str = "console"

    async def ready(self) -> None:
        """A pipe can be written before it is read."""

    async def ask(self, text: str, *, thread: str = "") -> str:
        self.keyboard.write(f"{text}\n")
        self.keyboard.flush()
        return "the session"

    async def shown(self, thread: str) -> list[str]:
        return self.paper.pages


@asynccontextmanager
async def connect(_: pytest.FixtureRequest) -> AsyncIterator[ConsolePeer]:
    reading, writing = os.pipe()
    paper = Paper()
    with os.fdopen(reading) as lines, os.fdopen(writing, "w") as keyboard:  # closed first, it ends a waiting read
        yield ConsolePeer(keyboard, paper, Console(lines, paper))
