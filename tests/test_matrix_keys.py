"""Cross-signing keys, secret storage and recovery keys, checked by a second implementation and by what others wrote."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.chat.matrix_keys import (
    USAGES,
    Identity,
    SigningKey,
    canonical,
    decode,
    described,
    encode,
    public_of,
    published,
    signed,
    vouched,
)
from bot.chat.matrix_vault import WrongKey, description, fits, opened, read, sealed, unsealed, written
from tests.matrix_secrets import only_key, signature_holds

USER = "@krab:example.org"
IDENTITY = Identity.of({usage: bytes([n]) * 32 for n, usage in enumerate(USAGES, 1)})
KEYS = st.binary(min_size=32, max_size=32)
# From the specification, "Recovery key" in secret storage.
SPEC_KEY = "EsTc LW2K PGiF wKEA 3As5 g5c4 BXwk qeeJ ZJV8 Q9fu gUMN UE4d"


def zeros(count: int) -> bytes:
    return bytes(count)


def test_canonical_json_is_sorted_tight_and_unescaped() -> None:
    assert canonical({"b": 1, "a": {"日": "本", "": 2}}) == '{"a":{"":2,"日":"本"},"b":1}'.encode()


def test_the_two_lower_keys_are_signed_by_the_master_key_as_another_implementation_finds() -> None:
    keys = published(IDENTITY, USER)
    master = only_key(keys["master_key"])
    assert signature_holds(keys["self_signing_key"], USER, f"ed25519:{master}", master)
    assert signature_holds(keys["user_signing_key"], USER, f"ed25519:{master}", master)
    assert [keys[f"{usage}_key"]["usage"] for usage in USAGES] == [[usage] for usage in USAGES]


def test_a_signature_of_another_key_does_not_vouch() -> None:
    device = signed({"device_id": "D"}, USER, IDENTITY.self_signing)
    assert vouched(device, USER, IDENTITY.self_signing.public)
    assert not vouched(device, USER, IDENTITY.master.public)
    assert not vouched({**device, "device_id": "E"}, USER, IDENTITY.self_signing.public)


def test_unsigned_words_and_other_signatures_do_not_touch_a_signature() -> None:
    device = signed(signed({"device_id": "D"}, USER, IDENTITY.master), USER, IDENTITY.self_signing)
    assert vouched({**device, "unsigned": {"x": 1}}, USER, IDENTITY.master.public)


@pytest.mark.parametrize("rubbish", [None, 1, [], {}, {"signatures": 1}, {"signatures": {USER: {"ed25519:x": "%"}}}])
def test_what_is_no_signed_object_is_not_vouched_for(rubbish: object) -> None:
    assert not vouched(rubbish, USER, "x")


def test_an_identity_lacking_a_key_is_none() -> None:
    with pytest.raises(ValueError, match="all three"):
        Identity.of({**IDENTITY.seeds(), "user_signing": b""})


def test_private_keys_show_themselves_nowhere() -> None:
    assert "\\x01" not in repr(IDENTITY)


def test_the_public_key_of_an_object_is_found_and_of_rubbish_is_not() -> None:
    assert public_of(described(USER, "master", "abc")) == "abc"
    assert [
        public_of(value) for value in (None, {}, {"keys": 1}, {"keys": {"a": 1}}, {"keys": {"a": "b", "c": "d"}})
    ] == [""] * 5


@given(KEYS)
def test_a_signing_key_signs_what_a_second_implementation_verifies(seed: bytes) -> None:
    key = SigningKey(seed)
    assert signature_holds(signed({"a": 1}, USER, key), USER, f"ed25519:{key.public}", key.public)


def test_the_recovery_key_of_the_specification_is_read_and_written() -> None:
    assert written(read(SPEC_KEY)) == SPEC_KEY


@given(KEYS)
def test_a_recovery_key_is_read_as_it_was_written(key: bytes) -> None:
    assert read(written(key)) == key
    assert read(written(key).replace(" ", "")) == key


@pytest.mark.parametrize(
    "slip",
    [
        SPEC_KEY.replace("LW2K", "LW2k"),
        SPEC_KEY.replace("wKEA", "wKAE"),
        SPEC_KEY[:-1],
        SPEC_KEY.replace("E", "O"),
        SPEC_KEY + "1",
        "",
    ],
)
def test_a_slip_of_the_pen_in_a_recovery_key_is_noticed(slip: str) -> None:
    with pytest.raises(WrongKey):
        read(slip)


@given(st.text(max_size=80))
def test_any_other_text_is_no_recovery_key(text: str) -> None:
    with pytest.raises(WrongKey):
        read(text)


@given(KEYS, st.text(max_size=40), st.binary(max_size=100))
def test_a_secret_is_opened_by_its_key_under_its_name(key: bytes, name: str, secret: bytes) -> None:
    assert unsealed(key, name, sealed(key, name, secret, zeros)) == secret


def test_a_secret_is_opened_by_no_other_key_and_under_no_other_name() -> None:
    box = sealed(bytes(32), "a", b"secret", zeros)
    with pytest.raises(WrongKey):
        unsealed(b"\1" * 32, "a", box)
    with pytest.raises(WrongKey):
        unsealed(bytes(32), "b", box)


@given(st.dictionaries(st.sampled_from(["iv", "mac", "ciphertext"]), st.text() | st.integers()))
def test_a_damaged_box_is_a_wrong_key_and_no_crash(box: dict[str, object]) -> None:
    with pytest.raises(WrongKey):
        unsealed(bytes(32), "a", box)


def test_a_storage_key_is_known_by_its_description() -> None:
    about = description(bytes(32), zeros)
    assert fits(bytes(32), about)
    assert not fits(b"\1" * 32, about)
    assert not fits(bytes(32), {**about, "algorithm": "m.other"})


def test_a_passphrase_opens_storage_that_was_made_with_one() -> None:
    import hashlib

    key = hashlib.pbkdf2_hmac("sha512", b"a long sentence", b"salt", 1000, 32)
    how = {"algorithm": "m.pbkdf2", "salt": "salt", "iterations": 1000}
    about = {**description(key, zeros), "passphrase": how}
    assert opened("a long sentence", about) == key
    with pytest.raises(WrongKey, match="not the one"):
        opened("another sentence", about)


def test_base64_goes_without_padding() -> None:
    assert (encode(b"a"), decode("YQ")) == ("YQ", b"a")
    with pytest.raises(ValueError, match="base64"):
        decode("%")
