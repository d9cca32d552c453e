"""Every command and relation on a real Synapse, with krab's own dispatcher, index and outbox behind it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bot.card import note
from bot.chat import Parcel
from bot.chat.matrix import Matrix
from bot.courier import Courier
from bot.orders import found
from bot.settings import MatrixSettings, Secret, Settings
from bot.wiring.krab import Krab
from bot.wiring.opening import opened
from bot.wiring.serving import dispatcher
from tests.matrix_person import Person, Wary, until
from tests.matrix_scene import running
from tests.synapse import Account, Synapse
from tests.test_matrix_html import Reader

pytestmark = pytest.mark.e2e

QUESTION = "When did Rust support land in the kernel?"
# What is typed behind a command's name so that it has something to do; a command that is new is typed alone.
TYPED = {
    "ask": QUESTION,
    "help": "series",
    "search": "allocation",
    "series": "nova core",
    "watch": "nova core",
    "unwatch": "7",
    "people": "rust/kernel/dma.rs",
    "feedback": "helpful",
    "source": "pause nothing",
    "reindex": "status",
    "note": "list",
    "forget": "",
}
ORDERS = sorted(found(), key=lambda name: name == "forget")  # which leaves nothing to ask about


@dataclass
class Stage:
    """krab as it is served, and somebody to talk to it in a room of two."""

    krab: Krab
    chat: Matrix
    person: Person
    account: Account
    room: str = ""

    async def said_to(self, event: str, count: int = 1) -> list[dict[str, Any]]:
        """What krab said in answer to an event."""
        said: list[dict[str, Any]] = []

        async def enough() -> bool:
            said[:] = [c for c in await self.person.answers(self.room) if _answers(c, event)]
            return len(said) >= count

        await until(enough)
        return said


def _answers(content: dict[str, Any], event: str) -> bool:
    relation = content.get("m.relates_to", {})
    return event in (relation.get("m.in_reply_to", {}).get("event_id"), relation.get("event_id"))


@pytest.fixture
def krab(tmp_path: Path, synapse: Synapse) -> Iterator[tuple[Krab, Account, Account]]:
    bot, person = synapse.account("krab"), synapse.account("ada")
    told = MatrixSettings(synapse.url, bot.user, password=Secret(bot.password))
    who = (("matrix", (person.user,)),)
    with opened(Settings(tmp_path, sources=(), matrix=told, admins=who, curators=who)) as served:
        yield served, bot, person


Cast = tuple[Krab, Account, Account]


@asynccontextmanager
async def stage(krab: Cast, server: Synapse, *, encrypted: bool) -> AsyncIterator[Stage]:
    served, bot, account = krab
    chat = Matrix(served.settings.matrix, served.settings.data, admins=(account.user,))
    person = await Wary(server, account).open() if encrypted else Person(server, account)
    courier = asyncio.create_task(Courier(served.outbox, {"matrix": chat}).run())
    try:
        async with running(chat, dispatcher(served).handle):
            made = Stage(served, chat, person, bot)
            made.room = await person.room(bot.user, encrypted=encrypted)
            await person.until_joined(made.room)
            await person.until_knows(bot.user)
            yield made
    finally:
        courier.cancel()
        await asyncio.gather(courier, return_exceptions=True)
        await person.close()


@pytest.mark.parametrize("encrypted", [False, True], ids=["plain", "encrypted"])
async def test_every_command_is_answered_in_its_thread_with_permitted_markup_and_pings_nobody(
    krab: Cast, synapse: Synapse, encrypted: bool
) -> None:
    async with stage(krab, synapse, encrypted=encrypted) as on:
        question = await on.person.say(on.room, QUESTION)
        answers = {"": await on.said_to(question)}
        for name in ORDERS:
            event = await on.person.say(on.room, f"!krab {name} {TYPED.get(name, '')}".strip())
            answers[name] = await on.said_to(event)
    said = [content for contents in answers.values() for content in contents]
    assert set(answers) == {"", *ORDERS}
    assert [c for c in said if c["msgtype"] not in ("m.notice", "m.image") or c["m.mentions"] != {}] == []
    assert [c for c in said if "unknown" in c["body"] or "went wrong" in c["body"]] == []
    assert [Reader(c["formatted_body"]).open for c in said if "formatted_body" in c] != []


@pytest.mark.parametrize("encrypted", [False, True], ids=["plain", "encrypted"])
async def test_every_relation_means_what_it_should(krab: Cast, synapse: Synapse, encrypted: bool) -> None:
    async with stage(krab, synapse, encrypted=encrypted) as on:
        question = await on.person.say(on.room, QUESTION)
        await on.said_to(question)
        answer = next(e for e in await on.person.events(on.room) if _is_answer(e, on.account))["event_id"]
        thread = {"rel_type": "m.thread", "event_id": question}
        follow_up = await on.person.say(on.room, "and which compiler does it need?", **{"m.relates_to": thread})
        (second,) = await on.said_to(follow_up)
        reply = {"m.in_reply_to": {"event_id": answer}}
        why = await on.person.say(
            on.room, "!krab why", **{"m.relates_to": {**thread, **reply, "is_falling_back": False}}
        )
        (quotes,) = await on.said_to(why)
        await on.person.react(on.room, answer, "👎")
        await until(lambda: _rated(on))
        await on.person.edit(on.room, question, "What is pin-init for?")
        (changed,) = await on.said_to(answer)
    assert second["m.relates_to"]["event_id"] == quotes["m.relates_to"]["event_id"] == question
    assert "“" in quotes["body"]
    assert changed["m.relates_to"] == {"rel_type": "m.replace", "event_id": answer}


async def test_what_is_private_comes_in_the_direct_chat_and_a_word_in_the_room(krab: Cast, synapse: Synapse) -> None:
    async with stage(krab, synapse, encrypted=True) as on:
        direct, third = on.room, Person(synapse, await asyncio.to_thread(synapse.account, "bob"))
        on.room = await on.person.room(on.account.user, third.user)
        await third.client.join(on.room)
        await on.person.until_joined(on.room, 3)
        event = await on.person.say(on.room, "!krab help")
        (word,) = await on.said_to(event)
        (shown,) = await on.person.until_answers(direct, 1)
        await third.close()
    assert "direct chat" in word["body"]
    assert "series" in shown["body"]


async def test_what_krab_says_by_itself_comes_once_and_can_be_changed(krab: Cast, synapse: Synapse) -> None:
    async with stage(krab, synapse, encrypted=True) as on:
        first = Parcel("digest w28", on.room, note("a week"))
        on.krab.outbox.put("matrix", first)
        on.krab.outbox.put("matrix", replace(first, card=note("the same week, put twice")))
        await on.person.until_answers(on.room, 1)
        on.krab.outbox.put("matrix", Parcel("digest w28 v2", on.room, note("a longer week")), edits="digest w28")
        one, changed = await on.person.until_answers(on.room, 2)
    assert one["body"] == "a week"
    assert changed["m.new_content"]["body"] == "a longer week"
    assert changed["m.relates_to"]["rel_type"] == "m.replace"


async def _rated(on: Stage) -> bool:
    return bool(await asyncio.to_thread(lambda: on.krab.feedback.ratings(datetime(2025, 1, 1, tzinfo=UTC))))


def _is_answer(event: dict[str, Any], account: Account) -> bool:
    return bool(event["sender"] == account.user and event["content"].get("msgtype") == "m.notice")
