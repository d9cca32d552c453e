"""Where an index is, for suites that run everywhere: in files, on PostgreSQL, on PostgreSQL and a Milvus cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import cast

import pytest

from index.catalog import Catalog, Generation
from index.database import Database
from index.engine import Index
from index.nearness import Filed, Nearness, filed
from index.served import Served
from index.stores.faiss import Faiss
from index.stores.milvus import Milvus, Place, discard
from tests.index_fixtures import Contents, FakeEmbedder, catalog_contents
from tests.stores import Opened

FILED = ("files", "postgresql")  # where vectors are in files
KINDS = (*FILED, pytest.param("cluster", marks=(pytest.mark.cluster, pytest.mark.everywhere)))


class Home:
    """A data directory, and the engines beside it, as all processes of an installation have them.

    ``url`` is a PostgreSQL database, "" for files; ``place`` a Milvus, None for files.
    """

    def __init__(self, folder: Path, url: str = "", place: Place | None = None) -> None:
        self.folder = folder
        self.url = url
        self._store = Opened(url)
        self._place = place

    def database(self) -> Database:
        """Its tables, opened."""
        return self._store(self.folder / "krab.db")

    def near(self, folder: Path, catalog: Catalog, generation: Generation, width: int) -> Nearness:
        """The vectors of a generation; a server's searches wait for what was just written."""
        if self._place is None:
            return filed(Faiss)(folder, catalog, generation, width)
        return Served(catalog, generation, Milvus(self._place, generation.number, width, searched="Strong"))

    @contextmanager
    def opened(
        self, embedder: FakeEmbedder | None = None, *, load: Callable[[str], FakeEmbedder] | None = None
    ) -> Iterator[Index]:
        """Its index, as one process has it; ``load`` as in ``Index``."""
        with closing(self.database()) as database:
            index = Index(self.folder, database, embedder or FakeEmbedder(), self.near, load=load)
            settle(index)
            try:
                yield index
            finally:
                index.close()

    def contents(self) -> Contents:
        """What its index holds."""
        with closing(self.database()) as database:
            return catalog_contents(Catalog(database))

    def close(self) -> None:
        """Close what was opened, and leave nothing on a server."""
        self._store.close()
        if self._place:
            discard(self._place, ())


def held(index: Index) -> set[int]:
    """The numbers of the vectors that an index has, wherever they are."""
    near = index._caches.near
    return near.server.numbers() if isinstance(near, Served) else cast(Filed, near).store.numbers()


def settle(index: Index) -> None:
    """Wait until what goes on aside is done."""
    near = index._caches.near
    if isinstance(near, Served):
        with near._repairing:
            pass
