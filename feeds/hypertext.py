"""The words of an HTML mail as plain text: paragraphs, lists, code and quotes keep their shape.

Only what a mail needs: it is a mail's text when the sender gave no other. Quotes (``blockquote``)
get ``> `` before their lines, so that they are told from the sender's own words like any other.
"""

from __future__ import annotations

import re
from html import unescape
from html.parser import HTMLParser

PARAGRAPHS = frozenset("p div h1 h2 h3 h4 h5 h6 ul ol table blockquote pre section article header footer hr".split())
LINES = frozenset("br li tr dt dd".split())
UNSEEN = frozenset("script style head title template".split())
SPACE = re.compile(r"[ \t\r\n\f]+")
TAG = re.compile(r"<[^>]*>")
BLANKS = re.compile(r"\n{3,}")


def plain(html: str) -> str:
    """``html`` as text. Never raises; what the parser can't follow loses its tags by force."""
    reader = _Reader()
    try:
        reader.feed(html)
        reader.close()
    except (AssertionError, ValueError):  # html.parser's way of giving up on broken declarations
        return unescape(TAG.sub(" ", html))
    return BLANKS.sub("\n\n", reader.text()).strip("\n")


class _Reader(HTMLParser):
    """Gathers lines; knows how deep in quotes, preformatted text and unseen elements it stands."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._lines: list[str] = []
        self._line = ""
        self._quotes = self._pre = self._unseen = 0

    def text(self) -> str:
        self._break()
        return "\n".join(self._lines)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in LINES or tag in PARAGRAPHS:
            self._break(paragraph=tag in PARAGRAPHS)
        self._deeper(tag, 1)
        if tag == "li":
            self._line = "- "
        elif tag in ("td", "th") and self._line.strip():
            self._line += "   "

    def handle_endtag(self, tag: str) -> None:
        if tag in PARAGRAPHS or tag in LINES - {"br"}:
            self._break(paragraph=tag in PARAGRAPHS)
        self._deeper(tag, -1)

    def handle_data(self, data: str) -> None:
        if self._unseen:
            return
        if not self._pre:
            data = SPACE.sub(" ", data)
            self._line += data.lstrip() if not self._line else data
            return
        head, *rest = data.replace("\r\n", "\n").split("\n")
        self._line += head
        for line in rest:
            self._break(keep=True)
            self._line = line

    def _deeper(self, tag: str, by: int) -> None:
        if tag == "blockquote":
            self._quotes = max(0, self._quotes + by)
        elif tag == "pre":
            self._pre = max(0, self._pre + by)
        elif tag in UNSEEN:
            self._unseen = max(0, self._unseen + by)

    def _break(self, *, paragraph: bool = False, keep: bool = False) -> None:
        line, self._line = self._line.rstrip(), ""
        mark = "> " * self._quotes
        if line or keep:
            self._lines.append(mark + line)
        if paragraph and self._lines and self._lines[-1].strip("> "):
            self._lines.append(mark.rstrip())
