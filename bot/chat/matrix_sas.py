"""Emoji verification (m.sas.v1): the side that is asked. Events in, events out; no network, no clock.

    request ──▶ ready      start ──▶ accept      key ──▶ key, and the emoji      mac ──▶ mac, done

Rules of this file: whatever comes out of turn or does not fit cancels. The one who asks compares the emoji with
those in krab's log; krab itself can't look, so it says that they match and draws no conclusion from it.
https://spec.matrix.org/v1.18/client-server-api/#short-authentication-string-sas-verification
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import vodozemac

from bot.chat.matrix_keys import canonical, encode

METHOD = "m.sas.v1"
AGREEMENT, HASH = "curve25519-hkdf-sha256", "sha256"
MAC, OLD_MAC = "hkdf-hmac-sha256.v2", "hkdf-hmac-sha256"  # the old one has a slip in its base64, which is kept
PREFIX = "m.key.verification."

Event = tuple[str, dict[str, Any]]  # the type without its prefix, and the content


class Step(StrEnum):
    """How far a verification is."""

    NEW = "new"
    READY = "ready"
    ACCEPTED = "accepted"
    COMPARED = "compared"
    DONE = "done"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Party:
    """One side: a user, his device, and the keys he wants to have confirmed, by their id ("ed25519:DEVICE")."""

    user: str
    device: str
    keys: Mapping[str, str] = field(default_factory=dict)


class Mismatch(Exception):
    """The other side does not do what it should; ``code`` is the specification's word for it."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code


class Verification:
    """One verification that somebody asked us for."""

    def __init__(self, transaction: str, us: Party, them: Party) -> None:
        self.step = Step.NEW
        self.emoji: tuple[int, ...] = ()  # numbers in the specification's table, once they are known
        self._transaction = transaction
        self._us = us
        self.them = them
        self._sas = vodozemac.Sas()
        self._own_key = self._sas.public_key.to_base64()
        self._mac = MAC
        self._established: vodozemac.EstablishedSas | None = None

    @property
    def over(self) -> bool:
        """Whether nothing more will come of it."""
        return self.step in (Step.DONE, Step.CANCELLED)

    def receive(self, kind: str, content: Mapping[str, Any]) -> list[Event]:
        """Take an event of the other side (its type without the prefix); what to send back."""
        if self.over:
            return []
        try:
            return self._take(kind, content)
        except Mismatch as error:
            return self.cancel(error.code, str(error))
        except (KeyError, TypeError, AttributeError, ValueError):
            return self.cancel("m.invalid_message", "that is no such message")

    def cancel(self, code: str, reason: str) -> list[Event]:
        """End it without success."""
        self.step = Step.CANCELLED
        return [("cancel", {"code": code, "reason": reason})]

    def _take(self, kind: str, content: Mapping[str, Any]) -> list[Event]:
        turns = {
            (Step.NEW, "request"): self._requested,
            (Step.NEW, "start"): self._started,
            (Step.READY, "start"): self._started,
            (Step.ACCEPTED, "key"): self._keyed,
            (Step.COMPARED, "mac"): self._confirmed,
        }
        if kind == "cancel":
            self.step = Step.CANCELLED
            return []
        if kind == "done":
            return []
        if (self.step, kind) not in turns:
            raise Mismatch("m.unexpected_message", f"a {kind} is not due now")
        return turns[self.step, kind](content)

    def _requested(self, content: Mapping[str, Any]) -> list[Event]:
        if METHOD not in content["methods"]:
            raise Mismatch("m.unknown_method", "emoji are the only way that krab can be verified")
        self.step = Step.READY
        return [("ready", {"from_device": self._us.device, "methods": [METHOD]})]

    def _started(self, content: Mapping[str, Any]) -> list[Event]:
        macs = content["message_authentication_codes"]
        self._mac = MAC if MAC in macs else OLD_MAC
        fits = (
            content["method"] == METHOD
            and AGREEMENT in content["key_agreement_protocols"]
            and HASH in content["hashes"]
            and self._mac in macs
            and "emoji" in content["short_authentication_string"]
        )
        if not fits:
            raise Mismatch("m.unknown_method", "there is no way of verifying that both sides know")
        self.step = Step.ACCEPTED
        commitment = hashlib.sha256(self._own_key.encode() + canonical(content)).digest()
        accept = {
            "key_agreement_protocol": AGREEMENT,
            "hash": HASH,
            "message_authentication_code": self._mac,
            "short_authentication_string": ["emoji"],
            "commitment": encode(commitment),
        }
        return [("accept", accept)]

    def _keyed(self, content: Mapping[str, Any]) -> list[Event]:
        theirs = content["key"]
        self._established = self._sas.diffie_hellman(vodozemac.Curve25519PublicKey.from_base64(theirs))
        # Who started it comes first: that is never us.
        sides = ((self.them, theirs), (self._us, self._own_key))
        parts = [f"{side.user}|{side.device}|{key}" for side, key in sides]
        info = "|".join(("MATRIX_KEY_VERIFICATION_SAS", *parts, self._transaction))
        self.emoji = tuple(self._established.bytes(info).emoji_indices)
        self.step = Step.COMPARED
        return [("key", {"key": self._own_key})]

    def _confirmed(self, content: Mapping[str, Any]) -> list[Event]:
        expected = self.macs(self.them, self._us, content["mac"])
        given = {**content["mac"], "KEY_IDS": content["keys"]}
        if f"ed25519:{self.them.device}" not in content["mac"]:
            raise Mismatch("m.key_mismatch", "your device's key is not among those you confirm")
        for name, mac in expected.items():
            if not hmac.compare_digest(str(given[name]).encode(), mac.encode()):
                raise Mismatch("m.key_mismatch", "the keys do not match")
        self.step = Step.DONE
        macs = self.macs(self._us, self.them, self._us.keys)
        return [("mac", {"keys": macs.pop("KEY_IDS"), "mac": macs}), ("done", {})]

    def macs(self, sender: Party, receiver: Party, named: Mapping[str, Any]) -> dict[str, str]:
        """The codes by which ``sender`` confirms those of his keys that are ``named``, and their list (KEY_IDS)."""
        assert self._established is not None
        exact = self._mac == MAC
        code = self._established.calculate_mac if exact else self._established.calculate_mac_invalid_base64
        info = f"MATRIX_KEY_VERIFICATION_MAC{sender.user}{sender.device}{receiver.user}{receiver.device}"
        info += self._transaction
        macs = {name: code(sender.keys[name], info + name) for name in named if name in sender.keys}
        return {**macs, "KEY_IDS": code(",".join(sorted(named)), info + "KEY_IDS")}
