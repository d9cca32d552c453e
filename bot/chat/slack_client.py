"""The library's Web API client, with a rough edge smoothed.

It tries nothing again: whoever calls knows what is harmless.
"""

from __future__ import annotations

from typing import Any

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse


class Client(AsyncWebClient):
    """A client whose errors are Slack's or the network's, also when a proxy in between answers with text."""

    async def api_call(self, *arguments: Any, **more: Any) -> AsyncSlackResponse:
        """Call a method."""
        try:
            return await super().api_call(*arguments, **more)
        except AttributeError as error:  # the library takes every body for JSON
            raise SlackApiError("the response is no JSON", None) from error  # type: ignore[no-untyped-call]
