"""What ``krab doctor`` asks the chat services: does the token work, and for whom."""

from __future__ import annotations

from bot.settings import MatrixSettings, Settings, SlackSettings

# What each scope is for, as docs/slack-manifest.yaml has it: all of them must be granted for all that krab can do.
SCOPES = {
    "app_mentions:read": "being asked in a channel",
    "chat:write": "answering",
    "channels:history": "follow-ups in public channels",
    "groups:history": "follow-ups in private channels",
    "im:history": "direct messages",
    "mpim:history": "group conversations",
    "im:write": "digests and news by direct message",
    "commands": "/krab and the message shortcut",
    "channels:read": "who made a channel, and so may set krab up there",
    "groups:read": "the same in private channels",
    "users:read": "time zones, and who manages the workspace",
    "files:write": "the chart of a digest",
    "assistant:write": "questions to start with",
}
HELLO = 10.0  # seconds that Slack may take to greet a socket


async def check_slack(settings: Settings) -> str:
    """Return whom each workspace's bot token is for. Raises ``ValueError`` with advice."""
    told = [one for one in (settings.slack, *settings.slack.workspaces) if one.bot_token or one.name]
    return "; ".join([await _workspace(one) for one in told])


async def _workspace(told: SlackSettings) -> str:
    from slack_sdk.errors import SlackApiError
    from slack_sdk.web.async_client import AsyncWebClient

    from bot.chat.slack_errors import code_of

    client = AsyncWebClient(told.bot_token.reveal(), base_url=told.api_url)
    where = f"workspace {told.name}: " if told.name else ""
    try:
        me = await client.auth_test()
        if told.mode == "socket":
            opened = await client.apps_connections_open(app_token=told.app_token.reveal())
            await _greeted(str(opened["url"]))
        elif not told.signing_secret:
            raise ValueError(f"{where}set KRAB_SLACK_SIGNING_SECRET: without it no request can be believed")
    except SlackApiError as error:
        raise ValueError(f"{where}Slack says {code_of(error)}; compare the tokens with docs/slack.md") from error
    granted = {scope.strip() for scope in me.headers.get("x-oauth-scopes", "").split(",") if scope.strip()}
    if granted and (missing := [f"{scope} ({why})" for scope, why in SCOPES.items() if scope not in granted]):
        raise ValueError(f"{where}the bot lacks {', '.join(missing)}; install it anew from docs/slack-manifest.yaml")
    return f"{me['user']} in {me['team']}"


async def _greeted(url: str) -> None:
    """Open a socket as krab would, until Slack says hello."""
    import aiohttp

    try:
        async with aiohttp.ClientSession() as session, session.ws_connect(url) as socket:
            await socket.receive_json(timeout=HELLO)
    except (aiohttp.ClientError, OSError, TypeError, ValueError) as error:
        raise ValueError(f"no socket to Slack can be opened: {error}; does a proxy keep wss:// out?") from error


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
