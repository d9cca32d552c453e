"""A reply on Slack: a status while krab looks, then one message in the thread, or one that only the asker sees.

Rules of this file:
- The final word appears once. When an earlier process may have said it, or Slack may have taken what seemed to
  fail, the thread is looked through for its key before anything is posted.
- What only one person sees can't be looked for. When an earlier process may have shown it, the person is asked to
  ask again: seen once or not at all, and never left without a word.
- What only the asker is to see is never posted for all because that would be easier.
- A form is opened at once where Slack lets us; else a button opens it.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace

from bot.card import Button, Card, Form, Section
from bot.card import words as line
from bot.chat import Incoming, Past
from bot.chat import text as words
from bot.chat.slack_acts import Way, memory_of
from bot.chat.slack_blocks import blocks, fallback
from bot.chat.slack_buttons import OPEN
from bot.chat.slack_card import modal
from bot.chat.slack_errors import CANNOT_EDIT, NOT_THERE, PASSING, NotTaken
from bot.chat.slack_markup import plain_text
from bot.chat.slack_pace import Sparse
from bot.chat.slack_patience import AGAIN, Patience
from bot.chat.slack_post import Mark, Poster, Shown
from bot.chat.slack_shown import shown_card, uploaded
from bot.model import Answer
from bot.pages import pages

log = logging.getLogger(__name__)

LOOKING = "Looking…"
DRAFT = 80  # characters: more is no status but the beginning of an answer
WRITING = "writing the answer…"
STATUS_EVERY = 1.5  # seconds between changes of what is shown while krab works

LOST = "I was interrupted while I answered you here. If you see no answer above, please ask again."

Publish = Callable[[str, Card | None], Awaitable[None]]  # the App Home of a user, with a notice


class Forms:
    """Forms that could not be opened at once, for the button that opens them; lost with the process."""

    def __init__(self, most: int = 500) -> None:
        self._kept: dict[str, Form] = {}
        self._most = most

    def keep(self, key: str, form: Form) -> None:
        """Keep a form until ``most`` newer ones were kept."""
        self._kept[key] = form
        while len(self._kept) > self._most:
            del self._kept[next(iter(self._kept))]

    def get(self, key: str) -> Form | None:
        """The form that was kept so."""
        return self._kept.get(key)


@dataclass(frozen=True, slots=True)
class Desk:
    """What every reply of a workspace uses. ``publish`` shows App Homes; ``again`` are pauses between tries."""

    poster: Poster
    forms: Forms = field(default_factory=Forms)
    publish: Publish | None = None
    again: Sequence[float] = AGAIN
    past: Past = Past()  # noqa: RUF009 - frozen
    moderates: Callable[[str, str], Awaitable[bool]] | None = None


class SlackReply:
    """The ``Reply`` to one ``Incoming``."""

    def __init__(
        self,
        desk: Desk,
        incoming: Incoming,
        way: Way = Way(),  # noqa: B008 - frozen
        *,
        taken_over: bool = False,
    ) -> None:
        """``taken_over`` says that an earlier process may have replied; else it is looked up when it is replied to."""
        self._poster = desk.poster
        self._forms = desk.forms
        self._publish = desk.publish
        self._patience = Patience(desk.again)
        self._moderates = desk.moderates
        self._incoming = incoming
        self._way = way
        self._past = desk.past
        self._look: bool | None = True if taken_over or incoming.edits else None
        self._first: bool | None = None  # whether it is us who may whisper
        self._thread = incoming.thread if _is_stamp(incoming.thread) else ""
        self._mark = Mark(incoming.key, incoming.edits or incoming.key)
        self._placeholder = ""  # the time stamp of a message that the final word replaces
        self._sparse = Sparse(STATUS_EVERY)
        self._shown = False  # whether a status was

    async def working(self, words: str = "") -> None:
        """Show a status line, or a short message where there is none. Failing to is no failure.

        Long words are an answer in the making: a message that grows with it, as far as Slack lets messages be edited.
        """
        if self._way.quiet or self._way.home or not self._sparse.due():
            return None
        try:
            shown, self._shown = self._shown, True
            if len(words) > DRAFT and self._poster.may_edit():
                return await self._hold_place(f"{words} …")
            words = WRITING if len(words) > DRAFT else words
            if not await self._poster.status(self._incoming.channel, self._thread, words, again=shown):
                await self._hold_place(words)
        except NotTaken as error:
            log.info("could not show that krab is looking: %s", error)
        return None

    async def answer(self, answer: Answer, *, private: bool = False) -> None:
        """Show the answer with its sources and what can be done about it."""
        quiet = private and not self._incoming.direct
        shown = Shown(fallback(answer), blocks(answer, self._incoming.key, private=quiet))
        await (self._whisper(shown) if quiet else self._final(shown))

    async def card(self, card: Card, *, private: bool = False) -> None:
        """Show a card; in the App Home as a notice."""
        if self._way.home and self._publish:
            return await self._publish(self._incoming.user, card)
        quiet = private and (not self._incoming.direct or self._incoming.act is not None)
        picture = await uploaded(self._poster, card.picture) if card.picture else ""
        if quiet or self._way.quiet:
            return await self._whisper(shown_card(card, picture))
        first, *rest = pages(card)
        await self._final(shown_card(first, picture))
        for number, page in enumerate(rest, 2):
            await self._further(Mark(f"{self._mark.key}/{number}"), shown_card(page))
        return None

    async def text(self, text: str) -> None:
        """Show a few plain words."""
        if self._way.home or self._way.quiet:
            await self.card(Card(sections=(Section((line(text),)),)), private=True)
        else:
            await self._final(Shown(plain_text(text)))

    async def ask(self, form: Form) -> None:
        """Open the form, or say what it asks for beside a button that opens it."""
        if self._way.trigger:
            try:
                return await self._poster.open(self._way.trigger, modal(form, memory_of(self._incoming, self._way)))
            except NotTaken as error:
                log.info("a form was not opened at once: %s", error)
        self._forms.keep(self._incoming.key, form)
        lines = tuple(map(line, words.form(form).splitlines()[1:]))
        button = Button("Fill in the form", OPEN, self._incoming.key)
        await self.card(Card(form.title, (Section(lines),), (button,)), private=True)
        return None

    async def moderates(self) -> bool:
        """As Slack says of people and channels."""
        return self._moderates is not None and await self._moderates(self._incoming.user, self._incoming.channel)

    async def _hold_place(self, words: str) -> None:
        """A short message that says what is being done."""
        incoming, shown = self._incoming, Shown(plain_text(words[:1].upper() + words[1:] if words else LOOKING))
        if await self._over():
            return
        if self._placeholder:
            await self._poster.replace(incoming.channel, self._placeholder, shown)
        else:
            mark = replace(self._mark, final=False)
            self._placeholder = await self._poster.say(incoming.channel, self._thread, shown, mark)

    async def _whisper(self, shown: Shown) -> None:
        """Say it to the asker alone, if no earlier process may have."""
        incoming = self._incoming
        if self._first is None:
            self._first = self._past.whisper(incoming.service, incoming.key, incoming.user)
            shown = shown if self._first else Shown(plain_text(LOST))
        elif not self._first:
            return  # one such word is enough
        await self._tell(shown)

    async def _tell(self, shown: Shown) -> None:
        """Say it to the asker alone, by the first way that is open."""
        incoming, way = self._incoming, self._way
        if way.outside and way.response_url:
            try:
                return await self._poster.respond(way.response_url, shown)
            except NotTaken as error:
                log.info("a response URL did not work: %s", error)
        try:
            thread = self._thread if incoming.in_thread else ""
            return await self._patience.until_taken(
                lambda: self._poster.whisper(incoming.channel, thread, incoming.user, shown)
            )
        except NotTaken as error:
            if error.code not in NOT_THERE:
                raise
        channel = await self._poster.direct(incoming.user)
        await self._patience.until_taken(lambda: self._poster.say(channel, "", shown, self._mark))
        return None

    async def _final(self, shown: Shown) -> None:
        """Deliver the final word once, through an outage of some minutes if need be."""
        await self._patience.until_taken(lambda: self._deliver(shown))

    async def _further(self, mark: Mark, shown: Shown) -> None:
        """One more page of a long card, once as well: what an earlier try may have said is looked for."""

        async def deliver() -> None:
            if not await self._said(mark):
                await self._poster.say(self._incoming.channel, self._thread, shown, mark)

        await self._patience.until_taken(deliver)

    async def _said(self, mark: Mark) -> bool:
        channel, thread = self._incoming.channel, self._thread
        try:
            return await self._poster.find(channel, thread, lambda one: one.key == mark.key) is not None
        except NotTaken as error:
            if error.code in PASSING:
                raise
            return False  # we may not look, so we speak

    async def _deliver(self, shown: Shown) -> None:
        """One message: the one that holds its place becomes it, or else it is posted."""
        if await self._over():
            return None
        if self._placeholder:
            try:
                return await self._poster.replace(self._incoming.channel, self._placeholder, shown, self._mark)
            except NotTaken as error:
                if error.code not in CANNOT_EDIT:
                    raise
                self._placeholder = ""
        await self._poster.say(self._incoming.channel, self._thread, shown, self._mark)
        return None

    async def _over(self) -> bool:
        """Whether the final word is there; what holds its place, or what an edit replaces, is found with it."""
        if self._look is None:
            self._look = self._past.began(self._incoming.service, self._incoming.key)
        if not (self._look or self._patience.doubtful) or self._placeholder:
            return False
        about = (self._mark.about,)
        try:
            found = await self._poster.find(self._incoming.channel, self._thread, lambda mark: mark.about in about)
        except NotTaken as error:
            if error.code in PASSING:
                raise
            log.warning("could not look whether this was said already: %s", error)
            found = None
        self._look = self._patience.doubtful = False
        self._placeholder = found.ts if found else ""
        return found is not None and found.mark.final and found.mark.key == self._mark.key


def _is_stamp(thread: str) -> bool:
    return bool(thread) and thread.replace(".", "", 1).isdecimal()
