"""Settings: the only place that reads the environment and the TOML file.

What comes out is frozen and complete; nobody else looks anything up. Secrets come from ``KRAB_…`` or
from the file that ``KRAB_…_FILE`` names, never from the TOML's text, and hide their ``repr``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from feeds.kinds import Source


@dataclass(frozen=True, slots=True)
class Secret:
    """A string that does not show itself. ``bool(secret)`` says whether there is one."""

    _value: str = field(default="", repr=False)

    def reveal(self) -> str:
        """The secret itself: hand it to the library that needs it, and nowhere else."""
        return self._value

    def __bool__(self) -> bool:
        return bool(self._value)

    def __str__(self) -> str:
        return "***" if self._value else ""


@dataclass(frozen=True, slots=True)
class FetchSettings:
    """How krab behaves towards hosts it reads from."""

    contact: str = ""
    allow_private: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SlackSettings:
    """One workspace. Configured when there is a bot token."""

    bot_token: Secret = Secret()
    app_token: Secret = Secret()
    signing_secret: Secret = Secret()
    api_url: str = "https://slack.com/api/"
    mode: str = "socket"  # socket | http


@dataclass(frozen=True, slots=True)
class MatrixSettings:
    """One account on a homeserver. Configured when there is a user and a token or password."""

    homeserver: str = ""
    user: str = ""
    access_token: Secret = Secret()
    password: Secret = Secret()
    recovery_key: Secret = Secret()


@dataclass(frozen=True, slots=True)
class WebSettings:
    """Where the web page listens."""

    listen: str = "127.0.0.1:8080"


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything krab was told, or its defaults."""

    data: Path
    sources: tuple[Source, ...] = ()
    starter_notes: bool = True
    embedder: str = ""  # "" is the packaged one; else a sentence-transformers name or path
    fetch: FetchSettings = FetchSettings()
    slack: SlackSettings = SlackSettings()
    matrix: MatrixSettings = MatrixSettings()
    web: WebSettings = WebSettings()
    admins: tuple[tuple[str, tuple[str, ...]], ...] = ()  # (service, user ids)
