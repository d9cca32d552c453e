"""The vocabulary everyone shares: values only, standard library only.

A thread of mail, a blog post and a curated note are all a *document* made of *parts*; a part is the
smallest thing that has an address of its own, so a citation always points at one part.

    Mail | entry | note  →  Part  →  Passage  →  Hit  →  (bot) Citation

Nothing here knows what a patch is, or where a part came from.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Role(StrEnum):
    """Whose words a block holds, and of what sort they are."""

    OWN = "own"  # the author's prose: the only words that are ever quoted as his
    CODE = "code"  # the author's code, logs, tables: own words, but not prose
    DIFF = "diff"  # a patch's diff: searched by file and symbol
    QUOTED = "quoted"  # somebody else's words, repeated; marker characters removed
    TRAILERS = "trailers"  # Signed-off-by, Link, Fixes …
    SIGNATURE = "signature"  # signatures, PGP armour, list footers


class Kind(StrEnum):
    """What a part is, as a reader would say it."""

    MAIL = "mail"
    POST = "post"
    PAGE = "page"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Block:
    """A run of lines with one role, in the order of the source. ``text`` has no trailing newline."""

    role: Role
    text: str


@dataclass(frozen=True, slots=True)
class Reference:
    """Where a curated note has its facts from."""

    title: str
    url: str


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a thing over time, observed in one part and citable from it.

    ``subject`` names the thing (a patch series, an advisory), ``kind`` what happened
    ("posted", "applied", "superseded" …), ``quote`` stands verbatim in the part.
    """

    subject: str
    kind: str
    who: str
    when: datetime | None
    part: str
    quote: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """One mail, post, page or note: the unit that is stored, cited, updated and removed.

    ``id``      the Message-ID without angle brackets, or the URL of a post; unique over all sources
    ``links``   ids of parts that belong to the same document, nearest first (a mail's In-Reply-To,
                then its References from the last to the first); they may be unknown as yet
    ``date``    aware UTC, or None when the source gives none that can be believed
    ``labels``  short facets: "bot", "patch", "reply", "list:rust-for-linux", "tag:…"
    ``files``, ``symbols``  what a diff touches: paths, and identifiers on changed lines
    ``asks``    questions besides the title that a note answers, as people put them
    """

    id: str
    url: str
    title: str
    author: str
    date: datetime | None
    blocks: tuple[Block, ...]
    kind: Kind
    links: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    symbols: tuple[str, ...] = ()
    references: tuple[Reference, ...] = ()
    events: tuple[Event, ...] = ()
    asks: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The author's own words (prose and code), blocks apart by a blank line.

        Passages and quotes are offsets into this string.
        """
        return "\n\n".join(block.text for block in self.own)

    @property
    def own(self) -> tuple[Block, ...]:
        """The blocks whose words are the author's."""
        return tuple(b for b in self.blocks if b.role in (Role.OWN, Role.CODE))

    @property
    def quoted(self) -> str:
        """The words of others that the part repeats."""
        return "\n\n".join(b.text for b in self.blocks if b.role is Role.QUOTED)


@dataclass(frozen=True, slots=True)
class Rejected:
    """An item that could not become a part, and why, in one line for an operator."""

    where: str
    reason: str


@dataclass(frozen=True, slots=True)
class Batch:
    """What a feed delivers at a time. The cursor is saved only after everything in it is stored."""

    parts: tuple[Part, ...] = ()
    removed: tuple[str, ...] = ()
    rejected: tuple[Rejected, ...] = ()
    cursor: str = ""
    total: int | None = None  # items expected in all, when the source knows


@dataclass(frozen=True, slots=True)
class Passage:
    """A stretch of a part's own words: ``part.text[start:end]``."""

    id: int
    part: str
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage found, with its score (higher is better) and what the score is made of."""

    passage: Passage
    score: float
    why: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Document:
    """The parts that belong together (a thread, a post), oldest first."""

    id: int
    parts: tuple[Part, ...] = field(default=())

    def __iter__(self) -> Iterator[Part]:
        return iter(self.parts)
