"""A language model behind any OpenAI-compatible endpoint: messages in, words out as they come.

The one place that talks to it. Everything has an end: connecting, the wait for the next words, the whole
answer in seconds and in characters. Nothing is retried here: the caller has an answer without it.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any, Protocol

import httpx2

from bot.draft import Message
from bot.settings import LlmSettings

CHARACTERS = 8_000  # of a draft; more is a loop
SILENCE = 15.0  # seconds between two words
CONNECT = 5.0


class ModelFailed(Exception):
    """The model gave no answer. ``str(error)`` is one line without secrets."""


@dataclass(slots=True)
class Usage:
    """Tokens that an answer took, as the endpoint counts them, or by a rule of thumb when it does not."""

    tokens_in: int = 0
    tokens_out: int = 0


class Model(Protocol):
    """Something that writes."""

    def write(self, messages: Sequence[Message], usage: Usage) -> Iterator[str]:
        """Yield the answer piece by piece, and fill in ``usage``. Raises ``ModelFailed``."""
        ...


@dataclass(frozen=True)
class OpenAi:
    """``POST {base_url}/chat/completions`` with streaming, which also servers that don't stream may answer."""

    settings: LlmSettings
    clock: Callable[[], float] = time.monotonic
    client: httpx2.Client = field(default_factory=lambda: httpx2.Client(trust_env=False, follow_redirects=False))

    def write(self, messages: Sequence[Message], usage: Usage) -> Iterator[str]:
        """Yield the answer piece by piece. Raises ``ModelFailed``."""
        end, count = self.clock() + self.settings.timeout, 0
        usage.tokens_in = sum(len(m["content"]) for m in messages) // 4
        try:
            with closing(self._post(messages)) as response:
                for piece in _pieces(response, usage):
                    count += len(piece)
                    usage.tokens_out = max(usage.tokens_out, count // 4)
                    if count > CHARACTERS or self.clock() > end:
                        raise ModelFailed(f"{self._where} went on for too long")
                    yield piece
        except httpx2.TimeoutException as error:
            raise ModelFailed(f"{self._where} did not answer in time") from error
        except (httpx2.HTTPError, httpx2.StreamError, httpx2.InvalidURL, OSError) as error:
            raise ModelFailed(f"{self._where} can't be reached ({type(error).__name__})") from error

    def _post(self, messages: Sequence[Message]) -> httpx2.Response:
        told = self.settings
        key = told.api_key.reveal()
        request = self.client.build_request(
            "POST",
            f"{told.base_url.rstrip('/')}/chat/completions",
            headers={"Authorization": f"Bearer {key}"} if key else {},
            json={
                "model": told.model,
                "messages": list(messages),
                "temperature": 0,
                "max_tokens": told.max_tokens,
                "stream": True,
                "stream_options": {"include_usage": True},
            },
            timeout=httpx2.Timeout(min(SILENCE, told.timeout), connect=CONNECT),
        )
        response = self.client.send(request, stream=True)
        if response.status_code != 200:
            response.close()
            raise ModelFailed(f"{self._where} said {response.status_code}")
        return response

    @property
    def _where(self) -> str:
        return f"the model at {self.settings.base_url}"


def _pieces(response: httpx2.Response, usage: Usage) -> Iterator[str]:
    if "text/event-stream" not in response.headers.get("content-type", ""):
        body = bytearray()
        for chunk in response.iter_bytes():
            body += chunk
            if len(body) > CHARACTERS * 8:
                raise ModelFailed("the model's answer is too large")
        yield from _said(_json(bytes(body)), "message", usage)
        return
    for line in _lines(response):
        if line.startswith("data:") and (data := line[5:].strip()) != "[DONE]":
            yield from _said(_json(data), "delta", usage)


def _lines(response: httpx2.Response) -> Iterator[str]:
    """The lines of a stream, none longer than an answer may be."""
    held = b""
    for chunk in response.iter_bytes():
        *lines, held = (held + chunk).split(b"\n")
        if len(held) > CHARACTERS * 8:
            raise ModelFailed("the model sent a line without end")
        yield from (line.decode("utf-8", "replace").strip() for line in lines)
    yield held.decode("utf-8", "replace").strip()


def _json(data: bytes | str) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ModelFailed("the model's answer is not JSON") from error


def _said(told: Any, part: str, usage: Usage) -> Iterator[str]:
    if not isinstance(told, dict):
        raise ModelFailed("the model's answer is not of the expected shape")
    if told.get("error"):
        raise ModelFailed("the model reports an error")
    counted = told.get("usage")
    if isinstance(counted, dict):
        usage.tokens_in = _count(counted.get("prompt_tokens"), usage.tokens_in)
        usage.tokens_out = _count(counted.get("completion_tokens"), usage.tokens_out)
    choices = told.get("choices")
    first = choices[0] if isinstance(choices, list) and choices else {}
    words = first.get(part) if isinstance(first, dict) else None
    content = words.get("content") if isinstance(words, dict) else None
    if isinstance(content, str) and content:
        yield content


def _count(told: Any, otherwise: int) -> int:
    return told if isinstance(told, int) and not isinstance(told, bool) and 0 <= told < 10**9 else otherwise
