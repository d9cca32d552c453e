"""What lies at a path, told by its content: the first bytes after unpacking, or a folder's shape."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from enum import Enum, auto
from pathlib import Path

from feeds import epoch, mbox
from feeds.errors import FeedError

START = 4096


class Sort(Enum):
    """What a path holds."""

    EPOCH = auto()
    BUNDLE = auto()
    MBOX = auto()
    POSTS = auto()
    SINGLE = auto()  # one mail, or nothing of ours: only reading tells


def sort(path: Path) -> Sort:
    """What lies at ``path``. What can't be opened is ``SINGLE``; reading it says why."""
    if path.is_dir():
        return Sort.EPOCH
    try:
        with mbox.opened(path) as stream:
            start = stream.read(START).lstrip(b"\r\n")
    except (FeedError, OSError, EOFError, ValueError):
        return Sort.SINGLE
    if start.startswith(epoch.BUNDLE):
        return Sort.BUNDLE
    if start.startswith(b"From "):
        return Sort.MBOX
    return Sort.POSTS if start.startswith(b"{") and _begins_with_post(path) else Sort.SINGLE


def walk(folder: Path) -> Iterator[Path]:
    """Files and bare repositories below ``folder``, sorted; of a maildir not what is still being delivered."""
    try:
        entries = sorted(folder.iterdir(), key=_natural)
    except OSError:
        return
    maildir = (folder / "cur").is_dir() and (folder / "new").is_dir()
    for entry in entries:
        if entry.is_symlink() or entry.name == ".git" or (maildir and entry.name == "tmp"):
            continue
        if entry.is_file() or epoch.is_repository(entry):
            yield entry
        elif entry.is_dir():
            yield from walk(entry)


def digest(path: Path) -> str:
    """Tells a file that grew (the same) from one that was replaced (another)."""
    with path.open("rb") as stream:
        return hashlib.sha256(stream.read(START)).hexdigest()[:16]


def looks(paths: list[Path]) -> str:
    """Changes when any of the files does, comes or goes."""
    seen = hashlib.sha256()
    for path in paths:
        stat = path.stat()
        seen.update(f"{path}\0{stat.st_size}\0{stat.st_mtime_ns}\n".encode("utf-8", "surrogateescape"))
    return seen.hexdigest()[:16]


def _natural(path: Path) -> tuple[int, int, str]:
    """Epochs by number (9 before 10), everything else by name."""
    number = path.name.removesuffix(".git")
    return (0, int(number), "") if number.isascii() and number.isdigit() and len(number) < 6 else (1, 0, path.name)


def _begins_with_post(path: Path) -> bool:
    try:
        with mbox.opened(path) as stream:
            first = json.loads(stream.readline(mbox.MAIL_MAX))
    except (ValueError, RecursionError, OSError, EOFError):
        return False
    return isinstance(first, dict) and "url" in first and "markdown" in first
