"""What somebody wants to read about: an area, a list, a file, a person, a series, words, posts. Pure.

A topic is what was typed. In front of it may stand what it is ("author:ada", "file:rust/kernel/pci.rs",
"list:netdev", "series:20250708…@…", "area:graphics", "words:dma mask", "source:posts"); without, it is what it
looks like, and else an area, a list or words.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from bot.digest.area import area
from bot.digest.material import Material, Talk
from feeds.signed import plain_name
from index.model import Part

KINDS = ("area", "author", "file", "list", "series", "source", "words")
EXAMPLES = "drm, file:rust/kernel/pci.rs, author:ada, words:dma mask, series:MESSAGE-ID, posts"
_WORD = re.compile(r"[\w-]+")
_ALSO = {"drm": "graphics", "gpu": "graphics", "net": "networking", "fs": "file systems", "mm": "memory"}


@dataclass(frozen=True, slots=True)
class Topic:
    """What is asked for; ``kind`` is one of ``KINDS``, or "" for whatever it may be."""

    kind: str
    text: str

    @property
    def name(self) -> str:
        """The topic as it is typed."""
        return f"{self.kind}:{self.text}" if self.kind else self.text


class UnknownTopic(ValueError):
    """What was given is no topic."""


def topic(typed: str) -> Topic:
    """Read what was typed. Raises ``UnknownTopic``."""
    kind, colon, text = typed.strip().partition(":")
    if not colon or kind.lower() not in KINDS:
        kind, text = "", typed.strip()
    if not text.strip():
        raise UnknownTopic(f"{typed!r} is no topic: give {EXAMPLES}")
    if not kind:
        kind = "series" if "@" in text else "file" if re.search(r"/|\.(?:rs|c|h|rst)$", text) else ""
        kind = "source" if text.lower() in ("posts", "mail") else kind
    return Topic(kind.lower(), text.strip())


def about(material: Material, topics: Sequence[str]) -> Material:
    """Return what of ``material`` concerns any of the topics; all of it, when there are none."""
    wanted = [topic(typed) for typed in topics]
    if not wanted:
        return material
    return replace(
        material,
        talks=tuple(t for t in material.talks if any(_talk(one, t) for one in wanted)),
        waiting=tuple(t for t in material.waiting if any(_talk(one, t) for one in wanted)),
        posts=tuple(p for p in material.posts if any(_post(one, p) for one in wanted)),
    )


def _talk(one: Topic, talk: Talk) -> bool:
    parts = talk.fresh or talk.parts
    text = one.text.lower()
    match one.kind:
        case "source":
            return text == "mail"
        case "series":
            return any(id_.lower() in text for id_ in _ids(talk))
        case "author":
            return any(text in plain_name(p.author) or f"by:{text}" in p.labels for p in parts)
        case "file":
            return any(path.startswith(text) or path.endswith(text) for p in parts for path in map(str.lower, p.files))
        case "list":
            return any(f"list:{text}" in p.labels for p in parts)
        case "area":
            return any(_area(text, p) for p in parts)
        case "words":
            return _says(text, parts)
    return any(_area(text, p) or _listed(text, p) for p in parts) or _titled(text, parts)


def _ids(talk: Talk) -> set[str]:
    """Every mail of a thread, and of the versions of its series."""
    return {p.id for p in talk.parts} | {id_ for h in talk.histories for v in h.versions for id_ in v.parts}


def _area(text: str, part: Part) -> bool:
    name = area(part.labels)
    return text in name.lower() or _ALSO.get(text, "-") == name


def _listed(text: str, part: Part) -> bool:
    return any(label in part.labels for label in (f"list:{text}", f"list:linux-{text}"))


def _titled(text: str, parts: Sequence[Part]) -> bool:
    words = _WORD.findall(text)
    titles = [set(_WORD.findall(p.title.lower())) for p in parts]
    return bool(words) and any(all(word in title for word in words) for title in titles)


def _says(text: str, parts: Sequence[Part]) -> bool:
    pattern = re.compile(r"\b" + r"\W+".join(map(re.escape, text.split())) + r"\b", re.IGNORECASE)
    return any(pattern.search(p.title) or pattern.search(p.text) for p in parts)


def _post(one: Topic, part: Part) -> bool:
    if one.kind == "source":
        return one.text.lower() == "posts" or f"source:{one.text.lower()}" in part.labels
    return one.kind in ("", "words") and _says(one.text, [part])
