"""A bare git mirror of one public-inbox epoch, kept up to date and read commit by commit.

git talks to the net by itself, so it gets what the guard would allow and no more: the address is resolved
and checked here and pinned for git's connection (``http.curloptResolve``), redirects are off, no protocol
but http(s), no prompts, no configuration but ours. Format v2: a commit adds the mail in its blob ``m``, or
takes back the one in its blob ``d``. Commit dates lie; the order is that of the history.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from feeds.errors import Refused, Unreachable, Unreadable
from feeds.fetch import Client

PATIENCE = 3_600.0  # seconds for one fetch: a first one may move hundreds of megabytes
COMMIT = "refs/heads/master"


@dataclass(frozen=True, slots=True)
class Change:
    """A mail added, or taken back (``removed``), by ``commit``."""

    commit: str
    raw: bytes
    removed: bool = False


@dataclass(frozen=True, slots=True)
class Mirror:
    """One epoch's repository in ``folder``, which appears with the first ``update``."""

    folder: Path

    def update(self, url: str, client: Client) -> None:
        """Fetch what is new at ``url``. Interrupted, it leaves what was there."""
        if not (self.folder / "HEAD").exists():
            self.folder.mkdir(parents=True, exist_ok=True)
            self._git("init", "--quiet", "--bare", "--initial-branch=master", ".")
        self._git(*_network(url, client), "fetch", "--quiet", "--no-tags", "--force", url, f"+HEAD:{COMMIT}")

    def head(self) -> str:
        """The newest commit, or "" when there is none."""
        return self._git("for-each-ref", "--format=%(objectname)", COMMIT).strip()

    def knows(self, commit: str) -> bool:
        """Whether ``commit`` belongs to the history (a rewritten history has forgotten it)."""
        if not commit.isalnum():
            return False
        return self._run("merge-base", "--is-ancestor", commit, COMMIT).returncode == 0

    def after(self, commit: str) -> Iterator[Change]:
        """The changes after ``commit`` ("" is the beginning), oldest first."""
        if not self.head():
            return
        commits = self._git("rev-list", "--reverse", *([f"{commit}..{COMMIT}"] if commit else [COMMIT])).split()
        with self._blobs() as blob:
            for name in commits:
                if (raw := blob(f"{name}:m")) is not None:
                    yield Change(name, raw)
                elif (raw := blob(f"{name}:d")) is not None:
                    yield Change(name, raw, removed=True)

    @contextmanager
    def _blobs(self) -> Iterator[_Blobs]:
        command = (_program(), "cat-file", "--batch")
        process = subprocess.Popen(  # noqa: S603 (arguments are ours)
            command, cwd=self.folder, env=_environment(self.folder), stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        try:
            yield _Blobs(process)
        finally:
            process.kill()
            process.communicate()

    def _git(self, *arguments: str) -> str:
        done = self._run(*arguments)
        if done.returncode:
            said = done.stderr.decode("utf-8", "replace").strip().splitlines()
            raise Unreachable(f"git: {said[-1] if said else f'exit {done.returncode}'}")
        return done.stdout.decode("utf-8", "replace")

    def _run(self, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        command = (_program(), *arguments)
        try:
            return subprocess.run(  # noqa: S603 (arguments are ours, the URL is checked)
                command, cwd=self.folder, env=_environment(self.folder), capture_output=True, timeout=PATIENCE
            )
        except subprocess.TimeoutExpired as error:
            raise Unreachable(f"git did not finish within {PATIENCE:.0f} seconds") from error


class _Blobs:
    """Asks a ``git cat-file --batch`` for one object at a time."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    def __call__(self, name: str) -> bytes | None:
        requests, answers = self._process.stdin, self._process.stdout
        assert requests
        assert answers
        requests.write(f"{name}\n".encode())
        requests.flush()
        head = answers.readline().split()
        if not head:
            raise Unreadable("git stopped in the middle of an epoch")
        if len(head) != 3:
            return None
        data = answers.read(int(head[2]) + 1)
        return data[:-1] if head[1] == b"blob" else None


def available() -> bool:
    """Whether git is installed."""
    return shutil.which("git") is not None


def _program() -> str:
    if path := shutil.which("git"):
        return path
    raise Refused("git is not installed; install it, or take #git off the source's url to read over HTTP")


def _network(url: str, client: Client) -> tuple[str, ...]:
    target = client.guard.check(url)
    host, port = target.raw_host.decode("ascii"), target.port or (443 if target.scheme == "https" else 80)
    addresses = ",".join(f"[{a}]" if ":" in a else a for a in client.guard.addresses(host, port))
    options = (
        f"http.curloptResolve={host}:{port}:{addresses}",
        "http.followRedirects=false",
        "http.proxy=",
        "http.lowSpeedLimit=100",
        "http.lowSpeedTime=60",
        f"http.userAgent={client.manners.user_agent}",
        "credential.helper=",
        "protocol.allow=never",
        "protocol.http.allow=always",
        "protocol.https.allow=always",
    )
    return tuple(argument for option in options for argument in ("-c", option))


def _environment(folder: Path) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "SSL_CERT_FILE", "SSL_CERT_DIR") if name in os.environ}
    ours = {
        "HOME": str(folder),
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": "true",
        "GIT_CEILING_DIRECTORIES": str(folder.parent),
        "LC_ALL": "C",
    }
    return {**kept, **ours}
