"""What is sent to a room, and how calls behave when the homeserver is slow, busy or away."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nio import RoomSendError, RoomSendResponse, RoomTypingResponse, UploadResponse

from bot.card import Card, Field, Form, Picture, note
from bot.chat import ChatRefused, Incoming
from bot.chat.matrix_calls import LONGEST_WAIT, Denied, Unavailable, call, patiently, wait_for
from bot.chat.matrix_html import Message
from bot.chat.matrix_memory import Memory, Said
from bot.chat.matrix_post import Post, edit, notice, transaction
from bot.chat.matrix_reply import MatrixReply, Typing
from index.sqlite import Sqlite
from tests.fakes import answered

# The beginning of a picture three pixels wide and two high.
PNG = b"\x89PNG\r\n\x1a\n" + b"\0\0\0\rIHDR" + b"\0\0\0\x03\0\0\0\x02"
QUESTION = Incoming("matrix", "!room", "$root", "$question", "@ann:x", "why?")


def refusal(status: int, code: str, retry_after_ms: int | None = None) -> RoomSendError:
    error = RoomSendError("no", code, retry_after_ms)
    error.transport_response = SimpleNamespace(status=status, headers={})
    return error


class Homeserver:
    """The calls a reply makes of nio's client: fails as told, then records."""

    user_id = "@krab:x"

    def __init__(self, *failures: Any, rooms: Any = None) -> None:
        self.failures = list(failures)
        self.rooms = rooms or {}
        self.sent: list[tuple[str, dict[str, Any]]] = []
        self.redacted: list[str] = []
        self.typing: list[bool] = []

    async def room_send(self, room: str, kind: str, content: dict[str, Any], **options: Any) -> Any:
        if self.failures:
            failure = self.failures.pop(0)
            if isinstance(failure, Exception):
                raise failure
            return failure
        self.sent.append((options["tx_id"], {**content, "room": room}))
        return RoomSendResponse(f"$sent{len(self.sent)}", room)

    async def room_redact(self, room: str, event: str, **options: Any) -> Any:
        self.redacted.append(event)
        return RoomSendResponse("$redaction", room)

    async def upload(self, data: Any, kind: str, name: str, **options: Any) -> Any:
        return UploadResponse(f"mxc://x/{name}"), {"k": "key"} if options["encrypt"] else None

    async def room_typing(self, room: str, typing: bool, milliseconds: int) -> Any:
        self.typing.append(typing)
        return RoomTypingResponse(room)

    @property
    def bodies(self) -> list[str]:
        return [content["body"] for _, content in self.sent]


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[Memory]:
    database = Sqlite(tmp_path / "state.db")
    yield Memory(database)
    database.close()


ReplyOn = Callable[..., MatrixReply]


@pytest.fixture
def reply_on(memory: Memory) -> ReplyOn:
    def reply(server: Any, typing: Typing | None = None, question: Incoming = QUESTION) -> MatrixReply:
        return MatrixReply(Post(server, memory), typing or Typing(server), question)

    return reply


def test_a_notice_mentions_nobody() -> None:
    content = notice(Message("body", "<p>body</p>"))
    assert (content["msgtype"], content["m.mentions"]) == ("m.notice", {})


async def test_an_answer_is_in_its_thread_and_replies_to_its_question(reply_on: ReplyOn) -> None:
    server = Homeserver()
    await reply_on(server).text("here")
    assert server.sent[0][1]["m.relates_to"] == {
        "rel_type": "m.thread",
        "event_id": "$root",
        "is_falling_back": True,
        "m.in_reply_to": {"event_id": "$question"},
    }


def test_a_transaction_follows_from_the_cause_and_the_place_in_it() -> None:
    assert transaction("$a", 0) == transaction("$a", 0)
    assert len({transaction(e, w) for e in ("$a", "$b") for w in (0, 1, "redact 0")}) == 6


async def test_the_final_word_said_again_has_the_same_transaction_whatever_it_is_then(reply_on: ReplyOn) -> None:
    first, second = Homeserver(), Homeserver()
    await reply_on(first).text("busy")
    await reply_on(second).answer(answered())
    assert first.sent[0][0] == second.sent[0][0]


async def test_an_edited_question_edits_its_answer(reply_on: ReplyOn) -> None:
    server = Homeserver()
    await reply_on(server).text("first")
    await reply_on(server, question=replace(QUESTION, key="$edit", edits="$question")).text("second")
    changed = server.sent[1][1]
    assert changed["m.relates_to"] == {"rel_type": "m.replace", "event_id": "$sent1"}
    assert (changed["body"], changed["m.new_content"]["body"]) == ("* second", "second")
    assert changed["m.mentions"] == changed["m.new_content"]["m.mentions"] == {}


async def test_what_an_edited_answer_has_no_more_use_for_is_taken_back(reply_on: ReplyOn) -> None:
    server = Homeserver()
    reply = reply_on(server)
    await reply.text("one")
    await reply.text("two")
    again = reply_on(server, question=replace(QUESTION, key="$edit", edits="$question"))
    await again.text("all")
    await again.settle()
    assert server.redacted == ["$sent2"]


async def test_an_edit_of_a_question_that_was_not_answered_is_answered(reply_on: ReplyOn) -> None:
    server = Homeserver()
    await reply_on(server, question=replace(QUESTION, key="$edit", edits="$question")).text("here")
    assert server.sent[0][1]["m.relates_to"]["event_id"] == "$root"


async def test_what_was_said_is_remembered_with_the_question_it_answers(reply_on: ReplyOn, memory: Memory) -> None:
    await reply_on(Homeserver()).text("here")
    assert memory.said("$sent1") == Said("$sent1", "!room", "$question", "$question", 0, "$root")


async def test_a_private_answer_goes_to_the_direct_room_and_a_word_to_the_thread(reply_on: ReplyOn) -> None:
    alone = SimpleNamespace(room_id="!direct", users={"@ann:x": 1, "@krab:x": 1}, name="", encrypted=True)
    server = Homeserver(rooms={"!direct": alone})
    await reply_on(server).card(note("for you"), private=True)
    assert [(c["room"], c["body"]) for _, c in server.sent] == [
        ("!direct", "for you"),
        ("!room", "I have sent you that in our direct chat."),
    ]
    assert "m.relates_to" not in server.sent[0][1]


async def test_a_private_answer_in_a_direct_room_stays_there(reply_on: ReplyOn) -> None:
    server = Homeserver()
    await reply_on(server, question=replace(QUESTION, direct=True)).card(note("for you"), private=True)
    assert [c["room"] for _, c in server.sent] == ["!room"]


async def test_a_picture_is_sent_with_its_words_and_its_size(reply_on: ReplyOn) -> None:
    server = Homeserver()
    await reply_on(server).card(Card("Week 28", picture=Picture(PNG, "Ten mails a day")))
    shown = server.sent[0][1]
    assert (shown["msgtype"], shown["body"], shown["url"]) == ("m.image", "Ten mails a day", "mxc://x/krab.png")
    assert (shown["info"]["w"], shown["info"]["h"], shown["info"]["mimetype"]) == (3, 2, "image/png")
    assert server.bodies == ["Ten mails a day", "Week 28"]


async def test_a_picture_in_an_encrypted_room_is_encrypted(reply_on: ReplyOn) -> None:
    server = Homeserver(rooms={"!room": SimpleNamespace(encrypted=True, users={}, name="")})
    await reply_on(server).card(Card("Week 28", picture=Picture(PNG, "Ten mails a day")))
    assert server.sent[0][1]["file"] == {"k": "key", "url": "mxc://x/krab.png"}
    assert "url" not in server.sent[0][1]


async def test_a_form_is_said_in_words(reply_on: ReplyOn) -> None:
    server = Homeserver()
    await reply_on(server).ask(Form("Subscribe", "subscribe", (Field("topic", "Topic", hint="a word"),)))
    assert server.bodies == ["Subscribe\n\n- Topic: a word"]


def test_an_edits_text_for_old_clients_is_short_so_that_the_event_is_not_twice_as_large() -> None:
    content = edit(notice(Message("x" * 5000, "x" * 5000)), "$old")
    assert len(content["body"]) < 300


@pytest.mark.parametrize(
    "failure", [refusal(429, "M_LIMIT_EXCEEDED", 100), refusal(502, ""), aiohttp.ClientConnectionError(), OSError()]
)
async def test_a_busy_or_absent_homeserver_delays_an_answer_and_does_not_lose_it(
    reply_on: ReplyOn, failure: Any
) -> None:
    server = Homeserver(failure)
    await reply_on(server).text("here")
    assert server.bodies == ["here"]


async def test_a_room_we_may_not_speak_in_gets_no_answer_and_one_log_line(
    reply_on: ReplyOn, caplog: pytest.LogCaptureFixture
) -> None:
    server = Homeserver(refusal(403, "M_FORBIDDEN"))
    await reply_on(server).text("here")
    assert server.sent == []
    assert len(caplog.records) == 1


async def test_a_login_that_ended_is_reported_so_that_the_question_is_not_counted_as_answered(
    reply_on: ReplyOn,
) -> None:
    with pytest.raises(ChatRefused, match=r"\$question"):
        await reply_on(Homeserver(refusal(401, "M_UNKNOWN_TOKEN"))).text("here")


async def test_typing_ends_with_the_answer_and_not_twice(reply_on: ReplyOn) -> None:
    server = Homeserver()
    reply = reply_on(server)
    await reply.working()
    await reply.text("here")
    await reply.done()
    assert server.typing == [True, False]


async def test_typing_lasts_until_the_last_question_of_a_room_is_answered(reply_on: ReplyOn) -> None:
    server: Any = Homeserver()
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
