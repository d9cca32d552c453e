"""Cut a part's own words into passages: stretches short enough to embed and to mean one thing.

A passage is made of whole sentences and never reaches over a blank line that separates blocks if it
would grow past ``LIMIT``. What is embedded is the passage below its title, since a bare passage rarely
says what it is about.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass

from index.model import Part
from index.sentences import spans

LIMIT = 800  # characters; about 180 word pieces, so that title and passage fit the embedder's 256
VERSION = 1  # raise it when the cutting changes: stored passages are then cut anew by a reindex
_TAGS = re.compile(r"^(?:\s*(?:re|fwd?|aw|antw)\s*:|\s*\[[^\]]{1,60}\])+\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Cut:
    """A passage that has no number yet. ``key`` identifies what is embedded (16 bytes)."""

    start: int
    end: int
    text: str
    embed: str

    @property
    def key(self) -> bytes:
        """A digest of the text to embed: equal texts share one vector."""
        return hashlib.blake2b(self.embed.encode(), digest_size=16).digest()


def split(part: Part) -> tuple[Cut, ...]:
    """Cut ``part`` into passages, in order. A part without words of its own has one empty passage,
    so that it is found by its title.
    """
    text, topic = part.text, subject(part.title)
    cuts = tuple(Cut(a, b, text[a:b], f"{topic}\n{text[a:b]}") for a, b in _packed(text))
    return cuts or (Cut(0, 0, "", topic),)


def subject(title: str) -> str:
    """A title without reply marks and bracketed tags: ``Re: [PATCH v2 1/3] rust: x`` is ``rust: x``."""
    return _TAGS.sub("", title).strip() or title.strip()


def _packed(text: str) -> Iterator[tuple[int, int]]:
    start = end = 0
    for a, b in _pieces(text):
        if end and (b - start > LIMIT):
            yield start, end
            start = a
        elif not end:
            start = a
        end = b
    if end:
        yield start, end


def _pieces(text: str) -> Iterator[tuple[int, int]]:
    # A "sentence" may be a log or a table of any length: cut it at line ends, then anywhere.
    for start, end in spans(text):
        while end - start > LIMIT:
            cut = text.rfind("\n", start + LIMIT // 2, start + LIMIT)
            cut = cut if cut > start else start + LIMIT
            yield start, cut
            start = cut
        if text[start:end].strip():
            yield start, end
