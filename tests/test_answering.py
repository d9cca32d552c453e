"""A question's way to its final word: acknowledged first, in turn, within limits."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from bot.answering import Answering, How
from bot.chat import Incoming
from bot.dispatch import Dispatcher
from bot.limits import Limits
from bot.model import Answer, Progress, Question, Status, silent
from bot.state import State
from tests.fakes import FakeAnswerer, FakeReply, answered

QUESTION = Incoming("slack", "C1", "100.1", "C1:100.1", "ann", "who holds the leaf?", mentioned=True)
UNKNOWN = Answer(Status.NOT_FOUND)


@dataclass
class Gate:
    """An answerer that lets one question through each time it is opened, and keeps who came in what order."""

    asked: list[str] = field(default_factory=list)
    _opened: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    def __call__(self, question: Question, _: Progress = silent) -> Answer:
        self.asked.append(question.text)
        assert self._opened.acquire(timeout=10)
        return answered()

    def open(self, times: int = 1) -> None:
        self._opened.release(times)


async def until(true: Callable[[], object]) -> None:
    async with asyncio.timeout(5):
        while not true():
            await asyncio.sleep(0.005)


def answering(answerer: Callable[[Question, Progress], Answer], **limits: Any) -> Answering:
    return Answering(answerer, Limits(**limits), reading=lambda: "reading 7 mails…")


def ask(
    line: Answering, reply: FakeReply, text: str = "who holds the leaf?", user: str = "ann"
) -> asyncio.Task[tuple[str, Answer | None]]:
    return asyncio.create_task(line.respond(replace(QUESTION, user=user, text=text, key=text), reply, (), How()))


async def test_what_is_being_read_is_said_before_the_thinking_starts() -> None:
    gate, reply = Gate(), FakeReply()
    task = ask(answering(gate), reply)
    await until(lambda: gate.asked)
    assert reply.words == ["reading 7 mails…"]
    gate.open()
    assert await task == ("answered", answered())


async def test_who_waits_is_told_how_many_come_before() -> None:
    gate, replies = Gate(), [FakeReply() for _ in range(4)]
    line = answering(gate, at_once=1)
    tasks = [ask(line, reply, f"{n}", user=f"u{n}") for n, reply in enumerate(replies)]
    await until(lambda: len(replies[3].words) == 1)
    assert [reply.words for reply in replies] == [
        ["reading 7 mails…"],
        ["you are next"],
        ["1 before you"],
        ["2 before you"],
    ]
    gate.open(4)
    await asyncio.gather(*tasks)
    assert [reply.words[-1] for reply in replies] == ["reading 7 mails…"] * 4


async def test_a_flood_from_one_person_does_not_keep_another_waiting() -> None:
    gate = Gate()
    line = answering(gate, at_once=1)
    tasks = [ask(line, FakeReply(), f"flood {n}") for n in range(20)]
    tasks.append(ask(line, FakeReply(), "bob's", user="bob"))
    await until(lambda: gate.asked)
    gate.open(21)
    await asyncio.gather(*tasks)
    assert gate.asked.index("bob's") <= 2
    assert len(gate.asked) == 21


async def test_who_asks_too_fast_is_told_when_to_come_again() -> None:
    reply, line = FakeReply(), answering(FakeAnswerer(), per_user=2)
    statuses = [(await ask(line, reply))[0] for _ in range(3)]
    assert statuses == ["answered", "answered", "limited"]
    assert reply.said[2] == "That is more questions than I take at a time. Please ask again in 30 s."


async def test_an_acknowledgement_that_fails_costs_no_answer() -> None:
    class Mute(FakeReply):
        async def working(self, words: str = "") -> None:
            raise ConnectionError("no status today")

    reply = Mute()
    assert (await ask(answering(FakeAnswerer()), reply))[0] == "answered"
    assert reply.said == [answered()]


async def test_an_acknowledgement_that_hangs_holds_up_the_thinking_for_a_second_at_most() -> None:
    class Slow(FakeReply):
        async def working(self, words: str = "") -> None:
            await until(lambda: answerer.asked)

    answerer, reply = FakeAnswerer(), Slow()
    assert (await ask(answering(answerer), reply))[0] == "answered"


async def test_where_silence_is_wanted_only_an_answer_is_shown() -> None:
    said = []
    for answer in (UNKNOWN, answered()):
        reply = FakeReply()
        status, _ = await answering(FakeAnswerer(answer)).respond(QUESTION, reply, (), How(silent=True))
        said.append((status, reply.worked, reply.said))
    assert said == [("silent", 0, []), ("answered", 0, [answered()])]


async def test_where_silence_is_wanted_errors_are_not_shown_either() -> None:
    reply = FakeReply()
    line = answering(FakeAnswerer(error=KeyError("a bug")))
    assert (await line.respond(QUESTION, reply, (), How(silent=True)))[0] == "failed"
    assert reply.said == []


@pytest.fixture
def state() -> Iterator[State]:
    state = State.at(":memory:")
    yield state
    state.close()


async def test_an_edited_question_is_answered_anew_and_replaces_what_it_said(state: State) -> None:
    answerer = FakeAnswerer()
    krab = Dispatcher(answerer, state)
    await krab.handle(QUESTION, FakeReply())
    edit = replace(QUESTION, key="edit 1", text="who holds the mud?", edits=QUESTION.key)
    await krab.handle(edit, FakeReply())
    await krab.handle(replace(edit, key="edit 2"), FakeReply())  # nothing changed
    await krab.handle(replace(QUESTION, key="next", text="why?", in_thread=True), FakeReply())
    assert [(q.text, q.earlier) for q in answerer.asked] == [
        ("who holds the leaf?", ()),
        ("who holds the mud?", ()),
        ("why?", ("who holds the mud?",)),
    ]


async def test_an_edit_waits_for_the_answer_to_what_it_replaces(state: State) -> None:
    gate, first, second = Gate(), FakeReply(), FakeReply()
    krab = Dispatcher(gate, state)
    asked = asyncio.create_task(krab.handle(QUESTION, first))
    await until(lambda: gate.asked)
    edited = asyncio.create_task(krab.handle(replace(QUESTION, key="e", text="mud?", edits=QUESTION.key), second))
    await asyncio.sleep(0.05)
    assert gate.asked == ["who holds the leaf?"]
    gate.open(2)
    await asyncio.gather(asked, edited)
    assert gate.asked == ["who holds the leaf?", "mud?"]
