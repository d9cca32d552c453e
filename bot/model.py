"""What the bot speaks of: questions, answers, citations. Values only.

An ``Answer`` carries everything any surface needs; each adapter renders it in its own markup.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from index.model import Kind, Reference


class Status(StrEnum):
    """How an answer stands: three of the four say "no", and differently."""

    ANSWERED = "answered"
    WEAK = "weak"  # evidence shown as such, not claimed to answer
    NOT_FOUND = "not_found"  # nothing that supports an answer; nearest threads are shown
    OUT_OF_SCOPE = "out_of_scope"


@dataclass(frozen=True, slots=True)
class Question:
    """What somebody asks. ``earlier`` holds the thread's earlier questions, oldest first.

    ``as_of`` limits the sources to what was written until then (aware UTC). ``asker`` is "service:user", for budgets;
    ``channel`` is "service:channel", for sources that not everybody may be told of.
    """

    text: str
    earlier: tuple[str, ...] = ()
    as_of: datetime | None = None
    asker: str = ""
    channel: str = ""


@dataclass(frozen=True, slots=True)
class Citation:
    """One part that speaks for a sentence. ``quote`` is verbatim in the part's own words."""

    n: int
    id: str
    url: str
    title: str
    author: str
    date: datetime | None
    quote: str
    kind: Kind
    note: str | None = None  # "superseded by v4", "bot"
    references: tuple[Reference, ...] = ()  # a curated note's own sources


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of the answer, with the numbers of the citations behind it (never none)."""

    text: str
    citations: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """The final word on a question.

    ``nearest`` are the closest parts when nothing answers; ``retrieved`` the ids of at most
    50 parts, best first; ``as_of`` the date of the newest part read.
    """

    status: Status
    sentences: tuple[Sentence, ...] = ()
    sources: tuple[Citation, ...] = ()
    nearest: tuple[Citation, ...] = ()
    retrieved: tuple[str, ...] = ()
    as_of: datetime | None = None
    took_ms: float = 0.0
    remark: str = ""  # one plain sentence of our own, e.g. why there is no answer
    confidence: float = field(default=0.0)
    why: tuple[tuple[str, float], ...] = ()  # what the confidence is made of, by name
    limited: str = ""  # one plain sentence when a part of krab could not be used for it
    written: bool = False  # by a language model, and checked against the quotes

    @property
    def text(self) -> str:
        """The answer as plain text with [n] behind each sentence; the remark when there is none."""
        cited = " ".join(f"{s.text} {''.join(f'[{n}]' for n in s.citations)}" for s in self.sentences)
        return cited or self.remark


Progress = Callable[[str], None]  # is shown what there is of an answer, while it is being made


def silent(_: str) -> None:
    """A ``Progress`` that shows nothing."""
