"""Citations that hold: a quote stands verbatim in the source's own words, or it is not published.

Verbatim means: the same characters in the same order, white space apart (mail is wrapped).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from bot.model import Answer
from index.model import Part

# Markdown: [text](address), [text][label]; the quote keeps them, a person need not read them.
# What follows a name is an index (table[i][j]), and numbers are footnotes ([1][2]): those stay.
_LINK = re.compile(
    r"(?<![\w)\]])!?\[(?!\d+\])((?:[^\[\]]|\[[^\[\]]*\])+)\](?:\([^()\s]*(?:\([^()]*\)[^()\s]*)*\)|\[[^\[\]]*\])"
)
_BOLD = re.compile(r"(?<![\w*`])(\*\*|\*|__)(?=[^\s*_])([^*_`]+?)(?<=[^\s*_])\1(?![\w*`])")


@dataclass(frozen=True, slots=True)
class Broken:
    """A citation whose quote is no longer in its source, and why."""

    id: str
    quote: str
    reason: str


def flat(text: str) -> str:
    """Return ``text`` with every run of white space as one blank."""
    return " ".join(text.split())


def spoken(quote: str) -> str:
    """Return ``quote`` as a sentence to read: on one line, links as their text, without marks of emphasis.

    Nothing else is changed.
    """
    return _BOLD.sub(r"\2", _LINK.sub(r"\1", flat(quote)))


def holds(quote: str, part: Part) -> bool:
    """Whether ``quote`` is verbatim in the words that are ``part``'s author's own."""
    wanted = flat(quote)
    return bool(wanted) and any(wanted in flat(text) for text in (part.text, *_diffs(part)))


def _diffs(part: Part) -> Iterable[str]:
    # What a patch adds are its author's own words too, when a sentence was taken from there.
    return (block.text for block in part.blocks if block.role.value == "diff")


def check(citations: Iterable[tuple[str, str]], part: Callable[[str], Part | None]) -> tuple[int, list[Broken]]:
    """Look every (part id, quote) up again; return how many there were, and those that don't hold."""
    seen, broken = 0, []
    for id_, quote in citations:
        seen += 1
        source = part(id_)
        if source is None:
            broken.append(Broken(id_, quote, "the source is gone"))
        elif not holds(quote, source):
            broken.append(Broken(id_, quote, "the words are not in the source"))
    return seen, broken


def citations(answer: Answer) -> Iterable[tuple[str, str]]:
    """Yield (part id, quote) of everything ``answer`` cites."""
    return ((source.id, source.quote) for source in answer.sources)
