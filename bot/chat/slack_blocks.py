"""An answer as Slack's Block Kit. Pure: an ``Answer`` in, JSON-ready values out.

Rules of this file:
- Whatever stands in an answer goes through ``slack_markup``; a link leads to the URL of a citation (or to a
  curated note's own references) and nowhere else.
- No limit of Slack's is exceeded, whatever the answer holds: what does not fit is left out, and said.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from bot.card import Button
from bot.chat import text
from bot.chat.slack_buttons import rows, thumbs
from bot.chat.slack_markup import SECTION, Block, context, cut, link, literal, plain_text, prose, section
from bot.model import Answer, Citation, Sentence

BLOCKS = 50  # blocks of a message
TOTAL = 12_500  # of about 13,200 characters over all blocks, as JSON
ANSWER = 7_000  # of TOTAL for the answer itself; the rest is for its sources
SENTENCE = 2_400  # characters of one sentence, before escaping
KEY = 500  # characters of a key that buttons can carry
TITLE = 200
_OVERHEAD = 40  # what Slack adds to each block (an id), measured generously


def blocks(answer: Answer, key: str = "", *, private: bool = False) -> list[Block]:
    """The answer, its sources or what comes nearest, and with a ``key`` the buttons for it; at most 50 blocks."""
    urls = {c.n: c.url for c in answer.sources}
    opening = [section(prose(lead))] if (lead := text.lead(answer)) else []
    said = fit([*opening, *_paragraphs(answer.sentences, urls)], ANSWER, BLOCKS // 2)
    asked = [thumbs(key), *rows(_offers(answer, key, private))] if 0 < len(key) <= KEY else []
    room = TOTAL - sum(map(cost, [*said, *asked]))
    return [*said, *fit(_evidence(answer), room, BLOCKS - len(said) - len(asked)), *asked] or [context("…")]


def fallback(answer: Answer) -> str:
    """The answer as one escaped text, for notifications and screen readers."""
    return plain_text(text.plain(answer))


def _offers(answer: Answer, key: str, private: bool) -> list[Button]:
    """What can be done about an answer; the names of the acts are the commands'."""
    shown = answer.sources or answer.nearest
    return [
        *([Button("Share with the channel", "share", key)] if private and shown else []),
        *([Button("Show the quoted words", "quotes", key)] if shown else []),
        *([Button("More sources", "more", key)] if answer.retrieved else []),
        *([Button("Ask the people", "people", key)] if shown else []),
        *([Button("Resolved", "resolved", key)] if answer.sentences else []),
    ]


def _paragraphs(sentences: tuple[Sentence, ...], urls: dict[int, str]) -> list[Block]:
    """The sentences with their links, as few sections as hold them."""
    pages = [""]
    for sentence in sentences:
        piece = _sentence(sentence, urls)
        if len(pages[-1]) + 1 + len(piece) > SECTION:
            pages.append("")
        pages[-1] = f"{pages[-1]} {piece}".strip()
    return [section(page) for page in pages if page]


def _sentence(sentence: Sentence, urls: dict[int, str]) -> str:
    said = cut(prose(text.shorten(sentence.text.strip(), SENTENCE)), SENTENCE)
    marks = ""
    for n in sentence.citations:
        mark = link(urls.get(n, ""), f"[{n}]")
        marks += mark if len(said) + len(marks) + len(mark) < SECTION else ""
    return f"{said} {marks}".strip()


def _evidence(answer: Answer) -> list[Block]:
    """The sources of an answer, or the nearest there is when there is no answer."""
    shown = answer.sources if answer.sentences else answer.sources or answer.nearest[: text.NEAREST_SHOWN]
    heading = [context("Nearest in my sources:")] if shown and not answer.sources else []
    closing = [context(literal(words)) for words in (text.read_until(answer),) if words]
    return [*heading, *_sources(shown), *closing]


def _sources(shown: Sequence[Citation]) -> list[Block]:
    """Each source once in full; further quotes from it refer to it."""
    first: dict[str, int] = {}
    for citation in shown:
        first.setdefault(citation.id, citation.n)
    return [_source(c) if first[c.id] == c.n else _further(c, first[c.id]) for c in shown]


def _further(citation: Citation, n: int) -> Block:
    quote = prose(text.shorten(text.one_line(citation.quote), text.QUOTE_SHOWN))
    return context(f"{link(citation.url, f'[{citation.n}]')} there too, as [{n}]: “{quote}”")


def _source(citation: Citation) -> Block:
    title = link(citation.url, text.shorten(text.one_line(citation.title) or citation.id or "source", TITLE))
    about = literal(text.shorten(text.about(citation), TITLE))
    quote = prose(text.shorten(text.one_line(citation.quote), text.QUOTE_SHOWN))
    origins = [link(r.url, text.shorten(text.one_line(r.title), TITLE)) for r in citation.references[:2]]
    lines = [f"[{citation.n}] {title} · {about}", f"“{quote}”" if quote else "", *(f"from {o}" for o in origins)]
    kept, size = [], 0
    for line in filter(None, lines):
        size += len(line) + 1
        kept += [line] if size <= SECTION else []
    return context("\n".join(kept) or f"[{citation.n}]")


def fit(wanted: Sequence[Block], room: int, count: int) -> list[Block]:
    """The first blocks that fit, and a word about those that do not."""
    rest = context("… and more than fits into a message.")
    kept: list[Block] = []
    spent = cost(rest)
    for number, block in enumerate(wanted):
        spent += cost(block)
        if spent > room or len(kept) >= count - (1 if number < len(wanted) - 1 else 0):
            return [*kept[: max(count - 1, 0)], rest] if count > 0 else []
        kept.append(block)
    return kept


def cost(block: Block) -> int:
    """Characters a block takes of a message's."""
    return len(json.dumps(block, ensure_ascii=False)) + _OVERHEAD
