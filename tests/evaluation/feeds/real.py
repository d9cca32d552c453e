"""The real mail and posts, which stand outside the project."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from feeds import mbox, posts
from feeds.errors import Unreadable
from feeds.mail import parse
from index.model import Part


@dataclass(frozen=True, slots=True)
class Real:
    """``shared`` holds data/; ``work`` is a folder to build in."""

    shared: Path
    work: Path

    def mails(self) -> Iterator[bytes]:
        """Every mail about Rust, oldest archive first."""
        for path in sorted((self.shared / "data" / "lore").glob("rust-*.mbox.xz")):
            with mbox.opened(path) as stream:
                yield from mbox.mails(stream)

    def posts(self) -> tuple[Part, ...]:
        """Every post."""
        with mbox.opened(self.shared / "data" / "posts.jsonl.xz") as stream:
            return tuple(one for one in posts.read(mbox.lines(stream), "posts") if isinstance(one, Part))

    def folder(self, name: str) -> Path:
        """An empty folder to build in."""
        import shutil

        folder = self.work / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        return folder


def message_id(raw: bytes) -> str:
    """What the mail is called, or '' for what is no mail."""
    try:
        return parse(raw).message_id
    except Unreadable:
        return ""
