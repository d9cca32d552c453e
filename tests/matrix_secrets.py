"""An independent look at Matrix signatures: on vodozemac, where krab itself uses another library."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Mapping
from typing import Any

import vodozemac

from tests.synapse import Account, Synapse

Keys = Mapping[str, Any]


def signature_holds(value: Keys, user: str, key_id: str, public: str) -> bool:
    """Whether ``value`` is signed by ``user`` with ``public`` under ``key_id`` ("ed25519:…")."""
    signature = value.get("signatures", {}).get(user, {}).get(key_id)
    bare = {k: v for k, v in value.items() if k not in ("signatures", "unsigned")}
    message = json.dumps(bare, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    if signature is None:
        return False
    try:
        key = vodozemac.Ed25519PublicKey.from_base64(public)
        key.verify_signature(message, vodozemac.Ed25519Signature.from_base64(signature))
    except ValueError:
        return False
    return True


def only_key(value: Keys) -> str:
    """The public key in a cross-signing key's object."""
    ((key_id, public),) = value["keys"].items()
    assert key_id == f"ed25519:{public}"
    return str(public)


def query(server: Synapse, account: Account, user: str) -> Keys:
    """What the homeserver says of a user's keys."""
    body = json.dumps({"device_keys": {user: []}}).encode()
    headers = {"Authorization": f"Bearer {account.token}", "Content-Type": "application/json"}
    url = f"{server.url}/_matrix/client/v3/keys/query"
    with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=20) as answer:
        found: Keys = json.load(answer)
        return found


def master_of(found: Keys, user: str) -> str:
    """A user's master key, "" when there is none."""
    master = found.get("master_keys", {}).get(user)
    return only_key(master) if master else ""


def is_cross_signed(found: Keys, user: str, device: str) -> bool:
    """Whether a device is signed by its user's self-signing key, and that by his master key."""
    own, master = found.get("self_signing_keys", {}).get(user), master_of(found, user)
    if not own or not master or not signature_holds(own, user, f"ed25519:{master}", master):
        return False
    public = only_key(own)
    return signature_holds(found["device_keys"][user][device], user, f"ed25519:{public}", public)
