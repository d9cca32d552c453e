"""An OpenAI-compatible endpoint is asked once, for a limited time, and nothing it sends breaks us."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.llm import CHARACTERS, ModelFailed, OpenAi, Usage, _json, _said
from bot.settings import LlmSettings, Secret
from tests.web_server import Answer, WebServer, web_server

SSE = {"Content-Type": "text/event-stream"}
JSON = {"Content-Type": "application/json"}
CHAT = [{"role": "user", "content": "What is a lily?"}]
PATH = "/v1/chat/completions"


@pytest.fixture
def web() -> Iterator[WebServer]:
    with web_server() as server:
        yield server


@pytest.fixture
def client() -> Iterator[httpx2.Client]:
    with httpx2.Client(trust_env=False) as client:
        yield client


def model(web: WebServer, client: httpx2.Client, **told: float) -> OpenAi:
    settings = LlmSettings(base_url=f"{web.url}/v1/", model="reed-1", api_key=Secret("sk-frog"), **told)  # type: ignore[arg-type]
    return OpenAi(settings, client=client)


def stream(*pieces: str, usage: dict[str, int] | None = None) -> bytes:
    events = [{"choices": [{"delta": {"content": piece}}]} for piece in pieces]
    last = [{"choices": [], "usage": usage}] if usage else []
    return b"".join(b"data: " + json.dumps(one).encode() + b"\n\n" for one in events + last) + b"data: [DONE]\n\n"


def test_a_stream_comes_piece_by_piece_with_its_usage(web: WebServer, client: httpx2.Client) -> None:
    usage = Usage()
    web.routes[PATH] = Answer(stream("A li", "ly.", usage={"prompt_tokens": 12, "completion_tokens": 3}), headers=SSE)
    assert list(model(web, client).write(CHAT, usage)) == ["A li", "ly."]
    assert usage == Usage(12, 3)


def test_the_request_has_the_model_the_messages_and_the_key(web: WebServer, client: httpx2.Client) -> None:
    web.routes[PATH] = Answer(stream("x"), headers=SSE)
    list(model(web, client).write(CHAT, Usage()))
    told = json.loads(web.asked[0].body)
    assert (told["model"], told["messages"], told["stream"]) == ("reed-1", CHAT, True)
    assert web.asked[0].headers["authorization"] == "Bearer sk-frog"


def test_a_server_that_does_not_stream_is_understood(web: WebServer, client: httpx2.Client) -> None:
    body = {"choices": [{"message": {"role": "assistant", "content": "A lily."}}], "usage": {"prompt_tokens": 5}}
    web.routes[PATH] = Answer(json.dumps(body).encode(), headers=JSON)
    assert list(model(web, client).write(CHAT, Usage())) == ["A lily."]


@pytest.mark.parametrize("status", [301, 401, 404, 429, 500, 503])
def test_another_status_is_a_failure_in_one_line_without_the_key(
    web: WebServer, client: httpx2.Client, status: int
) -> None:
    web.routes[PATH] = Answer(b"sk-frog", status, {"Location": "http://127.0.0.1:1/"})
    with pytest.raises(ModelFailed) as failed:
        list(model(web, client).write(CHAT, Usage()))
    assert str(status) in str(failed.value)
    assert "sk-frog" not in str(failed.value)
    assert len(web.asked) == 1


@pytest.mark.parametrize(
    "body", [b"data: {not json\n\n", b"data: []\n\n", b'data: {"error": {"message": "no"}}\n\n', b"data: 7\n\n"]
)
def test_a_stream_of_something_else_is_a_failure(web: WebServer, client: httpx2.Client, body: bytes) -> None:
    web.routes[PATH] = Answer(body, headers=SSE)
    with pytest.raises(ModelFailed):
        list(model(web, client).write(CHAT, Usage()))


def test_a_stream_cut_short_is_a_failure(web: WebServer, client: httpx2.Client) -> None:
    web.routes[PATH] = Answer(stream("A li"), headers=SSE, length=9_999)
    with pytest.raises(ModelFailed):
        list(model(web, client).write(CHAT, Usage()))


def test_a_model_that_goes_on_for_ever_is_stopped(web: WebServer, client: httpx2.Client) -> None:
    web.routes[PATH] = Answer(stream(*["lily "] * CHARACTERS), headers=SSE)
    with pytest.raises(ModelFailed, match="too long"):
        list(model(web, client).write(CHAT, Usage()))


def test_a_line_without_end_is_given_up(web: WebServer, client: httpx2.Client) -> None:
    web.routes[PATH] = Answer(b"data: " + b"x" * CHARACTERS * 20, headers=SSE)
    with pytest.raises(ModelFailed, match="without end"):
        list(model(web, client).write(CHAT, Usage()))


def test_a_model_that_dawdles_is_given_up(web: WebServer, client: httpx2.Client) -> None:
    web.routes[PATH] = Answer(stream("A lily."), headers=SSE, drip=0.05)
    with pytest.raises(ModelFailed):
        list(model(web, client, timeout=0.3).write(CHAT, Usage()))


def test_nobody_there_is_a_failure(client: httpx2.Client) -> None:
    nobody = OpenAi(LlmSettings(base_url="http://127.0.0.1:1/v1", model="x"), client=client)
    with pytest.raises(ModelFailed, match="can't be reached"):
        list(nobody.write(CHAT, Usage()))


WORDS = st.sampled_from(["choices", "delta", "content", "usage", "error", "prompt_tokens"])
LEAVES = st.none() | st.booleans() | st.integers() | st.text()


@given(st.recursive(LEAVES, lambda s: st.lists(s) | st.dictionaries(WORDS, s), max_leaves=20))
def test_any_json_is_words_or_a_failure(told: object) -> None:
    with suppress(ModelFailed):
        assert all(isinstance(piece, str) for piece in _said(_json(json.dumps(told)), "delta", Usage()))
