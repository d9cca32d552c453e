"""Curated notes: a folder of Markdown files, each with its own sources in YAML front matter.

    ---
    title: When did Rust support enter the Linux kernel?
    asks: ["since which release is rust in the kernel"]
    tags: [history]
    date: 2026-11-23
    sources:
      - {title: "Linux 6.1", url: "https://example.org/6.1"}
    ---
    Text in Markdown.

The folder is read whole each time, since it is small. The cursor is what it held the last time (a digest
a file), so an unchanged folder delivers nothing and a file that went away is reported as removed. A note
that can't be used is rejected by name, and a note that could be used before stays as it was until its file is mended.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from feeds.errors import Unreachable
from feeds.kinds import Feed, Source
from feeds.markdown import blocks, front_matter
from index.model import Batch, Kind, Part, Reference, Rejected

LARGEST = 200_000  # bytes: a note is a page at most, and a folder may hold other things by mistake
_KEYS = frozenset({"title", "asks", "tags", "date", "sources", "author"})


def open(source: Source, client: object) -> Feed:  # noqa: A001 (the name that every kind has)
    """Read the notes in the folder that ``source.url`` names; nothing is fetched, so ``client`` is not used."""
    return Notes(Path(source.url.removeprefix("file://")).expanduser(), source.name)


def starter() -> Feed:
    """Read the notes that come with krab."""
    return Notes(resources.files("feeds") / "starter", "starter", author="krab")


@dataclass(frozen=True, slots=True)
class Notes:
    """A folder of notes; ``name`` goes into their ids (``note:<name>/<file name without .md>``)."""

    folder: Traversable
    name: str
    author: str = ""

    def read(self, cursor: str) -> Iterator[Batch]:
        """Yield one batch with what changed since ``cursor``, or none when nothing did."""
        before, files = _digests(cursor), self._files()
        now = {name: hashlib.blake2b(data, digest_size=8).hexdigest() for name, data in files.items()}
        if now == before:
            return
        read = [self._note(name, files[name]) for name in sorted(now) if now[name] != before.get(name)]
        yield Batch(
            parts=tuple(item for item in read if isinstance(item, Part)),
            removed=tuple(self._id(name) for name in sorted(before) if name not in now),
            rejected=tuple(item for item in read if isinstance(item, Rejected)),
            cursor=json.dumps(now, sort_keys=True, separators=(",", ":")),
            total=len(read),
        )

    def _files(self) -> dict[str, bytes]:
        try:
            found = [file for file in self.folder.iterdir() if file.name.endswith(".md") and file.is_file()]
            return {file.name: _head(file) for file in found if not file.name.startswith((".", "README"))}
        except OSError as error:
            raise Unreachable(f"the notes folder {self.folder} can't be read: {error.strerror or error}") from error

    def _id(self, name: str) -> str:
        return f"note:{self.name}/{name.removesuffix('.md')}"

    def _note(self, name: str, data: bytes) -> Part | Rejected:
        try:
            return parse(data, self._id(name), self.author)
        except ValueError as error:
            return Rejected(f"{self.name}/{name}", str(error))


def _head(file: Traversable) -> bytes:
    with file.open("rb") as stream:
        return stream.read(LARGEST + 1)


def _digests(cursor: str) -> dict[str, str]:
    # A cursor that isn't ours (an older version's, a damaged one) means: read everything again.
    try:
        value = json.loads(cursor or "{}")
    except ValueError:
        return {}
    return {str(k): str(v) for k, v in value.items()} if isinstance(value, dict) else {}


def parse(data: bytes, note: str, author: str = "") -> Part:
    """Turn the bytes of one file into the part with the id ``note``. A ``ValueError`` says what to do about it."""
    if len(data) > LARGEST:
        raise ValueError(f"the file is larger than {LARGEST:,} bytes: split it into notes of one topic each")
    head, body = front_matter(_decoded(data))
    values = _mapping(head)
    references = tuple(_reference(item) for item in _list(values, "sources"))
    content = blocks(body)
    if not content:
        raise ValueError("there is no text below the front matter: write the note there")
    return Part(
        id=note,
        url="",  # a link must lead to the words that are quoted, and they are nowhere but here
        title=_title(values),
        author=" ".join(str(values.get("author") or author).split()),
        date=_date(values.get("date")),
        blocks=content,
        kind=Kind.NOTE,
        labels=tuple(f"tag:{str(tag).strip().lower()}" for tag in _list(values, "tags") if str(tag).strip()),
        references=references,
        asks=_asks(values),
    )


def _decoded(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"byte {error.start} is not UTF-8: save the file as UTF-8") from error


def _mapping(head: str) -> Mapping[str, Any]:
    if not head.strip():
        raise ValueError("the front matter is missing: begin the file with ---, title: …, ---")
    try:
        values = yaml.safe_load(head)
    except ValueError as error:  # what looks like a date, and isn't one
        raise ValueError(f"a date in the front matter is not one ({error}): write it as 2026-11-23") from error
    except (yaml.YAMLError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f" in line {mark.line + 2}" if mark else ""
        problem = getattr(error, "problem", None) or error
        raise ValueError(f"the front matter is not YAML{where} ({problem}): put quotes around the value") from error
    if not isinstance(values, dict):
        raise ValueError("the front matter must be `key: value` lines")
    if unknown := sorted(str(key) for key in values if key not in _KEYS):
        raise ValueError(f"unknown key {unknown[0]!r} in the front matter: only {', '.join(sorted(_KEYS))} are read")
    return values


def _title(values: Mapping[str, Any]) -> str:
    title = values.get("title")
    if not isinstance(title, str) or not title.strip():
        raise ValueError('the title is missing: add `title: "What people would ask"` to the front matter')
    return " ".join(title.split())


def _asks(values: Mapping[str, Any]) -> tuple[str, ...]:
    asked = _list(values, "asks")
    if any(not isinstance(text, str) for text in asked):
        raise ValueError("`asks` must be a list of questions in quotes")
    return tuple(text for one in asked if (text := " ".join(one.split())))


def _date(value: object) -> datetime | None:
    """Midnight UTC of a date; YAML reads ``2026-11-23`` as one by itself."""
    match value:
        case None:
            return None
        case datetime():
            return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
        case date():
            return datetime(value.year, value.month, value.day, tzinfo=UTC)
    try:
        return _date(datetime.fromisoformat(str(value)))
    except ValueError as error:
        raise ValueError(f"the date {value!r} is not one: write it as 2026-11-23") from error


def _list(values: Mapping[str, Any], key: str) -> list[Any]:
    value = values.get(key) or []
    if not isinstance(value, list):
        raise ValueError(f"`{key}` must be a list")
    return value


def _reference(item: object) -> Reference:
    source = item if isinstance(item, dict) else {"url": item}
    url, title = str(source.get("url") or "").strip(), source.get("title")
    if not _is_web(url):
        raise ValueError(f"the source {url or item!r} has no http(s) address: write {{title: …, url: https://…}}")
    return Reference(title=" ".join(str(title or url).split()), url=url)


def _is_web(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.netloc) and not any(c.isspace() for c in url)
