"""What can go wrong while reading the world, split by what the caller does next.

FeedError            try again later, tell the operator in one line
├── Unreachable      nothing answered (``retry_after`` seconds when the host said so)
├── Refused          the source said no, or we must not ask (robots, private address, challenge)
└── Unreadable       something came, and it isn't what it should be
"""

from __future__ import annotations


class FeedError(Exception):
    """The source can't be read now. ``str(error)`` is one clear line; ``status`` is HTTP's, or 0."""

    def __init__(self, message: str, *, retry_after: float | None = None, status: int = 0) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.status = status


class Unreachable(FeedError):
    """Nothing answered, or only errors did."""


class Refused(FeedError):
    """The source does not want us now, or our own rules forbid to ask it."""


class Unreadable(FeedError):
    """What came is not what a source of this kind sends."""
