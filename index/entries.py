"""What is indexed of a part: its words by whose they are, and what its author is called. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from index.lexical import Entry, identifiers
from index.model import Part, Role

_NAMES = re.compile(r"[\s.,-]+")
# A comment on a line that a diff adds: what it says of the code is the author's own explanation.
_COMMENT = re.compile(r"^\+\s*(?:///|//!|//|/?\*\*?|#)\s?(.*)$", re.MULTILINE)
_QUOTED_MAX = 2_000  # characters of what others wrote: the beginning is what is answered
_COMMENTS_MAX = 4_000


def entry(number: int, part: Part) -> Entry:
    """Return what the lexical index holds of ``part`` under ``number``."""
    text = part.text
    return Entry(
        number=number,
        body=text,
        title=part.title,
        author=" ".join((part.author, *handles(part))),
        quoted=part.quoted[:_QUOTED_MAX],
        comments=comments(part)[:_COMMENTS_MAX],
        code=" ".join((*identifiers(part.title), *identifiers(text), *part.files, *part.symbols)),
    )


def handle(part: Part) -> str:
    """Return the local part of the author's address, or "" (bots have none: nobody speaks of them by it)."""
    return "" if "bot" in part.labels else next((x[3:] for x in part.labels if x.startswith("by:")), "")


def handles(part: Part) -> tuple[str, ...]:
    """Return what else the author is called: the label "by:…", and the initials of three or more names."""
    names = [name for name in _NAMES.split(part.author) if name[:1].isalpha()]
    initials = ("".join(name[0] for name in names).lower(),) if 3 <= len(names) <= 4 else ()
    return (*(label[3:] for label in part.labels if label.startswith("by:")), *initials)


def comments(part: Part) -> str:
    """Return the comments that the part's diffs add."""
    diffs: Sequence[str] = [block.text for block in part.blocks if block.role is Role.DIFF]
    return "\n".join(line for diff in diffs for line in _COMMENT.findall(diff))
