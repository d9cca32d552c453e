"""The real peers of the end-to-end tests, each started once a session."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.synapse import NotInstalled, Synapse, install


@pytest.fixture(scope="session")
def synapse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Synapse]:
    """A homeserver on loopback. Absent, its tests skip, except where CI must run everything."""
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
