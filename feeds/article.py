"""An article out of a web page, as blocks that say whose words they are.

trafilatura finds the article among the furniture; from its tree come the roles: what the page sets as a
quotation is somebody else's, what it sets as preformatted is code, the rest is the author's own prose.
When it finds no article (a note of one line, a fragment of a feed), the page's plain text is taken.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any
from urllib.parse import urljoin, urlsplit

from feeds.errors import Unreadable
from feeds.hypertext import plain
from index.model import Block, Role

EARLIEST = datetime(1991, 8, 6, tzinfo=UTC)  # the first web page
SPACE = re.compile(r"\s+")
SHORT = 20_000  # characters of a fragment whose blocks are remembered
LOST = 0.3  # of a fragment's words: when extraction keeps fewer, it mistook the text for furniture


@dataclass(frozen=True, slots=True)
class Article:
    """``links`` are absolute, without fragment, in the order of the page."""

    title: str
    author: str
    date: datetime | None
    blocks: tuple[Block, ...]
    links: tuple[str, ...] = ()


def extract(html: bytes | str, url: str) -> Article:
    """The article of a whole page. Raises ``Unreadable`` when there is no page to read."""
    tree = _tree(html)
    links = tuple(dict.fromkeys(_links(tree, url)))
    found = _extraction(tree, url)
    if found is None:
        raise Unreadable(f"{url} has no article in it")
    return Article(found.title or "", found.author or "", _day(found.date), tuple(_blocks(found.body)), links)


def fragment(html: str) -> tuple[Block, ...]:
    """The blocks of HTML that is nothing but an article, as feeds carry it."""
    return _again(html) if len(html) <= SHORT else _fragment(html)


def _fragment(html: str) -> tuple[Block, ...]:
    simple = plain(html)
    try:
        found = _extraction(_tree(f"<html><body><article>{html}</article></body></html>"), None)
    except Unreadable:
        found = None
    blocks = tuple(_blocks(found.body)) if found is not None else ()
    if sum(len(block.text) for block in blocks) >= LOST * len(simple):
        return blocks
    return tuple(_paragraphs(simple))


# A feed tells of the same entries each time it changes; finding the article takes milliseconds.
_again = lru_cache(maxsize=512)(_fragment)


def believable(date: datetime | None, now: datetime) -> datetime | None:
    """``date`` unless it lies before the web or in the future."""
    return date if date is not None and EARLIEST <= date <= now + timedelta(days=2) else None


def _tree(html: bytes | str) -> Any:
    from trafilatura.utils import load_html

    try:
        tree = load_html(html)
    except Exception as error:  # lxml and its helpers raise whatever they please on broken bytes
        raise Unreadable(f"no HTML ({error})") from error
    if tree is None:
        raise Unreadable("no HTML in it")
    for pre in tree.iter("pre"):  # a bare <pre> is code in practice; trafilatura would call it a quotation
        if not pre.xpath(".//code"):
            pre.tag = "code"
            wrapper = pre.makeelement("pre", {})
            pre.getparent().replace(pre, wrapper)
            wrapper.tail, pre.tail = pre.tail, None
            wrapper.append(pre)
    return tree


def _extraction(tree: Any, url: str | None) -> Any:
    from trafilatura import bare_extraction

    try:
        return bare_extraction(
            tree, url=url, with_metadata=True, include_comments=False, include_tables=True, favor_recall=True
        )
    except Exception as error:
        raise Unreadable(f"no article found ({error})") from error


def _links(tree: Any, base: str) -> Iterator[str]:
    for anchor in tree.iter("a"):
        try:
            link = urljoin(base, anchor.get("href", "")).split("#")[0]
            if urlsplit(link).scheme in ("http", "https"):
                yield link
        except ValueError:
            continue


def _blocks(body: Any) -> Iterator[Block]:
    for element in body:
        role, text = _block(element)
        if text:
            yield Block(role, text)


def _block(element: Any) -> tuple[Role, str]:
    if element.tag == "code":
        return Role.CODE, "".join(element.itertext()).strip("\n")
    if element.tag == "quote":
        return Role.QUOTED, "\n\n".join(_prose(child) for child in element) or _prose(element)
    if element.tag == "list":
        return Role.OWN, "\n".join(_items(element))
    if element.tag == "table":
        return Role.CODE, "\n".join(" | ".join(_prose(cell) for cell in row) for row in element.iter("row"))
    return Role.OWN, _prose(element)


def _items(element: Any, depth: int = 0) -> Iterator[str]:
    for item in element:
        words = (item.text or "", *(_prose(child) + (child.tail or "") for child in item if child.tag != "list"))
        if text := SPACE.sub(" ", "".join(words)).strip():
            yield "  " * depth + "- " + text
        for inner in item.iter("list"):
            if inner.getparent() is item and depth < 8:
                yield from _items(inner, depth + 1)


def _prose(element: Any) -> str:
    return SPACE.sub(" ", " ".join(_broken(element))).strip()


def _broken(element: Any) -> Iterable[str]:
    """The element's text, cut at line breaks only, so that inline tags add no blanks."""
    text = element.text or ""
    for child in element:
        if child.tag == "lb":
            yield text
            text = child.tail or ""
        else:
            text += "".join(child.itertext()) + (child.tail or "")
    yield text


def _paragraphs(text: str) -> Iterator[Block]:
    for paragraph in filter(None, (p.strip("\n") for p in text.split("\n\n"))):
        lines = paragraph.split("\n")
        if all(line.startswith(">") for line in lines):
            yield Block(Role.QUOTED, "\n".join(line.lstrip("> ") for line in lines))
        else:
            yield Block(Role.OWN, paragraph)


def _day(text: str | None) -> datetime | None:
    try:
        return datetime.fromisoformat(text or "").replace(tzinfo=UTC)
    except ValueError:
        return None
