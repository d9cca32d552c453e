"""Cards, forms and pictures as Matrix messages.

Rules of this file: pure. The same small HTML, escaping and limits as for answers (``matrix_html``). Lines are
short and lists flat, so that they read well on a phone; buttons are left out, since a card's hint says what
to type instead. A card that is too large is parted between its sections, a section between its lines.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from bot.card import Card, Form, Line, Picture, Section, Span, Style
from bot.chat import text
from bot.chat.matrix_html import BUDGET, Message, cut, harmless, link, say

TAGS = {Style.STRONG: "strong", Style.CODE: "code", Style.FAINT: "em"}


def card_messages(card: Card, budget: int = BUDGET) -> tuple[Message, ...]:
    """The card as one message, or as several when one would be too large; none when it is empty."""
    words = replace(card, picture=None)
    whole = Message(harmless(text.card(words)), html(words))
    if not whole.body:
        return ()
    if whole.size <= budget:
        return (whole,)
    halves = _halves(card)
    if not halves:
        return (cut(whole, budget),)
    return tuple(message for half in halves for message in card_messages(half, budget))


def form_messages(form: Form) -> tuple[Message, ...]:
    """The form as words: what it asks for, and how to give that by typing."""
    lines = tuple(
        (Span(field.label, Style.STRONG), Span(": " + (field.hint or ", ".join(v for v, _ in field.options))))
        for field in form.fields
    )
    return card_messages(Card(form.title, (Section(lines, bullets=True),)))


def html(card: Card) -> str:
    """The card in Matrix's subset of HTML."""
    title = f"<p><strong>{say(card.title)}</strong></p>" if card.title else ""
    hint = f"<p><em>{say(card.hint)}</em></p>" if card.hint else ""
    return title + "".join(map(_section, card.sections)) + hint


def image(picture: Picture, place: dict[str, Any]) -> dict[str, Any]:
    """The content of an event that shows the picture; ``place`` says where it was uploaded to."""
    width, height = _size(picture.png)
    return {
        "msgtype": "m.image",
        "body": harmless(text.one_line(picture.alt)),
        "filename": "krab.png",
        "info": {"mimetype": "image/png", "size": len(picture.png), "w": width, "h": height},
        "m.mentions": {},
        **place,
    }


def _section(section: Section) -> str:
    heading = f"<p><strong>{say(section.heading)}</strong></p>" if section.heading else ""
    lines = [_line(line) for line in section.lines]
    lines += [f"<em>and {section.folded} more</em>"] if section.folded else []
    if not lines:
        return heading
    if section.bullets:
        return f"{heading}<ul>{''.join(f'<li>{line}</li>' for line in lines)}</ul>"
    return f"{heading}<p>{'<br>'.join(lines)}</p>"


def _line(line: Line) -> str:
    return "".join(map(_span, line))


def _span(span: Span) -> str:
    said = " ".join(text.clean(span.text).split(" "))
    shown = link(span.url, said) if span.url else _lines(said, say)
    tag = TAGS.get(span.style)
    return f"<{tag}>{shown}</{tag}>" if tag and shown else shown


def _lines(said: str, shown: Callable[[str], str]) -> str:
    """``said`` with the spaces at its ends, which ``say`` takes away."""
    before, after = said[: len(said) - len(said.lstrip())], said[len(said.rstrip()) :]
    return (" " if before else "") + shown(said) + (" " if after and said.strip() else "")


def _halves(card: Card) -> tuple[Card, Card] | None:
    """The card in two, between sections or within its only one; None when there is just one line."""
    parts: Iterable[Section] = card.sections
    first, second = _split(tuple(parts))
    if not second and card.sections:
        only = card.sections[0]
        ahead, behind = _split(only.lines)
        first = (replace(only, lines=ahead, folded=0),)
        second = (replace(only, lines=behind, heading=""),) if behind else ()
    if not second:
        return None
    return replace(card, sections=first, hint=""), replace(card, sections=second, title="")


def _split(items: tuple[Any, ...]) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    middle = (len(items) + 1) // 2
    return items[:middle], items[middle:]


def _size(png: bytes) -> tuple[int, int]:
    """Width and height, out of a PNG's first chunk; zeros when it is none."""
    if len(png) < 24 or png[12:16] != b"IHDR":
        return 0, 0
    width, height = struct.unpack(">II", png[16:24])
    return width, height
