"""A part as a page shows it: what is folded away, what is cut, and where the quote stands. No I/O.

The quote is looked for in the author's own words first (that is where citations come from), then in
the other blocks, and white space does not count: a mail breaks its lines where it likes.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from index.model import Block, Part, Role

Span = tuple[int, int]

_TITLES = {
    Role.QUOTED: "Quoted from an earlier message",
    Role.DIFF: "The patch",
    Role.TRAILERS: "Trailers",
    Role.SIGNATURE: "Signature",
}
_ROOM = {Role.OWN: 60_000, Role.CODE: 30_000}  # characters shown of a block; of the folded ones:
_FOLDED_ROOM = 8_000
_BEFORE_QUOTE = 1_000  # characters kept before a quote that stands beyond the room


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of text, in the quote or not. The quote's ``first`` piece carries the anchor."""

    text: str
    marked: bool = False
    first: bool = False


@dataclass(frozen=True, slots=True)
class Shown:
    """A block ready for the page: own prose as its paragraphs, anything else as a single one.

    ``title`` is set for blocks that are folded, ``size`` is their number of lines, ``opened`` says that
    the quote stands inside, ``cut`` that the text goes on in the original.
    """

    role: Role
    paragraphs: tuple[Paragraph, ...]
    title: str = ""
    size: int = 0
    opened: bool = False
    cut: bool = False


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Text between blank lines. ``flows`` when its line breaks are those of a wrapped paragraph."""

    pieces: tuple[Piece, ...]
    flows: bool


def show(part: Part, quote: str = "") -> tuple[Shown, ...]:
    """Return the blocks of ``part`` in order, with the first place of ``quote`` marked."""
    spans = locate(part.blocks, quote)
    first = min(spans, default=-1)
    return tuple(_shown(block, spans.get(i), i == first) for i, block in enumerate(part.blocks))


def locate(blocks: Sequence[Block], quote: str) -> dict[int, Span]:
    """Return where ``quote`` stands, by the number of the block; it may reach over several own ones."""
    folded = " ".join(quote.split())
    if not folded:
        return {}
    own = [i for i, b in enumerate(blocks) if b.role in (Role.OWN, Role.CODE)]
    places = [own, *([i] for i in range(len(blocks)) if i not in own)]
    found = (_within(blocks, place, folded) for place in places)
    return next((spans for spans in found if spans), {})


def _within(blocks: Sequence[Block], place: Sequence[int], folded: str) -> dict[int, Span]:
    found = _find("\n\n".join(blocks[i].text for i in place), folded)
    if found is None:
        return {}
    spans, at = {}, 0
    for i in place:
        length = len(blocks[i].text)
        start, end = max(found[0] - at, 0), min(found[1] - at, length)
        if start < end:
            spans[i] = (start, end)
        at += length + 2
    return spans


def _find(text: str, folded: str) -> Span | None:
    # Searched in the text with its white space folded, then mapped back: linear, whatever is asked for.
    words = [match.span() for match in re.finditer(r"\S+", text)]
    at = " ".join(text[start:end] for start, end in words).find(folded)
    if at < 0:
        return None
    places = list(accumulate((end - start + 1 for start, end in words), initial=0))
    first, last = (bisect_right(places, i) - 1 for i in (at, at + len(folded) - 1))
    return words[first][0] + at - places[first], words[last][0] + at + len(folded) - places[last]


def _shown(block: Block, span: Span | None, first: bool) -> Shown:
    start, end = span or (0, 0)
    window = _window(block, start, end)
    text = block.text[window[0] : window[1]]
    mark = (max(start - window[0], 0), max(end - window[0], 0))
    whole = [(0, len(text))] if block.role is not Role.OWN else _paragraphs(text)
    return Shown(
        role=block.role,
        paragraphs=tuple(_paragraph(text, place, mark, first) for place in whole),
        title=_TITLES.get(block.role, ""),
        size=block.text.count("\n") + 1,
        opened=span is not None,
        cut=window != (0, len(block.text)),
    )


def _window(block: Block, start: int, end: int) -> Span:
    room = _ROOM.get(block.role, _FOLDED_ROOM)
    begin = 0 if end <= room else max(start - _BEFORE_QUOTE, 0)
    return begin, min(begin + room, len(block.text))


def _paragraphs(text: str) -> list[Span]:
    return [m.span() for m in re.finditer(r"[^\n]+(?:\n[^\n]+)*", text)]


def _paragraph(text: str, place: Span, mark: Span, first: bool) -> Paragraph:
    start, end = place
    words = text[start:end]
    anchor = first and start <= mark[0] < end
    pieces = _pieces(words, max(mark[0] - start, 0), min(mark[1], end) - start, anchor)
    return Paragraph(tuple(pieces), _flows(words))


def _pieces(text: str, start: int, end: int, first: bool) -> Iterator[Piece]:
    if start >= end:
        yield Piece(text)
        return
    for piece in (Piece(text[:start]), Piece(text[start:end], True, first), Piece(text[end:])):
        if piece.text:
            yield piece


def _flows(paragraph: str) -> bool:
    # Lists, tables and verse keep their breaks; a wrapped paragraph has long lines and no indent.
    lines = paragraph.split("\n")
    wrapped = all(len(line) >= 45 for line in lines[:-1])
    return wrapped and not any(re.match(r"\s|[-*+•>|#]\s|\d+[.)]\s|\[\d+\]", line) for line in lines)
