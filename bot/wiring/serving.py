"""Wires what krab serves: the chats and what handles their messages, the web page, and the daily upkeep."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from time import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from bot.chat import Past
from bot.databases import Databases
from bot.settings import Settings
from bot.whispers import Whispers
from bot.wiring.digests import PublicDigests, digester
from bot.wiring.krab import Krab
from bot.wiring.orders import context, ordering
from bot.wiring.sources import fetch_named
from bot.wiring.status import public_rows, status_view
from index.catalog import Catalog

if TYPE_CHECKING:
    from aiohttp.web import Application

    from bot.card import Card
    from bot.chat import Chat
    from bot.dispatch import Dispatcher
    from bot.metrics import Ask, Metrics
    from bot.model import Answer, Question
    from bot.web_queue import Queue
    from index.history import History

NOTHING = Past()


def past(krab: Krab) -> Past:
    """Return what earlier processes did with messages, for a service that can't look itself."""
    return Past(krab.state.taken_over, Whispers(krab.memory).begin)


def chats(
    settings: Settings,
    home: Callable[[str, str], Sequence[Card]] | None = None,
    past: Past = NOTHING,
) -> list[Chat]:
    """Return the chat services that are configured.

    ``home`` is what stands in a (service, user)'s own corner; ``past`` is what earlier processes did.
    """
    adapters: list[Chat] = []
    for workspace in (settings.slack, *settings.slack.workspaces):
        if workspace.bot_token or workspace.name:
            from bot.chat.slack import Slack

            adapters.append(Slack(workspace, home=home, past=past))
    if settings.matrix or any(settings.matrix.accounts):
        from bot.chat.matrix import Matrix

        admins, memory = dict(settings.admins).get("matrix", ()), Databases(settings).memory
        adapters.append(Matrix(settings.matrix, settings.data, admins=admins, memory=memory))
    return adapters


def dispatcher(krab: Krab, adapters: Sequence[Chat] = (), metrics: Metrics | None = None) -> Dispatcher:
    """Return what handles the messages of every chat."""
    from bot.dispatch import Dispatcher

    def answer(question: Question, show: Callable[[str], None]) -> Answer:
        fetch_named(krab, question.text)
        return krab.private.better(question, krab.answerer.answer(question, show))

    told = aloud(krab, answer)
    return Dispatcher(
        metrics.measured(told, "chat") if metrics else told,
        krab.state,
        krab.settings.limits,
        ordering=ordering(krab, adapters),
        manner=krab.channels.manner,
        reading=Reading(krab.index.catalog).words,
    )


def aloud(krab: Krab, ask: Ask) -> Ask:
    """Return ``ask``, or what logs each question too, if the operator wants that."""
    from bot.logs import Aloud

    return Aloud(ask) if krab.settings.upkeep.log_questions else ask


class Reading:
    """What krab says while it thinks. Counted anew once a minute, in a thread: nobody waits for a count."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._words = ""
        self._until = 0.0
        self._count()

    def words(self) -> str:
        """Return "reading 11,364 mails, posts and notes…"."""
        if time() > self._until:
            self._until = time() + 60
            threading.Thread(target=self._count, name="count", daemon=True).start()
        return self._words

    def _count(self) -> None:
        self._words = f"reading {self._catalog.totals().parts:,} mails, posts and notes…"


def home(krab: Krab) -> Callable[[str, str], Sequence[Card]]:
    """Return what makes somebody's own corner of a service."""
    from bot.home import cards

    return partial(cards, context=context(krab))


def site(krab: Krab, adapters: Sequence[Chat], metrics: Metrics) -> Application:
    """Return the web page; Slack's requests are taken there too, when it is in HTTP mode."""
    from bot import web, web_digests, web_metrics, web_series

    told = krab.settings.web
    base = told.public_url or f"http://{told.listen}"

    def more(queue: Queue) -> Sequence[web.Pages]:
        digests = web_digests.Digests(PublicDigests(digester(krab), krab.index.catalog.tick), queue.run, base)
        return (web_series.routes(partial(found_series, krab)), digests.routes, web_metrics.routes(metrics.exposition))

    app = web.make_app(
        ask=metrics.measured(aloud(krab, krab.answerer.answer), "web"),
        shelf=web.Shelf(krab.index.part, lambda: public_rows(krab), lambda: status_view(krab)),
        allowed_hosts=(told.listen, *told.allowed_hosts, urlsplit(told.public_url).netloc or told.listen),
        more=more,
    )

    def troubles() -> dict[str, str]:
        told = {chat.name: why for chat in adapters if (why := getattr(chat, "health", ""))}
        return told | ({"vectors": why} if (why := krab.index.trouble) else {})

    app[web.TROUBLES] = troubles
    for adapter in adapters:
        if door := getattr(adapter, "door", ""):
            app.router.add_post(door, getattr(adapter, "webhook"))  # noqa: B009 - only such a service has one
    return app


def found_series(krab: Krab, asked: str) -> tuple[Sequence[History], datetime | None]:
    """Return the series that were meant, the best first, and up to when mail was read."""
    from bot.series import lookup

    return lookup(krab.index.histories, asked), krab.index.histories.newest()


def forget_old(krab: Krab) -> int:
    """Forget what people asked and said longer ago than the settings allow; how much that was."""
    from bot import upkeep

    whispers = Whispers(krab.memory)
    kept = (krab.state.forget_before, krab.feedback.forget_before, krab.outbox.forget_before, whispers.forget_before)
    return upkeep.forget_old(kept, datetime.now(UTC), krab.settings.upkeep.keep_questions)
