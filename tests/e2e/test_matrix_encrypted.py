"""Encrypted rooms on a real Synapse: who trusts the bot, what becomes of its keys, and what it can't read."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bot.card import Card, Picture, note
from bot.chat import ChatRefused, Parcel, Undelivered
from bot.chat.matrix import Matrix
from bot.chat.matrix_calls import request
from bot.chat.matrix_folder import Folder
from bot.settings import Secret
from tests.matrix_person import Wary, until
from tests.matrix_sas_peer import Starter
from tests.matrix_scene import Scene
from tests.matrix_secrets import is_cross_signed, master_of, query
from tests.synapse import Synapse

pytestmark = pytest.mark.e2e


@pytest.fixture
async def scene(synapse: Synapse, tmp_path: Path) -> AsyncIterator[Scene]:
    scene = await asyncio.to_thread(Scene, synapse, tmp_path)
    yield scene
    await scene.close()


def device_of(scene: Scene, data: Path | None = None) -> str:
    session = Folder((data or scene.data) / "matrix").session(scene.server.url, scene.account.user)
    assert session
    return session.device


def keys_of(scene: Scene) -> Any:
    return query(scene.server, scene.account, scene.account.user)


async def encrypted(scene: Scene, person: Wary) -> str:
    room = await person.room(scene.account.user)
    await person.until_joined(room)
    await person.until_knows(scene.account.user)
    return room


async def test_somebody_who_shares_keys_with_signed_devices_alone_is_answered(scene: Scene) -> None:
    async with scene.run(scene.with_password()):
        eve = await scene.wary()
        room = await encrypted(scene, eve)
        await eve.say(room, "why?")
        (answer,) = await eve.until_answers(room, 1)
        events = await scene.person.client.room_messages(room, start="", limit=1)
    assert answer["body"].startswith("About why?.")
    assert answer["m.mentions"] == {}
    assert eve.strangers == set()
    assert events.__class__.__name__ == "RoomMessagesError"  # who is not in the room sees nothing of it


async def test_after_the_first_start_device_and_keys_are_signed_up_to_the_master_key(scene: Scene) -> None:
    async with scene.run(scene.with_password()):
        await scene.until_synced()
    found = keys_of(scene)
    assert is_cross_signed(found, scene.account.user, device_of(scene))
    assert set(found["user_signing_keys"]) == {scene.account.user}


async def test_a_second_start_on_an_empty_disk_with_the_recovery_key_keeps_the_identity(
    scene: Scene, tmp_path: Path
) -> None:
    async with scene.run(scene.with_password()):
        await scene.until_synced()
    before, key = master_of(keys_of(scene), scene.account.user), Folder(scene.data / "matrix").recovery_key()
    other = tmp_path / "other"
    eve = await scene.wary()
    async with scene.run(scene.with_password(data=other, recovery_key=Secret(key))):
        room = await encrypted(scene, eve)
        await eve.say(room, "still you?")
        await eve.until_answers(room, 1)
    found = keys_of(scene)
    assert master_of(found, scene.account.user) == before
    assert is_cross_signed(found, scene.account.user, device_of(scene, other))
    assert device_of(scene, other) != device_of(scene)


async def test_without_the_recovery_key_it_is_refused_with_advice_and_nothing_is_reset(
    scene: Scene, tmp_path: Path
) -> None:
    async with scene.run(scene.with_password()):
        await scene.until_synced()
    before = master_of(keys_of(scene), scene.account.user)
    with pytest.raises(ChatRefused, match="set KRAB_MATRIX_RECOVERY_KEY"):
        await scene.with_password(data=tmp_path / "other").run(scene.answerer)
    wrong = Secret("EsTc LW2K PGiF wKEA 3As5 g5c4 BXwk qeeJ ZJV8 Q9fu gUMN UE4d")
    with pytest.raises(ChatRefused, match="KRAB_MATRIX_RECOVERY_KEY does not open"):
        await scene.with_password(data=tmp_path / "third", recovery_key=wrong).run(scene.answerer)
    assert master_of(keys_of(scene), scene.account.user) == before


async def test_a_recovery_key_that_the_operator_chose_is_used_and_not_kept(scene: Scene) -> None:
    chosen = "EsTc LW2K PGiF wKEA 3As5 g5c4 BXwk qeeJ ZJV8 Q9fu gUMN UE4d"
    async with scene.run(scene.with_password(recovery_key=Secret(chosen))):
        await scene.until_synced()
    assert Folder(scene.data / "matrix").recovery_key() == ""
    assert is_cross_signed(keys_of(scene), scene.account.user, device_of(scene))


async def test_a_lost_store_is_a_new_signed_device_with_a_log_line(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    async with scene.run(scene.with_password()):
        await scene.until_synced()
    before = device_of(scene)
    for file in (scene.data / "matrix").glob("*.db"):
        file.unlink()
    eve = await scene.wary()
    async with scene.run(scene.with_password()):
        room = await encrypted(scene, eve)
        await eve.say(room, "can you read this?")
        await eve.until_answers(room, 1)
    assert device_of(scene) != before
    assert sum("becomes a new device" in r.getMessage() for r in caplog.records) == 1
    assert is_cross_signed(keys_of(scene), scene.account.user, device_of(scene))


async def test_a_lost_store_with_a_token_alone_is_refused_with_advice(scene: Scene, tmp_path: Path) -> None:
    async with scene.run():
        await scene.until_synced()
    with pytest.raises(ChatRefused, match="log in anew"):
        await scene.configured(data=tmp_path / "empty", access_token=Secret(scene.account.token)).run(scene.answerer)


async def test_edits_reactions_and_threads_work_in_an_encrypted_room(scene: Scene) -> None:
    async with scene.run(scene.with_password()):
        eve = await scene.wary()
        room = await encrypted(scene, eve)
        question = await eve.say(room, "first")
        await eve.until_answers(room, 1)
        answer = next(e for e in await eve.events(room) if e["sender"] == scene.account.user and "body" in e["content"])
        await eve.react(room, answer["event_id"], "👍🏽")
        await eve.edit(room, question, "second")
        _, changed = await eve.until_answers(room, 2)
        await eve.say(room, "third", **{"m.relates_to": {"rel_type": "m.thread", "event_id": question}})
        *_, third = await eve.until_answers(room, 3)
    acts = [(m.act.name, m.act.value) for m in scene.answerer.heard if m.act]
    assert acts == [("helpful", question)]
    assert changed["m.relates_to"] == {"rel_type": "m.replace", "event_id": answer["event_id"]}
    assert changed["m.new_content"]["body"].startswith("About second.")
    assert third["m.relates_to"]["event_id"] == question


async def test_a_message_without_its_key_is_excused_once_and_answered_when_the_key_comes(
    scene: Scene,
) -> None:
    async with scene.run(scene.with_password()):
        eve = await scene.wary()
        room = await encrypted(scene, eve)
        await eve.open_hand(False)
        await eve.say(room, "lost one")
        await eve.say(room, "lost two")
        (excuse,) = await eve.until_answers(room, 1)
        await asyncio.sleep(4)
        assert len(await eve.answers(room)) == 1
        await eve.open_hand(True)
        await eve.share_again(room, scene.account.user)
        await eve.until_answers(room, 3)
    assert "the key to it has not reached me" in excuse["body"]
    assert sorted(scene.answerer.texts) == ["lost one", "lost two"]


async def test_an_admin_verifies_the_bot_by_emoji_in_a_room(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    eve = await scene.wary()
    async with scene.run(scene.with_password(admins=(eve.user,))):
        room = await encrypted(scene, eve)
        confirmed, starter = await verify(eve, room, scene)
    found = keys_of(scene)
    master = master_of(found, scene.account.user)
    assert confirmed == {f"ed25519:{device_of(scene)}", f"ed25519:{master}"}
    assert len(starter.emoji) == 7
    assert sum("the emoji are" in r.getMessage() for r in caplog.records) == 1


async def test_an_admin_verifies_the_bot_from_device_to_device(scene: Scene) -> None:
    from nio import ToDeviceEvent

    eve, got = await scene.wary(), list[tuple[str, dict[str, Any]]]()
    eve.client.add_to_device_callback(lambda e: got.append((e.source["type"], e.source["content"])), (ToDeviceEvent,))
    async with scene.run(scene.with_password(admins=(eve.user,))):
        await scene.until_synced()
        user, device, name = scene.account.user, device_of(scene), "a transaction"

        async def tell(kind: str, content: dict[str, Any]) -> None:
            whole = {**content, "transaction_id": name}
            path = f"/sendToDevice/m.key.verification.{kind}/{kind}"
            await request(eve.client, "PUT", path, {"messages": {user: {device: whole}}})

        async def told(kind: str) -> dict[str, Any]:
            await until(lambda: is_told(got, kind))
            return next(content for type_, content in got if type_ == f"m.key.verification.{kind}")

        own = eve.client.olm.account.identity_keys["ed25519"]
        starter = Starter(eve.user, eve.client.device_id, own, user, device, name)
        await tell("request", {"from_device": eve.client.device_id, "methods": ["m.sas.v1"]})
        await told("ready")
        start = starter.starting()
        starter.start = {**start, "transaction_id": name}
        await tell("start", start)
        await tell("key", starter.accepted(await told("accept")))
        starter.keyed(await told("key"))
        await tell("mac", starter.confirming())
        mac = await told("mac")
        await told("done")
    assert starter.confirmed(mac, shown_keys(scene)) == set(mac["mac"])
    assert len(mac["mac"]) == 2


async def is_told(got: list[tuple[str, dict[str, Any]]], kind: str) -> bool:
    return any(type_ == f"m.key.verification.{kind}" for type_, _ in got)


async def test_somebody_who_is_no_admin_may_not_verify_the_bot(scene: Scene) -> None:
    eve = await scene.wary()
    async with scene.run(scene.with_password()):
        room = await encrypted(scene, eve)
        request = await eve.send(room, "m.room.message", asking(eve, scene.account.user))
        cancel = await answered_with(eve, room, request, "cancel")
    assert cancel["code"] == "m.user"


async def test_a_picture_reaches_an_encrypted_room_encrypted(scene: Scene) -> None:
    from nio.crypto.attachments import decrypt_attachment

    bot = scene.with_password()
    async with scene.run(bot):
        eve = await scene.wary()
        room = await encrypted(scene, eve)
        await scene.until_synced()
        await sent(bot, Parcel("digest 1", room, Card("Week 28", picture=Picture(b"a picture", "Ten mails a day"))))
        shown, words = await eve.until_answers(room, 2)
        file = shown["file"]
        data = (await eve.client.download(file["url"])).body
    assert decrypt_attachment(data, file["key"]["k"], file["hashes"]["sha256"], file["iv"]) == b"a picture"
    assert (shown["body"], words["body"]) == ("Ten mails a day", "Week 28")


async def test_a_message_of_krabs_own_reaches_a_person_in_an_encrypted_room_made_for_that_once(scene: Scene) -> None:
    bot = scene.with_password()
    eve = await scene.wary()
    async with scene.run(bot):
        await scene.until_synced()
        first = await bot.send(Parcel("alarm 1", eve.user, note("a source is silent")))
        again = await bot.send(Parcel("alarm 1", eve.user, note("a source is silent")))
        changed = await bot.send(Parcel("alarm 1 later", eve.user, note("it speaks again"), edits=first))
        room = next(iter((await eve.client.sync(timeout=0, full_state=True)).rooms.invite or eve.client.invited_rooms))
        await eve.client.join(room)
    assert first == again == changed
    assert len(eve.client.invited_rooms) <= 1


async def sent(bot: Matrix, parcel: Parcel) -> str:
    """What the outbox does: send it, and again later while it can't be sent now."""
    while True:
        try:
            return await bot.send(parcel)
        except Undelivered as error:
            if error.forever:
                raise
            await asyncio.sleep(0.2)


def asking(eve: Wary, whom: str) -> dict[str, Any]:
    return {
        "msgtype": "m.key.verification.request",
        "body": "please verify",
        "from_device": eve.client.device_id,
        "methods": ["m.sas.v1"],
        "to": whom,
    }


async def answered_with(eve: Wary, room: str, request: str, kind: str) -> dict[str, Any]:
    found: list[dict[str, Any]] = []

    async def there() -> bool:
        found[:] = [
            e["content"]
            for e in await eve.events(room)
            if e["type"] == f"m.key.verification.{kind}"
            and e["sender"] != eve.user
            and e["content"].get("m.relates_to", {}).get("event_id") == request
        ]
        return bool(found)

    await until(there)
    return found[0]


async def verify(eve: Wary, room: str, scene: Scene) -> tuple[set[str], Starter]:
    """Ask for a verification and see it through; the keys that the bot confirmed."""
    user = scene.account.user
    request = await eve.send(room, "m.room.message", asking(eve, user))
    ready = await answered_with(eve, room, request, "ready")
    own = eve.client.olm.account.identity_keys["ed25519"]
    starter = Starter(eve.user, eve.client.device_id, own, user, ready["from_device"], request)
    relation = {"m.relates_to": {"rel_type": "m.reference", "event_id": request}}
    await eve.send(room, "m.key.verification.start", starter.starting(**relation))
    key = starter.accepted(await answered_with(eve, room, request, "accept"))
    await eve.send(room, "m.key.verification.key", {**key, **relation})
    starter.keyed(await answered_with(eve, room, request, "key"))
    await eve.send(room, "m.key.verification.mac", {**starter.confirming(), **relation})
    mac = await answered_with(eve, room, request, "mac")
    await answered_with(eve, room, request, "done")
    return starter.confirmed(mac, shown_keys(scene)), starter


def shown_keys(scene: Scene) -> dict[str, str]:
    """What the homeserver shows of the bot's keys, by their ids."""
    found, user = keys_of(scene), scene.account.user
    shown = {k: v for device in found["device_keys"][user].values() for k, v in device["keys"].items()}
    return {**shown, **found["master_keys"][user]["keys"]}


async def krab(scene: Scene, *words: str) -> tuple[int, str, str]:
    """What the command line does with this account: its exit status, and what it prints."""
    config = scene.data / "krab.toml"
    config.parent.mkdir(parents=True, exist_ok=True)
    config.write_text(f'[matrix]\nhomeserver = "{scene.server.url}"\nuser = "{scene.account.user}"\n')
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot", *words, "--data", str(scene.data),
        env={**os.environ, "KRAB_MATRIX_PASSWORD": scene.account.password},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, err = await process.communicate()
    return process.returncode or 0, out.decode().strip(), err.decode().strip()


async def test_the_recovery_key_is_shown_once_and_opens_the_identity(scene: Scene, tmp_path: Path) -> None:
    async with scene.run(scene.with_password()):
        await scene.until_synced()
    status, key, _ = await krab(scene, "matrix", "recovery-key")
    again, nothing, advice = await krab(scene, "matrix", "recovery-key")
    async with scene.run(scene.with_password(data=tmp_path / "other", recovery_key=Secret(key))):
        await until(lambda: is_there(tmp_path / "other" / "matrix" / "sync.json"))
    assert (status, len(key.split())) == (0, 12)
    assert (again, nothing) == (1, "")
    assert "it is shown once" in advice


async def test_a_new_identity_is_made_when_told_twice_and_signs_the_device(scene: Scene) -> None:
    async with scene.run(scene.with_password()):
        await scene.until_synced()
    before = master_of(keys_of(scene), scene.account.user)
    hesitant, _, warning = await krab(scene, "matrix", "reset-identity")
    unchanged = master_of(keys_of(scene), scene.account.user)
    status, key, _ = await krab(scene, "matrix", "reset-identity", "--yes")
    found = keys_of(scene)
    assert (hesitant, unchanged) == (1, before)
    assert "must verify it again" in warning
    assert (status, len(key.split())) == (0, 12)
    assert master_of(found, scene.account.user) != before
    assert is_cross_signed(found, scene.account.user, device_of(scene))


async def is_there(path: Path) -> bool:
    return path.exists()
