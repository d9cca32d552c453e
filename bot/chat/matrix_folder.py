"""What the bot keeps on disk for one Matrix account.

Rules of this file: the folder is 0700 and every file in it 0600; a file is replaced whole or not at all; an
unreadable file is as good as none. nio's store (``*.db``) is encrypted with ``pickle.key``, made at random.
"""

from __future__ import annotations

import json
import os
import secrets
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

from bot.chat.matrix_keys import Identity, decode, encode

SESSION, SYNC, PICKLE_KEY = "session.json", "sync.json", "pickle.key"
IDENTITY, RECOVERY = "identity.json", "recovery.key"


@dataclass(frozen=True, slots=True)
class Session:
    """One login: a device of a user on a homeserver, and the token that proves it.

    ``refresh`` gets the next token when this one expires (at ``expires``, seconds since 1970; 0 is never).
    """

    homeserver: str
    user: str
    device: str
    token: str = field(repr=False)
    refresh: str = field(default="", repr=False)
    expires: float = 0.0


class Folder:
    """The files of one account."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.chmod(0o700)

    def session(self, homeserver: str, user: str) -> Session | None:
        """The login that was kept, if it is for this user of this homeserver."""
        with suppress(FileNotFoundError, ValueError, TypeError):
            kept = Session(**json.loads((self.path / SESSION).read_text()))
            return kept if (kept.homeserver, kept.user) == (homeserver, user) else None
        return None

    def keep_session(self, session: Session) -> None:
        """Keep a login for the next start."""
        self._write(SESSION, json.dumps(asdict(session)))

    def since(self, user: str) -> str:
        """The sync token up to which every message was handled, "" before the first."""
        with suppress(FileNotFoundError, ValueError, TypeError, KeyError):
            kept = json.loads((self.path / SYNC).read_text())
            return str(kept["since"]) if kept["user"] == user else ""
        return ""

    def keep_since(self, user: str, since: str) -> None:
        """Everything up to ``since`` was handled."""
        self._write(SYNC, json.dumps({"user": user, "since": since}))

    def pickle_key(self) -> str:
        """The key that encrypts nio's store: made once, at random."""
        path = self.path / PICKLE_KEY
        if not path.exists():
            self._write(path.name, secrets.token_urlsafe(32))
        return path.read_text()

    def identity(self) -> Identity | None:
        """The private cross-signing keys, so that a new device of this installation is signed without asking."""
        with suppress(FileNotFoundError, ValueError, TypeError, AttributeError):
            seeds = json.loads((self.path / IDENTITY).read_text())
            return Identity.of({usage: decode(seed) for usage, seed in seeds.items()})
        return None

    def keep_identity(self, identity: Identity) -> None:
        """Keep the private cross-signing keys."""
        self._write(IDENTITY, json.dumps({usage: encode(seed) for usage, seed in identity.seeds().items()}))

    def recovery_key(self) -> str:
        """The recovery key that nobody has written down yet, or ""."""
        with suppress(FileNotFoundError):
            return (self.path / RECOVERY).read_text().strip()
        return ""

    def keep_recovery_key(self, key: str) -> None:
        """Keep a recovery key until it was shown."""
        self._write(RECOVERY, key)

    def forget_recovery_key(self) -> None:
        """It was shown."""
        (self.path / RECOVERY).unlink(missing_ok=True)

    def _write(self, name: str, text: str) -> None:
        fresh = self.path / f"{name}.new"
        with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self.path / name)
