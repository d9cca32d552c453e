"""Hostile answers and cards, rendered for Matrix and read back by a browser's parser (nh3) that knows nothing of krab.

Rules of this file: the same seed gives the same messages. A message is wrong when the sanitiser changes it, when
a link leads to what nobody cited, when something in it would ping, or when it does not fit an encrypted event.
"""

from __future__ import annotations

import html
import json
import random
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from html.parser import HTMLParser

import nh3

from bot.card import Card, Line, Section, Span, Style
from bot.chat.matrix_card import card_messages
from bot.chat.matrix_html import Message, messages
from bot.chat.matrix_post import edit, notice
from bot.model import Answer, Citation, Sentence, Status
from index.model import Kind, Reference

LIMIT = 65_536
ENVELOPE = 2_500  # bytes of an event around its content: ids, hashes, signatures, ancestors
# From the specification, "m.room.message msgtypes", less what krab has no use for.
TAGS = set(
    "del h1 h2 h3 h4 h5 h6 blockquote p a ul ol sup sub li b i u strong em s code hr br div table thead tbody tr th td"
    " caption pre span details summary".split()
)
PIECES = (
    "<script>alert(1)</script>", "</p></li></ol>", "<img src=x onerror=alert(1)>", "&lt;b&gt;", "&#60;", "<!--", "]]>",
    "@room", "@ROOM", "https://matrix.to/#/@ann:example.org", "matrix:u/ann:example.org", "@ann:example.org",
    "<a href='https://evil.example/'>x</a>", "javascript:alert(1)", "https://evil.example/", "\x00",
    "\x1b[2J", "\u202e", "\u200b", "\ud800", "🦀",
    "語" * 30, '"' * 40, "'", "&" * 20, "\n\n", "\t", "<mx-reply>", "[1]", "word",
    "a long word " * 9, "<svg/onload=x>", "<math><mtext></form>", "</blockquote>", "\\", "{{x}}", "%s", "<" * 15,
)  # fmt: skip
URLS = (
    "https://lists.example/a@b/", "http://b.example/?a=1&b=2", 'https://c.example/"onclick="x', "javascript:x", "",
    "https://matrix.to/#/@a:b", "https://d.example/<b>", "data:text/html,x", "https://e.example/ a", "//f.example",
    "https://g.example/" + "x" * 700, "https://h.example/@room",
)  # fmt: skip
DAY = datetime(2025, 7, 8, tzinfo=UTC)
PINGS = re.compile(r"@room\b|matrix\.to/|matrix:(?:u|r|roomid|e)/", re.IGNORECASE)


def fuzzed(count: int, seed: int = 1) -> tuple[int, list[str]]:
    """How many messages ``count`` answers and cards became, and what was wrong with them."""
    chance, wrong, made = random.Random(seed), [], 0
    for _ in range(count):
        shown, urls = _answer(chance) if chance.random() < 0.6 else _card(chance)
        for message in shown:
            made += 1
            wrong += [f"{fault}: {message.formatted[:300]!r}" for fault in faults(message, urls)]
    return made, wrong


def faults(message: Message, urls: frozenset[str]) -> Iterator[str]:
    """What is wrong with a message that may link to ``urls``."""
    attributes = {"a": {"href"}, "ol": {"start"}}
    clean = nh3.clean(
        message.formatted, tags=TAGS, attributes=attributes, url_schemes={"http", "https"}, link_rel=None
    )  # fmt: skip
    ours, theirs = _Reader(message.formatted), _Reader(clean)
    if ours.seen != theirs.seen:
        yield "the sanitiser changes it"
    if foreign := [link for link in ours.links if link not in urls]:
        yield f"it links to {foreign}"
    if PINGS.search(message.body) or PINGS.search("".join(ours.words)) or any(map(PINGS.search, ours.links)):
        yield "it pings"
    for content in (notice(message), edit(notice(message), "$" + "x" * 43)):
        if len(json.dumps(content, ensure_ascii=False).encode()) * 4 / 3 + ENVELOPE > LIMIT:
            yield "it is too large"


class _Reader(HTMLParser):
    """A text as tags, attributes and words, so that two ways of writing the same are equal."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.seen: list[object] = []
        self.links: list[str] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, sorted((name, value or "") for name, value in attrs)))
        self.links += [value or "" for name, value in attrs if name == "href"]

    def handle_endtag(self, tag: str) -> None:
        self.seen.append(f"/{tag}")

    def handle_data(self, data: str) -> None:
        self.words.append(data)
        if self.seen and isinstance(self.seen[-1], list):
            self.seen[-1].append(data)
        else:
            self.seen.append([data])

    def handle_comment(self, data: str) -> None:
        self.seen.append(("comment", data))

    def handle_decl(self, decl: str) -> None:
        self.seen.append(("declaration", decl))


def _words(chance: random.Random, most: int = 6) -> str:
    text = " ".join(chance.choice(PIECES) for _ in range(chance.randint(0, most)))
    return text * chance.choice((1, 1, 1, 1, 1, 40)) if chance.random() < 0.2 else html.unescape(text)


def _citation(chance: random.Random, n: int) -> Citation:
    references = tuple(Reference(_words(chance), chance.choice(URLS)) for _ in range(chance.randint(0, 2)))
    return Citation(
        n, _words(chance, 2), chance.choice(URLS), _words(chance), _words(chance, 3), chance.choice((None, DAY)),
        _words(chance, 10), chance.choice(list(Kind)), chance.choice((None, _words(chance, 2))), references,
    )  # fmt: skip


def _answer(chance: random.Random) -> tuple[tuple[Message, ...], frozenset[str]]:
    sources = tuple(_citation(chance, n) for n in range(1, chance.choice((1, 2, 4, 40)) + 1))
    sentences = tuple(
        Sentence(_words(chance, 20), tuple(chance.choices(range(1, len(sources) + 2), k=chance.randint(0, 3))))
        for _ in range(chance.choice((0, 1, 3, 30)))
    )
    nearest = tuple(_citation(chance, n) for n in range(1, chance.randint(0, 4) + 1))
    answer = Answer(
        chance.choice(list(Status)),
        sentences,
        sources,
        nearest,
        as_of=chance.choice((None, DAY)),
        remark=_words(chance),
    )
    cited = (*sources, *nearest)
    return messages(answer), frozenset(c.url for c in cited) | {r.url for c in cited for r in c.references}


def _card(chance: random.Random) -> tuple[tuple[Message, ...], frozenset[str]]:
    def line() -> Line:
        return tuple(
            Span(_words(chance), chance.choice(list(Style)), chance.choice(("", *URLS)))
            for _ in range(chance.randint(0, 4))
        )

    sections = tuple(
        Section(
            tuple(line() for _ in range(chance.choice((0, 1, 3, 30)))),
            _words(chance, 2), chance.random() < 0.5, chance.choice((0, 0, 7)),
        )
        for _ in range(chance.choice((0, 1, 2, 12)))
    )  # fmt: skip
    card = Card(_words(chance, 3), sections, hint=_words(chance, 3))
    spans = (span for section in sections for shown in section.lines for span in shown)
    return card_messages(card), frozenset(span.url for span in spans)
