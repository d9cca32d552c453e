"""An answer as Slack's Block Kit. Pure: an ``Answer`` in, JSON-ready values out.

Rules of this file:
- Every word that is not ours goes through ``escape``: nothing pings, nothing formats its way out.
- A link leads to the URL of a citation (or to a curated note's own references) and nowhere else, and
  only over http(s). Text objects are ``verbatim``, so Slack makes no links or mentions of its own.
- No limit of Slack's is exceeded, whatever the answer holds: what does not fit is left out, and said.
"""

from __future__ import annotations

import json
import re
from typing import Any

from bot.chat import text
from bot.model import Answer, Citation, Sentence

Block = dict[str, Any]

SECTION = 3_000  # characters of a text object
BLOCKS = 50  # blocks of a message
TOTAL = 12_500  # of about 13,200 characters over all blocks, as JSON
ANSWER = 8_000  # of TOTAL for the answer itself; the rest is for its sources
SENTENCE = 2_400  # characters of one sentence, before escaping
FALLBACK = 4_000  # characters of the text for notifications and screen readers
TITLE = 200
_OVERHEAD = 40  # what Slack adds to each block (an id), measured generously

_PING = re.compile(r"@(?=(?:here|channel|everyone)\b)", re.IGNORECASE)
_UNSAFE_IN_URL = re.compile(r"[^!#$%&'()*+,\-./0-9:;=?@A-Z\[\]_a-z~]")


def blocks(answer: Answer) -> list[Block]:
    """The answer, its sources, or what comes nearest, in at most 50 blocks."""
    urls = {c.n: c.url for c in answer.sources}
    opening = _section(escape(text.lead(answer)))
    said = _fit([*opening, *_paragraphs(answer.sentences, urls)], ANSWER, BLOCKS // 2)
    room = TOTAL - sum(map(_cost, said))
    return [*said, *_fit(_evidence(answer), room, BLOCKS - len(said))]


def fallback(answer: Answer) -> str:
    """The answer as one escaped text, for notifications and screen readers."""
    return plain_text(text.plain(answer))


def plain_text(words: str) -> str:
    """Any words as the ``text`` argument of a message: escaped, never empty, never too long."""
    return _cut(escape(words), FALLBACK).strip() or "…"


def escape(words: str) -> str:
    """``words`` as Slack shows them literally: no mention, no link, no code block."""
    quiet = _PING.sub("@\u2060", text.clean(words)).replace("```", "'''")
    return quiet.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def link(url: str, label: str) -> str:
    """``label`` leading to ``url``; the label alone when the URL is not http(s)."""
    shown = escape(label).replace("|", "¦")
    if not url.lower().startswith(("https://", "http://")) or len(url) > TITLE * 5:
        return shown
    return f"<{_UNSAFE_IN_URL.sub(_percent, url).replace('&', '&amp;')}|{shown}>"


def _percent(match: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in match[0].encode("utf-8", "replace"))


def _paragraphs(sentences: tuple[Sentence, ...], urls: dict[int, str]) -> list[Block]:
    """The sentences with their links, as few sections as hold them."""
    pages = [""]
    for sentence in sentences:
        piece = _sentence(sentence, urls)
        if len(pages[-1]) + 1 + len(piece) > SECTION:
            pages.append("")
        pages[-1] = f"{pages[-1]} {piece}".strip()
    return [block for page in pages for block in _section(page)]


def _sentence(sentence: Sentence, urls: dict[int, str]) -> str:
    said = _cut(escape(text.shorten(sentence.text.strip(), SENTENCE)), SENTENCE)
    marks = ""
    for n in sentence.citations:
        mark = link(urls.get(n, ""), f"[{n}]")
        marks += mark if len(said) + len(marks) + len(mark) < SECTION else ""
    return f"{said} {marks}".strip()


def _evidence(answer: Answer) -> list[Block]:
    """The sources of an answer, or the nearest there is when there is no answer."""
    shown = answer.sources if answer.sentences else answer.sources or answer.nearest[: text.NEAREST_SHOWN]
    heading = [] if answer.sources or not shown else [_context("Nearest in my sources:")]
    closing = [_context(escape(words)) for words in (text.read_until(answer),) if words]
    return [*heading, *map(_source, shown), *closing]


def _source(citation: Citation) -> Block:
    title = link(citation.url, text.shorten(text.one_line(citation.title) or citation.id or "source", TITLE))
    about = escape(text.shorten(text.about(citation), TITLE))
    quote = escape(text.shorten(text.one_line(citation.quote), text.QUOTE_SHOWN))
    origins = [link(r.url, text.shorten(text.one_line(r.title), TITLE)) for r in citation.references[:2]]
    lines = [f"[{citation.n}] {title} · {about}", f"“{quote}”" if quote else "", *(f"from {o}" for o in origins)]
    kept, size = [], 0
    for line in filter(None, lines):
        size += len(line) + 1
        kept += [line] if size <= SECTION else []
    return _context("\n".join(kept) or f"[{citation.n}]")


def _fit(wanted: list[Block], room: int, count: int) -> list[Block]:
    """The first blocks that fit, and a word about those that do not."""
    rest = _context("… and more than fits into a message.")
    kept: list[Block] = []
    spent = _cost(rest)
    for block in wanted:
        spent += _cost(block)
        if spent > room or len(kept) >= count - 1:
            return [*kept, rest]
        kept.append(block)
    return kept


def _cost(block: Block) -> int:
    return len(json.dumps(block, ensure_ascii=False)) + _OVERHEAD


def _cut(escaped: str, limit: int) -> str:
    """Shorten escaped text without leaving half an entity behind, or a ping where "@heretic" was."""
    if len(escaped) <= limit:
        return escaped
    return _PING.sub("@\u2060", re.sub(r"&[a-z]*$", "", escaped[: limit - 2]).rstrip() + "…")


def _section(words: str) -> list[Block]:
    return [{"type": "section", "text": _mrkdwn(_cut(words, SECTION))}] if words.strip() else []


def _context(words: str) -> Block:
    return {"type": "context", "elements": [_mrkdwn(words)]}


def _mrkdwn(words: str) -> Block:
    return {"type": "mrkdwn", "text": words, "verbatim": True}
