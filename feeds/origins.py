"""An inbox and its mirrors: when it can't answer, a mirror stands in; when it refuses, it is obeyed.

Failing to answer is no connection, no end, or a status of the 500s. Any status of the 400s (and a challenge)
is an answer meant for us, and asking elsewhere would be evading it. A mirror that can't help changes
nothing: the error that is told is the inbox's own.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import urlsplit

from feeds.errors import FeedError, Unreachable
from feeds.fetch import Client, Response

# Whole copies of a host's inboxes, under the same names. public-inbox's own manual uses this one as its example.
MIRRORS = {"lore.kernel.org": ("https://yhbt.net/lore",)}
LOG = logging.getLogger(__name__)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Origins:
    """The inbox at ``url`` (no slash at its end), and where copies of it are."""

    client: Client
    url: str
    mirrors: tuple[str, ...] = ()

    @staticmethod
    def of(url: str, client: Client, mirrors: tuple[str, ...] = ()) -> Origins:
        """The inbox at ``url`` with the ``mirrors`` that are told, or else those that are known of."""
        known = MIRRORS.get(urlsplit(url).netloc.lower(), ())
        path = urlsplit(url).path.rstrip("/")
        return Origins(client, url.rstrip("/"), mirrors or tuple(f"{mirror}{path}" for mirror in known))

    def get(self, path: str) -> Response:
        """What is at ``path`` (which begins with a slash). Raises ``FeedError``."""
        return self.first(lambda url: self.client.get(f"{url}{path}"), useful=lambda response: not response.missing)

    def post(self, path: str) -> Response:
        """What an empty POST to ``path`` brings. Raises ``FeedError``."""
        return self.first(lambda url: self.client.post(f"{url}{path}"))

    def first(self, ask: Callable[[str], T], useful: Callable[[T], bool] = lambda _: True) -> T:
        """What ``ask`` brings from the inbox, or from the first mirror that has something ``useful``."""
        try:
            return ask(self.url)
        except Unreachable as error:
            if 400 <= error.status < 500:
                raise
            for mirror in self.mirrors:
                try:
                    found = ask(mirror)
                except FeedError as another:
                    LOG.info("%s can't stand in: %s", mirror, another)
                    continue
                if useful(found):
                    LOG.info("%s stands in: %s", mirror, error)
                    return found
            raise
