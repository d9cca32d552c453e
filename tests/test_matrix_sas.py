"""Emoji verification: a whole run against a starter written apart, and everything that must end one."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.chat.matrix_sas import Party, Step, Verification
from tests.matrix_sas_peer import Starter

KRAB = Party("@krab:x", "BOT", {"ed25519:BOT": "bot-key", "ed25519:MASTER": "MASTER"})
ANN = Party("@ann:x", "ANN", {"ed25519:ANN": "ann-key", "curve25519:ANN": "other"})
REQUEST = {"from_device": "ANN", "methods": ["m.sas.v1", "m.qr_code.show.v1"]}


def both() -> tuple[Verification, Starter]:
    return Verification("$t", KRAB, ANN), Starter("@ann:x", "ANN", "ann-key", "@krab:x", "BOT", "$t")


def until_compared() -> tuple[Verification, Starter]:
    krab, ann = both()
    krab.receive("request", REQUEST)
    ((_, accept),) = krab.receive("start", ann.starting())
    ((_, key),) = krab.receive("key", ann.accepted(accept))
    ann.keyed(key)
    return krab, ann


def test_both_sides_see_the_same_emoji_and_confirm_each_others_keys() -> None:
    krab, ann = until_compared()
    (_, mac), (done, _) = krab.receive("mac", ann.confirming())
    assert list(krab.emoji) == ann.emoji
    assert ann.confirmed(mac, dict(KRAB.keys)) == set(KRAB.keys)
    assert (done, krab.step) == ("done", Step.DONE)


def test_the_master_key_is_confirmed_as_well_so_that_it_can_be_signed() -> None:
    krab, ann = until_compared()
    (_, mac), _ = krab.receive("mac", ann.confirming())
    assert set(mac["mac"]) == {"ed25519:BOT", "ed25519:MASTER"}


def test_a_request_is_answered_with_the_one_way_there_is() -> None:
    krab, _ = both()
    assert krab.receive("request", REQUEST) == [("ready", {"from_device": "BOT", "methods": ["m.sas.v1"]})]


def test_a_start_without_a_request_is_accepted() -> None:
    krab, ann = both()
    assert krab.receive("start", ann.starting())[0][0] == "accept"


def test_an_older_client_gets_the_older_code() -> None:
    krab, ann = both()
    ((_, accept),) = krab.receive("start", ann.starting(message_authentication_codes=["hkdf-hmac-sha256"]))
    assert accept["message_authentication_code"] == "hkdf-hmac-sha256"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"method": "m.other"}, "m.unknown_method"),
        ({"hashes": []}, "m.unknown_method"),
        ({"short_authentication_string": ["decimal"]}, "m.unknown_method"),
        ({"key_agreement_protocols": ["curve25519"]}, "m.unknown_method"),
        ({"hashes": None}, "m.invalid_message"),
    ],
)
def test_a_start_that_can_not_work_ends_it(change: dict[str, Any], code: str) -> None:
    krab, ann = both()
    ((kind, said),) = krab.receive("start", ann.starting(**change))
    assert (kind, said["code"], krab.over) == ("cancel", code, True)


def test_a_request_without_emoji_ends_it() -> None:
    krab, _ = both()
    ((kind, said),) = krab.receive("request", {"methods": ["m.qr_code.scan.v1"]})
    assert (kind, said["code"]) == ("cancel", "m.unknown_method")


def test_another_key_in_the_middle_ends_it() -> None:
    krab, ann = until_compared()
    ann.key = "another key"
    ((kind, said),) = krab.receive("mac", ann.confirming())
    assert (kind, said["code"]) == ("cancel", "m.key_mismatch")


def test_what_is_out_of_turn_ends_it() -> None:
    krab, _ = both()
    ((kind, said),) = krab.receive("mac", {})
    assert (kind, said["code"]) == ("cancel", "m.unexpected_message")


def test_nothing_is_said_to_a_cancel_or_after_it() -> None:
    krab, ann = both()
    assert krab.receive("cancel", {"code": "m.user"}) == []
    assert krab.receive("start", ann.starting()) == []


KINDS = st.sampled_from(["request", "start", "key", "mac", "done", "cancel", "accept", "other"])
VALUES = st.none() | st.text(max_size=5) | st.integers() | st.lists(st.text(max_size=5), max_size=2)
NAMES = st.sampled_from(["methods", "method", "key", "keys", "mac", "hashes", "message_authentication_codes"])


@given(st.lists(st.tuples(KINDS, st.dictionaries(NAMES, VALUES, max_size=4)), max_size=6))
def test_no_message_breaks_it_or_gets_it_done(messages: list[tuple[str, dict[str, Any]]]) -> None:
    krab, _ = both()
    answers = [answer for kind, content in messages for answer in krab.receive(kind, content)]
    assert "mac" not in {kind for kind, _ in answers}
    assert krab.step is not Step.DONE
