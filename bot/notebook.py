"""The notes that curators write: Markdown files in ``notes/`` of the data directory, read as a source of their own.

A note is checked before it is kept, as any note file is, and is searched as soon as it is kept. Files may be
written by hand there too. A note that is replaced or removed is kept beside, as ``.NAME.md.N``: nobody's words
are lost to a slip.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import yaml

from bot.admin import Refusal
from bot.audit import Audit
from feeds.kinds import Source
from feeds.kinds.notes import parse
from feeds.markdown import front_matter

NAME = "our-notes"
_LONGEST = 60  # characters of a file's name


@dataclass(frozen=True, slots=True)
class Draft:
    """A note to be: what people would ask, the answer in Markdown, and where its facts are from (addresses);
    ``asks`` are other ways to ask it.
    """

    title: str
    text: str
    sources: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    asks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Notebook:
    """``read_again`` indexes what has changed in ``folder``."""

    folder: Path
    audit: Audit
    read_again: Callable[[], None]

    def names(self) -> list[str]:
        """Return the names of all notes."""
        return sorted(path.stem for path in self.folder.glob("[!.]*.md")) if self.folder.is_dir() else []

    def show(self, name: str) -> Draft:
        """Return a note as it was written. Raises ``Refusal``."""
        head, body = front_matter(self._file(name).read_text("utf-8"))
        told = yaml.safe_load(head)
        urls = tuple(item["url"] if isinstance(item, dict) else item for item in told.get("sources") or ())
        tags, asks = (tuple(map(str, told.get(key) or ())) for key in ("tags", "asks"))
        return Draft(told["title"], body.strip(), urls, tags, asks)

    def write(self, draft: Draft, by: str, when: datetime, *, name: str = "") -> str:
        """Keep a note, under the name that its title gives unless ``name`` replaces one; return its name.

        Raises ``Refusal`` with what is wrong with it.
        """
        name = name or slug(draft.title)
        if not name:
            raise Refusal("the title needs words: put it the way people ask")
        content = markdown(draft, by, when)
        try:
            parse(content, f"note:{NAME}/{name}")
        except ValueError as error:
            raise Refusal(f"the note can't be used: {error}") from error
        self.folder.mkdir(mode=0o700, exist_ok=True)
        file = self.folder / f"{name}.md"
        self._put_aside(file)
        temporary = file.with_name(f".{file.name}.new")
        temporary.write_bytes(content)
        temporary.replace(file)
        return self._done(by, "write note", name)

    def remove(self, name: str, by: str) -> str:
        """Forget a note; its words stay beside. Raises ``Refusal``."""
        file = self._file(name)
        self._put_aside(file)
        file.unlink()
        return self._done(by, "remove note", name)

    def _done(self, by: str, action: str, name: str) -> str:
        self.audit.write(by, action, name)
        self.read_again()
        return name

    def _file(self, name: str) -> Path:
        if name not in self.names():
            raise Refusal(f"there is no note {name!r}: “note list” shows them")
        return self.folder / f"{name}.md"

    @staticmethod
    def _put_aside(file: Path) -> None:
        if file.exists():
            number = len(list(file.parent.glob(f".{file.name}.*"))) + 1
            (file.parent / f".{file.name}.{number}").write_bytes(file.read_bytes())


def source(folder: Path) -> tuple[Source, ...]:
    """Return the source of a data directory's own notes; none when it has none."""
    return (Source(NAME, "notes", str(folder / "notes"), every=60.0),) if (folder / "notes").is_dir() else ()


def slug(title: str) -> str:
    """Return a file's name for a title: "When was Rust merged?" is "when-was-rust-merged"."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    words = re.findall(r"[a-z0-9]+", plain)
    return "-".join(words)[:_LONGEST].strip("-")


def markdown(draft: Draft, by: str, when: datetime) -> bytes:
    """Return a note as the bytes of its file."""
    head: dict[str, object] = {"title": " ".join(draft.title.split()), "date": when.date(), "author": by}
    lists: dict[str, Sequence[str]] = {"asks": draft.asks, "tags": draft.tags, "sources": draft.sources}
    head |= {key: list(values) for key, values in lists.items() if values}
    front = yaml.safe_dump(head, allow_unicode=True, sort_keys=False)
    return f"---\n{front}---\n\n{draft.text.strip()}\n".encode()
