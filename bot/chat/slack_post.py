"""Speaking on Slack: everything krab says in a workspace goes through a ``Poster``.

Rules of this file:
- Slack's exceptions, and the network's, end here: as ``ChatRefused`` when trying again can't help, as
  ``NotTaken`` otherwise. Nothing is tried again here but what is harmless.
- A post never unfurls, never resolves names, never widens a thread's audience.
- Each post carries its key in its metadata, so that whoever is not sure whether it was made can look.
"""

from __future__ import annotations

import logging
from asyncio import sleep, wait_for
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient

from bot.card import Picture
from bot.chat import ChatRefused
from bot.chat.slack_errors import (
    BLOCKS_REFUSED,
    FOREIGN,
    LIMITED,
    NO_STATUS,
    UNREACHABLE,
    NotTaken,
    translate,
)
from bot.chat.slack_markup import Block
from bot.chat.slack_pace import Budget, Pace

log = logging.getLogger(__name__)

STATUS = "is looking through its sources…"
COURTESY = 3.0  # seconds
STATUSES = 400  # a minute; Slack takes 600
EDITS = 25  # a minute, of answers in the making; Slack takes 50, and answers need some
MARK = "krab_message"  # the event_type of our metadata
PROCESSING = 1.5  # seconds that Slack may need until a file can be shown
PAGE, PAGES = 200, 5  # messages looked through for a key: the newest of a channel, all of most threads


@dataclass(frozen=True, slots=True)
class Shown:
    """A message as it is sent: ``text`` for notifications and screen readers, ``rich`` for the screen."""

    text: str
    rich: list[Block] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Mark:
    """What a message's metadata says: its ``key``, the question it is ``about``, whether it is the final word."""

    key: str
    about: str = ""
    final: bool = True

    def written(self) -> Block:
        """The metadata of a message."""
        payload = {"key": self.key, "about": self.about, "state": "final" if self.final else "looking"}
        return {"event_type": MARK, "event_payload": payload}


@dataclass(frozen=True, slots=True)
class Found:
    """A message of ours that was looked up."""

    ts: str
    mark: Mark


class Poster:
    """Calls Slack's Web API, in our words."""

    def __init__(self, client: AsyncWebClient, pace: Pace, courtesy: float = COURTESY) -> None:
        self._client = client
        self._pace = pace
        self._courtesy = courtesy
        self._has_status = True
        self._statuses = Budget(STATUSES)
        self._edits = Budget(EDITS)

    def may_edit(self) -> bool:
        """Whether a message may be edited only to show more of what comes: if so, that counts as done."""
        return self._edits.spend()

    async def status(self, channel: str, thread: str, words: str = "", *, again: bool = False) -> bool:
        """Show in the thread that krab is at work, until it posts there; whether Slack can.

        It is a courtesy, and no answer waits for it longer than ``courtesy`` seconds. In a rush, what changes a
        status (``again``) is left out first.
        """
        if not (self._has_status and thread):
            return False
        if not self._statuses.spend(STATUSES // 2 if again else 0):
            return True
        said = f"is {words}" if words.partition(" ")[0].endswith("ing") else f"is waiting: {words}"
        call = self._client.assistant_threads_setStatus(
            channel_id=channel, thread_ts=thread, status=said if words else STATUS
        )
        try:
            await self._call(wait_for(call, self._courtesy))
        except NotTaken as error:
            if error.code in (UNREACHABLE, LIMITED):
                return True
            self._has_status = error.code not in NO_STATUS
            log.info("no status line: %s", error)
            return False
        return True

    async def say(self, channel: str, thread: str, shown: Shown, mark: Mark) -> str:
        """Post, into a thread if there is one; the message's time stamp."""

        async def post(rich: list[Block]) -> Any:
            async with self._pace.turn(channel):
                return await self._client.chat_postMessage(
                    channel=channel,
                    thread_ts=thread or None,
                    text=shown.text,
                    blocks=rich or None,
                    parse="none",
                    unfurl_links=False,
                    unfurl_media=False,
                    metadata=mark.written(),
                )

        return str((await self._show(post, shown, channel))["ts"])

    async def replace(self, channel: str, ts: str, shown: Shown, mark: Mark | None = None) -> None:
        """Put something else into an own message. Without ``parse`` an update would resolve names."""
        marked: dict[str, Any] = {"metadata": mark.written()} if mark else {}

        async def update(rich: list[Block]) -> Any:
            return await self._client.chat_update(
                channel=channel, ts=ts, text=shown.text, blocks=rich, parse="none", **marked
            )

        await self._show(update, shown, channel)

    async def whisper(self, channel: str, thread: str, user: str, shown: Shown) -> None:
        """Say something that only ``user`` sees, where krab is a member."""

        async def post(rich: list[Block]) -> Any:
            return await self._client.chat_postEphemeral(
                channel=channel,
                user=user,
                thread_ts=thread or None,
                text=shown.text,
                blocks=rich or None,
                parse="none",
            )

        await self._show(post, shown, channel)

    async def respond(self, response_url: str, shown: Shown) -> None:
        """The same by a response URL, which works outside of krab's channels too."""
        body = {"response_type": "ephemeral", "replace_original": False, "text": shown.text, "blocks": shown.rich}
        timeout = aiohttp.ClientTimeout(total=10)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout) as session,
                session.post(response_url, json={k: v for k, v in body.items() if v != []}) as response,
            ):
                if response.status != 200:
                    raise NotTaken(f"Slack said {response.status} to a response", code="response_url")
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise NotTaken("Slack can't be reached: no response was sent", code=UNREACHABLE) from error

    async def open(self, trigger: str, view: Block) -> None:
        """Open a modal; the trigger is good for three seconds and for one modal."""
        await self._call(self._client.views_open(trigger_id=trigger, view=view))

    async def publish(self, user: str, view: Block) -> None:
        """Show somebody's App Home."""
        await self._call(self._client.views_publish(user_id=user, view=view))

    async def suggest(self, channel: str, thread: str, prompts: list[dict[str, str]]) -> None:
        """Offer questions in the conversation with krab as an agent."""
        await self._call(
            self._client.assistant_threads_setSuggestedPrompts(
                channel_id=channel, thread_ts=thread or None, title="Try asking", prompts=prompts
            )
        )

    async def direct(self, user: str) -> str:
        """The channel of the direct messages with somebody."""
        found = await self._call(self._client.conversations_open(users=user))
        return str(found["channel"]["id"])

    async def upload(self, picture: Picture) -> str:
        """Upload a picture that messages can show; the file's id.

        https://docs.slack.dev/messaging/working-with-files#uploading_files
        """
        alt = picture.alt[:1_000]
        ticket = await self._call(
            self._client.files_getUploadURLExternal(filename="krab.png", length=len(picture.png), alt_txt=alt)
        )
        try:
            timeout = aiohttp.ClientTimeout(total=30)
            async with (
                aiohttp.ClientSession(timeout=timeout) as session,
                session.post(str(ticket["upload_url"]), data=picture.png) as response,
            ):
                response.raise_for_status()
        except FOREIGN as error:
            raise translate(error) from error
        title = picture.title or alt[:100]
        await self._call(self._client.files_completeUploadExternal(files=[{"id": ticket["file_id"], "title": title}]))
        return str(ticket["file_id"])

    async def find(self, channel: str, thread: str, wanted: Callable[[Mark], bool]) -> Found | None:
        """The newest message of ours with such a mark, in the thread or in the channel's newest messages."""
        cursor, found = "", None
        for _ in range(PAGES):
            page = await self._page(channel, thread, cursor)
            for message in page.get("messages", ()):
                mark = _mark(message)
                if mark and wanted(mark) and (found is None or str(message["ts"]) > found.ts):
                    found = Found(str(message["ts"]), mark)
            cursor = (page.get("response_metadata") or {}).get("next_cursor", "")
            if not cursor:
                break
        return found

    async def _page(self, channel: str, thread: str, cursor: str) -> Any:
        more: dict[str, Any] = {"include_all_metadata": True, "limit": PAGE} | ({"cursor": cursor} if cursor else {})
        if thread:
            return await self._call(self._client.conversations_replies(channel=channel, ts=thread, **more))
        return await self._call(self._client.conversations_history(channel=channel, **more))

    async def _show(self, send: Callable[[list[Block]], Awaitable[Any]], shown: Shown, channel: str) -> Any:
        """Send with the blocks, or with ever less of them if Slack does not like them."""
        for pause, rich in _ever_plainer(shown.rich):
            await sleep(pause)
            try:
                return await self._call(send(rich), channel)
            except NotTaken as error:
                if error.code not in BLOCKS_REFUSED:
                    raise
                log.warning("showing less: %s", error)
        return await self._call(send([]), channel)

    async def _call(self, call: Awaitable[Any], channel: str = "") -> Any:
        try:
            return await call
        except FOREIGN as error:
            problem = translate(error)
            if isinstance(problem, ChatRefused):
                raise problem from error
            if channel and problem.code == LIMITED:
                self._pace.hold(channel, max(problem.after, 1.0))
            raise problem from error


def _mark(message: Any) -> Mark | None:
    """The mark of a message that was looked up, if it is one of ours."""
    metadata = message.get("metadata") if isinstance(message, dict) else None
    if not isinstance(metadata, dict) or metadata.get("event_type") != MARK or not message.get("ts"):
        return None
    payload = metadata.get("event_payload") or {}
    return Mark(str(payload.get("key", "")), str(payload.get("about", "")), payload.get("state") == "final")


def _ever_plainer(rich: list[Block]) -> list[tuple[float, list[Block]]]:
    """The blocks; with a picture, a little later again (Slack takes its time over files), then without it."""
    if not rich:
        return []
    bare = [block for block in rich if block["type"] != "image"]
    if len(bare) == len(rich):
        return [(0.0, rich)]
    return [(0.0, rich), (PROCESSING, rich), (PROCESSING, rich), (0.0, bare)]
