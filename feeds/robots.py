"""What a host's robots.txt lets us read. Asked for pages, and not for feeds, which are there to be polled.

No robots.txt means everything may be read. One that can't be fetched means nothing may, until it can.
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
        self._rules: dict[str, RobotFileParser] = {}

    def allows(self, url: str) -> bool:
        """Whether we may fetch ``url``."""
        site = "{0.scheme}://{0.netloc}".format(urlsplit(url))
        if site not in self._rules:
            self._rules[site] = self._fetch(site)
        return self._rules[site].can_fetch(AGENT, url)

    def _fetch(self, site: str) -> RobotFileParser:
        rules = RobotFileParser()
        try:
            response = self._client.get(f"{site}/robots.txt")
        except FeedError:
            rules.parse(["User-agent: *", "Disallow: /"])
        else:
            usable = not response.missing and not response.is_html
            rules.parse(response.body.decode("utf-8", "replace").splitlines() if usable else [])
        return rules
