"""What a host's robots.txt lets us read. Asked for pages, and not for feeds, which are there to be polled.

No robots.txt means everything may be read. One that can't be fetched says nothing: then nothing is read,
and the error is that of fetching it, not a ban. A Crawl-delay is kept to, as far as the client goes with it.
"""

from __future__ import annotations

from urllib.parse import urlsplit
from urllib.robotparser import RobotFileParser

from feeds.errors import FeedError
from feeds.fetch import Client

AGENT = "krab"


class Robots:
    """Asks each host once; keep one for the length of a poll."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._rules: dict[str, RobotFileParser | FeedError] = {}

    def allows(self, url: str) -> bool:
        """Whether we may fetch ``url``. Raises ``FeedError`` when the host's robots.txt can't be fetched."""
        site = "{0.scheme}://{0.netloc}".format(urlsplit(url))
        if site not in self._rules:
            self._rules[site] = self._fetch(site)
        rules = self._rules[site]
        if isinstance(rules, FeedError):
            raise rules
        return rules.can_fetch(AGENT, url)

    def _fetch(self, site: str) -> RobotFileParser | FeedError:
        rules = RobotFileParser()
        try:
            response = self._client.get(f"{site}/robots.txt")
        except FeedError as error:
            return error
        usable = not response.missing and not response.is_html
        rules.parse(response.body.decode("utf-8", "replace").splitlines() if usable else [])
        self._client.slow_down(site, float(rules.crawl_delay(AGENT) or 0))
        return rules
