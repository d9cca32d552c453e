"""The bot's cross-signing identity: made once, kept in secret storage, and used to sign the bot's device.

Devices that are not signed so are left out of encrypted rooms by today's clients, so this decides whether the
bot hears anything there. Rules of this file:
- An identity that exists is never replaced unasked. Without the key to it we stop and say what to do.
- The recovery key is on our disk before anything is published that only it can open; it is shown by an
  explicit command and by nothing else, and its file is gone after that.
- Every step can be repeated: a crash between two of them ends with the same identity.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.chat import ChatRefused
from bot.chat.matrix_calls import Denied, request
from bot.chat.matrix_folder import Folder
from bot.chat.matrix_keys import (
    SEED,
    USAGES,
    Identity,
    decode,
    encode,
    public_of,
    published,
    signed,
    vouched,
    with_signature,
)
from bot.chat.matrix_vault import KEY, WrongKey, description, opened, read, sealed, unsealed, written
from bot.settings import MatrixSettings

log = logging.getLogger(__name__)

DEFAULT_KEY = "m.secret_storage.default_key"
SECRETS = {usage: f"m.cross_signing.{usage}" for usage in USAGES}
LOCKED_OUT = (
    "the account has a cross-signing identity, and krab has no key to it: set KRAB_MATRIX_RECOVERY_KEY to the"
    " account's recovery key, or make a new identity with `krab matrix reset-identity`"
)


@dataclass(frozen=True, slots=True)
class Known:
    """What the homeserver publishes of our account: the cross-signing keys and this device's."""

    master: Mapping[str, Any]
    self_signing: Mapping[str, Any]
    device: Mapping[str, Any]

    def signs(self, user: str) -> bool:
        """Whether the device is signed by the self-signing key, and that by the master key."""
        master, own = public_of(self.master), public_of(self.self_signing)
        return bool(own) and vouched(self.self_signing, user, master) and vouched(self.device, user, own)


class Signer:
    """Sees to it that the device of ``client`` is signed by the account's identity."""

    def __init__(self, client: Any, folder: Folder, settings: MatrixSettings) -> None:
        self._client = client
        self._folder = folder
        self._settings = settings

    async def known(self) -> Known:
        """What is published now."""
        me = self._client.user_id
        found = await request(self._client, "POST", "/keys/query", {"device_keys": {me: []}})
        devices = _mapping(_mapping(found.get("device_keys")).get(me))
        master, own = (_mapping(_mapping(found.get(f"{usage}_keys")).get(me)) for usage in USAGES[:2])
        return Known(master, own, _mapping(devices.get(self._client.device_id)))

    async def lost(self) -> bool:
        """Whether this device has published keys that are not ours: then nobody's messages to it reach us."""
        return bool(found := self._device_key((await self.known()).device)) and found != self._own_key()

    async def signed(self) -> str:
        """Make or take over the identity and sign the device; the master key. Raises ChatRefused with advice."""
        known = await self.known()
        if known.signs(self._client.user_id):
            return public_of(known.master)
        if known.master:
            identity = await self._taken_over(known)
        else:
            identity = await self._made()
            known = await self.known()
        await self._sign(identity, known)
        log.info("matrix: device %s is signed by the account's identity", self._client.device_id)
        return identity.master.public

    async def reset(self) -> str:
        """Replace the identity by a new one, with a new recovery key; the master key."""
        key, identity = secrets.token_bytes(KEY), _fresh()
        await asyncio.to_thread(self._folder.keep_recovery_key, written(key))
        await asyncio.to_thread(self._folder.keep_identity, identity)
        await self._publish(identity)  # first, since it may be refused
        await self._store(key, identity)
        await self._sign(identity, await self.known())
        return identity.master.public

    async def _taken_over(self, known: Known) -> Identity:
        kept = await asyncio.to_thread(self._folder.identity)
        if kept and kept.master.public == public_of(known.master):
            return kept
        stored = await self._stored()
        if stored is None or stored[1] is None:
            raise ChatRefused("matrix", LOCKED_OUT)
        identity = stored[1]
        if identity.master.public != public_of(known.master):
            raise ChatRefused(
                "matrix",
                "the account's secret storage holds another identity than the one that is published: set things"
                " right in another client, or make a new identity with `krab matrix reset-identity`",
            )
        await asyncio.to_thread(self._folder.keep_identity, identity)
        return identity

    async def _made(self) -> Identity:
        """A first identity; the one that an interrupted start had begun to store, if there is one."""
        stored = await self._stored()
        key = stored[0] if stored else self._new_key()
        identity = (stored and stored[1]) or _fresh()
        if not self._settings.recovery_key:
            await asyncio.to_thread(self._folder.keep_recovery_key, written(key))
        await self._store(key, identity)
        await self._publish(identity)
        log.info("matrix: made a cross-signing identity")
        return identity

    def _new_key(self) -> bytes:
        return read(told) if (told := self._told()) else secrets.token_bytes(KEY)

    def _told(self) -> str:
        return self._settings.recovery_key.reveal() or self._folder.recovery_key()

    async def _stored(self) -> tuple[bytes, Identity | None] | None:
        """The key of the account's secret storage, and the identity in it; None when it has no storage.

        Raises ChatRefused when it has one that we have no key to.
        """
        if not (name := str((await self._data(DEFAULT_KEY)).get("key", ""))):
            return None
        told = await asyncio.to_thread(self._told)
        if not told:
            raise ChatRefused("matrix", LOCKED_OUT)
        try:
            key = await asyncio.to_thread(opened, told, await self._data(f"m.secret_storage.key.{name}"))
            seeds = {u: self._seed(key, name, s, await self._data(s)) for u, s in SECRETS.items()}
            return key, Identity.of(seeds) if all(seeds.values()) else None
        except WrongKey as error:
            raise ChatRefused(
                "matrix", f"KRAB_MATRIX_RECOVERY_KEY does not open the account's keys: {error}"
            ) from error

    @staticmethod
    def _seed(key: bytes, name: str, secret: str, data: Mapping[str, Any]) -> bytes:
        found = _mapping(data.get("encrypted")).get(name)
        try:
            return decode(unsealed(key, secret, found).decode().rstrip("=")) if found else b""
        except ValueError as error:
            raise WrongKey(str(error)) from error

    async def _store(self, key: bytes, identity: Identity) -> None:
        """Put the private keys into secret storage, and say which key opens it."""
        before = str((await self._data(DEFAULT_KEY)).get("key", ""))
        about = await self._data(f"m.secret_storage.key.{before}") if before else {}
        name = before if about and _opens(key, about) else secrets.token_urlsafe(24)
        if name != before:
            await self._keep(f"m.secret_storage.key.{name}", description(key, secrets.token_bytes))
        for usage, seed in identity.seeds().items():
            box = sealed(key, SECRETS[usage], encode(seed).encode(), secrets.token_bytes)
            await self._keep(SECRETS[usage], {"encrypted": {name: box}})
        await self._keep(DEFAULT_KEY, {"key": name})
        await asyncio.to_thread(self._folder.keep_identity, identity)

    async def _publish(self, identity: Identity) -> None:
        """Upload the public keys; the account's password is given when the homeserver asks for it."""
        path, body = "/keys/device_signing/upload", published(identity, self._client.user_id)
        try:
            await request(self._client, "POST", path, body)
        except Denied as error:
            auth = self._auth(error)
            try:
                await request(self._client, "POST", path, {**body, "auth": auth})
            except Denied as again:
                raise ChatRefused("matrix", f"the homeserver does not take the cross-signing keys ({again})") from again

    def _auth(self, error: Denied) -> Mapping[str, Any]:
        """The proof that an interactive authentication asks for. Raises ChatRefused when we have none."""
        flows = error.said.get("flows")
        if error.status != 401 or not isinstance(flows, list):
            raise ChatRefused("matrix", f"the homeserver does not take the cross-signing keys ({error})") from error
        if not any(_mapping(flow).get("stages") == ["m.login.password"] for flow in flows):
            raise ChatRefused(
                "matrix",
                "the homeserver wants cross-signing keys to be confirmed in a browser: set up the account's"
                " recovery in another client once, and give krab that recovery key as KRAB_MATRIX_RECOVERY_KEY",
            ) from error
        if not self._settings.password:
            raise ChatRefused(
                "matrix",
                "the homeserver asks for the password to take the cross-signing keys: set KRAB_MATRIX_PASSWORD",
            ) from error
        user = {"type": "m.id.user", "user": self._client.user_id}
        session = error.said.get("session", "")
        return {
            "type": "m.login.password",
            "identifier": user,
            "password": self._settings.password.reveal(),
            "session": session,
        }

    async def _sign(self, identity: Identity, known: Known) -> None:
        """Sign this device with the identity, and the identity with this device."""
        me, device = self._client.user_id, self._client.device_id
        if self._device_key(known.device) != self._own_key():
            raise ChatRefused("matrix", f"the homeserver shows other keys for device {device} than krab's own")
        bare, master = _unsigned(known.device), _unsigned(known.master)  # a homeserver wants the new signatures only
        ours = with_signature(master, me, device, self._client.olm.sign_json(dict(master)))
        body = {device: signed(bare, me, identity.self_signing), identity.master.public: ours}
        said = await request(self._client, "POST", "/keys/signatures/upload", {me: body})
        if failures := said.get("failures"):
            raise ChatRefused("matrix", f"the homeserver does not take the device's signature ({failures})")

    def _device_key(self, device: Mapping[str, Any]) -> str:
        return str(_mapping(device.get("keys")).get(f"ed25519:{self._client.device_id}", ""))

    def _own_key(self) -> str:
        key: str = self._client.olm.account.identity_keys["ed25519"]
        return key

    async def _data(self, kind: str) -> Mapping[str, Any]:
        try:
            return await request(self._client, "GET", self._path(kind))
        except Denied as error:
            if error.status == 404:
                return {}
            raise

    async def _keep(self, kind: str, content: Mapping[str, Any]) -> None:
        await request(self._client, "PUT", self._path(kind), content)

    def _path(self, kind: str) -> str:
        from urllib.parse import quote

        return f"/user/{quote(self._client.user_id, safe='')}/account_data/{quote(kind, safe='')}"


def _fresh() -> Identity:
    return Identity.of({usage: secrets.token_bytes(SEED) for usage in USAGES})


def _opens(key: bytes, about: Mapping[str, Any]) -> bool:
    from bot.chat.matrix_vault import fits

    return fits(key, about)


def _unsigned(value: Mapping[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in value.items() if k not in ("signatures", "unsigned")}


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
