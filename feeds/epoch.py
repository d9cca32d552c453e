"""A public-inbox v2 epoch: a bare git repository in which every commit is one mail.

The blob ``m`` of a commit is a mail; a commit that has ``d`` instead takes an earlier mail back, and
``d`` is that mail. The order of commits is the order of arrival; their dates lie and are not read.
git runs without a shell, hooks, the user's configuration or any network, and never without a limit.
"""

from __future__ import annotations

import os
import select
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from feeds.errors import Unreadable
from feeds.mbox import MAIL_MAX

COMMAND_SECONDS = 600.0
ANSWER_SECONDS = 60.0
SAMPLE = 25  # commits whose dates are asked together
CHUNK = 1 << 16
BUNDLE = (b"# v2 git bundle\n", b"# v3 git bundle\n")

SETTINGS = (
    "safe.directory=*", "core.hooksPath=/dev/null", "core.fsmonitor=false", "core.pager=cat",
    "protocol.allow=never", "protocol.file.allow=always", "gc.auto=0", "maintenance.auto=false",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Commit:
    """One step of an epoch: a mail that came, or one that was taken back."""

    id: str
    raw: bytes  # empty when the mail is larger than is read, or the commit holds none
    size: int
    removes: bool


def is_repository(path: Path) -> bool:
    """Whether ``path`` is a bare git repository."""
    return (path / "HEAD").is_file() and (path / "objects").is_dir() and (path / "refs").is_dir()


def tip(repository: Path) -> str:
    """The newest commit: HEAD's, or the only branch's where HEAD points nowhere; '' in an empty one."""
    try:
        return git(repository, "rev-parse", "--verify", "--quiet", "HEAD^{commit}").strip()
    except Unreadable:
        heads = git(repository, "for-each-ref", "--format=%(objectname)", "refs/heads").split()
        return heads[0] if len(set(heads)) == 1 else ""


def count(repository: Path, after: str, until: str) -> int:
    """How many commits stand between ``after`` ("" is the beginning) and ``until`` ("" when there is none)."""
    return int(git(repository, "rev-list", "--count", _range(after, until), "--")) if until else 0


def oldest(repository: Path) -> float:
    """About when the oldest mails came in (seconds since 1970): the median of several, since single dates lie."""
    until = tip(repository)
    skip = max(0, count(repository, "", until) - SAMPLE)
    times = git(repository, "log", "--format=%ct", f"--skip={skip}", until, "--").split() if until else []
    return float(sorted(map(int, times))[len(times) // 2]) if times else 0.0


def known(repository: Path, commit: str) -> bool:
    """Whether ``commit`` is still part of the history (rewritten epochs lose theirs)."""
    try:
        git(repository, "merge-base", "--is-ancestor", commit, tip(repository))
    except Unreadable:
        return False
    return True


def commits(repository: Path, after: str = "") -> Iterator[Commit]:
    """The commits after ``after`` ("" is the beginning), oldest first. Raises ``Unreadable``."""
    until = tip(repository)
    if not until:
        return
    with tempfile.TemporaryFile() as listing:
        git(repository, "rev-list", "--reverse", _range(after, until), "--", out=listing)
        listing.seek(0)
        with _blobs(repository) as blobs:
            for line in listing:
                yield _commit(blobs, line.decode("ascii").strip())


@contextmanager
def unbundled(bundle: Path) -> Iterator[Path]:
    """A bundle as a bare repository, for as long as the context lasts."""
    with tempfile.TemporaryDirectory(prefix="krab-epoch-") as folder:
        target = Path(folder) / "epoch.git"
        git(
            Path(folder),
            "clone",
            "--quiet",
            "--bare",
            "--no-tags",
            "--",
            str(bundle.absolute()),
            str(target),
            bare=False,
        )
        yield target


def git(repository: Path, *command: str, out: IO[bytes] | None = None, bare: bool = True) -> str:
    """Run git and give what it prints. Raises ``Unreadable`` with git's own first words."""
    try:
        done = subprocess.run(  # noqa: S603 - no shell, a fixed program, no options from outside
            _command(repository, command, bare=bare), env=_environment(), stdin=subprocess.DEVNULL,
            stdout=out or subprocess.PIPE, stderr=subprocess.PIPE, timeout=COMMAND_SECONDS, check=True,
        )  # fmt: skip
    except FileNotFoundError as error:
        raise Unreadable("git is not installed: it is needed to read epochs and bundles") from error
    except subprocess.TimeoutExpired as error:
        raise Unreadable(f"git {command[0]} took longer than {COMMAND_SECONDS:.0f} s") from error
    except subprocess.CalledProcessError as error:
        raise Unreadable(f"git {command[0]} failed: {_said(error.stderr)}") from error
    return done.stdout.decode("utf-8", "replace") if done.stdout else ""


class _Blobs:
    """One ``git cat-file --batch``: ask for an object, read it, with a limit on every wait."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdin
        assert process.stdout
        self._ask = process.stdin
        self._answers = process.stdout.fileno()
        self._read = bytearray()

    def get(self, name: str) -> tuple[bytes, int] | None:
        """The object's bytes (none when it is over ``MAIL_MAX``) and size, or None where there is none."""
        try:
            self._ask.write(name.encode("ascii") + b"\n")
            self._ask.flush()
        except OSError as error:
            raise Unreadable("git cat-file ended early") from error
        head = self._line().split()
        if len(head) != 3 or not head[2].isdigit():
            return None
        size = int(head[2])
        data = self._take(size, keep=size <= MAIL_MAX)
        self._take(1, keep=False)
        return data, size

    def _line(self) -> bytes:
        while (end := self._read.find(b"\n")) < 0:
            self._more()
        line = bytes(self._read[:end])
        del self._read[: end + 1]
        return line

    def _take(self, size: int, *, keep: bool) -> bytes:
        kept = bytearray()
        while size:
            if not self._read:
                self._more()
            piece = self._read[:size]
            del self._read[: len(piece)]
            size -= len(piece)
            if keep:
                kept += piece
        return bytes(kept)

    def _more(self) -> None:
        if not select.select([self._answers], [], [], ANSWER_SECONDS)[0]:
            raise Unreadable(f"git cat-file gave no answer within {ANSWER_SECONDS:.0f} s")
        data = os.read(self._answers, CHUNK)
        if not data:
            raise Unreadable("git cat-file ended early: the repository is damaged")
        self._read += data


def _commit(blobs: _Blobs, commit: str) -> Commit:
    for name, removes in (("m", False), ("d", True)):
        if found := blobs.get(f"{commit}:{name}"):
            return Commit(commit, *found, removes)
    return Commit(commit, b"", 0, False)


@contextmanager
def _blobs(repository: Path) -> Iterator[_Blobs]:
    command = _command(repository, ("cat-file", "--batch"), bare=True)
    with subprocess.Popen(  # noqa: S603 - as above
        command, env=_environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0
    ) as process:
        try:
            yield _Blobs(process)
        finally:
            process.kill()


def _command(repository: Path, command: Sequence[str], *, bare: bool) -> list[str]:
    settings = [word for setting in SETTINGS for word in ("-c", setting)]
    where = [f"--git-dir={repository.absolute()}"] if bare else ["-C", str(repository.absolute())]
    return ["git", *settings, *where, *command]


def _environment() -> dict[str, str]:
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": "/nonexistent",
        "LC_ALL": "C",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_NO_LAZY_FETCH": "1",
    }


def _range(after: str, until: str) -> str:
    return f"{after}..{until}" if after else until


def _said(stderr: bytes) -> str:
    lines = stderr.decode("utf-8", "replace").strip().splitlines()
    return " ".join(lines[-1].split())[:200] if lines else "no reason given"
