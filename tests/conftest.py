"""What every test may ask for: real data, which stands outside the project, and real servers. Absent, tests skip."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from bot.support import Lens, lens_of
from index.embed import load
from index.lexical import Lexical
from index.stores.milvus import Place
from tests import milvus_cluster
from tests import postgres as peer
from tests.homes import KINDS, Home
from tests.milvus_cluster import Cluster
from tests.peers import NotInstalled
from tests.stores import Opened, Store
from tests.synapse import Synapse, install

# CI tries the same inputs each time, so that it says something about the change it tests; whoever runs the
# tests at his desk tries others each time, and finds what nobody thought of.
settings.register_profile("ci", derandomize=True, deadline=None, print_blob=True)
settings.register_profile("desk", deadline=None, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") == "true" else "desk")


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--everywhere`` runs also what takes a Milvus cluster minutes."""
    parser.addoption("--everywhere", action="store_true", help="run the suites of an index on a Milvus cluster too")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what was not asked for; the cluster's tests go last, since it takes half a core until the end."""
    if not config.getoption("everywhere"):
        items[:] = [item for item in items if not item.get_closest_marker("everywhere")]
    items.sort(key=lambda item: item.get_closest_marker("cluster") is not None)


SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with real mail, posts and questions."""
    folder = Path(os.environ.get("KRAB_SHARED", SHARED))
    if not (folder / "data").is_dir():
        pytest.skip("real mail and posts are absent: set KRAB_SHARED to a folder with data/ and eval/")
    return folder


@pytest.fixture(scope="session")
def lens(tmp_path_factory: pytest.TempPathFactory) -> Lens:
    """How a sentence is compared with its evidence: the real stems, the real embedder."""
    return lens_of(Lexical(tmp_path_factory.mktemp("words")).terms, load())


@pytest.fixture(scope="session")
def synapse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Synapse]:
    """A homeserver on loopback, started once a session. Absent, its tests skip, except where CI must run everything."""
    try:
        python = install()
    except NotInstalled as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(str(error))
    server = Synapse(python, tmp_path_factory.mktemp("synapse"))
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def postgres() -> Iterator[peer.Postgres]:
    """A PostgreSQL on loopback, started once a session. Absent, its tests skip, except where CI must run everything."""
    try:
        server = peer.Postgres()
    except peer.NotInstalled as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(str(error))
    server.start()
    yield server
    server.remove()


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    """Opens the tables of a path, on each engine in turn."""
    url = request.getfixturevalue("postgres").url() if request.param == "postgresql" else ""
    opened = Opened(url)
    yield opened
    opened.close()


@pytest.fixture(params=KINDS)
def home(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Home]:
    """Where an index is, with each set of engines in turn."""
    url = request.getfixturevalue("postgres").url() if request.param != "files" else ""
    place = request.getfixturevalue("place") if request.param == "cluster" else None
    made = Home(tmp_path, url, place)
    yield made
    made.close()


@pytest.fixture
def place(milvus: Cluster) -> Place:
    """Room of its own on the Milvus cluster."""
    return Place(milvus.url, prefix=f"t_{secrets.token_hex(4)}", replicas=2, timeout=20.0)


@pytest.fixture(scope="session")
def milvus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A Milvus cluster on loopback, started once a session. Absent, its tests skip, except where CI must run all."""
    try:
        programs = milvus_cluster.install()
    except NotInstalled as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(str(error))
    cluster = Cluster(programs, tmp_path_factory.mktemp("milvus"))
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()
