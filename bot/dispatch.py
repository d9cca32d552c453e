"""Whether a message is answered, and who sees to it: a table, and the driver around it.

Rules of this file:
- ``decide`` is a table read from the top; it sees values only.
- Whoever works on a message has claimed it in ``State``; a second delivery finds it taken.
- A message that is taken gets one final word, and that is recorded when it was delivered; what could not be
  delivered is released, and taken up later (``resume``).
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from weakref import WeakValueDictionary

from bot.answering import Answering, How
from bot.channels import DEFAULT, Manner, Mode
from bot.chat import ChatRefused, Incoming, Reply
from bot.intent import ASK, is_question, says_nothing, understood
from bot.limits import Limits
from bot.model import Answer, Progress, Question
from bot.ordering import NO_ORDERS, Ordering
from bot.state import State

log = logging.getLogger(__name__)


class Decision(StrEnum):
    """What is done about a message."""

    IGNORE = "ignore"
    ANSWER = "answer"
    VOLUNTEER = "volunteer"  # answer what nobody asked krab
    ORDER = "order"  # a command, a button or a form


@dataclass(frozen=True, slots=True)
class Conversation:
    """What went before in the message's thread. ``edited`` is what the question said that this one replaces."""

    answered: bool = False  # krab has answered in it
    people: frozenset[str] = frozenset()  # who wrote in it, krab left out
    edited: str | None = None


_SOMEBODY = re.compile(r"(?<!\S)@\w")


def _addressed(message: Incoming) -> bool:
    return message.direct or message.mentioned


def _asks(message: Incoming) -> bool:
    return message.command == ASK and bool(message.text.strip())


def _ordered(message: Incoming) -> bool:
    return message.act is not None or (message.command != "" and not _asks(message))


def _alone(message: Incoming, c: Conversation) -> bool:
    return c.people <= {message.user}


def _follow_up(message: Incoming, c: Conversation) -> bool:
    """One person talks with krab alone, and goes on without naming anybody."""
    return message.in_thread and c.answered and _alone(message, c) and not _SOMEBODY.search(message.text)


def _volunteers(message: Incoming, c: Conversation, manner: Manner) -> bool:
    """Whether krab speaks here without being named. Among several people, only to a question."""
    if _SOMEBODY.search(message.text) or not (is_question(message.text) or not manner.only_questions):
        return False
    if not message.in_thread:
        return manner.mode in (Mode.ROOT_POSTS, Mode.THREADS)
    return manner.mode is Mode.THREADS and (_alone(message, c) or is_question(message.text))


Rule = tuple[Callable[[Incoming, Conversation, Manner], bool], Decision]

RULES: tuple[Rule, ...] = (
    (lambda m, c, _: m.from_bot, Decision.IGNORE),
    (lambda m, c, _: c.edited is not None and c.edited == m.text, Decision.IGNORE),  # a preview was added, say
    (lambda m, c, _: c.edited is not None and not says_nothing(m.text), Decision.ANSWER),
    (lambda m, c, _: _ordered(m), Decision.ORDER),
    (lambda m, c, _: _asks(m), Decision.ANSWER),
    (lambda m, c, _: says_nothing(m.text), Decision.IGNORE),  # thanks, or a smile
    (lambda m, c, _: m.direct, Decision.ANSWER),
    (lambda m, c, manner: manner.mode is Mode.OFF, Decision.IGNORE),
    (lambda m, c, _: m.mentioned or _follow_up(m, c), Decision.ANSWER),
    (_volunteers, Decision.VOLUNTEER),
    (lambda m, c, _: True, Decision.IGNORE),
)


def decide(incoming: Incoming, conversation: Conversation, manner: Manner = DEFAULT) -> Decision:
    """What the first rule that applies says."""
    return next(decision for applies, decision in RULES if applies(incoming, conversation, manner))


def how(decision: Decision, incoming: Incoming, manner: Manner) -> How:
    """How an answer is given: to whom, and whether "I don't know" is said."""
    private = not incoming.direct and (incoming.command == ASK or manner.private)
    return How(private=private, silent=decision is Decision.VOLUNTEER and manner.only_cited)


def _anywhere(_: str, __: str) -> Manner:
    return DEFAULT


class Dispatcher:
    """Takes messages from every chat and sees each through to its final word."""

    def __init__(
        self,
        answerer: Callable[[Question, Progress], Answer],
        state: State,
        limits: Limits | None = None,
        *,
        ordering: Ordering | None = None,
        manner: Callable[[str, str], Manner] = _anywhere,
        reading: Callable[[], str] = str,
    ) -> None:
        """``manner`` says how krab behaves in a (service, channel). Without an ``ordering`` there are no commands."""
        self._state = state
        self._ordering = ordering or NO_ORDERS
        self._manner = manner
        self._turns: WeakValueDictionary[tuple[str, str], asyncio.Lock] = WeakValueDictionary()
        self._answering = Answering(answerer, limits or Limits(), reading=reading)

    async def handle(self, received: Incoming, reply: Reply) -> None:
        """The ``Handler`` of every chat."""
        incoming = understood(received, self._ordering.orders)
        manner = DEFAULT if incoming.direct else self._manner(incoming.service, incoming.channel)
        decision = decide(incoming, self._conversation(incoming), manner)
        if decision is not Decision.IGNORE and self._state.claim(incoming):
            answering = None if decision is Decision.ORDER else how(decision, incoming, manner)
            turn = self._turns.setdefault((incoming.service, incoming.edits or incoming.key), asyncio.Lock())
            async with turn:  # an edit waits for the answer to what it replaces
                await self._respond(incoming, reply, answering)

    async def resume(self, service: str, since: datetime, reply_to: Callable[[Incoming], Reply]) -> None:
        """Answer what was taken over from ``service`` and not finished, by an earlier process or for want of a way.

        A service that acknowledges before the work is done (Slack) never delivers such a question again.
        """
        left = [incoming for incoming in self._state.unfinished(service, since) if self._state.claim(incoming)]
        ended = await asyncio.gather(*(self._again(one, reply_to(one)) for one in left), return_exceptions=True)
        for problem in filter(None, ended):
            raise problem

    async def _again(self, incoming: Incoming, reply: Reply) -> None:
        manner = self._manner(incoming.service, incoming.channel)
        await self._respond(incoming, reply, replace(how(Decision.ANSWER, incoming, manner), taken=True))

    def _conversation(self, incoming: Incoming) -> Conversation:
        if incoming.from_bot or incoming.act:
            return Conversation()  # decided without it, and nothing to remember
        edited = self._state.asked(incoming) if incoming.edits else None
        if incoming.direct:
            return Conversation(edited=edited)
        self._state.hear(incoming)
        if not incoming.in_thread:
            return Conversation(edited=edited)
        return Conversation(self._state.spoken_in(incoming), self._state.people(incoming), edited)

    async def _respond(self, incoming: Incoming, reply: Reply, manner: How | None) -> None:
        """Say the final word and record it; without a ``How`` it is an order's."""
        try:
            if manner is None:
                status, answer, text = await self._order(incoming, reply)
            else:
                earlier, text = self._state.earlier(incoming), ""
                status, answer = await self._answering.respond(incoming, reply, earlier, manner)
        except (ChatRefused, asyncio.CancelledError):
            self._state.release(incoming)  # the chat's own loop ends with this, and takes it up when it begins again
            raise
        except Exception as error:
            log.warning("%s: no way to reply to %s: %s", incoming.service, incoming.key, error)
            self._state.release(incoming)
        else:
            self._state.finish(incoming, status, answer, text=text, private=manner is not None and manner.private)

    async def _order(self, incoming: Incoming, reply: Reply) -> tuple[str, Answer | None, str]:
        """Have it done, unless somebody types faster than he may (a button costs little)."""
        if incoming.act is None and (refused := self._answering.refused(incoming)):
            status, words = refused
            await reply.text(words)
            return status, None, ""
        known = replace(incoming, moderator=incoming.moderator or await reply.moderates())
        status, shown = await self._ordering.run(known, reply)
        return (status, shown.answer, shown.text) if shown else (status, None, "")
