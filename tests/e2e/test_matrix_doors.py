"""Coming and going on a real Synapse: rooms that empty or move, tokens that expire, several accounts at once."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import pytest

from bot.chat import Profile
from bot.chat.matrix import Matrix
from bot.chat.matrix_calls import request
from bot.chat.matrix_folder import Folder, Session
from bot.commands.doctor_chat import check_matrix
from bot.settings import MatrixSettings, Secret, Settings
from tests.matrix_person import Person, until
from tests.matrix_proxy import Proxy
from tests.matrix_scene import Scene, running
from tests.synapse import Synapse, install

pytestmark = pytest.mark.e2e


@pytest.fixture
async def scene(synapse: Synapse, tmp_path: Path) -> AsyncIterator[Scene]:
    scene = await asyncio.to_thread(Scene, synapse, tmp_path)
    yield scene
    await scene.close()


async def rooms_of(scene: Scene) -> list[str]:
    owner = Person(scene.server, scene.account)
    found = await owner.client.joined_rooms()
    await owner.close()
    return [str(room) for room in found.rooms]


async def test_a_room_is_left_when_the_last_person_leaves_it_and_not_before(scene: Scene) -> None:
    async with scene.run():
        room = await scene.public()
        await scene.until_synced()
        await scene.third.client.room_leave(room)
        await scene.person.say(room, "krab: still here?")
        await scene.person.until_answers(room, 1)
        assert room in await rooms_of(scene)
        await scene.person.client.room_leave(room)
        await until(lambda: gone(scene, room))


async def test_a_room_that_was_replaced_is_followed(scene: Scene) -> None:
    async with scene.run():
        old = await scene.public()
        await scene.until_synced()
        path = f"/rooms/{quote(old, safe='')}/upgrade"
        new = str((await request(scene.person.client, "POST", path, {"new_version": "12"}))["replacement_room"])
        await scene.person.client.room_invite(new, scene.account.user)
        await until(lambda: here(scene, new))
        await scene.third.client.join(new)
        await scene.person.say(new, "krab: did you come along?")
        await scene.person.until_answers(new, 1)


async def test_a_public_room_that_was_replaced_is_followed_without_an_invitation(scene: Scene) -> None:
    async with scene.run():
        old = str((await scene.person.client.room_create(invite=[scene.account.user])).room_id)
        await scene.person.until_joined(old)
        await scene.until_synced()
        new = str((await scene.person.client.room_create(preset=public_chat())).room_id)
        content = {"body": "moved", "replacement_room": new}
        await scene.person.client.room_put_state(old, "m.room.tombstone", content)
        await until(lambda: here(scene, new))


async def test_the_doctor_says_how_far_the_device_is_trusted_and_what_is_missing(scene: Scene, tmp_path: Path) -> None:
    told = MatrixSettings(scene.server.url, scene.account.user, password=Secret(scene.account.password))
    assert "to be signed at the next start" in await check_matrix(Settings(scene.data, matrix=told))
    async with scene.run(scene.with_password()):
        await scene.until_synced()
    found = await check_matrix(Settings(scene.data, matrix=told))
    assert "signed by the account's identity, its recovery key waits" in found
    with pytest.raises(ValueError, match="set KRAB_MATRIX_RECOVERY_KEY"):
        await check_matrix(Settings(tmp_path / "other", matrix=told))


async def test_an_answer_that_is_lost_on_the_way_loses_no_question_and_repeats_no_answer(scene: Scene) -> None:
    async with Proxy(scene.server.url) as proxy:
        proxy.lose = {"/join", "/send/"}
        told = MatrixSettings(proxy.url, scene.account.user, password=Secret(scene.account.password))
        async with scene.run(Matrix(told, scene.data)):
            room = await scene.direct()
            await scene.person.say(room, "asked at once")
            await scene.person.until_answers(room, 1)
            await scene.person.say(room, "and then")
            answers = await scene.person.until_answers(room, 2)
        assert proxy.lose == set()
    assert [a["body"].partition(".")[0] for a in answers] == ["About asked at once", "About and then"]


async def test_several_accounts_answer_and_one_that_is_refused_stops_no_other(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    other = await asyncio.to_thread(scene.server.account, "krab")
    url = scene.server.url
    second = MatrixSettings(url, other.user, password=Secret(other.password), name="second")
    wrong = MatrixSettings(url, "@nobody:localhost", password=Secret("wrong"), name="wrong")
    first = MatrixSettings(url, scene.account.user, password=Secret(scene.account.password), accounts=(second, wrong))
    bot = Matrix(first, scene.data)
    with caplog.at_level(logging.ERROR):
        async with running(bot, scene.answerer):
            for account in (scene.account, other):
                room = await scene.person.room(account.user)
                await scene.person.until_joined(room)
                await scene.person.say(room, f"{account.user}?")
                await scene.person.until_answers(room, 1)
            assert await bot.profile(scene.person.user) == Profile("ann")
    assert (scene.data / "matrix" / "second" / "session.json").exists()
    assert [r.getMessage() for r in caplog.records if "account wrong" in r.getMessage()] != []


async def test_a_question_that_two_accounts_hear_has_the_same_key_for_both(scene: Scene) -> None:
    other = await asyncio.to_thread(scene.server.account, "krab")
    second = MatrixSettings(scene.server.url, other.user, password=Secret(other.password), name="second")
    bot = scene.with_password(accounts=(second,))
    async with scene.run(bot):
        room = await scene.person.room(scene.account.user, other.user)
        await scene.person.until_joined(room, 3)
        await scene.until_synced()
        await scene.person.say(room, "who of you?")
        await scene.answerer.until_heard(2)
    assert len({message.key for message in scene.answerer.heard}) == 1


async def test_a_token_that_expires_is_refreshed_while_running_and_at_the_next_start(tmp_path: Path) -> None:
    (tmp_path / "synapse").mkdir()
    server = Synapse(await asyncio.to_thread(install), tmp_path / "synapse", refreshable_access_token_lifetime="2s")
    await asyncio.to_thread(server.start)
    try:
        scene = await asyncio.to_thread(Scene, server, tmp_path / "data")
        before, between, after = await over_expiries(scene)
        await scene.close()
    finally:
        await asyncio.to_thread(server.stop)
    assert before.refresh
    assert len({before.token, between.token, after.token}) == 3
    assert before.device == between.device == after.device
    assert scene.answerer.texts == ["later", "much later"]


async def over_expiries(scene: Scene) -> tuple[Session, Session, Session]:
    async with scene.run(scene.with_password()):
        room = await scene.direct()
        await scene.until_synced()
        before = session(scene)
        await asyncio.sleep(3)
        await scene.person.say(room, "later")
        await scene.person.until_answers(room, 1)
        between = session(scene)
    await asyncio.sleep(2.5)
    async with scene.run(scene.with_password()):
        await scene.person.say(room, "much later")
        await scene.person.until_answers(room, 2)
        return before, between, session(scene)


def session(scene: Scene) -> Session:
    found = Folder(scene.data / "matrix").session(scene.server.url, scene.account.user)
    assert found
    return replace(found)


def public_chat() -> object:
    from nio import RoomPreset

    return RoomPreset.public_chat


async def gone(scene: Scene, room: str) -> bool:
    return room not in await rooms_of(scene)


async def here(scene: Scene, room: str) -> bool:
    return room in await rooms_of(scene)
