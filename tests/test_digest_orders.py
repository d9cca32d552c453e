"""Digests from chat: asked for, subscribed to, listed, paused, ended."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.card import Card, Form
from bot.chat import Act, Incoming
from bot.chat.text import card as text
from bot.digest.span import Span, week
from bot.digest_post import DigestPost
from bot.digest_wishes import Unclear, typed, until
from bot.digester import Digester
from bot.due import Cadence
from bot.intent import understood
from bot.ordering import Ordering
from bot.orders import Context, found
from bot.orders.digest import meant
from bot.outbox import Outbox
from bot.subscriptions import Subscription, Subscriptions
from index.sqlite import Sqlite
from tests.fakes import NOON, FakeClock, FakeDigester, FakeReply
from tests.order_fixtures import context

ADA = Incoming("pond", "lilies", "1", "1", "ada", "", direct=False)
EMPTY = Subscription(0, "pond", "lilies", "ada")


class Looking(FakeDigester):
    """A digester that also looks digests up."""

    def digest(self, span: Span, topics: tuple[str, ...] = ()) -> Any:
        return self.fresh(span, topics)


@pytest.fixture
def chat(tmp_path: Path) -> Iterator[Context]:
    clock = FakeClock()
    with closing(Sqlite(tmp_path / "state.db")) as database:
        outbox = Outbox(database, clock=clock)
        subscriptions, digester = Subscriptions(database, outbox, clock=clock), Looking()
        yield context(
            subscriptions=subscriptions,
            digester=cast(Digester, digester),
            digest_post=DigestPost(subscriptions, digester, outbox, clock=clock),
            clock=clock,
        )


async def said(chat: Context, words: str, **changes: Any) -> str:
    """What krab says to a command."""
    name, _, rest = words.partition(" ")
    (shown,) = await shows(chat, replace(ADA, command=name, text=rest, **changes))
    assert isinstance(shown, Card)
    return text(shown)


async def shows(chat: Context, incoming: Incoming) -> list[object]:
    reply = FakeReply()
    await Ordering(found(), chat).run(incoming, reply)
    return list(reply.said)


async def test_a_digest_is_shown_for_the_asking(chat: Context) -> None:
    assert "week 27: 30 June – 6 July 2025" in await said(chat, "digest")


async def test_a_time_that_is_none_is_answered_with_what_is_one(chat: Context) -> None:
    assert "a week (2025-W28)" in await said(chat, "digest since the frogs came")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("", (None, (), "short")),
        ("2025-W20 full", (week("2025-W20"), (), "full")),
        ("topic=drm,author:bo", (None, ("drm", "author:bo"), "short")),
        ("drm since yesterday", (Span(NOON - timedelta(hours=36), NOON), ("drm",), "short")),
        ("last week", (None, (), "short")),
        ("the last 3 days", (Span(NOON - timedelta(days=3), NOON), (), "short")),
        ("about drm", (None, ("drm",), "short")),
    ],
)
def test_what_was_typed_says_span_topics_and_length(words: str, expected: object) -> None:
    assert meant(words, NOON) == expected


@pytest.mark.parametrize(
    ("words", "rest"),
    [("What did I miss since Thursday?", "since Thursday"), ("what have we missed", ""), ("what did i miss", "")],
)
def test_who_asks_what_he_missed_gets_a_digest(words: str, rest: str) -> None:
    incoming = understood(replace(ADA, text=words, mentioned=True), found())
    assert (incoming.command, incoming.text) == ("digest", rest)


async def test_a_channel_is_subscribed_by_who_moderates_it(chat: Context) -> None:
    answer = await said(chat, "subscribe friday 17:00 topic=drm", moderator=True)
    assert "number 1: a short digest on drm, Friday 17:00 Europe/Berlin" in answer
    assert [(one.channel, one.person) for one in chat.subscriptions.all()] == [("lilies", "ada")]


async def test_nobody_else_subscribes_a_channel(chat: Context) -> None:
    assert "moderate this channel" in await said(chat, "subscribe monday")
    assert chat.subscriptions.all() == []


async def test_anybody_subscribes_himself(chat: Context) -> None:
    await said(chat, "subscribe mine monday 8am")
    (one,) = chat.subscriptions.all()
    assert (one.channel, one.cadence) == ("ada", Cadence(0, 8, 0, "Europe/Berlin"))


async def test_who_has_no_zone_gets_utc(chat: Context) -> None:
    await said(chat, "subscribe mine", user="bo")
    assert chat.subscriptions.all()[0].cadence.zone == "UTC"


async def test_with_nothing_typed_the_form_opens(chat: Context) -> None:
    (form,) = await shows(chat, replace(ADA, command="subscribe"))
    assert isinstance(form, Form)
    assert [f.name for f in form.fields] == ["where", "topics", "day", "time", "zone", "length", "dates"]


async def test_what_was_filled_in_is_kept(chat: Context) -> None:
    fields = (("where", ("me",)), ("topics", ("drm, words:dma mask",)), ("day", ("tuesday",)), ("time", ("7:30",)),
              ("zone", ("Asia/Tokyo",)), ("length", ("full",)), ("dates", ("de",)))  # fmt: skip
    await shows(chat, replace(ADA, act=Act("subscribe", "lilies", fields)))
    (one,) = chat.subscriptions.all()
    assert (one.channel, one.topics, one.length, one.dates) == ("ada", ("drm", "words:dma mask"), "full", "de")
    assert one.cadence == Cadence(1, 7, 30, "Asia/Tokyo")


async def test_subscriptions_are_listed_with_when_they_come(chat: Context) -> None:
    await said(chat, "subscribe mine monday 9:00 UTC")
    assert "1 a short digest on everything, Monday 09:00 UTC (next 2025-07-14 09:00)" in await said(
        chat, "subscriptions"
    )


async def test_a_preview_is_shown_now_and_counts_for_nothing(chat: Context) -> None:
    await said(chat, "subscribe mine")
    assert "Rust in the kernel" in await said(chat, "subscriptions preview 1")
    assert chat.subscriptions.sent(1) is None


async def test_a_subscription_is_paused_and_taken_up_again(chat: Context) -> None:
    await said(chat, "subscribe mine monday 9:00 UTC")
    assert "paused until 2025-08-31, next 2025-09-01 09:00" in await said(
        chat, "subscriptions pause 1 until 2025-08-31"
    )
    assert "paused" not in await said(chat, "subscriptions resume 1")


async def test_a_subscription_is_changed(chat: Context) -> None:
    await said(chat, "subscribe mine monday 9:00 UTC topic=drm")
    assert "a full digest on drm, Friday 09:00 UTC" in await said(chat, "subscriptions change 1 friday length=full")


async def test_only_ones_own_are_changed(chat: Context) -> None:
    await said(chat, "subscribe mine", user="bo")
    assert "no subscription 1" in await said(chat, "subscriptions pause 1")
    assert "Nothing that you may end" in await said(chat, "unsubscribe 1")


async def test_a_subscription_is_ended_by_a_button(chat: Context) -> None:
    await said(chat, "subscribe mine")
    await shows(chat, replace(ADA, act=Act("unsubscribe", "1")))
    assert chat.subscriptions.all() == []


@pytest.mark.parametrize(
    ("words", "cadence"),
    [
        ("Monday 9:00 Europe/Berlin", Cadence(0, 9, 0, "Europe/Berlin")),
        ("17 berlin sun", Cadence(6, 17, 0, "Europe/Berlin")),
        ("12am utc", Cadence(0, 0, 0, "UTC")),
        ("12:30pm Fridays", Cadence(4, 12, 30, "UTC")),
        ("day=wed time=6 zone=asia/kolkata", Cadence(2, 6, 0, "Asia/Kolkata")),
    ],
)
def test_days_hours_and_zones_are_typed_in_any_order(words: str, cadence: Cadence) -> None:
    assert typed(words, EMPTY).cadence == cadence


@pytest.mark.parametrize(
    ("words", "advice"),
    [
        ("mondey", "monday"),
        ("Europe/Berlinn", "Europe/Berlin"),
        ("topik=drm", "topic="),
        ("25:00", "25:00"),
        ('"', "quotation"),
    ],
)
def test_a_slip_is_answered_with_what_was_probably_meant(words: str, advice: str) -> None:
    with pytest.raises(Unclear, match=advice):
        typed(words, EMPTY)


@given(st.text(max_size=60))
def test_whatever_is_typed_is_understood_or_refused(words: str) -> None:
    with suppress(Unclear):
        assert isinstance(typed(words, EMPTY), Subscription)


def test_a_pause_ends_on_a_day_where_its_reader_lives() -> None:
    assert until("until 2025-08-31", Cadence(zone="Europe/Berlin"), NOON).isoformat() == "2025-08-30T22:00:00+00:00"
    assert until("2 weeks", Cadence(), NOON).date().isoformat() == "2025-07-22"


@pytest.mark.parametrize("told", ["2020-01-01", "soon", ""])
def test_a_pause_needs_a_day_to_come(told: str) -> None:
    with pytest.raises(Unclear):
        until(told, Cadence(), NOON)
