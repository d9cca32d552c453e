"""What every chat service promises for cards, forms, private answers and messages of krab's own."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from bot.card import Button, Card, Field, FieldKind, Form, Section, Span, Style, words
from bot.chat import Incoming, Parcel, Reply, Undelivered
from tests.contracts.chat_peers import Peer
from tests.contracts.test_chat import peer, running
from tests.fakes import answered

__all__ = ["peer"]

SAID = Section((words("First line"), (Span("a leaf", url="https://pond.example/leaf"), Span(" floats"))), "Leaves")
LISTED = Section(((Span("krab", Style.STRONG), Span(" "), Span("series x", Style.CODE)),), bullets=True, folded=3)
CARD = Card("The pond", (SAID, LISTED), (Button("Watch", "watch", "leaf-1"),), hint="Type watch to go on.")
FORM = Form("Settings", "settings", (Field("mode", "I answer", FieldKind.CHOICE, (("off", "Off"),), hint="mode=off"),))
PARCEL = Parcel("digest:7", "", Card("Week 7", (Section((words("Seven frogs"),)),)))


def show(shown: Callable[[Reply], Awaitable[None]]) -> Callable[[Incoming, Reply], Awaitable[None]]:
    """A handler that answers every message so."""

    async def respond(_: Incoming, reply: Reply) -> None:
        await reply.working("reading 7 mails…")
        await shown(reply)

    return respond


async def shown_for(peer: Peer, shown: Callable[[Reply], Awaitable[None]]) -> str:
    """What a person reads who asked something."""
    async with running(peer, show(shown)) as script:
        thread = await peer.ask("who holds the leaf?")
        await script.until(1)
    return "\n".join(await peer.shown(thread))


async def test_a_card_is_shown_with_all_its_words_and_links(peer: Peer) -> None:
    shown = await shown_for(peer, lambda reply: reply.card(CARD))
    for expected in ("The pond", "Leaves", "First line", "a leaf", "https://pond.example/leaf", " floats"):
        assert expected in shown
    for expected in ("krab", "series x", "3 more", "Type watch to go on."):
        assert expected in shown


async def test_a_form_is_opened_or_said_in_words(peer: Peer) -> None:
    assert "I answer" in await shown_for(peer, lambda reply: reply.ask(FORM))


async def test_what_is_private_reaches_who_asked(peer: Peer) -> None:
    assert "A leaf outlives its frog." in await shown_for(peer, lambda reply: reply.answer(answered(), private=True))


@pytest.fixture
def sender(peer: Peer, request: pytest.FixtureRequest) -> Peer:
    module = request.node.callspec.params["peer"]
    if not getattr(module, "SENDS", False):
        pytest.skip("this service does not send messages of krab's own yet")
    return peer


async def sent(peer: Peer, parcel: Parcel) -> str:
    """Send as the courier does: again, while the service says that it can't be now."""
    async with asyncio.timeout(20):
        while True:
            try:
                return await peer.chat.send(parcel)
            except Undelivered:
                await asyncio.sleep(0.1)


async def test_a_message_of_krabs_own_appears_once_however_often_it_is_sent(sender: Peer) -> None:
    parcel = replace(PARCEL, channel=sender.channel)
    async with running(sender, show(lambda reply: reply.text("ok"))):
        refs = [await sent(sender, parcel) for _ in range(3)]
        await asyncio.sleep(0.1)
        shown = "\n".join(await sender.shown(refs[0]))
    assert len(set(refs)) == 1
    assert refs[0]
    assert shown.count("Seven frogs") == 1


async def test_a_message_of_krabs_own_can_be_replaced_and_answered_in_its_thread(sender: Peer) -> None:
    first = replace(PARCEL, channel=sender.channel)
    async with running(sender, show(lambda reply: reply.text("ok"))):
        ref = await sent(sender, first)
        eight = Card("Week 7", (Section((words("Eight frogs"),)),))
        await sent(sender, replace(first, key="digest:7:1", card=eight, edits=ref))
        under = Card(sections=(Section((words("One more frog"),)),))
        await sent(sender, replace(first, key="digest:7:news", card=under, thread=ref))
        await asyncio.sleep(0.1)
        shown = "\n".join(await sender.shown(ref))
    assert "Eight frogs" in shown
    assert "One more frog" in shown
