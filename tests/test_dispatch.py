"""What is answered, and that every question ends with one final word."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.answering import BUSY, FAILED, SLOW
from bot.card import Card
from bot.chat import Act, ChatRefused, Incoming
from bot.dispatch import Conversation, Decision, Dispatcher, decide
from bot.limits import Limits
from bot.model import Answer, Progress, Question
from bot.state import State
from tests.fakes import NOON, FakeAnswerer, FakeClock, FakeReply, answered
from tests.order_fixtures import ordering

QUESTION = Incoming("slack", "C1", "100.1", "C1:100.1", "ann", "who holds the leaf?", mentioned=True)
FOLLOW_UP = replace(QUESTION, key="C1:100.2", text="and why?", mentioned=False, in_thread=True)
ALONE = Conversation(answered=True, people=frozenset({"ann"}))


@pytest.mark.parametrize(
    ("message", "conversation", "decision"),
    [
        pytest.param(replace(QUESTION, from_bot=True), Conversation(), Decision.IGNORE, id="a bot is never answered"),
        pytest.param(QUESTION, Conversation(), Decision.ANSWER, id="a mention is answered"),
        pytest.param(replace(QUESTION, mentioned=False), Conversation(), Decision.IGNORE, id="talk is left alone"),
        pytest.param(replace(QUESTION, mentioned=False, direct=True), Conversation(), Decision.ANSWER, id="direct"),
        pytest.param(FOLLOW_UP, ALONE, Decision.ANSWER, id="one person and krab need no mention"),
        pytest.param(FOLLOW_UP, replace(ALONE, answered=False), Decision.IGNORE, id="krab was not in the thread"),
        pytest.param(
            FOLLOW_UP, replace(ALONE, people=frozenset({"ann", "bob"})), Decision.IGNORE, id="two people are talking"
        ),
        pytest.param(replace(FOLLOW_UP, user="bob"), ALONE, Decision.IGNORE, id="somebody else steps in"),
        pytest.param(replace(FOLLOW_UP, text="@bob did you see?"), ALONE, Decision.IGNORE, id="it is for Bob"),
        pytest.param(replace(FOLLOW_UP, text=":-)"), ALONE, Decision.IGNORE, id="a smile asks nothing"),
        pytest.param(replace(QUESTION, text=""), Conversation(), Decision.IGNORE, id="only the name"),
        pytest.param(replace(QUESTION, command="help"), Conversation(), Decision.ORDER, id="a command"),
        pytest.param(replace(QUESTION, command="ask"), Conversation(), Decision.ANSWER, id="a question as a command"),
        pytest.param(replace(QUESTION, command="ask", text=""), Conversation(), Decision.ORDER, id="ask, but what?"),
        pytest.param(replace(QUESTION, act=Act("why")), Conversation(), Decision.ORDER, id="a button"),
        pytest.param(replace(QUESTION, text="help with DMA?"), Conversation(), Decision.ANSWER, id="a question"),
    ],
)
def test_each_message_meets_its_rule(message: Incoming, conversation: Conversation, decision: Decision) -> None:
    assert decide(message, conversation) is decision


@dataclass
class Watched(FakeReply):
    """A ``FakeReply`` that also keeps what was shown on the way."""

    words: list[str] = field(default_factory=list)

    async def working(self, words: str = "") -> None:
        self.words.append(words)


Make = Callable[..., Dispatcher]


@pytest.fixture
def open_state(tmp_path: Path) -> Iterator[Callable[..., State]]:
    """Opens the same database again and again, as processes do that follow one another."""
    opened: list[State] = []

    def open_one(**more: Any) -> State:
        opened.append(State.at(tmp_path / "bot.sqlite", **more))
        return opened[-1]

    yield open_one
    for state in opened:
        state.close()


@pytest.fixture
def dispatcher(open_state: Callable[..., State]) -> Make:
    def make(answerer: Callable[[Question, Progress], Answer], state: State | None = None, **limits: Any) -> Dispatcher:
        return Dispatcher(answerer, state or open_state(), Limits(**limits))

    return make


async def test_a_question_is_answered_after_showing_that_it_was_seen(dispatcher: Make) -> None:
    answerer, reply = FakeAnswerer(), FakeReply()
    await dispatcher(answerer).handle(QUESTION, reply)
    assert (reply.worked, reply.said) == (1, [answered()])
    assert [(q.text, q.asker, q.channel) for q in answerer.asked] == [("who holds the leaf?", "slack:ann", "slack:C1")]


async def test_a_duplicate_is_answered_once(dispatcher: Make) -> None:
    answerer, reply = FakeAnswerer(), FakeReply()
    busy = dispatcher(answerer)
    await asyncio.gather(*(busy.handle(QUESTION, reply) for _ in range(5)))
    assert len(reply.said) == len(answerer.asked) == 1


async def test_a_duplicate_is_answered_once_across_a_restart(
    dispatcher: Make, open_state: Callable[..., State]
) -> None:
    reply = FakeReply()
    for _ in range(2):
        await dispatcher(FakeAnswerer(), open_state()).handle(QUESTION, reply)
    assert len(reply.said) == 1


async def test_a_follow_up_brings_the_earlier_questions_along(dispatcher: Make) -> None:
    answerer = FakeAnswerer()
    busy = dispatcher(answerer)
    await busy.handle(QUESTION, FakeReply())
    await busy.handle(FOLLOW_UP, FakeReply())
    assert (answerer.asked[1].text, answerer.asked[1].earlier) == ("and why?", ("who holds the leaf?",))


async def test_krab_is_silent_once_a_second_person_has_spoken(dispatcher: Make) -> None:
    reply = FakeReply()
    busy = dispatcher(FakeAnswerer())
    await busy.handle(QUESTION, FakeReply())
    await busy.handle(replace(FOLLOW_UP, user="bob", key="2"), reply)
    await busy.handle(replace(FOLLOW_UP, key="3"), reply)
    assert reply.said == []


async def test_help_is_told_without_asking_anybody(open_state: Callable[..., State]) -> None:
    answerer, reply = FakeAnswerer(), FakeReply()
    busy = Dispatcher(answerer, open_state(), ordering=ordering())
    for number, text in enumerate(("help", "", " Help! ")):
        await busy.handle(replace(QUESTION, text=text, key=str(number)), reply)
    assert [card.title for card in reply.said if isinstance(card, Card)] == ["krab"] * 3
    assert answerer.asked == []


async def test_an_error_is_logged_once_and_ends_with_a_friendly_word(
    caplog: pytest.LogCaptureFixture, dispatcher: Make
) -> None:
    reply = FakeReply()
    await dispatcher(FakeAnswerer(error=RuntimeError("a bug"))).handle(QUESTION, reply)
    assert reply.said == [FAILED]
    assert [record.message for record in caplog.records] == ["slack: question C1:100.1 failed"]


async def test_an_answer_that_takes_too_long_ends_with_a_friendly_word(dispatcher: Make) -> None:
    reply = FakeReply()
    await dispatcher(FakeAnswerer(delay=0.3), patience=0.05).handle(QUESTION, reply)
    assert reply.said == [SLOW]


async def test_threads_that_were_given_up_keep_their_slots(dispatcher: Make) -> None:
    answerer = FakeAnswerer(delay=0.4)
    busy, replies = dispatcher(answerer, at_once=1, patience=0.1, queue_patience=0.1), [FakeReply(), FakeReply()]
    for number, reply in enumerate(replies):
        await busy.handle(replace(QUESTION, key=str(number)), reply)
    assert [reply.said for reply in replies] == [[SLOW], [SLOW]]
    assert len(answerer.asked) == 1


async def test_more_than_can_wait_are_told_so(dispatcher: Make) -> None:
    busy, reply = dispatcher(FakeAnswerer(delay=0.1), at_once=1, waiting=1), FakeReply()
    await asyncio.gather(*(busy.handle(replace(QUESTION, key=str(number)), reply) for number in range(4)))
    assert sorted(reply.said, key=str) == sorted([answered(), answered(), BUSY, BUSY], key=str)


async def test_what_could_not_be_delivered_is_delivered_after_the_next_start(
    dispatcher: Make, open_state: Callable[..., State]
) -> None:
    first = open_state(clock=FakeClock())
    await dispatcher(FakeAnswerer(), first).handle(QUESTION, FakeReply(broken=True))
    reply, second = FakeReply(), open_state(clock=FakeClock())
    await dispatcher(FakeAnswerer(), second).resume("slack", NOON - timedelta(hours=1), lambda _: reply)
    assert reply.said == [answered()]


async def test_what_is_taken_up_after_a_crash_is_within_every_limit(open_state: Callable[..., State]) -> None:
    first = open_state(clock=FakeClock())
    asked = [replace(QUESTION, key=f"{n}") for n in range(5)]
    assert all(first.claim(one) for one in asked)
    replies = {one.key: FakeReply() for one in asked}
    krab = Dispatcher(FakeAnswerer(), open_state(clock=FakeClock()), Limits(per_user=1, waiting=0))
    await krab.resume("slack", NOON - timedelta(hours=1), lambda one: replies[one.key])
    assert [reply.said for reply in replies.values()] == [[answered()]] * 5


async def test_credentials_that_are_refused_while_answering_end_the_chat(dispatcher: Make) -> None:
    class Refusing(FakeReply):
        async def working(self, words: str = "") -> None:
            raise ChatRefused("slack", "renew the token")

    krab, reply = dispatcher(FakeAnswerer()), FakeReply()
    with pytest.raises(ChatRefused):
        await krab.handle(QUESTION, Refusing())
    await krab.resume("slack", NOON - timedelta(hours=1), lambda _: reply)  # the token was renewed
    assert reply.said == [answered()]


async def test_what_an_outage_outlasted_is_answered_when_it_is_over(dispatcher: Make) -> None:
    krab, reply, unneeded = dispatcher(FakeAnswerer()), FakeReply(), FakeReply()
    await krab.handle(QUESTION, FakeReply(broken=True))
    await krab.resume("slack", NOON - timedelta(hours=1), lambda _: reply)
    await krab.resume("slack", NOON - timedelta(hours=1), lambda _: unneeded)
    assert (reply.said, unneeded.said) == ([answered()], [])


async def test_a_question_that_is_cut_short_when_krab_stops_is_left_to_the_next(dispatcher: Make) -> None:
    krab, reply = dispatcher(FakeAnswerer(delay=0.2)), FakeReply()
    handling = asyncio.create_task(krab.handle(QUESTION, FakeReply()))
    await asyncio.sleep(0.05)
    handling.cancel()
    await asyncio.gather(handling, return_exceptions=True)
    await krab.resume("slack", NOON - timedelta(hours=1), lambda _: reply)
    assert reply.said == [answered()]


async def test_an_endless_question_is_cut(dispatcher: Make) -> None:
    answerer = FakeAnswerer()
    await dispatcher(answerer, longest=10).handle(replace(QUESTION, text="x" * 99), FakeReply())
    assert answerer.asked[0].text == "x" * 10


async def test_nothing_of_an_answer_that_one_person_is_to_see_is_shown_before_it_is_made(dispatcher: Make) -> None:
    def answerer(question: Question, progress: Progress) -> Answer:
        progress("A leaf …")
        time.sleep(0.2)
        return answered()

    reply = Watched()
    await dispatcher(answerer).handle(replace(QUESTION, command="ask"), reply)
    assert ("A leaf …" in reply.words, reply.private) == (False, [True])


async def test_what_there_is_of_an_answer_is_shown_while_it_is_being_made(dispatcher: Make) -> None:
    def answerer(question: Question, progress: Progress) -> Answer:
        progress("A leaf …")
        time.sleep(0.2)
        return answered()

    reply = Watched()
    await dispatcher(answerer).handle(QUESTION, reply)
    assert "A leaf …" in reply.words
    assert reply.said == [answered()]


async def test_nothing_is_shown_after_the_final_word(dispatcher: Make) -> None:
    late: list[Progress] = []

    def answerer(question: Question, progress: Progress) -> Answer:
        late.append(progress)
        return answered()

    reply = Watched()
    await dispatcher(answerer).handle(QUESTION, reply)
    before = list(reply.words)
    late[0]("too late")
    await asyncio.sleep(0.05)
    assert reply.words == before
