"""An answer as Matrix messages: the small set of HTML that clients show, and the same as plain text.

Rules of this file: pure. Everything is escaped; a link leads to a citation's own http(s) address or
nowhere; nothing in it turns into a mention (no "@room", no matrix.to address a client would make a
pill of). A message stays far below the 65,536 bytes of an event, longer answers are several messages,
parted between sentences, each with the sources of its own sentences.
"""

from __future__ import annotations

import html as markup
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from bot.chat.text import NEAREST_SHOWN, about, clean, lead, one_line, plain, read_until, shorten
from bot.model import Answer, Citation, Sentence
from bot.weblink import weblink

# Bytes of body and formatted_body together, as they stand in the event: encryption adds a third.
BUDGET = 40 * 1024
# Characters shown of a field. One sentence with one source, or three nearest, each at these lengths and
# every character escaped to six bytes, still fit the budget.
LONGEST_WORDS = 5000
LONGEST = 2000
LONGEST_QUOTE = 600
LONGEST_TITLE = 200
LONGEST_URL = 500
MOST_REFERENCES = 3
MOST_MARKS = 20

_PINGS = re.compile(r"@(?=room\b)|(?<=matrix)\.(?=to\b)|(?<=matrix):(?=(?:u|r|roomid|e)/)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Message:
    """One event's words: for clients that show markup, and for those that don't."""

    body: str
    formatted: str

    @property
    def size(self) -> int:
        """Bytes in the event: JSON escapes quotation marks and line ends."""
        return sum(len(json.dumps(s, ensure_ascii=False).encode()) for s in (self.body, self.formatted))


def messages(answer: Answer, budget: int = BUDGET) -> tuple[Message, ...]:
    """The answer as one message, or as several when one would be too large."""
    whole = Message(harmless(plain(answer)), html(answer))
    if whole.size <= budget:
        return (whole,)
    halves = _halves(answer)
    if not halves:
        return (cut(whole, budget),)
    return tuple(message for half in halves for message in messages(half, budget))


def words(text: str, budget: int = BUDGET) -> Message:
    """A few words of our own as a message."""
    said = harmless(shorten(clean(text), LONGEST_WORDS))
    return cut(Message(said, "<br>".join(markup.escape(line) for line in said.split("\n"))), budget)


def html(answer: Answer) -> str:
    """The answer in Matrix's subset of HTML."""
    urls = {c.n: c.url for c in answer.sources}
    opening = lead(answer)
    parts = [
        f"<p>{say(opening)}</p>" if opening else "",
        f"<p>{' '.join(_sentence(s, urls) for s in answer.sentences)}</p>" if answer.sentences else "",
        *(_sources(run) for run in _runs(answer.sources)),
        _nearest(answer),
        f"<p><em>{say(read_until(answer))}</em></p>" if read_until(answer) else "",
    ]
    return "".join(parts)


def harmless(text: str) -> str:
    """``text`` with an invisible space in whatever a client would turn into a mention."""
    return _PINGS.sub(lambda found: found.group() + "\u200b", text)


def say(text: str, limit: int = LONGEST) -> str:
    """Words as markup: on one line, shortened, escaped, and harmless."""
    return markup.escape(harmless(shorten(one_line(text), limit)))


def _sentence(sentence: Sentence, urls: dict[int, str]) -> str:
    marks = "".join(link(urls.get(n, ""), f"[{n}]") for n in sentence.citations[:MOST_MARKS])
    return f"{say(sentence.text)} {marks}".rstrip()


def _runs(sources: Iterable[Citation]) -> list[list[Citation]]:
    """Sources whose numbers follow each other: an ordered list can only be told where to start."""
    runs: list[list[Citation]] = []
    for source in sources:
        if runs and runs[-1][-1].n + 1 == source.n:
            runs[-1].append(source)
        else:
            runs.append([source])
    return runs


def _sources(run: list[Citation]) -> str:
    return f'<ol start="{run[0].n}">{"".join(_source(c) for c in run)}</ol>'


def _nearest(answer: Answer) -> str:
    """What comes closest, where nothing answers."""
    if answer.sentences or not answer.nearest:
        return ""
    near = (replace(c, references=()) for c in answer.nearest[:NEAREST_SHOWN])
    return f"<p>Nearest in my sources:</p><ul>{''.join(map(_source, near))}</ul>"


def _source(citation: Citation) -> str:
    title = shorten(one_line(citation.title) or one_line(citation.id), LONGEST_TITLE)
    quote = say(citation.quote, LONGEST_QUOTE)
    origins = [
        link(r.url, shorten(one_line(r.title) or one_line(r.url), LONGEST_TITLE))
        for r in citation.references[:MOST_REFERENCES]
    ]
    lines = [
        f"{link(citation.url, title)}<br><em>{say(about(citation), LONGEST_TITLE)}</em>",
        f"<blockquote>{quote}</blockquote>" if quote else "",
        f"<em>From:</em> {', '.join(origins)}" if origins else "",
    ]
    return f"<li>{''.join(lines)}</li>"


def link(url: str, label: str) -> str:
    """A link with its words, or the words alone when ``url`` may be none."""
    shown = markup.escape(harmless(label))
    return f'<a href="{markup.escape(url)}">{shown}</a>' if _linkable(url) else shown


def _linkable(url: str) -> bool:
    """Whether ``url`` may be a link: plain http(s), and nothing that a client shows as a person or a room."""
    return len(url) <= LONGEST_URL and url == one_line(url) and bool(weblink(url)) and not _PINGS.search(url)


def _halves(answer: Answer) -> tuple[Answer, Answer] | None:
    """The answer in two: between sentences, else between the sources; None when it has just one of each."""
    middle = len(answer.sentences) // 2
    if middle:
        first, second = answer.sentences[:middle], answer.sentences[middle:]
        return _part(answer, first), replace(_part(answer, second), remark="")
    half = len(answer.sources) // 2
    if half:
        return replace(answer, sources=answer.sources[:half]), replace(answer, sources=answer.sources[half:])
    return None


def _part(answer: Answer, sentences: tuple[Sentence, ...]) -> Answer:
    cited = {n for sentence in sentences for n in sentence.citations}
    return replace(answer, sentences=sentences, sources=tuple(c for c in answer.sources if c.n in cited))


def cut(message: Message, budget: int) -> Message:
    """The last resort: the plain text gives way, and where that is not enough the markup is plain text as well."""
    body, formatted = message.body, message.formatted
    if Message("", formatted).size > budget:
        body = shorten(body, budget // 16)  # a letter may be six bytes, and stands in both
        formatted = markup.escape(body)
    while body and Message(body, formatted).size > budget:
        body = shorten(body, len(body) * 3 // 4)
    return Message(body, formatted)
