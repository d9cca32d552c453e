"""Cross-signing keys: making, signing, checking, and the JSON they are published in.

Rules of this file: pure; randomness comes in as seeds. A signature is over the canonical JSON of an object
without its ``signatures`` and ``unsigned``. https://spec.matrix.org/v1.18/client-server-api/#cross-signing
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from Crypto.PublicKey import ECC
from Crypto.Signature import eddsa

SEED = 32  # bytes
USAGES = ("master", "self_signing", "user_signing")


def canonical(value: Mapping[str, Any]) -> bytes:
    """``value`` as canonical JSON."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


def encode(data: bytes) -> str:
    """Base64 as Matrix has it: without padding."""
    return base64.b64encode(data).decode().rstrip("=")


def decode(text: str) -> bytes:
    """The bytes of ``encode``. Raises ValueError."""
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise ValueError(f"no base64: {error}") from error


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private ed25519 key."""

    seed: bytes = field(repr=False)

    @property
    def public(self) -> str:
        """The public half, as it is published."""
        raw: bytes = self._key().public_key().export_key(format="raw")
        return encode(raw)

    def sign(self, value: Mapping[str, Any]) -> str:
        """The signature of an object."""
        return encode(eddsa.new(self._key(), "rfc8032").sign(_signable(value)))

    def _key(self) -> ECC.EccKey:
        return ECC.construct(curve="Ed25519", seed=self.seed)


@dataclass(frozen=True, slots=True)
class Identity:
    """The three keys that say which devices are a user's, and which users he has verified."""

    master: SigningKey
    self_signing: SigningKey
    user_signing: SigningKey

    @classmethod
    def of(cls, seeds: Mapping[str, bytes]) -> Identity:
        """The identity with these seeds, by their usage. Raises ValueError when one is missing or no seed."""
        if any(len(seeds.get(usage, b"")) != SEED for usage in USAGES):
            raise ValueError("not all three cross-signing keys are there")
        return cls(*(SigningKey(seeds[usage]) for usage in USAGES))

    def seeds(self) -> Mapping[str, bytes]:
        """What ``of`` takes."""
        return dict(zip(USAGES, (k.seed for k in (self.master, self.self_signing, self.user_signing)), strict=True))


def published(identity: Identity, user: str) -> dict[str, Any]:
    """What is uploaded as cross-signing keys: the master key, and the other two signed by it."""
    master = described(user, "master", identity.master.public)
    others = {
        f"{usage}_key": signed(described(user, usage, key.public), user, identity.master)
        for usage, key in (("self_signing", identity.self_signing), ("user_signing", identity.user_signing))
    }
    return {"master_key": master, **others}


def described(user: str, usage: str, public: str) -> dict[str, Any]:
    """A cross-signing key's public object."""
    return {"user_id": user, "usage": [usage], "keys": {f"ed25519:{public}": public}}


def signed(value: Mapping[str, Any], user: str, key: SigningKey) -> dict[str, Any]:
    """The object with one more signature, by a key whose id is the key itself."""
    return with_signature(value, user, key.public, key.sign(value))


def with_signature(value: Mapping[str, Any], user: str, key_id: str, signature: str) -> dict[str, Any]:
    """The object with one more signature."""
    before = value.get("signatures", {})
    mine = {**before.get(user, {}), f"ed25519:{key_id}": signature}
    return {**value, "signatures": {**before, user: mine}}


def vouched(value: object, user: str, public: str) -> bool:
    """Whether the object carries a valid signature of ``user``'s key ``public``. Never raises."""
    try:
        signature = value["signatures"][user][f"ed25519:{public}"]  # type: ignore[index]
        key = eddsa.import_public_key(decode(public))
        eddsa.new(key, "rfc8032").verify(_signable(value), decode(signature))  # type: ignore[arg-type]
    except (KeyError, TypeError, ValueError, AttributeError):
        return False
    return True


def public_of(key: object) -> str:
    """The public key in a cross-signing key's object, "" when there is none."""
    keys = key.get("keys") if isinstance(key, Mapping) else None
    found = list(keys.values()) if isinstance(keys, Mapping) else []
    return found[0] if len(found) == 1 and isinstance(found[0], str) else ""


def _signable(value: Mapping[str, Any]) -> bytes:
    return canonical({k: v for k, v in value.items() if k not in ("signatures", "unsigned")})
