"""Speaking on Slack: posts at Slack's pace, a reply that ends as one message, errors in our words.

Rules of this file:
- Slack's exceptions, and the network's, end here: as ``ChatRefused`` when trying again can't help, as
  ``Undelivered`` otherwise.
- A post never unfurls, never resolves names, never widens a thread's audience.
- Only the scope chat:write is needed; the status line is a courtesy, and its lack is not an error.
"""

from __future__ import annotations

import logging
import time
from asyncio import sleep, wait_for
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.card import Card, Form
from bot.chat import ChatRefused, Incoming
from bot.chat import text as words
from bot.chat.slack_blocks import Block, blocks, fallback, plain_text
from bot.model import Answer

log = logging.getLogger(__name__)

LOOKING = "Looking…"
STATUS = "is looking through its sources…"
COURTESY = 3.0  # seconds

_RENEW = "install the app anew and set KRAB_SLACK_BOT_TOKEN (xoxb-…) and KRAB_SLACK_APP_TOKEN (xapp-…) again"
ADVICE = {
    "invalid_auth": f"the token is not valid: {_RENEW}",
    "not_authed": f"a token is missing: {_RENEW}",
    "token_revoked": f"the token was revoked: {_RENEW}",
    "token_expired": f"the token has expired: turn token rotation off, {_RENEW}",
    "account_inactive": f"the app was removed from the workspace: {_RENEW}",
    "not_allowed_token_type": "the tokens are mixed up: KRAB_SLACK_BOT_TOKEN is xoxb-…, KRAB_SLACK_APP_TOKEN is xapp-…",
    "org_login_required": "the workspace is being migrated: start krab again when that is over",
}
HINTS = {
    "not_in_channel": "invite krab to the channel",
    "channel_not_found": "invite krab to the channel",
    "missing_scope": "give the app the scopes of docs/slack-manifest.yaml and install it anew",
}
_BLOCKS_REFUSED = frozenset({"invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long", "msg_too_long"})
_CANNOT_EDIT = frozenset({"message_not_found", "cant_update_message", "edit_window_closed", "is_inactive"})
_NO_STATUS = frozenset({"missing_scope", "unknown_method", "not_allowed_token_type", "method_deprecated"})
_PASSING = frozenset(
    {"unreachable", "nothing readable", "ratelimited", "service_unavailable", "internal_error", "fatal_error"}
)
AGAIN = (2.0, 10.0, 30.0, 60.0, 120.0)  # seconds before each further try to deliver a final word


class Undelivered(Exception):
    """Slack did not take what we sent. ``reason`` is Slack's error code, or "unreachable"."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


def translate(error: Exception) -> ChatRefused | Undelivered:
    """Slack's or the network's exception in our words."""
    if not isinstance(error, SlackApiError):
        return Undelivered("unreachable", f"Slack can't be reached: {str(error) or type(error).__name__}")
    code = _code(error)
    if code in ADVICE:
        return ChatRefused("slack", ADVICE[code])
    hint = HINTS.get(code)
    return Undelivered(code, f"Slack said {code}" + (f": {hint}" if hint else ""))


def _code(error: SlackApiError) -> str:
    """Slack's error code; a body that isn't JSON leaves something without ``get`` in its place."""
    get = getattr(error.response, "get", None)
    return str(get("error", "nothing readable")) if get else "nothing readable"


FOREIGN = (SlackApiError, aiohttp.ClientError, TimeoutError, OSError)


class Pace:
    """Keeps posts to one channel apart: Slack takes about one a second."""

    def __init__(self, every: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._every = every
        self._clock = clock
        self._free: dict[str, float] = {}

    def wait(self, channel: str) -> float:
        """Take the channel's next turn; the seconds until it comes."""
        now = self._clock()
        self._free = {name: when for name, when in self._free.items() if when > now}
        turn = self._free.get(channel, now)
        self._free[channel] = turn + self._every
        return turn - now


class Poster:
    """Everything krab says in a workspace goes through here."""

    def __init__(self, client: AsyncWebClient, pace: Pace, courtesy: float = COURTESY) -> None:
        self._client = client
        self._pace = pace
        self._courtesy = courtesy
        self._has_status = True

    async def status(self, channel: str, thread: str) -> bool:
        """Show in the thread that krab is at work, until it posts there; whether Slack can.

        It is a courtesy, and no answer waits for it longer than ``courtesy`` seconds.
        """
        if self._has_status:
            call = self._client.assistant_threads_setStatus(channel_id=channel, thread_ts=thread, status=STATUS)
            try:
                await self._call(wait_for(call, self._courtesy))
                return True
            except Undelivered as error:
                if error.reason == "unreachable":
                    return True
                self._has_status = error.reason not in _NO_STATUS
                log.info("no status line: %s", error)
        return False

    async def say(self, channel: str, thread: str, text: str, rich: list[Block] | None = None) -> str:
        """Post into a thread; the message's time stamp."""

        async def post(shown: list[Block]) -> Any:
            await sleep(self._pace.wait(channel))
            return await self._client.chat_postMessage(
                channel=channel,
                thread_ts=thread,
                text=text,
                blocks=shown or None,
                parse="none",
                unfurl_links=False,
                unfurl_media=False,
            )

        return str((await self._show(post, rich or []))["ts"])

    async def replace(self, channel: str, ts: str, text: str, rich: list[Block] | None = None) -> None:
        """Put something else into an own message. Without ``parse`` an update would resolve names."""

        async def update(shown: list[Block]) -> Any:
            return await self._client.chat_update(channel=channel, ts=ts, text=text, blocks=shown, parse="none")

        await self._show(update, rich or [])

    async def _show(self, send: Callable[[list[Block]], Awaitable[Any]], rich: list[Block]) -> Any:
        """Send with the blocks, or without them if Slack does not like them."""
        try:
            return await self._call(send(rich))
        except Undelivered as error:
            if not rich or error.reason not in _BLOCKS_REFUSED:
                raise
            log.warning("showing plain text instead of blocks: %s", error)
            return await self._call(send([]))

    async def _call(self, call: Awaitable[Any]) -> Any:
        try:
            return await call
        except FOREIGN as error:
            raise translate(error) from error


class SlackReply:
    """The ``Reply`` to one message: a status while krab looks, then one message in the thread."""

    def __init__(self, poster: Poster, incoming: Incoming, again: Sequence[float] = AGAIN) -> None:
        self._poster = poster
        self._again = again
        self._channel = incoming.channel
        self._thread = incoming.thread
        self._placeholder = ""  # the time stamp of a "Looking…" that the final word replaces

    async def working(self, words: str = "") -> None:
        """Show a status line, or a short message where there is none. Failing to is no failure."""
        try:
            if not await self._poster.status(self._channel, self._thread):
                self._placeholder = await self._poster.say(self._channel, self._thread, LOOKING)
        except Undelivered as error:
            log.info("could not show that krab is looking: %s", error)

    async def answer(self, answer: Answer, *, private: bool = False) -> None:
        """Post the answer with its sources."""
        await self._final(fallback(answer), blocks(answer))

    async def card(self, card: Card, *, private: bool = False) -> None:
        """Post a card."""
        await self._final(plain_text(words.card(card)), None)

    async def ask(self, form: Form) -> None:
        """Say what the form asks for."""
        await self._final(plain_text(words.form(form)), None)

    async def text(self, text: str) -> None:
        """Post a few plain words."""
        await self._final(plain_text(text), None)

    async def _final(self, text: str, rich: list[Block] | None) -> None:
        """Deliver the final word, through an outage of some minutes if need be."""
        for wait in self._again:
            try:
                return await self._deliver(text, rich)
            except Undelivered as error:
                if error.reason not in _PASSING:
                    raise
                log.warning("%s; trying again in %.0f s", error, wait)
            await sleep(wait)
        return await self._deliver(text, rich)

    async def _deliver(self, text: str, rich: list[Block] | None) -> None:
        """One message: the "Looking…" becomes it, or else it is posted."""
        if self._placeholder:
            try:
                return await self._poster.replace(self._channel, self._placeholder, text, rich)
            except Undelivered as error:
                if error.reason not in _CANNOT_EDIT:
                    raise
        await self._poster.say(self._channel, self._thread, text, rich)
        return None
