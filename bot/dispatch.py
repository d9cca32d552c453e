"""Whether a message is answered, and how a question runs from its arrival to its final word.

Rules of this file:
- ``decide`` is a table read from the top; it sees values only.
- Every question that is taken gets exactly one final message, whatever happens on the way.
- Answering is the CPU's work: it runs in threads, few at a time, with a limit on how many wait.
- Whoever works on a question has claimed it in ``State``; a second delivery finds it taken.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.chat import ChatRefused, Incoming, Reply
from bot.intent import ASK, asks_for_help, understood
from bot.model import Answer, Question
from bot.ordering import NO_ORDERS, Ordering
from bot.state import State

log = logging.getLogger(__name__)


class Decision(StrEnum):
    """What is done about a message."""

    IGNORE = "ignore"
    ANSWER = "answer"
    ORDER = "order"  # a command, a button or a form


@dataclass(frozen=True, slots=True)
class Conversation:
    """What went before in the message's thread."""

    answered: bool = False  # krab has answered in it
    people: frozenset[str] = frozenset()  # who wrote in it, krab left out


_SOMEBODY = re.compile(r"(?<!\S)@\w")


def _addressed(message: Incoming, _: Conversation) -> bool:
    return message.direct or message.mentioned


def _follow_up(message: Incoming, conversation: Conversation) -> bool:
    """One person talks with krab alone, and goes on without naming anybody."""
    alone = conversation.people <= {message.user}
    return message.in_thread and conversation.answered and alone and not _SOMEBODY.search(message.text)


def _ordered(message: Incoming, _: Conversation) -> bool:
    return message.act is not None or (message.command != "" and not _asks(message))


def _asks(message: Incoming) -> bool:
    return message.command == ASK and bool(message.text.strip())


Rule = tuple[Callable[[Incoming, Conversation], bool], Decision]

RULES: tuple[Rule, ...] = (
    (lambda message, _: message.from_bot, Decision.IGNORE),
    (_ordered, Decision.ORDER),
    (lambda message, _: _asks(message), Decision.ANSWER),
    (lambda message, c: not (_addressed(message, c) or _follow_up(message, c)), Decision.IGNORE),
    (lambda message, _: asks_for_help(message.text), Decision.IGNORE),  # "!" or a smile after an answer asks nothing
    (lambda _, __: True, Decision.ANSWER),
)


def decide(incoming: Incoming, conversation: Conversation) -> Decision:
    """What the first rule that applies says."""
    return next(decision for applies, decision in RULES if applies(incoming, conversation))


BUSY = "I have more questions waiting than I can take. Please ask again in a minute."
SLOW = "That took longer than I allow myself. Please ask again, or ask for something narrower."
FAILED = "Something went wrong on my side; it is logged. Please try again later."


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is done at a time. ``patience`` is in seconds, from the question to its answer."""

    at_once: int = 2
    waiting: int = 50
    patience: float = 60.0
    longest: int = 4_000  # characters of a question that are read


class Dispatcher:
    """Takes messages from every chat and sees each question through to its final word."""

    def __init__(
        self,
        answerer: Callable[[Question], Answer],
        state: State,
        limits: Limits | None = None,
        *,
        ordering: Ordering | None = None,
    ) -> None:
        """Without an ``ordering`` there are questions only."""
        self._answerer = answerer
        self._state = state
        self._ordering = ordering or NO_ORDERS
        self._limits = limits or Limits()
        self._slots = asyncio.Semaphore(self._limits.at_once)
        self._open = 0  # questions taken and not yet finished

    async def handle(self, received: Incoming, reply: Reply) -> None:
        """The ``Handler`` of every chat."""
        incoming = understood(received, self._ordering.orders)
        decision = decide(incoming, self._conversation(incoming))
        if decision is not Decision.IGNORE and self._state.claim(incoming):
            await self._respond(decision, incoming, reply)

    async def resume(self, service: str, since: datetime, reply_to: Callable[[Incoming], Reply]) -> None:
        """Answer what an earlier process took over from ``service`` and did not finish.

        A service that acknowledges before the work is done (Slack) never delivers such a question again.
        """
        for incoming in self._state.unfinished(service, since):
            if self._state.claim(incoming):
                await self._respond(Decision.ANSWER, incoming, reply_to(incoming))

    def _conversation(self, incoming: Incoming) -> Conversation:
        if incoming.direct or incoming.from_bot or incoming.act:
            return Conversation()  # decided without it, and nothing to remember
        self._state.hear(incoming)
        if not incoming.in_thread:
            return Conversation()
        return Conversation(self._state.spoken_in(incoming), self._state.people(incoming))

    async def _respond(self, decision: Decision, incoming: Incoming, reply: Reply) -> None:
        """Deliver the final word; a question whose final word can't be delivered stays claimed."""
        self._open += 1
        try:
            status, answer = await self._final(decision, incoming, reply)
        except ChatRefused:
            raise  # the chat's own loop ends with this, and the question is taken up after a restart
        except Exception as error:
            log.warning("%s: no way to reply to %s: %s", incoming.service, incoming.key, error)
        else:
            self._state.finish(incoming, status, answer)
        finally:
            self._open -= 1

    async def _final(self, decision: Decision, incoming: Incoming, reply: Reply) -> tuple[str, Answer | None]:
        """Say the final word; what it was, for the record."""
        if decision is Decision.ORDER:
            return await self._ordering.run(incoming, reply), None
        if self._open > self._limits.at_once + self._limits.waiting:
            await reply.text(BUSY)
            return "busy", None
        try:
            return "answered", await self._answer(incoming, reply)
        except ChatRefused:
            raise
        except TimeoutError:
            log.warning("%s: question %s took more than %s s", incoming.service, incoming.key, self._limits.patience)
            await reply.text(SLOW)
            return "slow", None
        except Exception:
            log.exception("%s: question %s failed", incoming.service, incoming.key)
            await reply.text(FAILED)
            return "failed", None

    async def _answer(self, incoming: Incoming, reply: Reply) -> Answer:
        question = Question(incoming.text[: self._limits.longest], self._state.earlier(incoming))
        async with asyncio.timeout(self._limits.patience):
            thinking = asyncio.ensure_future(self._think(question))
            try:
                await reply.working()
                answer = await thinking
            finally:
                thinking.cancel()
        await reply.answer(answer, private=incoming.command == ASK and not incoming.direct)
        return answer

    async def _think(self, question: Question) -> Answer:
        """Run the answerer in a thread. The slot is free when the thread ends, not when we stop waiting:
        a thread can't be stopped, and must not be joined by ever more of its kind.
        """
        await self._slots.acquire()
        work = asyncio.ensure_future(asyncio.to_thread(self._answerer, question))
        work.add_done_callback(self._done)
        return await asyncio.shield(work)

    def _done(self, work: asyncio.Future[Answer]) -> None:
        self._slots.release()
        if not work.cancelled():
            work.exception()  # seen, though nobody may be waiting any more
