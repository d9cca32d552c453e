"""A card as Block Kit, and a form as a modal. Pure: values in, JSON-ready values out, within Slack's limits."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from bot.card import Card, Field, FieldKind, Form, Line, Section, Span, Style
from bot.chat import text
from bot.chat.slack_blocks import BLOCKS, TOTAL, cost, fit
from bot.chat.slack_buttons import PREFIX, rows
from bot.chat.slack_markup import SECTION, Block, code, context, link, literal, plain, prose, section, strong

HEADER, MODAL_TITLE, OPTION_TEXT, OPTION_VALUE, OPTIONS = 150, 24, 75, 150, 100
CLICKED = 10  # options that are shown all at once
LABEL, HINT, TYPED = 2_000, 2_000, 3_000  # characters
MEMORY = 3_000  # characters of private_metadata
_ENTRY = "entry"  # the action_id of every field


def card_blocks(shown: Card, picture: str = "", *, room: int = TOTAL, count: int = BLOCKS) -> list[Block]:
    """The card, in at most ``count`` blocks. ``picture`` is the id of its picture when it was uploaded."""
    closing = [*rows(shown.buttons), *([context(prose(shown.hint))] if shown.hint else [])]
    opening = [{"type": "header", "text": plain(shown.title, HEADER)}] if text.one_line(shown.title) else []
    if shown.picture:
        opening.append(_picture(shown, picture))
    body = [block for part in shown.sections for block in _section(part)]
    left = room - sum(map(cost, [*opening, *closing]))
    made = [*opening, *fit(body, left, count - len(opening) - len(closing)), *closing]
    return made or [context("…")]


def _picture(shown: Card, uploaded: str) -> Block:
    assert shown.picture
    alt = text.one_line(shown.picture.alt) or "a picture"
    if not uploaded:
        return context(f"[{literal(text.shorten(alt, 2_000))}]")
    made: Block = {"type": "image", "slack_file": {"id": uploaded}, "alt_text": text.shorten(alt, 2_000)}
    return made | ({"title": plain(shown.picture.title, 2_000)} if shown.picture.title else {})


def _section(part: Section) -> list[Block]:
    """The lines under their heading, as few blocks as hold them."""
    mark = "• " if part.bullets else ""
    lines = [strong(part.heading)] if part.heading else []
    lines += [mark + _line(line) for line in part.lines]
    lines += [f"{mark}and {part.folded} more"] if part.folded else []
    pages = [""]
    for line in lines:
        if len(pages[-1]) + 1 + len(line) > SECTION:
            pages.append("")
        pages[-1] = f"{pages[-1]}\n{line}" if pages[-1] else line
    return [section(page) for page in pages if page.strip()]


def _line(line: Line) -> str:
    """As many of its spans as a block holds; what is longer than one is shortened before it is set."""
    kept = ""
    for span in line:
        set_ = _span(span)
        if len(kept) + len(set_) > SECTION - 10:
            return kept + "…"
        kept += set_
    return kept


def _span(span: Span) -> str:
    words = text.shorten(" ".join(text.clean(span.text).split("\n")), 900)
    before, after = words[: len(words) - len(words.lstrip())], words[len(words.rstrip()) :]
    inner = words.strip()
    if not inner:
        return " " if words else ""
    if span.url:
        linked = link(span.url, inner)
        set_ = f"*{linked}*" if span.style is Style.STRONG else linked
    elif span.style is Style.STRONG:
        set_ = strong(inner)
    elif span.style is Style.CODE:
        set_ = code(inner)
    else:
        set_ = prose(inner)
    return (" " if before else "") + set_ + (" " if after else "")


def modal(form: Form, memory: Mapping[str, str]) -> Block:
    """The form as a modal. ``memory`` comes back with what is filled in."""
    title = text.one_line(form.title)
    heading = [section(strong(text.shorten(title, 500)))] if len(title) > MODAL_TITLE else []
    kept = json.dumps({**memory, "value": form.value}, ensure_ascii=False)
    return {
        "type": "modal",
        "callback_id": f"{PREFIX}{form.act}"[:255],
        "title": plain(title, MODAL_TITLE),
        "submit": plain(form.submit, 24),
        "close": plain("Cancel", 24),
        "private_metadata": kept if len(kept) <= MEMORY else "{}",
        "blocks": [*heading, *map(_field, form.fields[: OPTIONS - 1])],
    }


def _field(field: Field) -> Block:
    made: Block = {
        "type": "input",
        "block_id": field.name[:255],
        "label": plain(field.label, LABEL),
        "element": _element(field),
        "optional": field.optional,
    }
    return made | ({"hint": plain(field.hint, HINT)} if field.hint else {})


def _element(field: Field) -> Block:
    options = [_option(value, label) for value, label in field.options if 0 < len(value) <= OPTION_VALUE][:OPTIONS]
    if field.kind is FieldKind.TEXT or not options:
        return _entry(field)
    chosen = [option for option in options if option["value"] in field.initial]
    few = len(options) <= CLICKED
    if field.kind is FieldKind.CHOICE:
        made: Block = {"type": "radio_buttons" if few else "static_select", "action_id": _ENTRY, "options": options}
        return made | ({"initial_option": chosen[0]} if chosen else {})
    made = {"type": "checkboxes" if few else "multi_static_select", "action_id": _ENTRY, "options": options}
    return made | ({"initial_options": chosen} if chosen else {})


def _entry(field: Field) -> Block:
    first = text.clean("".join(field.initial[:1]))[:TYPED]
    made: Block = {"type": "plain_text_input", "action_id": _ENTRY, "max_length": TYPED}
    made["multiline"] = "\n" in first
    return made | ({"initial_value": first} if first else {})


def _option(value: str, label: str) -> Block:
    return {"text": plain(label, OPTION_TEXT), "value": value}


def filled(values: Mapping[str, Any]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """What was filled in: ``state.values`` of a submitted view, by the fields' names."""
    found = []
    for name, block in values.items():
        entry = block.get(_ENTRY) if isinstance(block, Mapping) else None
        if isinstance(entry, Mapping):
            found.append((str(name), tuple(_told(entry))))
    return tuple(found)


def _told(entry: Mapping[str, Any]) -> list[str]:
    options = entry.get("selected_options")
    if options is None:
        option = entry.get("selected_option")
        options = [option] if isinstance(option, Mapping) else []
    told = [option.get("value") for option in options if isinstance(option, Mapping)]
    return [value for value in [*told, entry.get("value")] if isinstance(value, str) and value]


def home_view(cards: Sequence[Card], notice: Card | None = None) -> Block:
    """The cards as the App Home, what was just done first; at most 100 blocks."""
    made: list[Block] = []
    for shown in (*([notice] if notice else []), *cards):
        divider: list[Block] = [{"type": "divider"}] if made else []
        left = 100 - len(made) - len(divider)
        if left < 4:
            break
        made += [*divider, *card_blocks(shown, room=6_000, count=min(left, 25))]
    return {"type": "home", "callback_id": f"{PREFIX}home", "blocks": made or [context("Nothing yet.")]}
