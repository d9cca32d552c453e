"""Who the bot is on its homeserver: finding the homeserver, logging in, staying logged in.

Rules of this file: a login made with a password is kept and used again. A token that expired is refreshed; a
login that ended softly is renewed for the same device, whose keys are still here; one that is gone for good,
or whose keys are not here any more, is a new device, since a device id that lost its keys can never read
again. A token from the configuration is only used, never stored.
"""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bot.chat import ChatRefused
from bot.chat.matrix_calls import FORGOTTEN, Denied, Unavailable, request
from bot.chat.matrix_folder import Folder, Session
from bot.settings import MatrixSettings

if TYPE_CHECKING:
    from bot.chat.matrix_client import Client

log = logging.getLogger(__name__)

DEVICE_NAME = "krab"
WELL_KNOWN = "/.well-known/matrix/client"
EARLY = 0.2  # of a token's life that is left when it is refreshed


@asynccontextmanager
async def connected(session: Session, folder: Folder) -> AsyncIterator[Client]:
    """A client that is this session's device, closed on the way out."""
    from bot.chat.matrix_client import Client

    client = Client(session.homeserver, session.user, session.device, str(folder.path), _config(folder.pickle_key()))
    try:
        client.restore_login(session.user, session.device, session.token)
        if client.store:
            os.chmod(client.store.database_path, 0o600)  # nio makes it readable for everybody
        yield client
    finally:
        await _closed(client)


@asynccontextmanager
async def visiting(session: Session) -> AsyncIterator[Any]:
    """A client that may ask what this session may, and touches none of its keys."""
    async with _stranger(session.homeserver) as client:
        client.user_id, client.device_id, client.access_token = session.user, session.device, session.token
        yield client


async def log_in(settings: MatrixSettings, folder: Folder, *, anew: bool = False) -> Session:
    """The session to work in; ``anew`` as a new device.

    Raises ChatRefused when we aren't let in, Unavailable when nobody answers.
    """
    if not (settings.access_token or (settings.password and settings.user.startswith("@") and ":" in settings.user)):
        raise _refused("set KRAB_MATRIX_ACCESS_TOKEN, or KRAB_MATRIX_PASSWORD and [matrix] user = '@krab:example.org'")
    homeserver = await found(settings)
    if settings.access_token:
        return await _whose(settings, homeserver, settings.access_token.reveal())
    kept = None if anew else folder.session(homeserver, settings.user)
    session = (kept and await _kept(kept, settings)) or await _with_password(settings, homeserver)
    if session != kept:
        folder.keep_session(session)
    return session


async def found(settings: MatrixSettings) -> str:
    """The homeserver's address: as it is configured, or as its name's ``.well-known`` says."""
    told = (settings.homeserver or settings.user.partition(":")[2]).rstrip("/")
    if told.startswith(("http://", "https://")):
        return told
    if not told or "/" in told:
        raise _refused(f'[matrix] homeserver is "{told}": write it as https://matrix.example.org, or as example.org')
    async with _stranger(f"https://{told}") as client:
        try:
            said = await request(client, "GET", WELL_KNOWN)
        except Denied:
            return f"https://{told}"
    return base_url(said) or f"https://{told}"


def base_url(said: Mapping[str, Any]) -> str:
    """The address in a ``.well-known`` document, "" when there is none."""
    place = said.get("m.homeserver")
    url = place.get("base_url") if isinstance(place, Mapping) else None
    return url.rstrip("/") if isinstance(url, str) and url.startswith(("http://", "https://")) else ""


async def stay(client: Any, folder: Folder, session: Session) -> None:
    """Refresh the session's token before it expires, as long as the homeserver does that."""
    while session.refresh and session.expires:
        left = session.expires - time.time()
        await asyncio.sleep(max(left * (1 - EARLY), 1.0))
        try:
            session = await _refreshed(session)
        except Unavailable as error:
            log.debug("matrix: the token is not refreshed yet: %s", error)
            continue
        except Denied as error:
            log.debug("matrix: the token can't be refreshed: %s", error)
            return  # the next call is told that it is no longer valid, and we log in again
        await asyncio.to_thread(folder.keep_session, session)
        client.access_token = session.token


async def _whose(settings: MatrixSettings, homeserver: str, token: str) -> Session:
    """The user and device an access token belongs to."""
    try:
        who = await _whoami(homeserver, token)
    except Denied as error:
        raise _refused(_advice(error, "KRAB_MATRIX_ACCESS_TOKEN")) from error
    user, device = str(who.get("user_id")), str(who.get("device_id") or "")
    if settings.user and user != settings.user:
        raise _refused(f"the access token is {user}'s, but [matrix] user is {settings.user}: correct one of them")
    if not device:
        raise _refused("the access token belongs to no device: log in as the bot's user and use that token")
    return Session(homeserver, user, device, token)


async def _kept(kept: Session, settings: MatrixSettings) -> Session | None:
    """The login that was kept, made to work again where that can be; None when it is gone for good."""
    try:
        who = await _whoami(kept.homeserver, kept.token)
    except Denied as error:
        if error.code not in FORGOTTEN:
            raise _refused(_advice(error, "KRAB_MATRIX_PASSWORD")) from error
        return await _revived(kept, settings, soft=error.said.get("soft_logout") is True)
    return kept if (who.get("user_id"), who.get("device_id")) == (kept.user, kept.device) else None


async def _revived(kept: Session, settings: MatrixSettings, *, soft: bool) -> Session | None:
    if kept.refresh:
        try:
            return await _refreshed(kept)
        except Denied as error:
            soft = soft or error.said.get("soft_logout") is True
    if soft:
        return await _with_password(settings, kept.homeserver, kept.device)
    log.warning("matrix: the login of device %s has ended: krab becomes a new device", kept.device)
    return None


async def _refreshed(session: Session) -> Session:
    async with _stranger(session.homeserver) as client:
        said = await request(client, "POST", "/refresh", {"refresh_token": session.refresh})
    fresh = _session(session.homeserver, {"user_id": session.user, "device_id": session.device, **said})
    return replace(fresh, refresh=fresh.refresh or session.refresh)


async def _whoami(homeserver: str, token: str) -> Mapping[str, Any]:
    async with _stranger(homeserver) as client:
        client.access_token = token
        return await request(client, "GET", "/account/whoami")


async def _with_password(settings: MatrixSettings, homeserver: str, device: str = "") -> Session:
    wish: dict[str, Any] = {
        "type": "m.login.password",
        "identifier": {"type": "m.id.user", "user": settings.user},
        "password": settings.password.reveal(),
        "initial_device_display_name": DEVICE_NAME,
        "refresh_token": True,
    }
    wish |= {"device_id": device} if device else {}
    async with _stranger(homeserver) as client:
        try:
            return _session(homeserver, await request(client, "POST", "/login", wish))
        except Denied as error:
            raise _refused(_advice(error, "KRAB_MATRIX_PASSWORD")) from error


def _session(homeserver: str, said: Mapping[str, Any]) -> Session:
    """The session that a login or a refresh gives."""
    life = said.get("expires_in_ms")
    return Session(
        homeserver,
        str(said.get("user_id")),
        str(said.get("device_id")),
        str(said.get("access_token")),
        str(said.get("refresh_token") or ""),
        time.time() + life / 1000 if isinstance(life, (int, float)) else 0.0,
    )


@asynccontextmanager
async def _stranger(homeserver: str) -> AsyncIterator[Any]:
    """A client that is nobody yet and keeps nothing."""
    from nio import AsyncClient

    client = AsyncClient(homeserver, config=_config(encryption_enabled=False))
    try:
        yield client
    finally:
        await _closed(client)


def _config(pickle_key: str = "", *, encryption_enabled: bool = True) -> object:
    from nio import AsyncClientConfig

    # Zero: an error comes back at once, and we decide how long to wait.
    return AsyncClientConfig(
        max_limit_exceeded=0,
        max_timeouts=0,
        pickle_key=pickle_key or "none",
        encryption_enabled=encryption_enabled,
    )


async def _closed(client: Any) -> None:
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
