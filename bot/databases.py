"""Where krab's tables are: SQLite files in the data directory, or schemas of one PostgreSQL database.

Each file is a schema there: ``krab.db`` is ``krab``, ``state.db`` ``krab_state``, a private source's index
``krab_private_NAME``.
"""

from __future__ import annotations

import re
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bot.settings import Settings
from index.database import Database
from index.sqlite import Sqlite

if TYPE_CHECKING:
    from index.postgres import Postgres


@dataclass(frozen=True, slots=True)
class Databases:
    """Opens them. Raises ``Unusable`` when they can't be reached."""

    settings: Settings

    def index(self) -> Database:
        """What was read."""
        return self._open("krab", self.folder / "krab.db")

    def memory(self) -> Database:
        """What was asked, and what is still to be said."""
        return self._open("krab_state", self.folder / "state.db")

    def private(self, folder: Path) -> Database:
        """A private source's index, whose caches are in ``folder``."""
        return self._open(_schema(folder), folder / "krab.db")

    def has(self, index: Database, folder: Path) -> bool:
        """Whether a private source was read; ``index`` is what ``index()`` opened."""
        if not self.settings.store.shared:
            return folder.exists()
        sql = "SELECT to_regnamespace(?) IS NOT NULL"
        return bool(index.connection().execute(sql, (_schema(folder),)).fetchone()[0])

    @property
    def folder(self) -> Path:
        """Where SQLite's files are."""
        return self.settings.store.folder or self.settings.data

    def said(self) -> str:
        """What the database says of itself, when all is well. Raises ``IndexProblem``."""
        if self.settings.store.shared:
            with closing(self._schema("krab")) as server:
                return server.said()
        with closing(Sqlite(self.folder / "krab.db")) as file:
            return str(file.connection().execute("PRAGMA quick_check").fetchone()[0])

    def _open(self, schema: str, path: Path) -> Database:
        return self._schema(schema) if self.settings.store.shared else Sqlite(path)

    def _schema(self, name: str) -> Postgres:
        from index.postgres import Postgres

        told = self.settings.store
        return Postgres(told.url.reveal(), name, password=told.password.reveal())


def _schema(folder: Path) -> str:
    return f"krab_private_{re.sub('[^a-z0-9]', '_', folder.name)}"
