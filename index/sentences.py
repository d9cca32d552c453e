"""Where sentences begin and end, in prose that people type into mail clients.

Sentences are the units of evidence: what is cited is a whole sentence, verbatim. The rules favour
sentences that are too long over ones that are torn.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

# What ends with a full stop without ending a sentence.
_ABBREVIATIONS = frozenset(
    "e.g i.e etc cf vs al approx resp dr mr mrs ms prof st no nr fig eq sec ch vol pp ed eds inc ltd corp jan feb mar"
    " apr jun jul aug sep sept oct nov dec incl esp aka dept est min max orig ver rev".split()
)
# A run of stops is tried once, from its first: otherwise a mail of nothing but dots would take hours.
_END = re.compile(r"(?<![.!?…])[.!?…]++[\"'”’)\]*_`]*+(?=\s)|[:;](?=\s*\n\s*\n)")
_BREAK = re.compile(
    r"\n[ \t]*\n"  # a blank line
    r"|\n(?=[ \t]*(?:[-*+•‣–o]|\(?\d{1,2}[.)]|\[\d{1,2}\]|\(?[a-z]\))[ \t]+\S)"  # a list item
    r"|\n(?=[ \t]*#{1,6} )|\n(?=[ \t]*\|)"  # a heading, a table row
)
_NUMBER = re.compile(r"\s*\(?\d{1,2}[.)]")  # a list item's, not a sentence
_WORD_BEFORE = re.compile(r"([A-Za-z][A-Za-z.]*)$")


def spans(text: str) -> Iterator[tuple[int, int]]:
    """Yield ``(start, end)`` of each sentence of ``text``, in order, without surrounding white space.

    Every non-blank character is in exactly one span.
    """
    start = 0
    for match in _BREAK.finditer(text):
        yield from _in_paragraph(text, start, match.start())
        start = match.end()
    yield from _in_paragraph(text, start, len(text))


def _in_paragraph(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    for match in _END.finditer(text, start, end):
        if match.end() > start and _ends(text, match, end) and not _NUMBER.fullmatch(text, start, match.end()):
            yield from _trimmed(text, start, match.end())
            start = match.end()
    yield from _trimmed(text, start, end)


def _ends(text: str, match: re.Match[str], end: int) -> bool:
    rest = text[match.end() : min(end, match.end() + 40)].lstrip()
    if not rest:
        return True
    if match.group().startswith(".") and _abbreviated(text[max(0, match.start() - 16) : match.start()]):
        return False
    return not (rest[0].islower() and match.group()[0] in ".…!?")


def _abbreviated(before: str) -> bool:
    word = _WORD_BEFORE.search(before)
    return bool(word) and (word.group(1).lower() in _ABBREVIATIONS or len(word.group(1)) == 1)  # type: ignore[union-attr]


def _trimmed(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    if start < end:
        yield start, end
