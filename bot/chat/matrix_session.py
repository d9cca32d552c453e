"""Who the bot is on its homeserver, and the folder where it keeps that.

Rules of this file: ``<data>/matrix`` is 0700 and every file in it 0600; a file is replaced whole or not
at all. A login made with a password is kept and used again; when the homeserver has forgotten it, the
next login is a new device, since a device id that lost its keys can never read again. A token from the
configuration is only used, never stored.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from bot.chat import ChatRefused
from bot.chat.matrix_calls import FORGOTTEN, Denied, call
from bot.settings import MatrixSettings

if TYPE_CHECKING:
    from nio import AsyncClient

DEVICE_NAME = "krab"


@dataclass(frozen=True, slots=True)
class Session:
    """One login: a device of a user on a homeserver, and the token that proves it."""

    homeserver: str
    user: str
    device: str
    token: str = field(repr=False)


class Folder:
    """The files in ``<data>/matrix``."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.chmod(0o700)

    def session(self, homeserver: str, user: str) -> Session | None:
        """The login that was kept, if it is for this user of this homeserver."""
        with suppress(FileNotFoundError, ValueError, TypeError):
            kept = Session(**json.loads((self.path / "session.json").read_text()))
            return kept if (kept.homeserver, kept.user) == (homeserver, user) else None
        return None

    def keep_session(self, session: Session) -> None:
        """Keep a login for the next start."""
        self._write("session.json", json.dumps(asdict(session)))

    def since(self, user: str) -> str:
        """The sync token up to which every message was handled, "" before the first."""
        with suppress(FileNotFoundError, ValueError, TypeError, KeyError):
            kept = json.loads((self.path / "sync.json").read_text())
            return str(kept["since"]) if kept["user"] == user else ""
        return ""

    def keep_since(self, user: str, since: str) -> None:
        """Everything up to ``since`` was handled."""
        self._write("sync.json", json.dumps({"user": user, "since": since}))

    def pickle_key(self) -> str:
        """The key that encrypts nio's store: made once, at random."""
        path = self.path / "pickle.key"
        if not path.exists():
            self._write(path.name, secrets.token_urlsafe(32))
        return path.read_text()

    def _write(self, name: str, text: str) -> None:
        fresh = self.path / f"{name}.new"
        with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self.path / name)


@asynccontextmanager
async def connected(session: Session, folder: Folder) -> AsyncIterator[AsyncClient]:
    """A client that is this session's device, closed on the way out."""
    from nio import AsyncClient

    config = _config(pickle_key=folder.pickle_key())
    client = AsyncClient(session.homeserver, session.user, session.device, str(folder.path), config)
    try:
        client.restore_login(session.user, session.device, session.token)
        if client.store:
            os.chmod(client.store.database_path, 0o600)  # nio makes it readable for everybody
        yield client
    finally:
        await _closed(client)


async def log_in(settings: MatrixSettings, folder: Folder) -> Session:
    """The session to work in. Raises ChatRefused when we aren't let in, Unavailable when nobody answers."""
    homeserver = settings.homeserver.rstrip("/")
    if not homeserver.startswith(("http://", "https://")):
        raise _refused(f'[matrix] homeserver is "{settings.homeserver}": write it as https://matrix.example.org')
    if settings.access_token:
        return await _whose(settings, homeserver, settings.access_token.reveal())
    if not (settings.password and settings.user.startswith("@") and ":" in settings.user):
        raise _refused("set KRAB_MATRIX_ACCESS_TOKEN, or KRAB_MATRIX_PASSWORD and [matrix] user = '@krab:example.org'")
    kept = folder.session(homeserver, settings.user)
    if kept and await _known(kept):
        return kept
    session = await _with_password(settings, homeserver)
    folder.keep_session(session)
    return session


async def _whose(settings: MatrixSettings, homeserver: str, token: str) -> Session:
    """The user and device an access token belongs to."""
    try:
        user, device = await _whoami(homeserver, token)
    except Denied as error:
        raise _refused(_advice(error, "KRAB_MATRIX_ACCESS_TOKEN")) from error
    if settings.user and user != settings.user:
        raise _refused(f"the access token is {user}'s, but [matrix] user is {settings.user}: correct one of them")
    if not device:
        raise _refused("the access token belongs to no device: log in as the bot's user and use that token")
    return Session(homeserver, user, device, token)


async def _known(kept: Session) -> bool:
    try:
        return await _whoami(kept.homeserver, kept.token) == (kept.user, kept.device)
    except Denied as error:
        if error.code not in FORGOTTEN:
            raise _refused(_advice(error, "KRAB_MATRIX_PASSWORD")) from error
        return False


async def _whoami(homeserver: str, token: str) -> tuple[str, str]:
    async with _stranger(homeserver) as client:
        client.access_token = token
        who = await call(client.whoami())
        return who.user_id, who.device_id or ""


async def _with_password(settings: MatrixSettings, homeserver: str) -> Session:
    async with _stranger(homeserver, settings.user) as client:
        try:
            login = await call(client.login(settings.password.reveal(), device_name=DEVICE_NAME))
        except Denied as error:
            raise _refused(_advice(error, "KRAB_MATRIX_PASSWORD")) from error
        return Session(homeserver, settings.user, login.device_id, login.access_token)


@asynccontextmanager
async def _stranger(homeserver: str, user: str = "") -> AsyncIterator[AsyncClient]:
    """A client that is nobody yet and keeps nothing."""
    from nio import AsyncClient

    client = AsyncClient(homeserver, user, config=_config(encryption_enabled=False))
    try:
        yield client
    finally:
        await _closed(client)


def _config(**more: object) -> object:
    from nio import AsyncClientConfig

    # Zero: an error comes back at once, and we decide how long to wait.
    return AsyncClientConfig(max_limit_exceeded=0, max_timeouts=0, **more)


async def _closed(client: AsyncClient) -> None:
    if client.client_session:
        await client.client_session.close()
    if client.store:
        client.store.database.close()


def _advice(error: Denied, variable: str) -> str:
    if error.status == 404 or error.code == "M_UNRECOGNIZED":
        return "there is no Matrix homeserver at [matrix] homeserver: correct the address"
    if error.code in (*FORGOTTEN, "M_FORBIDDEN"):
        return f"the homeserver does not accept {variable} ({error}): set a valid one"
    return f"the homeserver refuses the login ({error}): ask its administrator"


def _refused(advice: str) -> ChatRefused:
    return ChatRefused("matrix", advice)
