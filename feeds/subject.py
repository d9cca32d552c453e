"""A patch mail's subject as values: "[RFC PATCH v3 02/17] rust: pond: add a frog".

People write these by hand as well: tags in any order, several brackets, V for v, "v2b" and "v2.1" for
an afterthought. What is in front of the title and in no brackets ("Re:", "Fwd:") is passed over.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

HEAD = re.compile(r"\s*(?P<replies>(?:(?:re|fwd?|aw|sv)(?:\[\d+\])?:\s*)*)(?P<tags>(?:\[[^\[\]]*\]\s*)*)", re.I)
VERSION = re.compile(r"\bv(\d{1,3})(?:\.\d+|[a-d])?\b", re.I)
POSITION = re.compile(r"\b(\d{1,4})\s*/\s*(\d{1,4})\b")
WORD = re.compile(r"[a-z0-9_]+")
LEADING = re.compile(r"(?:RFC|PATCH)\b[:\s]+", re.I)


@dataclass(frozen=True, slots=True)
class Subject:
    """``position`` is 0 for a cover letter; a patch that stands alone is 1 of 1."""

    title: str
    version: int = 1
    position: int = 1
    total: int = 1
    numbered: bool = False  # position and total were written
    rfc: bool = False
    resend: bool = False
    patch: bool = False  # something is posted, or replied to, as a patch
    pull: bool = False
    reply: bool = False

    @property
    def words(self) -> frozenset[str]:
        """The title's words, without what every title has."""
        return frozenset(WORD.findall(self.title.lower()))

    @property
    def scope(self) -> frozenset[str]:
        """The words in front of the last colon: the subsystem."""
        return frozenset(WORD.findall(self.title.lower().rpartition(": ")[0]))

    @property
    def plain(self) -> str:
        """The title as it is compared: lower case, words only."""
        return " ".join(WORD.findall(self.title.lower()))

    @property
    def label(self) -> str:
        """The version as people say it: "v3", "RFC v2"."""
        return f"{'RFC ' if self.rfc else ''}v{self.version}"


@lru_cache(maxsize=8192)
def parse(subject: str) -> Subject:
    """Read a subject."""
    head = HEAD.match(subject[:1000])
    assert head  # everything in it is optional
    tags = " ".join(re.findall(r"\[([^\[\]]*)\]", head["tags"]))
    title = subject[head.end() :].strip()
    version, position = VERSION.search(tags), POSITION.search(tags)
    upper = tags.upper()
    at, of = (int(position[1]), int(position[2])) if position else (1, 1)
    return Subject(
        title=LEADING.sub("", title) if position or "PATCH" in upper else title,
        version=int(version[1]) if version else 1,
        position=min(at, of) if of else 1,
        total=max(of, 1),
        numbered=position is not None,
        rfc=bool(re.search(r"\bRFC", upper)) or title.upper().startswith("[RFC]"),
        resend=bool(re.search(r"\b(?:RESEND|REPOST)", upper)),
        patch=bool(position or re.search(r"\bPATCH|^RFC\b", upper)),
        pull=bool(re.search(r"\bPULL\b", upper)),
        reply=bool(head["replies"]),
    )
