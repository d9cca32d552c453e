"""Where krab's tables are: SQLite files in the data directory, or schemas of one PostgreSQL database.

Each file is a schema there: ``krab.db`` is ``krab``, ``state.db`` ``krab_state``, a private source's index
``krab_private_NAME``. Tables that are moved (``krab migrate``) while krab runs are followed.
"""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from bot.settings import Settings, moved_to, store
from index.database import Connection, Database, T
from index.errors import Moved
from index.moving import Movable
from index.sqlite import CACHE, Sqlite

if TYPE_CHECKING:
    from index.postgres import Postgres

PATIENCE = 30.0  # seconds in which whoever moves the tables says where they are
LOOK = 0.1
SMALL = 2 << 10  # KiB of pages that each thread keeps of what is written more than read
log = logging.getLogger(__name__)


class Following:
    """A database that is elsewhere once its tables were moved. ``elsewhere`` opens it there, when that is known."""

    def __init__(self, here: Database, elsewhere: Callable[[], Database | None]) -> None:
        self._now = self._first = here
        self._elsewhere = elsewhere
        self._following = threading.Lock()

    def connection(self) -> Connection:
        """What this thread reads from."""
        return self._now.connection()

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction, where the tables are now."""
        opened = self._now.write()
        try:
            connection = opened.__enter__()
        except Moved as moved:
            self._follow(moved)
            opened = self._now.write()
            connection = opened.__enter__()
        try:
            yield connection
        except BaseException as error:
            opened.__exit__(type(error), error, error.__traceback__)
            raise
        else:
            opened.__exit__(None, None, None)

    def transact(self, work: Callable[[Connection], T]) -> T:
        """Do ``work`` in a transaction, where the tables are now."""
        try:
            return self._now.transact(work)
        except Moved as moved:
            self._follow(moved)
            return self._now.transact(work)

    def migrate(self, component: str, scripts: Sequence[str]) -> None:
        """Bring ``component``'s tables up to date."""
        try:
            self._now.migrate(component, scripts)
        except Moved as moved:
            self._follow(moved)
            self._now.migrate(component, scripts)

    def alone(self, name: str) -> AbstractContextManager[bool]:
        """Whether we are the only process that does what ``name`` says."""
        return self._now.alone(name)

    def close(self) -> None:
        """Close every connection."""
        for database in (self._now, self._first):
            database.close()

    def _follow(self, moved: Moved) -> None:
        with self._following:  # several threads may find at once that the tables are elsewhere
            end = time.monotonic() + PATIENCE
            while self._now is self._first:
                if there := self._elsewhere():
                    log.warning("the tables were moved, and are followed: restart krab when it suits you")
                    self._now = there
                elif time.monotonic() > end:
                    raise moved
                else:
                    time.sleep(LOOK)


@dataclass(frozen=True, slots=True)
class Databases:
    """Opens them. Raises ``Unusable`` when they can't be reached."""

    settings: Settings

    def index(self) -> Database:
        """What was read."""
        return self._followed(lambda databases: databases.raw("krab", databases.folder / "krab.db"))

    def memory(self) -> Database:
        """What was asked, and what is still to be said."""
        return self._followed(lambda databases: databases.raw("krab_state", databases.folder / "state.db"))

    def private(self, folder: Path) -> Database:
        """A private source's index, whose caches are in ``folder``."""
        return self._followed(lambda databases: databases.raw(_schema(folder), folder / "krab.db"))

    def all(self, private: Sequence[Path], *, even_moved: bool = False) -> list[Movable]:
        """The index, the memory, and the private sources' in these folders, not followed."""
        names = [("krab", self.folder / "krab.db"), ("krab_state", self.folder / "state.db")]
        names += [(_schema(folder), folder / "krab.db") for folder in private]
        return [self.raw(schema, path, even_moved=even_moved) for schema, path in names]

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
            with closing(self._server("krab")) as server:
                return server.said()
        with closing(Sqlite(self.folder / "krab.db")) as file:
            return str(file.connection().execute("PRAGMA quick_check").fetchone()[0])

    def raw(self, schema: str, path: Path, *, even_moved: bool = False) -> Movable:
        """A schema, or the file that stands for it."""
        if self.settings.store.shared:
            return self._server(schema, even_moved=even_moved)
        return Sqlite(path, even_moved=even_moved, cache=CACHE if schema == "krab" else SMALL)

    def _followed(self, opens: Callable[[Databases], Database]) -> Database:
        def elsewhere() -> Database | None:
            there = store(moved_to(self.settings.data), self.settings.store.password)
            return None if there == self.settings.store else opens(Databases(replace(self.settings, store=there)))

        return Following(opens(self), elsewhere)

    def _server(self, schema: str, *, even_moved: bool = False) -> Postgres:
        from index.postgres import Postgres

        told = self.settings.store
        return Postgres(told.url.reveal(), schema, password=told.password.reveal(), even_moved=even_moved)


def _schema(folder: Path) -> str:
    return f"krab_private_{re.sub('[^a-z0-9]', '_', folder.name)}"
