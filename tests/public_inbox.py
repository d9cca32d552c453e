"""Debian's public-inbox on loopback: the real peer that lore.kernel.org runs.

    apt-get install --no-install-recommends public-inbox

Absent, its tests skip; with CI=true they fail instead, so that nobody believes they ran.
"""

from __future__ import annotations

import os
import shutil
import socket
import sqlite3
import subprocess
import time
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path

import pytest

from tests.peers import free_port

LIST = "crabs"
ADDRESS = f"{LIST}@lists.example.org"
IMPORT = """
use PublicInbox::Config; use PublicInbox::InboxWritable; use PublicInbox::Eml;
my $inbox = PublicInbox::InboxWritable->new(PublicInbox::Config->new->lookup_name($ARGV[0]));
my $importer = $inbox->importer(0);
while (defined(my $size = <STDIN>)) {
    read(STDIN, my $raw, $size) == $size or die "cut short";
    $importer->add(PublicInbox::Eml->new(\\$raw));
}
$importer->done;
"""
REMOVE = IMPORT.replace("->add(", "->remove(")


@dataclass(slots=True)
class PublicInbox:
    """A running server with one list, ``url``."""

    url: str
    folder: Path
    port: int
    server: subprocess.Popen[bytes]

    def restart(self) -> None:
        """Make search see what was delivered; left alone, the server does so after some minutes."""
        _stop(self.server)
        self.server = _start(self.folder, self.port)

    def kill(self) -> None:
        """End the server where it stands; ``restart`` brings it back."""
        self.server.kill()
        self.server.wait(timeout=20)

    def deliver(self, mails: Iterable[bytes]) -> None:
        """Put mails into the archive."""
        self._perl(IMPORT, mails)

    def remove(self, mails: Iterable[bytes]) -> None:
        """Take mails back, as the list's owner would on request."""
        self._perl(REMOVE, mails)

    def threads(self) -> dict[str, int]:
        """Its own threading: a thread's number by Message-ID."""
        (database,) = (self.folder / LIST).glob("xap*/over.sqlite3")
        with closing(sqlite3.connect(database)) as over:
            sql = "SELECT mid, tid FROM over JOIN id2num USING (num) JOIN msgid USING (id) WHERE num > 0"
            return dict(over.execute(sql).fetchall())

    def _perl(self, script: str, mails: Iterable[bytes]) -> None:
        """Run ``script``, which reads each mail's size in a line of its own, then the mail."""
        command = ("perl", "-e", script, LIST)
        log = (self.folder / "import.log").open("ab")
        with log, subprocess.Popen(command, stdin=subprocess.PIPE, stderr=log, env=_environment(self.folder)) as perl:
            assert perl.stdin
            for raw in mails:
                perl.stdin.write(b"%d\n%b" % (len(raw), raw))
        if perl.returncode:
            raise RuntimeError(f"public-inbox took the mails not: see {log.name}")


def mail(number: int, received: float, *, parent: int | None = None) -> bytes:
    """An invented mail, received at ``received`` (seconds since 1970)."""
    when = format_datetime(datetime.fromtimestamp(received, UTC))
    lines = [
        f"Received: from mx.example.org by lists.example.org; {when}",
        f"Message-ID: <crab-{number}@mail.example.org>",
        f"Date: {when}",
        f"From: Ferris Sand <ferris{number}@example.org>",
        f"To: {ADDRESS}",
        f"List-Id: <{LIST}.lists.example.org>",
        f"Subject: {'Re: ' if parent is not None else ''}moult number {number}",
        *([f"In-Reply-To: <crab-{parent}@mail.example.org>"] if parent is not None else []),
        "",
        f"The shell of crab {number} is soft for a day.",
        "From then on it hardens.",
        "",
    ]
    return "\n".join(lines).encode()


def require() -> None:
    """Skip without public-inbox, or fail where it must be."""
    missing = [name for name in ("public-inbox-init", "public-inbox-httpd", "git", "perl") if not shutil.which(name)]
    if missing and os.environ.get("CI") == "true":
        pytest.fail(f"CI has no {missing[0]}: apt-get install --no-install-recommends public-inbox")
    if missing:
        pytest.skip(f"{missing[0]} is absent: apt-get install --no-install-recommends public-inbox")


@contextmanager
def public_inbox(folder: Path, *, level: str = "full") -> Iterator[PublicInbox]:
    """A server for the length of a ``with``; what it indexes: "basic" (threads), "medium" (search) or "full"."""
    require()
    port = free_port()
    url = f"http://127.0.0.1:{port}/{LIST}"
    _run(folder, "public-inbox-init", "-V2", f"--indexlevel={level}", LIST, str(folder / LIST), url, ADDRESS)
    inbox = PublicInbox(url, folder, port, _start(folder, port))
    try:
        yield inbox
    finally:
        _stop(inbox.server)


def _start(folder: Path, port: int) -> subprocess.Popen[bytes]:
    command = ("public-inbox-httpd", "-W0", "-l", f"127.0.0.1:{port}")
    with (folder / "httpd.log").open("ab") as log:
        server = subprocess.Popen(command, env=_environment(folder), stdout=log, stderr=log)
    _await(port)
    return server


def _stop(server: subprocess.Popen[bytes]) -> None:
    server.terminate()
    server.wait(timeout=20)


def _run(folder: Path, *command: str) -> None:
    subprocess.run(command, env=_environment(folder), check=True, capture_output=True)


def _environment(folder: Path) -> dict[str, str]:
    home = {"HOME": str(folder), "PI_CONFIG": str(folder / "config"), "XDG_CACHE_HOME": str(folder / "cache")}
    return {"PATH": os.environ["PATH"], "LC_ALL": "C", "GIT_CONFIG_NOSYSTEM": "1", **home}


def _await(port: int) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise TimeoutError("public-inbox-httpd did not start")
