"""``krab matrix``: the two things about a Matrix identity that nobody but the operator may do."""

from __future__ import annotations

import argparse
import asyncio
import logging

from bot.errors import CommandError
from bot.settings import MatrixSettings, Settings

SURE = (
    "this replaces the account's cross-signing identity: whoever verified krab is warned and must verify it again,"
    " and other devices of the account lose their trust. Stop krab first, then add --yes"
)


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Show the recovery key once, or make a new identity."""
    logging.getLogger("nio").setLevel(logging.CRITICAL)
    account = _account(settings, options.account)
    if options.action == "recovery-key":
        return _show(account, settings)
    if not options.yes:
        raise CommandError(SURE)
    asyncio.run(_reset(account, settings))
    return _show(account, settings)


def _account(settings: Settings, name: str) -> MatrixSettings:
    found = next((a for a in (settings.matrix, *settings.matrix.accounts) if a.name == name), None)
    if found is None:
        raise CommandError(f"there is no Matrix account called {name!r} in the configuration")
    return found


def _show(account: MatrixSettings, settings: Settings) -> int:
    from bot.chat.matrix import folder_of
    from bot.chat.matrix_folder import Folder

    folder = Folder(folder_of(account, settings.data))
    key = folder.recovery_key()
    if not key:
        raise CommandError(
            "no recovery key waits to be written down: it is shown once, after krab made an identity."
            " If it is lost, make a new identity with `krab matrix reset-identity`"
        )
    print(key, flush=True)
    folder.forget_recovery_key()
    return 0


async def _reset(account: MatrixSettings, settings: Settings) -> None:
    from bot.chat import ChatRefused
    from bot.chat.matrix import folder_of
    from bot.chat.matrix_calls import Denied, Unavailable
    from bot.chat.matrix_folder import Folder
    from bot.chat.matrix_identity import Signer
    from bot.chat.matrix_session import connected, log_in

    folder = Folder(folder_of(account, settings.data))
    try:
        async with connected(await log_in(account, folder), folder) as client:
            await client.tend()
            await Signer(client, folder, account).reset()
    except (ChatRefused, Denied, Unavailable) as error:
        raise CommandError(str(error)) from error
