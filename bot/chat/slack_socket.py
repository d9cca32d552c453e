"""The socket that Slack sends events through: the library's client, with its rough edges smoothed.

Rules of this file:
- Slack recycles sockets as it likes, so a loss is routine: one line in the log, and a new socket.
- Refused credentials are told at once; the library alone would knock for ever.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.web.async_client import AsyncWebClient

from bot.chat import ChatRefused
from bot.chat.slack_errors import FOREIGN, translate

log = logging.getLogger(__name__)


class Socket(SocketModeClient):
    """A Socket Mode connection that is kept open while ``open`` is entered."""

    def __init__(
        self, app_token: str, client: AsyncWebClient, *, ping: float, refused: Callable[[ChatRefused], None]
    ) -> None:
        """``refused`` is called when Slack does not take our credentials (any more)."""
        super().__init__(app_token, quiet(log), client, ping_interval=ping)
        self._refused = refused

    @property
    def up(self) -> bool:
        """Whether there is a connection."""
        session = self.current_session
        return session is not None and not session.closed

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Connect in the background, and reconnect, until the block is left."""
        keepers = [asyncio.create_task(self.connect()), asyncio.create_task(self._renew())]  # type: ignore[no-untyped-call]
        try:
            yield
        finally:
            for keeper in keepers:
                keeper.cancel()
            await asyncio.gather(*keepers, return_exceptions=True)
            await self.close()  # type: ignore[no-untyped-call]

    async def issue_new_wss_url(self) -> str:
        """Ask for the address of a new socket."""
        try:
            log.info("slack: opening a socket")
            return await super().issue_new_wss_url()
        except FOREIGN as error:
            problem = translate(error)
            if isinstance(problem, ChatRefused):
                self._refused(problem)
            raise problem from error

    async def _renew(self) -> None:
        """Drop the address while there is no connection: it is a ticket for one use and expires, and
        the library would try the same one for ever.
        """
        while True:
            await asyncio.sleep(self.ping_interval)
            if not await self.is_connected():
                self.wss_uri = None


class _OneLine(logging.Filter):
    """The libraries log a traceback for every try during an outage; one line says it."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.exc_info = None
        return True


def quiet(parent: logging.Logger) -> logging.Logger:
    """A logger for a library that logs one line where it would log a traceback."""
    logger = parent.getChild("library")
    if not logger.filters:
        logger.addFilter(_OneLine())
    return logger
