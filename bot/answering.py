"""A question's way from its acceptance to its final word: acknowledged, in line, thought about, answered.

Rules of this file:
- It is acknowledged before the thinking starts, and again when its place in line has changed. That is a
  courtesy: one that fails or is slow holds nothing up.
- It always ends with one final word, except where the channel asked for silence instead of "I don't know".
- Answering is the CPU's work: it runs in threads, few at a time. People take turns (``bot.turns``).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass

from bot.chat import ChatRefused, Incoming, Reply
from bot.limits import Limits, Meter
from bot.model import Answer, Progress, Question, Status
from bot.turns import Line, Turn

log = logging.getLogger(__name__)

BUSY = "I have more questions waiting than I can take. Please ask again in a minute."
SLOW = "That took longer than I allow myself. Please ask again, or ask for something narrower."
FAILED = "Something went wrong on my side; it is logged. Please try again later."
PROMPT = 1.0  # seconds that an acknowledgement may take before the work goes on without it
NEWS = 5.0  # seconds between two looks at one's place in line
STUCK = 10.0  # seconds that a late acknowledgement may hold up the final word


def early(seconds: float) -> str:
    """What is said to who asks faster than he may."""
    return f"That is more questions than I take at a time. Please ask again in {max(int(seconds + 0.99), 1)} s."


def ahead(number: int) -> str:
    """What is said to who stands in line."""
    return f"{number} before you" if number else "you are next"


@dataclass(frozen=True, slots=True)
class How:
    """How an answer is given. ``silent`` without one: then nothing is shown at all.

    ``taken`` says that the question was accepted before, by a process that did not finish it: no limit applies.
    """

    private: bool = False
    silent: bool = False
    taken: bool = False


class Notice:
    """What is being done, said through a reply; one word after the other, as a reply wants it."""

    def __init__(self, reply: Reply, incoming: Incoming) -> None:
        self._reply = reply
        self._incoming = incoming
        self._saying: asyncio.Task[None] | None = None
        self._over = False

    def show(self, words: str) -> None:
        """Say it when there is time: nobody waits for it, and what comes too fast is skipped."""
        if not (self._over or (self._saying and not self._saying.done())):
            self._saying = asyncio.create_task(self._reply.working(words))

    def close(self) -> None:
        """The final word comes next: nothing more is shown."""
        self._over = True

    async def say(self, words: str) -> None:
        """Say it, for at most ``PROMPT`` seconds; what was not said by then is said on the way."""
        if self._saying and not self._saying.done():
            return
        await self.settle()
        self._saying = asyncio.create_task(self._reply.working(words))
        await asyncio.wait({self._saying}, timeout=PROMPT)

    async def settle(self) -> None:
        """Wait until it is said, or can't be. Raises ``ChatRefused``."""
        saying, self._saying = self._saying, None
        if saying is None:
            return
        try:
            await asyncio.wait_for(saying, STUCK)
        except ChatRefused:
            raise
        except Exception as error:
            log.info("%s: %s was not acknowledged: %s", self._incoming.service, self._incoming.key, error)


class Answering:
    """Answers questions, a few at a time."""

    def __init__(
        self,
        answerer: Callable[[Question, Progress], Answer],
        limits: Limits,
        *,
        meter: Meter | None = None,
        reading: Callable[[], str] = str,
    ) -> None:
        """``reading`` is what is said while krab thinks: "reading 11,364 mails…"."""
        self._answerer = answerer
        self._limits = limits
        self._meter = meter or Meter(limits)
        self._reading = reading
        self._line = Line(limits.at_once)

    async def respond(
        self, incoming: Incoming, reply: Reply, earlier: tuple[str, ...], how: How
    ) -> tuple[str, Answer | None]:
        """Say the final word; what it was, for the record, and the answer if it was one."""
        if not how.taken and (refused := self.refused(incoming)):
            status, words = refused
            await self._say(reply, words, how)
            return status, None
        notice = Notice(_Mute() if how.silent else reply, incoming)
        try:
            asker = f"{incoming.service}:{incoming.user}"
            channel = f"{incoming.service}:{incoming.channel}"
            question = Question(incoming.text[: self._limits.longest], earlier, asker=asker, channel=channel)
            answer = await self._answer(incoming, question, notice, told=not how.private)
        except ChatRefused:
            raise
        except TimeoutError:
            log.warning("%s: question %s took too long", incoming.service, incoming.key)
            return await self._failed("slow", SLOW, reply, how)
        except Exception:
            log.exception("%s: question %s failed", incoming.service, incoming.key)
            return await self._failed("failed", FAILED, reply, how)
        if how.silent and answer.status is not Status.ANSWERED:
            return "silent", answer
        await reply.answer(answer, private=how.private)
        return "answered", answer

    def refused(self, incoming: Incoming) -> tuple[str, str] | None:
        """Count a question or command; why it is not taken, if it is not: its status, and the words."""
        if len(self._line) >= self._limits.waiting:
            return "busy", BUSY
        place = None if incoming.direct else (incoming.service, incoming.channel)
        wait = self._meter.too_early((incoming.service, incoming.user), place)
        return ("limited", early(wait)) if wait else None

    async def _failed(self, status: str, words: str, reply: Reply, how: How) -> tuple[str, None]:
        await self._say(reply, words, how)
        return status, None

    async def _say(self, reply: Reply, words: str, how: How) -> None:
        if not how.silent:
            await reply.text(words)

    async def _answer(self, incoming: Incoming, question: Question, notice: Notice, *, told: bool) -> Answer:
        """Wait for a turn, then for the answer; what there is of it is shown meanwhile if it may be ``told`` there."""
        turn = self._line.join(f"{incoming.service}:{incoming.user}")
        try:
            await self._wait(turn, notice)
        except BaseException:
            self._line.leave(turn)
            raise
        # The place is free when the thread ends, not when we stop waiting: a thread can't be
        # stopped, and must not be joined by ever more of its kind.
        loop = asyncio.get_running_loop()

        def show(words: str) -> None:
            if told:
                loop.call_soon_threadsafe(notice.show, words)

        work = asyncio.ensure_future(asyncio.to_thread(self._answerer, question, show))
        work.add_done_callback(self._done)
        try:
            async with asyncio.timeout(self._limits.patience):
                return await asyncio.shield(work)
        finally:
            notice.close()
            await notice.settle()

    async def _wait(self, turn: Turn, notice: Notice) -> None:
        """Stand in line, and say how far that is."""
        said = -1
        async with asyncio.timeout(self._limits.queue_patience):
            while not turn.done():
                place = self._line.before(turn)
                if place != said:
                    await notice.say(ahead(place))
                    said = place
                await asyncio.wait({turn}, timeout=NEWS)
            await notice.say(self._reading())

    def _done(self, work: asyncio.Future[Answer]) -> None:
        self._line.done()
        if not work.cancelled():
            work.exception()  # seen, though nobody may be waiting any more


class _Mute:
    """Says nothing, where silence was asked for."""

    async def working(self, words: str = "") -> None: ...

    async def answer(self, answer: Answer, *, private: bool = False) -> None: ...

    async def card(self, card: object, *, private: bool = False) -> None: ...

    async def text(self, text: str) -> None: ...

    async def ask(self, form: object) -> None: ...

    async def moderates(self) -> bool:
        return False
