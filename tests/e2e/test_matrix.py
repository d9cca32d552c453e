"""The Matrix adapter against a real Synapse: what people in rooms see, restarts and outages included."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import stat
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bot.chat import ChatRefused
from bot.chat.matrix import Matrix
from bot.settings import MatrixSettings, Secret
from tests.matrix_person import Person, until
from tests.matrix_scene import Scene
from tests.synapse import Synapse

pytestmark = pytest.mark.e2e


@pytest.fixture
async def scene(synapse: Synapse, tmp_path: Path) -> AsyncIterator[Scene]:
    scene = await asyncio.to_thread(Scene, synapse, tmp_path)
    yield scene
    await scene.close()


async def test_a_question_in_a_direct_room_is_answered_in_its_thread_with_a_notice_that_pings_nobody(
    scene: Scene,
) -> None:
    async with scene.run():
        room = await scene.direct()
        question = await scene.person.say(room, "why does DMA need a bound device?")
        (answer,) = await scene.person.until_answers(room, 1)
    assert answer["msgtype"] == "m.notice"
    assert answer["m.mentions"] == {}
    assert answer["body"].startswith("About why does DMA need a bound device?.")
    assert '<a href="https://lists.example/a@b/">[1]</a>' in answer["formatted_body"]
    assert answer["m.relates_to"] == {
        "rel_type": "m.thread",
        "event_id": question,
        "is_falling_back": True,
        "m.in_reply_to": {"event_id": question},
    }


async def test_in_a_room_of_many_only_what_names_the_bot_is_answered(scene: Scene) -> None:
    me = scene.account.user
    pill = f'<a href="https://matrix.to/#/{me}">krab</a> by pill'
    async with scene.run():
        room = await scene.public()
        await scene.person.say(room, "nobody is asked here, and krab is only a word")
        await scene.person.say(room, "!krab by command")
        await scene.person.say(room, "krab: by name")
        await scene.person.say(room, "by mention", **{"m.mentions": {"user_ids": [me]}})
        await scene.person.say(room, "krab by pill", format="org.matrix.custom.html", formatted_body=pill)
        answers = await scene.person.until_answers(room, 4)
    assert {a["body"].partition(".")[0] for a in answers} == {
        "About command",
        "About by name",
        "About by mention",
        "About by pill",
    }


async def test_a_question_inside_a_thread_is_answered_in_that_thread(scene: Scene) -> None:
    async with scene.run():
        room = await scene.public()
        root = await scene.person.say(room, "a thread begins")
        relation = {"rel_type": "m.thread", "event_id": root}
        await scene.person.say(room, "!krab and here?", **{"m.relates_to": relation})
        (answer,) = await scene.person.until_answers(room, 1)
    assert answer["m.relates_to"]["event_id"] == root
    assert (scene.answerer.heard[-1].thread, scene.answerer.heard[-1].in_thread) == (root, True)


async def test_notices_and_what_was_said_before_the_bot_came_are_not_heard(scene: Scene) -> None:
    room = await scene.person.room(scene.account.user)
    await scene.person.say(room, "before it came")
    async with scene.run():
        await scene.person.until_joined(room)
        await scene.person.say(room, "first")
        await scene.person.say(room, "I am a bot", msgtype="m.notice")
        await scene.person.say(room, "last")
        await scene.person.until_answers(room, 2)
    assert scene.answerer.texts == ["first", "last"]


async def test_a_first_start_in_a_room_full_of_questions_answers_none_of_them(scene: Scene) -> None:
    room = await scene.person.room(scene.account.user)
    owner = Person(scene.server, scene.account)
    await owner.client.join(room)
    await owner.client.close()
    await scene.person.say(room, "asked before the bot ever ran")
    async with scene.run():
        await scene.until_synced()
        await scene.person.say(room, "now")
        await scene.person.until_answers(room, 1)
    assert scene.answerer.texts == ["now"]


async def test_an_event_delivered_twice_is_one_answer(scene: Scene) -> None:
    async with scene.run():
        room = await scene.direct()
        await scene.until_synced()
    shutil.copy(scene.data / "matrix" / "sync.json", scene.data / "before.json")
    await scene.person.say(room, "once")
    async with scene.run():
        await scene.person.until_answers(room, 1)
    shutil.copy(scene.data / "before.json", scene.data / "matrix" / "sync.json")
    async with scene.run():
        await scene.person.say(room, "twice")
        await scene.person.until_answers(room, 2)
    assert scene.answerer.texts == ["once", "once", "twice"]
    assert [a["body"].partition(".")[0] for a in await scene.person.answers(room)] == ["About once", "About twice"]


async def test_a_restart_with_the_saved_token_hears_nothing_again(scene: Scene) -> None:
    async with scene.run():
        room = await scene.direct()
        await scene.person.say(room, "before")
        await scene.person.until_answers(room, 1)
        await until_saved_anew(scene)
    async with scene.run():
        await scene.person.say(room, "after")
        await scene.person.until_answers(room, 2)
    assert scene.answerer.texts == ["before", "after"]


async def test_an_invitation_from_somebody_not_on_the_list_is_left_alone(scene: Scene) -> None:
    async with scene.run(
        scene.configured(access_token=Secret(scene.account.token), allow_invites=(scene.person.user,))
    ):
        unwanted = await scene.third.room(scene.account.user)
        await scene.direct()
    assert len((await scene.third.client.joined_members(unwanted)).members) == 1


async def test_a_homeserver_that_goes_away_and_comes_back_gets_the_answer_that_was_due(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    async with scene.run():
        room = await scene.direct()
        scene.answerer.go.clear()
        await scene.person.say(room, "asked before the outage")
        await until(lambda: anything(scene.answerer.heard))
        await asyncio.to_thread(scene.server.stop)
        scene.answerer.go.set()
        await asyncio.sleep(3)
        await asyncio.to_thread(scene.server.start)
        await scene.person.until_answers(room, 1)
        await scene.person.say(room, "asked after it")
        answers = await scene.person.until_answers(room, 2)
    assert [a["body"].partition(".")[0] for a in answers] == ["About asked before the outage", "About asked after it"]
    assert sum(r.getMessage().count("trying again") for r in caplog.records if r.levelname == "WARNING") == 1


async def test_a_password_is_used_once_and_the_login_kept_for_the_next_start(scene: Scene) -> None:
    with_password = scene.configured(password=Secret(scene.account.password))
    async with scene.run(with_password):
        room = await scene.direct()
        await scene.until_synced()
    kept = (scene.data / "matrix" / "session.json").read_text()
    async with scene.run(with_password):
        await scene.person.say(room, "still you?")
        await scene.person.until_answers(room, 1)
    assert (scene.data / "matrix" / "session.json").read_text() == kept
    assert scene.account.password not in kept
    assert stat.S_IMODE((scene.data / "matrix").stat().st_mode) == 0o700
    assert {stat.S_IMODE(f.stat().st_mode) for f in (scene.data / "matrix").iterdir()} == {0o600}


async def test_a_login_that_was_ended_elsewhere_is_made_again_as_a_new_device(scene: Scene) -> None:
    async with scene.run(scene.configured(password=Secret(scene.account.password))):
        room = await scene.direct()
        before = (scene.data / "matrix" / "session.json").read_text()
        owner = Person(scene.server, scene.account)
        await owner.client.logout(all_devices=True)
        await owner.client.close()
        await until(lambda: changed(scene.data / "matrix" / "session.json", before))
        await scene.person.say(room, "back?")
        await scene.person.until_answers(room, 1)
    assert scene.answerer.texts == ["back?"]


@pytest.mark.parametrize(
    ("settings", "advice"),
    [
        ({"access_token": Secret("wrong")}, "KRAB_MATRIX_ACCESS_TOKEN"),
        ({"password": Secret("wrong")}, "KRAB_MATRIX_PASSWORD"),
        ({}, "set KRAB_MATRIX_ACCESS_TOKEN"),
    ],
)
async def test_wrong_credentials_are_refused_with_advice(scene: Scene, settings: dict[str, Any], advice: str) -> None:
    with pytest.raises(ChatRefused, match=advice):
        await scene.configured(**settings).run(scene.answerer)


async def test_an_address_without_a_homeserver_is_refused_with_advice(scene: Scene) -> None:
    settings = MatrixSettings(scene.server.url + "/nothing", scene.account.user, Secret(scene.account.token))
    with pytest.raises(ChatRefused, match="correct the address"):
        await Matrix(settings, scene.data).run(scene.answerer)


async def test_a_token_of_somebody_else_is_refused_with_both_names(scene: Scene) -> None:
    settings = MatrixSettings(scene.server.url, "@else:localhost", Secret(scene.account.token))
    with pytest.raises(ChatRefused, match=f"{scene.account.user}.*@else:localhost"):
        await Matrix(settings, scene.data).run(scene.answerer)


async def anything(found: list[Any]) -> bool:
    return bool(found)


async def changed(file: Path, before: str) -> bool:
    return file.read_text() != before


async def until_saved_anew(scene: Scene) -> None:
    """The bot's own answer has come around and is behind the saved token."""
    file = scene.data / "matrix" / "sync.json"
    before = file.read_text() if file.exists() else ""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(1.0):
            await until(lambda: changed(file, before))
