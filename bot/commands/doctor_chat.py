"""What ``krab doctor`` asks the chat services: does the token work, and for whom."""

from __future__ import annotations

from bot.settings import MatrixSettings, Settings

NEEDED = frozenset({"app_mentions:read", "chat:write"})  # the least that answering a mention takes


async def check_slack(settings: Settings) -> str:
    """Return whom the bot token is for. Raises ``ValueError`` with advice."""
    from slack_sdk.errors import SlackApiError
    from slack_sdk.web.async_client import AsyncWebClient

    client = AsyncWebClient(settings.slack.bot_token.reveal(), base_url=settings.slack.api_url)
    try:
        me = await client.auth_test()
        if settings.slack.mode == "socket":
            await client.apps_connections_open(app_token=settings.slack.app_token.reveal())
    except SlackApiError as error:
        said = error.response.get("error", "an error")
        raise ValueError(f"Slack says {said}; compare the tokens with docs/slack.md") from error
    granted = {scope.strip() for scope in me.headers.get("x-oauth-scopes", "").split(",") if scope.strip()}
    if granted and (missing := NEEDED - granted):
        raise ValueError(
            f"the bot lacks {', '.join(sorted(missing))}; install the app anew from docs/slack-manifest.yaml"
        )
    return f"{me['user']} in {me['team']}"


async def check_matrix(settings: Settings) -> str:
    """Return every account with its device and how far that is trusted.

    Raises ``ChatRefused``, ``Unavailable`` or ``ValueError`` with advice.
    """
    accounts = [account for account in (settings.matrix, *settings.matrix.accounts) if account]
    return "; ".join([await _matrix_account(account, settings) for account in accounts])


async def _matrix_account(account: MatrixSettings, settings: Settings) -> str:
    from bot.chat.matrix import folder_of
    from bot.chat.matrix_folder import Folder
    from bot.chat.matrix_identity import LOCKED_OUT, Signer
    from bot.chat.matrix_session import log_in, visiting

    folder = Folder(folder_of(account, settings.data))
    session = await log_in(account, folder)
    async with visiting(session) as client:
        known = await Signer(client, folder, account).known()
    who = f"{session.user} on {session.homeserver}, device {session.device}"
    if known.signs(session.user):
        waiting = ", its recovery key waits: run `krab matrix recovery-key`" if folder.recovery_key() else ""
        return f"{who}, signed by the account's identity{waiting}"
    if known.master and not (folder.identity() or account.recovery_key or folder.recovery_key()):
        raise ValueError(f"{who}: {LOCKED_OUT}")
    return f"{who}, to be signed at the next start"
