"""The stand-in's Slack with krab in it, to try by hand: ``make slack-demo``, then http://127.0.0.1:8090/.

krab answers from an invented mailing list, or with ``--data DIR`` from a real data directory (which it writes to).
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import tempfile
from pathlib import Path

from aiohttp import web

from tests.slack_pond import MAILS, pond
from tests.slack_standin import SlackStandIn
from tests.slack_standin.page import mount

log = logging.getLogger(__name__)

PORT = 8090


async def demo(data: str, port: int) -> None:
    """Serve until interrupted."""
    with tempfile.TemporaryDirectory() as folder:
        async with SlackStandIn() as slack, pond(slack, Path(data or folder), mails=() if data else MAILS):
            app = web.Application()
            mount(app, slack)
            runner = web.AppRunner(app)
            await runner.setup()
            await web.TCPSite(runner, "127.0.0.1", port).start()
            log.info(
                "open http://127.0.0.1:%s/  (write “@krab …” in a channel, “/krab” anywhere; Ctrl-C ends it)", port
            )
            try:
                await asyncio.Event().wait()
            finally:
                await runner.cleanup()


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", default="")
    parser.add_argument("--port", type=int, default=PORT)
    told = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(demo(told.data, told.port))


if __name__ == "__main__":
    main()
