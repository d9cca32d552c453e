"""Databases for the suites that run on every engine: whoever opens the same path opens the same tables."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

from index.database import Database
from index.postgres import Postgres
from index.sqlite import Sqlite

Store = Callable[[Path], Database]
PATIENCE = 5.0


class Opened:
    """Opens databases, and closes them in the end. ``url`` is a PostgreSQL database; "" is SQLite's files."""

    def __init__(self, url: str = "") -> None:
        self._url = url
        self._opened: list[Database] = []

    def __call__(self, path: Path) -> Database:
        """Open the tables of ``path``."""
        self._opened.append(self._open(path))
        return self._opened[-1]

    def _open(self, path: Path) -> Database:
        if not self._url:
            return Sqlite(path)
        schema = f"t_{hashlib.blake2b(str(path).encode(), digest_size=8).hexdigest()}"
        return Postgres(self._url, schema, patience=PATIENCE)

    def close(self) -> None:
        """Close them."""
        for database in self._opened:
            database.close()
