"""An answer as plain text: for the console, for clients without markup, for notifications.

Rules of this file: every word of a source is shown as it stands, except that characters which
steer a terminal or turn the reading direction are dropped. Nothing here knows a chat service.
"""

from __future__ import annotations

import re

from bot.card import Card, Form, Line, Section
from bot.model import Answer, Citation, Status

NEAREST_SHOWN = 3
QUOTE_SHOWN = 300  # characters of a quote that are shown; the link leads to the rest

LEADS = {
    Status.ANSWERED: "",
    Status.WEAK: "I found this, but it does not settle the question:",
    Status.NOT_FOUND: "I found nothing in my sources that answers this.",
    Status.OUT_OF_SCOPE: "That is outside of what I read: Rust in the Linux kernel, and what concerns it.",
}

# C0 and C1 controls (but tab and newline) reach a terminal as commands; U+202A-202E and U+2066-2069
# re-order what is read, U+200B-200F and U+FEFF hide in it.
_INVISIBLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")


def clean(text: str) -> str:
    """``text`` without the characters that steer instead of saying something."""
    return _INVISIBLE.sub("", text)


def one_line(text: str) -> str:
    """``text`` cleaned, with every run of white space as one space."""
    return " ".join(clean(text).split())


def shorten(text: str, limit: int) -> str:
    """``text`` itself, or its beginning and an ellipsis, in at most ``limit`` characters."""
    return text if len(text) <= limit else text[: max(limit - 1, 0)].rstrip() + "…"


def lead(answer: Answer) -> str:
    """What we say in our own words before anything else; "" when the answer speaks for itself."""
    standard = LEADS[answer.status] if answer.sentences else LEADS[answer.status] or LEADS[Status.NOT_FOUND]
    return one_line(answer.remark) or standard


def about(citation: Citation) -> str:
    """Who wrote it, when, what it is and what became of it: "Ann, 2025-07-08, mail, superseded by v4"."""
    day = citation.date.date().isoformat() if citation.date else "undated"
    facts = (one_line(citation.author), day, citation.kind.value, one_line(citation.note or ""))
    return ", ".join(fact for fact in facts if fact)


def read_until(answer: Answer) -> str:
    """Up to when the sources were read, what could not be used, and whether a model found the words; or ""."""
    until = f"As of {answer.as_of.date().isoformat()}." if answer.as_of else ""
    worded = "Worded by a language model, and checked against the quotes." if answer.written else ""
    return " ".join(said for said in (until, one_line(answer.limited), worded) if said)


def plain(answer: Answer) -> str:
    """The whole answer with its sources, as lines of plain text."""
    said = " ".join(f"{clean(s.text)} {''.join(f'[{n}]' for n in s.citations)}".strip() for s in answer.sentences)
    paragraphs = [lead(answer), said, *_sources(answer), *_nearest(answer), read_until(answer)]
    return "\n\n".join(p for p in paragraphs if p)


def _nearest(answer: Answer) -> list[str]:
    """What comes closest, where nothing answers."""
    if answer.sentences or not answer.nearest:
        return []
    return ["Nearest in my sources:", *map(_source, answer.nearest[:NEAREST_SHOWN])]


def _sources(answer: Answer) -> list[str]:
    """Each source once in full; further quotes from it refer to it."""
    first: dict[str, int] = {}
    for citation in answer.sources:
        first.setdefault(citation.id, citation.n)
    return [_source(c) if first[c.id] == c.n else _further(c, first[c.id]) for c in answer.sources]


def _further(citation: Citation, n: int) -> str:
    return f"[{citation.n}] there too, as [{n}]\n    “{shorten(one_line(citation.quote), QUOTE_SHOWN)}”"


def _source(citation: Citation) -> str:
    quote = shorten(one_line(citation.quote), QUOTE_SHOWN)
    lines = [f"[{citation.n}] {one_line(citation.title)} ({about(citation)})"]
    lines += [f"    “{quote}”"] if quote else []
    lines += [f"    {one_line(citation.url)}"] if citation.url else []
    lines += [f"    from: {one_line(r.title)} {one_line(r.url)}" for r in citation.references]
    return "\n".join(lines)


def card(shown: Card) -> str:
    """A card as lines of plain text; links stand behind their words."""
    picture = f"[{one_line(shown.picture.alt)}]" if shown.picture else ""
    parts = [one_line(shown.title), picture, *map(_section, shown.sections), one_line(shown.hint)]
    return "\n\n".join(part for part in parts if part)


def form(asked: Form) -> str:
    """A form as lines of plain text, for services that have none."""
    fields = [
        f"- {one_line(f.label)}: {one_line(f.hint) or ', '.join(value for value, _ in f.options)}" for f in asked.fields
    ]
    return "\n".join([one_line(asked.title), *fields])


def _section(section: Section) -> str:
    mark = "- " if section.bullets else ""
    lines = [mark + _line(line) for line in section.lines]
    folded = [f"{mark}and {section.folded} more"] if section.folded else []
    return "\n".join([*([one_line(section.heading)] if section.heading else []), *lines, *folded])


def _line(line: Line) -> str:
    return "".join(clean(span.text) + (f" <{one_line(span.url)}>" if span.url else "") for span in line)
