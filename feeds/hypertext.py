"""The words of an HTML mail as plain text: paragraphs, lists, code and quotes keep their shape.

Only what a mail needs: it is a mail's text when the sender gave no other. Quotes (``blockquote``)
get ``> `` before their lines, so that they are told from the sender's own words like any other.
The standard library's parser takes a minute over 256 KB of ``<a<a<a``; telling tags from text with
one expression that can't go back is enough here, and always quick.
"""

from __future__ import annotations

import re
from html import unescape

PARAGRAPHS = frozenset("p div h1 h2 h3 h4 h5 h6 ul ol table blockquote pre section article header footer hr".split())
LINES = frozenset("br li tr dt dd".split())
UNSEEN = frozenset("script style head title template".split())
QUOTES_MAX = 20
SPACE = re.compile(r"[ \t\r\n\f]+")
TAG = re.compile(r"<(/?[a-zA-Z!?][^<>]*)>")
BLANKS = re.compile(r"\n{3,}")
COMMENT_END = re.compile(r"--!?>")  # the opening's own dashes may be the closing's: <!-->


def plain(html: str) -> str:
    """``html`` as text. Never raises."""
    reader = _Reader()
    pieces = TAG.split(_uncommented(html))
    reader.words(unescape(pieces[0]))
    for tag, text in zip(pieces[1::2], pieces[2::2], strict=True):
        name = tag.strip("/").split(maxsplit=1)[0].lower() if tag.strip("/ \t\n") else ""
        (reader.closes if tag.startswith("/") else reader.opens)(name)
        reader.words(unescape(text))
    return BLANKS.sub("\n\n", reader.text()).strip("\n")


def _uncommented(html: str) -> str:
    """``html`` without comments; one that never ends is left to be taken for a tag, lest it hide the mail."""
    kept, at = [], 0
    while (start := html.find("<!--", at)) >= 0 and (end := COMMENT_END.search(html, start + 2)):
        kept.append(html[at:start])
        at = end.end()
    return "".join(kept) + html[at:]


class _Reader:
    """Gathers lines; knows how deep in quotes, preformatted text and unseen elements it stands."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._line: list[str] = []
        self._quotes = self._pre = self._unseen = 0

    def text(self) -> str:
        self._break()
        return "\n".join(self._lines)

    def opens(self, tag: str) -> None:
        if tag in LINES or tag in PARAGRAPHS:
            self._break(paragraph=tag in PARAGRAPHS)
        self._deeper(tag, 1)
        if tag == "li":
            self._line = ["- "]
        elif tag in ("td", "th") and self._line:
            self._line.append("   ")

    def closes(self, tag: str) -> None:
        if tag in PARAGRAPHS or tag in LINES - {"br"}:
            self._break(paragraph=tag in PARAGRAPHS)
        self._deeper(tag, -1)

    def words(self, data: str) -> None:
        if self._unseen:
            return
        if not self._pre:
            data = SPACE.sub(" ", data)
            if data := data if self._line else data.lstrip():
                self._line.append(data)
            return
        head, *rest = data.replace("\r\n", "\n").split("\n")
        self._line.append(head)
        for line in rest:
            self._break(keep=True)
            self._line = [line]

    def _deeper(self, tag: str, by: int) -> None:
        if tag == "blockquote":
            self._quotes = max(0, self._quotes + by)
        elif tag == "pre":
            self._pre = max(0, self._pre + by)
        elif tag == "body":
            self._unseen = 0  # whatever was left open above it
        elif tag in UNSEEN:
            self._unseen = max(0, self._unseen + by)

    def _break(self, *, paragraph: bool = False, keep: bool = False) -> None:
        line, self._line = "".join(self._line).rstrip(), []
        mark = "> " * min(self._quotes, QUOTES_MAX)
        if line or keep:
            self._lines.append(mark + line)
        if paragraph and self._lines and self._lines[-1].strip("> "):
            self._lines.append(mark.rstrip())
