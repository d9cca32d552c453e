"""What ``krab doctor`` asks the chat services: does the token work, and for whom."""

from __future__ import annotations

from bot.settings import Settings

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
    """Return the account and device the token is for. Raises ``ChatRefused`` or ``Unavailable`` with advice."""
    from bot.chat.matrix_folder import Folder
    from bot.chat.matrix_session import log_in

    session = await log_in(settings.matrix, Folder(settings.data / "matrix"))
    return f"{session.user} on {settings.matrix.homeserver}, device {session.device}"
