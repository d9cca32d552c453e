"""What is sent to a room, and how calls behave when the homeserver is slow, busy or away."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nio import RoomSendError, RoomSendResponse, RoomTypingResponse

from bot.chat import ChatRefused, Incoming
from bot.chat.matrix_calls import LONGEST_WAIT, Denied, Unavailable, call, patiently, wait_for
from bot.chat.matrix_html import Message
from bot.chat.matrix_reply import MatrixReply, Typing, notice, transaction

QUESTION = Incoming("matrix", "!room", "$root", "$question", "@ann:x", "why?")


def refusal(status: int, code: str, retry_after_ms: int | None = None) -> RoomSendError:
    error = RoomSendError("no", code, retry_after_ms)
    error.transport_response = SimpleNamespace(status=status)
    return error


class Homeserver:
    """The calls a reply makes of nio's client: fails as told, then records."""

    def __init__(self, *failures: Any) -> None:
        self.failures = list(failures)
        self.sent: list[tuple[str, dict[str, Any]]] = []
        self.typing: list[bool] = []

    async def room_send(self, room: str, kind: str, content: dict[str, Any], **options: Any) -> Any:
        if self.failures:
            failure = self.failures.pop(0)
            if isinstance(failure, Exception):
                raise failure
            return failure
        self.sent.append((options["tx_id"], content))
        return RoomSendResponse("$sent", room)

    async def room_typing(self, room: str, typing: bool, milliseconds: int) -> Any:
        self.typing.append(typing)
        return RoomTypingResponse(room)


def reply_on(server: Any, typing: Typing | None = None) -> MatrixReply:
    return MatrixReply(server, typing or Typing(server), QUESTION)


def test_a_notice_is_in_its_thread_answers_its_question_and_mentions_nobody() -> None:
    content = notice(Message("body", "<p>body</p>"), QUESTION)
    assert content["msgtype"] == "m.notice"
    assert content["m.mentions"] == {}
    assert content["m.relates_to"] == {
        "rel_type": "m.thread",
        "event_id": "$root",
        "is_falling_back": True,
        "m.in_reply_to": {"event_id": "$question"},
    }


def test_a_transaction_follows_from_the_question_and_from_what_is_sent() -> None:
    assert transaction("$a", "answer 0") == transaction("$a", "answer 0")
    assert len({transaction(e, w) for e in ("$a", "$b") for w in ("answer 0", "answer 1", "text 0")}) == 6


async def test_the_same_reply_given_again_has_the_same_transactions() -> None:
    first, second = Homeserver(), Homeserver()
    await reply_on(first).text("busy")
    await reply_on(second).text("busy")
    assert first.sent == second.sent


@pytest.mark.parametrize(
    "failure", [refusal(429, "M_LIMIT_EXCEEDED", 100), refusal(502, ""), aiohttp.ClientConnectionError(), OSError()]
)
async def test_a_busy_or_absent_homeserver_delays_an_answer_and_does_not_lose_it(failure: Any) -> None:
    server = Homeserver(failure)
    await reply_on(server).text("here")
    assert [content["body"] for _, content in server.sent] == ["here"]


async def test_a_room_we_may_not_speak_in_gets_no_answer_and_one_log_line(caplog: pytest.LogCaptureFixture) -> None:
    server = Homeserver(refusal(403, "M_FORBIDDEN"))
    await reply_on(server).text("here")
    assert server.sent == []
    assert len(caplog.records) == 1


async def test_a_login_that_ended_is_reported_so_that_the_question_is_not_counted_as_answered() -> None:
    with pytest.raises(ChatRefused, match=r"\$question"):
        await reply_on(Homeserver(refusal(401, "M_UNKNOWN_TOKEN"))).text("here")


async def test_typing_ends_with_the_answer_and_not_twice() -> None:
    server = Homeserver()
    reply = reply_on(server)
    await reply.working()
    await reply.text("here")
    await reply.done()
    assert server.typing == [True, False]


async def test_typing_lasts_until_the_last_question_of_a_room_is_answered() -> None:
    server = Homeserver()
    typing = Typing(server)
    first, second = reply_on(server, typing), reply_on(server, typing)
    await first.working()
    await second.working()
    await first.done()
    assert server.typing == [True]
    await second.done()
    assert server.typing == [True, False]


async def test_a_call_that_never_returns_ends() -> None:
    with pytest.raises(Unavailable, match="in time"):
        await call(asyncio.sleep(60), limit=0.01)


async def test_trying_again_ends_when_told_to() -> None:
    with pytest.raises(Unavailable):
        await patiently(lambda: asyncio.sleep(0, refusal(500, "")), give_up_after=0.1)


async def test_no_is_not_asked_again() -> None:
    with pytest.raises(Denied) as denied:
        await patiently(lambda: asyncio.sleep(0, refusal(403, "M_FORBIDDEN")))
    assert (denied.value.code, denied.value.status) == ("M_FORBIDDEN", 403)


@given(st.integers(0, 100_000), st.none() | st.floats(0, 1e9), st.floats(0, 1, exclude_max=True))
def test_a_wait_is_never_nothing_and_never_for_ever(attempt: int, asked: float | None, chance: float) -> None:
    assert 0.1 <= wait_for(attempt, asked, chance) <= LONGEST_WAIT


def test_waits_double_from_about_a_second_to_a_minute() -> None:
    assert [wait_for(n, None, 0.999999) for n in (0, 1, 2, 3)] == pytest.approx([1, 2, 4, 8], rel=0.01)
    assert wait_for(50, None, 0.999999) == pytest.approx(60, rel=0.01)
