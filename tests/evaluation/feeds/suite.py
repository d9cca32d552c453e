"""Every feed of three readers' own test suites: how many give entries, here and with feedparser alone."""

from __future__ import annotations

import tarfile
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from io import BytesIO
from pathlib import Path

from feeds import entries
from feeds.errors import FeedError
from tests.evaluation.feeds.real import Real

URL = "https://shore.example/feed"


def run(real: Real) -> None:
    """Parse all of them in both ways."""
    folder = real.folder("suite")
    with tarfile.open(real.shared / "data" / "feeds.tar.xz") as archive:
        archive.extractall(folder, filter="data")
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    ours, theirs = (_with_entries(files, count) for count in (_ours, _feedparser))
    print(f"{len(files)} files; with entries: {len(ours)} here, {len(theirs)} with feedparser alone")
    print(f"only here: {_sorts(ours - theirs)}; only with feedparser: {_sorts(theirs - ours)}")
    for path in sorted(theirs - ours)[:40]:
        print(f"  {path.relative_to(folder)}: {_why(path)}")


def _with_entries(files: list[Path], count: Callable[[bytes], int]) -> set[Path]:
    return {path for path in files if count(path.read_bytes())}


def _ours(body: bytes) -> int:
    with suppress(FeedError):
        return len(entries.parse(body, URL))
    return 0


def _feedparser(body: bytes) -> int:
    import feedparser

    return len(feedparser.parse(BytesIO(body)).entries)


def _sorts(paths: set[Path]) -> str:
    sorts = Counter(path.suffix or path.name for path in paths)
    return ", ".join(f"{count} {name}" for name, count in sorts.most_common(6)) or "none"


def _why(path: Path) -> str:
    try:
        return f"{len(entries.parse(path.read_bytes(), URL))} entries"
    except FeedError as error:
        return str(error)[:120]
