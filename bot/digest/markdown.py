"""A card as Markdown, and as plain text that fits into a mail. Pure.

Words of others are escaped: nothing that somebody wrote into a mail becomes a heading, a link or HTML.
"""

from __future__ import annotations

import re
import textwrap

from bot.card import Card, Line, Section, Span, Style
from bot.chat.text import clean, one_line
from bot.weblink import weblink

WIDTH = 72
_UNSAFE_IN_URL = re.compile(r"[()<>\"'`\\|]")
_MARKUP = re.compile(r"([\\`*_\[\]<>#|~!])")


def markdown(card: Card) -> str:
    """Return a card as Markdown (CommonMark)."""
    picture = [f"![{_escaped(card.picture.alt)}](chart.png)"] if card.picture else []
    parts = [f"# {_escaped(card.title)}", *picture, *map(_section, card.sections), _escaped(card.hint)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _section(section: Section) -> str:
    mark = "- " if section.bullets else ""
    lines = [mark + "".join(map(_span, line)).strip() for line in section.lines]
    folded = [f"{mark}*and {section.folded} more*"] if section.folded else []
    body = ("\n" if section.bullets else "  \n").join([*lines, *folded])
    return "\n\n".join(filter(None, (f"## {_escaped(section.heading)}" if section.heading else "", body)))


def _span(span: Span) -> str:
    text = _escaped(span.text)
    inner = text.strip()
    if not inner:
        return text
    lead, tail = text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]
    if span.style is Style.STRONG:
        inner = f"**{inner}**"
    if url := weblink(span.url):
        inner = f"[{inner}]({_UNSAFE_IN_URL.sub(_percent, url)})"
    return f"{lead}{inner}{tail}"


def _percent(match: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in match[0].encode("utf-8", "replace"))


def _escaped(text: str) -> str:
    return _MARKUP.sub(r"\\\1", re.sub(r"\s+", " ", clean(text)))


def plain(card: Card) -> str:
    """Return a card as text of short lines, its links as numbered notes below: fit for a mail or a terminal."""
    notes: dict[str, int] = {}
    parts = [_underlined(one_line(card.title), "=")]
    parts += [_plain_section(section, notes) for section in card.sections]
    parts += [_filled(card.hint)]
    links = [f"[{n}] {one_line(url)}" for url, n in notes.items()]
    return "\n\n".join(part for part in [*parts, "\n".join(links)] if part) + "\n"


def _plain_section(section: Section, notes: dict[str, int]) -> str:
    lines = [_filled(_plain_line(line, notes), bullet=section.bullets) for line in section.lines]
    folded = [_filled(f"and {section.folded} more", bullet=section.bullets)] if section.folded else []
    return "\n".join([*([_underlined(section.heading, "-")] if section.heading else []), *lines, *folded])


def _plain_line(line: Line, notes: dict[str, int]) -> str:
    said = [
        one_line_kept(span.text) + (f" [{notes.setdefault(span.url, len(notes) + 1)}]" if span.url else "")
        for span in line
    ]
    return "".join(said)


def one_line_kept(text: str) -> str:
    """Return ``text`` on one line, with the blanks at its ends."""
    return re.sub(r"\s+", " ", clean(text))


def _underlined(text: str, mark: str) -> str:
    return f"{text}\n{mark * min(len(text), WIDTH)}"


def _filled(text: str, *, bullet: bool = False) -> str:
    first, rest = ("- ", "  ") if bullet else ("", "")
    return textwrap.fill(
        " ".join(text.split()),
        WIDTH,
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )
