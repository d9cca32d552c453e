"""The side that starts an emoji verification, written from the specification and apart from krab's own."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import vodozemac
from unpaddedbase64 import encode_base64

MAC_PREFIX = "MATRIX_KEY_VERIFICATION_MAC"


class Starter:
    """Starts, compares, confirms. ``device_keys`` are the other's, by key id, as the homeserver shows them."""

    def __init__(self, me: str, device: str, key: str, them: str, their_device: str, transaction: str) -> None:
        self.me, self.device, self.key = me, device, key
        self.them, self.their_device, self.transaction = them, their_device, transaction
        self.sas = vodozemac.Sas()
        self.public = self.sas.public_key.to_base64()
        self.start: dict[str, Any] = {}
        self.commitment = ""
        self.established: vodozemac.EstablishedSas | None = None
        self.emoji: list[int] = []

    def starting(self, **more: Any) -> dict[str, Any]:
        self.start = {
            "from_device": self.device,
            "method": "m.sas.v1",
            "key_agreement_protocols": ["curve25519-hkdf-sha256"],
            "hashes": ["sha256"],
            "message_authentication_codes": ["hkdf-hmac-sha256.v2", "hkdf-hmac-sha256"],
            "short_authentication_string": ["decimal", "emoji"],
            **more,
        }
        return self.start

    def accepted(self, content: dict[str, Any]) -> dict[str, Any]:
        self.commitment = content["commitment"]
        assert content["message_authentication_code"] == "hkdf-hmac-sha256.v2"
        return {"key": self.public}

    def keyed(self, content: dict[str, Any]) -> None:
        theirs = content["key"]
        bare = json.dumps(self.start, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        assert self.commitment == encode_base64(hashlib.sha256((theirs + bare).encode()).digest())
        self.established = self.sas.diffie_hellman(vodozemac.Curve25519PublicKey.from_base64(theirs))
        info = (
            f"MATRIX_KEY_VERIFICATION_SAS|{self.me}|{self.device}|{self.public}"
            f"|{self.them}|{self.their_device}|{theirs}|{self.transaction}"
        )
        self.emoji = list(self.established.bytes(info).emoji_indices)

    def confirming(self) -> dict[str, Any]:
        assert self.established
        info, name = self._info(self.me, self.device, self.them, self.their_device), f"ed25519:{self.device}"
        mac = self.established.calculate_mac
        return {"keys": mac(name, info + "KEY_IDS"), "mac": {name: mac(self.key, info + name)}}

    def confirmed(self, content: dict[str, Any], device_keys: dict[str, str]) -> set[str]:
        """The names of the keys that the other side confirms, and that are what the homeserver shows."""
        assert self.established
        info = self._info(self.them, self.their_device, self.me, self.device)
        mac = self.established.calculate_mac
        assert content["keys"] == mac(",".join(sorted(content["mac"])), info + "KEY_IDS")
        return {name for name, code in content["mac"].items() if code == mac(device_keys[name], info + name)}

    def _info(self, sender: str, sender_device: str, receiver: str, receiver_device: str) -> str:
        return f"{MAC_PREFIX}{sender}{sender_device}{receiver}{receiver_device}{self.transaction}"
