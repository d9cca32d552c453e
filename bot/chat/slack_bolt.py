"""Bolt's app: each kind of event and interaction is read, acknowledged and handed on. Nothing is answered here.

Rules of this file:
- Whatever Slack sends is acknowledged, also what krab has no use for: else Slack shows an error, or sends it again.
- What can't wait for its turn is done here: a form behind a button has three seconds. Slack is called while
  nothing waits for it.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, replace
from typing import Any

from slack_bolt.app.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.web.async_client import AsyncWebClient

from bot.chat import Incoming
from bot.chat.slack_acts import Heard, Way, button, command, memory_of, shortcut, submission
from bot.chat.slack_buttons import OPEN
from bot.chat.slack_card import modal
from bot.chat.slack_errors import NotTaken
from bot.chat.slack_events import Me, read
from bot.chat.slack_markup import plain_text
from bot.chat.slack_post import Poster, Shown
from bot.chat.slack_reply import Forms
from bot.chat.slack_socket import quiet
from bot.settings import SlackSettings

log = logging.getLogger(__name__)

ANY = re.compile(".*", re.DOTALL)
GONE = "This form is no longer at hand. Give the command again, please."
PROMPTS = [
    {"title": "Why is it done so?", "message": "Why does DMA need a bound device?"},
    {"title": "Was it merged?", "message": "Is the nova-core driver merged?"},
    {"title": "Who decides?", "message": "Who maintains the Rust support of the kernel?"},
    {"title": "What can you do?", "message": "help"},
]

Take = Callable[[Incoming, Way], None]
Ack = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Ears:
    """What is needed to understand what is heard.

    ``spawn`` has something done that Slack need not wait for; ``opened`` shows somebody his App Home.
    """

    me: Me
    poster: Poster
    forms: Forms
    spawn: Callable[[Coroutine[Any, Any, None]], None]
    opened: Callable[[str], None] | None


def app(settings: SlackSettings, ears: Ears, take: Take) -> AsyncApp:
    """The app. It is told who we are instead of asking Slack again; over HTTP, requests are verified before."""
    own = AuthorizeResult(
        enterprise_id=None,
        team_id=ears.me.team,
        bot_user_id=ears.me.user,
        bot_id=ears.me.bot,
        bot_token=settings.bot_token.reveal(),
    )

    async def authorize() -> AuthorizeResult:
        return own

    made = AsyncApp(
        name="krab",
        logger=quiet(log),
        client=AsyncWebClient(base_url=settings.api_url),
        authorize=authorize,
        request_verification_enabled=False,
        process_before_response=True,  # else Slack is answered before the message is handed on
    )
    _events(made, ears, take)
    _interactions(made, ears, take)
    return made


def _events(made: AsyncApp, ears: Ears, take: Take) -> None:
    async def message(event: dict[str, Any]) -> None:
        if incoming := read(event, ears.me):
            take(incoming, Way())

    async def opened(event: dict[str, Any]) -> None:
        user, channel = event.get("user"), event.get("channel")
        if event.get("tab") == "messages" and isinstance(channel, str):
            ears.spawn(_suggest(ears.poster, channel, ""))
        elif ears.opened and isinstance(user, str):
            ears.opened(user)

    async def thread_started(event: dict[str, Any]) -> None:
        told = event.get("assistant_thread")
        channel, thread = (told.get("channel_id"), told.get("thread_ts")) if isinstance(told, dict) else (None, None)
        if isinstance(channel, str) and isinstance(thread, str):
            ears.spawn(_suggest(ears.poster, channel, thread))

    async def useless() -> None:
        """Events that the app is subscribed to and krab has no use for."""

    made.event("app_mention")(message)
    made.event("message")(message)
    made.event("app_home_opened")(opened)
    made.event("assistant_thread_started")(thread_started)
    made.event(ANY)(useless)


def _interactions(made: AsyncApp, ears: Ears, take: Take) -> None:
    async def hear(heard: Heard | None, body: dict[str, Any]) -> None:
        if heard is None:
            log.info("%s: nothing of ours: %s", ears.me.service, _described(body))
            return
        incoming, way = heard
        if incoming.act and incoming.act.name == OPEN:
            ears.spawn(_open(ears, incoming, way))
        elif way.home:
            ears.spawn(_at_home(ears.poster, incoming, way, take))
        else:
            take(incoming, way)

    def listener(read_: Callable[[dict[str, Any], Me], Heard | None]) -> Callable[..., Awaitable[None]]:
        async def listen(ack: Ack, body: dict[str, Any]) -> None:
            await ack()
            await hear(read_(body, ears.me), body)

        return listen

    made.command(ANY)(listener(command))
    made.shortcut(ANY)(listener(shortcut))
    made.action(ANY)(listener(button))
    made.view(ANY)(listener(submission))


async def _at_home(poster: Poster, incoming: Incoming, way: Way, take: Take) -> None:
    """What was done in the App Home counts as done in the direct messages."""
    try:
        channel = await poster.direct(incoming.user)
    except NotTaken as error:
        log.info("no direct messages with %s: %s", incoming.user, error)
        channel = incoming.user
    take(replace(incoming, channel=channel), way)


async def _open(ears: Ears, incoming: Incoming, way: Way) -> None:
    assert incoming.act
    form = ears.forms.get(incoming.act.value)
    try:
        if form:
            await ears.poster.open(way.trigger, modal(form, memory_of(incoming, way)))
        else:
            await ears.poster.whisper(incoming.channel, "", incoming.user, Shown(plain_text(GONE)))
    except NotTaken as error:
        log.warning("a form was not opened: %s", error)


async def _suggest(poster: Poster, channel: str, thread: str) -> None:
    try:
        await poster.suggest(channel, thread, PROMPTS)
    except NotTaken as error:
        log.info("nothing was suggested: %s", error)


def _described(body: dict[str, Any]) -> str:
    actions = body.get("actions")
    first = actions[0] if isinstance(actions, list) and actions and isinstance(actions[0], dict) else {}
    return f"{body.get('type', 'command')} {first.get('action_id') or body.get('callback_id') or ''}"[:200]
