"""How long krab tries to say something that Slack does not take: a few times through an outage, longer when Slack
says that it is only too much at once.
"""

from __future__ import annotations

import logging
from asyncio import sleep
from collections.abc import Awaitable, Callable, Sequence
from time import monotonic

from bot.chat.slack_errors import DOUBTFUL, LIMITED, PASSING, NotTaken

log = logging.getLogger(__name__)

AGAIN = (2.0, 10.0, 30.0, 60.0, 120.0)  # seconds before each further try to deliver a final word
LIMITED_WAIT = 15.0  # seconds at most between two tries when Slack says a second will do, and says so again
LIMITED_FOR = 600.0  # seconds for which Slack may say that it is too much


class Patience:
    """Tries. ``doubtful`` says, until it is taken back, that Slack may have taken what seemed to fail."""

    def __init__(self, again: Sequence[float] = AGAIN) -> None:
        self._again = again
        self.doubtful = False

    async def until_taken(self, deliver: Callable[[], Awaitable[object]]) -> None:
        """Try until it is delivered. Raises ``NotTaken`` when it never will be, or not soon enough."""
        waits, until, patience = iter(self._again), monotonic() + LIMITED_FOR, 1.0
        while True:
            try:
                await deliver()
            except NotTaken as error:
                self.doubtful = self.doubtful or error.code in DOUBTFUL
                limited = error.code == LIMITED and monotonic() < until
                wait = max(error.after, patience) if limited else next(waits, None)
                patience = min(2 * patience, LIMITED_WAIT)
                if error.code not in PASSING or wait is None:
                    raise
                log.log(logging.INFO if limited else logging.WARNING, "%s; trying again in %.0f s", error, wait)
                await sleep(wait)
            else:
                return
