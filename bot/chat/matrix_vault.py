"""Secret storage: private keys kept on the homeserver, encrypted with a key that only the owner has.

Rules of this file: pure; randomness is an argument. Algorithm m.secret_storage.v1.aes-hmac-sha2, and the
recovery key in base58 as people write it down.
https://spec.matrix.org/v1.18/client-server-api/#secret-storage
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping
from typing import Any

from Crypto.Cipher import AES
from Crypto.Hash import SHA256
from Crypto.Protocol.KDF import HKDF

from bot.chat.matrix_keys import decode, encode

ALGORITHM = "m.secret_storage.v1.aes-hmac-sha2"
KEY = 32  # bytes
PREFIX = b"\x8b\x01"
ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
LONGEST_KDF = 2_000_000  # rounds of PBKDF2 we are willing to do

Random = Callable[[int], bytes]


class WrongKey(ValueError):
    """This is not the key, or what is stored was changed."""


def written(key: bytes) -> str:
    """A storage key as its owner writes it down: base58 in groups of four."""
    data = PREFIX + key
    data += bytes([_parity(data)])
    number, letters = int.from_bytes(data, "big"), ""
    while number:
        number, rest = divmod(number, 58)
        letters = ALPHABET[rest] + letters
    return " ".join(letters[i : i + 4] for i in range(0, len(letters), 4))


def read(text: str) -> bytes:
    """The storage key somebody wrote down. Raises WrongKey when there is a slip of the pen in it."""
    letters = "".join(text.split())
    if not letters or any(letter not in ALPHABET for letter in letters) or len(letters) > 60:
        raise WrongKey("that is no recovery key: it has letters and digits in groups of four, as in 'EsTx 9Zr8 …'")
    number = 0
    for letter in letters:
        number = number * 58 + ALPHABET.index(letter)
    data = number.to_bytes(max(len(PREFIX) + KEY + 1, (number.bit_length() + 7) // 8), "big")
    if len(data) != len(PREFIX) + KEY + 1 or not data.startswith(PREFIX) or _parity(data):
        raise WrongKey("there is a mistake in the recovery key: compare it with what you wrote down")
    return data[len(PREFIX) : -1]


def opened(text: str, description: Mapping[str, Any]) -> bytes:
    """The storage key, out of a recovery key or the passphrase that ``description`` allows. Raises WrongKey."""
    passphrase = description.get("passphrase")
    try:
        key = read(text)
    except WrongKey:
        if not isinstance(passphrase, Mapping):
            raise
        key = _stretched(text, passphrase)
    if not fits(key, description):
        raise WrongKey("the recovery key is not the one of this account's secret storage")
    return key


def fits(key: bytes, description: Mapping[str, Any]) -> bool:
    """Whether ``key`` is the one described."""
    if description.get("algorithm") != ALGORITHM:
        return False
    if "mac" not in description:  # then nobody can tell
        return True
    try:
        found = sealed(key, "", bytes(KEY), lambda _: decode(description["iv"]))
    except (ValueError, KeyError, TypeError):
        return False
    return hmac.compare_digest(found["mac"].rstrip("="), str(description["mac"]).rstrip("="))


def description(key: bytes, random: Random) -> dict[str, Any]:
    """What is published of a storage key, so that it can be recognised."""
    check = sealed(key, "", bytes(KEY), random)
    return {"algorithm": ALGORITHM, "iv": check["iv"], "mac": check["mac"]}


def sealed(key: bytes, name: str, secret: bytes, random: Random) -> dict[str, str]:
    """``secret`` encrypted under its name."""
    cipher_key, mac_key = _derived(key, name)
    iv = bytearray(random(16))
    iv[8] &= 0x7F  # some counters are signed
    text = _cipher(cipher_key, bytes(iv)).encrypt(secret)
    mac = hmac.new(mac_key, text, hashlib.sha256).digest()
    return {"iv": encode(bytes(iv)), "ciphertext": encode(text), "mac": encode(mac)}


def unsealed(key: bytes, name: str, stored: Mapping[str, Any]) -> bytes:
    """The secret of this name. Raises WrongKey."""
    try:
        cipher_key, mac_key = _derived(key, name)
        text = decode(stored["ciphertext"].rstrip("="))
        mac = hmac.new(mac_key, text, hashlib.sha256).digest()
        if not hmac.compare_digest(mac, decode(stored["mac"].rstrip("="))):
            raise WrongKey(f"{name} in secret storage does not open with this key")
        plain: bytes = _cipher(cipher_key, decode(stored["iv"].rstrip("="))).decrypt(text)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise WrongKey(f"{name} in secret storage can't be read") from error
    return plain


def _derived(key: bytes, name: str) -> tuple[bytes, bytes]:
    both: bytes = HKDF(key, 64, bytes(32), SHA256, context=name.encode())
    return both[:32], both[32:]


def _cipher(key: bytes, iv: bytes) -> Any:
    return AES.new(key, AES.MODE_CTR, initial_value=iv, nonce=b"")


def _stretched(passphrase: str, how: Mapping[str, Any]) -> bytes:
    salt, rounds, bits = how.get("salt"), how.get("iterations"), how.get("bits", 256)
    wellformed = isinstance(salt, str) and isinstance(rounds, int) and 0 < rounds <= LONGEST_KDF and bits == 256
    if how.get("algorithm") != "m.pbkdf2" or not wellformed:
        raise WrongKey("the account's passphrase is kept in a way that krab does not know: use its recovery key")
    return hashlib.pbkdf2_hmac("sha512", passphrase.encode(), str(salt).encode(), int(str(rounds)), KEY)


def _parity(data: bytes) -> int:
    parity = 0
    for byte in data:
        parity ^= byte
    return parity
