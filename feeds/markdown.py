"""Markdown to blocks, by cutting the source and never by rendering it.

What is quoted must stand verbatim in the source, so a block's text is a run of source lines with links,
backticks and asterisks as they were typed; only what marks a whole line (a heading's hashes, a quote's
angle brackets) is taken off. Every word of the source, front matter aside, is in exactly one block.

Page furniture is told from prose by shape alone, never by the words of one site: what is nothing but
links, what has no word outside an image, and a few words without the end of a sentence. A list that is
mostly furniture is furniture.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markdown_it import MarkdownIt
from markdown_it.token import Token

from index.model import Block, Role

FEW_WORDS = 6  # a paragraph this short that ends like no sentence is a button, a date, a tag
_FRONT = re.compile(r"\A\ufeff?---[ \t]*\r?\n(.*?)^(?:---|\.\.\.)[ \t]*(?:\r?\n|\Z)", re.DOTALL | re.MULTILINE)
_NEWLINE = re.compile(r"\r\n?|\n")  # what markdown-it counts as the end of a line
_WORD = re.compile(r"\w+(?:['’.-]\w+)*")
_SENTENCE_END = re.compile(r"[.!?:;…][\"'”’)\]*_`]*\s*\Z")
_HASHES = re.compile(r"\A {0,3}#{1,6}[ \t]+|[ \t]+#+[ \t]*\Z")
_ANGLES = re.compile(r"^[ \t]*(?:>[ \t]?)+", re.MULTILINE)
_RULER = re.compile(r"\A[ \t]*[=+|-][=+| -]{4,}\n")  # the top of a table drawn with characters
_BOLD = re.compile(r"\A(\*\*|__).+\1\Z", re.DOTALL)


@dataclass(frozen=True, slots=True)
class _Leaf:
    """Lines ``start`` to ``end`` of the source that are one thing. ``listed``: they stand in a list."""

    start: int
    end: int
    role: Role
    text: str
    listed: bool = False


def front_matter(text: str) -> tuple[str, str]:
    """Split ``text`` into its YAML front matter ("" when there is none) and the Markdown below it."""
    match = _FRONT.match(text)
    return (match.group(1), text[match.end() :]) if match else ("", text.removeprefix("\ufeff"))


def blocks(text: str) -> tuple[Block, ...]:
    """Cut Markdown into blocks, in order: prose OWN, code and tables CODE, block quotes QUOTED, furniture SIGNATURE.

    A heading is a short block of its own; the items of a list without blank lines are one block.
    """
    body = front_matter(text)[1].replace("\0", "\ufffd")
    lines = _NEWLINE.split(body)
    leaves = _complete(_leaves(_parser().parse(body), lines), lines)
    return tuple(Block(leaf.role, leaf.text) for leaf in _joined(leaves))


def _parser() -> MarkdownIt:
    return MarkdownIt("commonmark").enable("table")


def _leaves(tokens: Sequence[Token], lines: Sequence[str]) -> Iterator[_Leaf]:
    """Everything that has words, top to bottom; ``quoting`` follows block quotes that are typed as HTML."""
    i = quoting = 0
    while i < len(tokens):
        end = _closing(tokens, i)
        group = tokens[i : end + 1]
        if tokens[i].type == "html_block":
            quoting += tokens[i].content.count("<blockquote") - tokens[i].content.count("</blockquote")
        for leaf in _top_level(group, lines):
            yield _quoted(leaf) if quoting > 0 and leaf.role is Role.OWN else leaf
        i = end + 1


def _closing(tokens: Sequence[Token], i: int) -> int:
    depth = 0
    while (depth := depth + tokens[i].nesting) > 0:
        i += 1
    return i


def _top_level(group: Sequence[Token], lines: Sequence[str]) -> Iterator[_Leaf]:
    first = group[0]
    start, end = first.map or (0, 0)
    match first.type:
        case "blockquote_open":
            yield _leaf(start, end, Role.QUOTED, lines)
        case "table_open" | "fence" | "code_block":
            yield _leaf(start, end, Role.CODE, lines)
        case "html_block":
            yield _leaf(start, end, _html(first.content), lines)
        case "bullet_list_open" | "ordered_list_open":
            yield from _list(group, lines)
        case "heading_open":
            yield _heading(first, lines)
        case "paragraph_open":
            yield _leaf(start, end, _paragraph(group[1], lines), lines)


def _leaf(start: int, end: int, role: Role, lines: Sequence[str]) -> _Leaf:
    text = "\n".join(lines[start:end]).rstrip()
    leaf = _Leaf(start, end, role, text if role is Role.CODE else text.strip())
    return _quoted(leaf) if role is Role.QUOTED else leaf


def _quoted(leaf: _Leaf) -> _Leaf:
    return _Leaf(leaf.start, leaf.end, Role.QUOTED, _ANGLES.sub("", leaf.text).strip())


def _heading(token: Token, lines: Sequence[str]) -> _Leaf:
    start, end = token.map or (0, 0)
    if token.markup[:1] == "#":
        return _Leaf(start, end, Role.OWN, _HASHES.sub("", lines[start]).strip())
    return _Leaf(start, end, Role.OWN, "\n".join(lines[start : end - 1]).strip())  # the last line underlines


def _html(content: str) -> Role:
    if content.lstrip().startswith("<!--"):
        return Role.SIGNATURE
    return Role.QUOTED if "<blockquote" in content else Role.CODE


def _paragraph(inline: Token, lines: Sequence[str]) -> Role:
    start, end = inline.map or (0, 0)
    text = "\n".join(lines[start:end]).strip()
    if _RULER.match(text + "\n"):
        return Role.CODE
    if _only_links(inline):
        return _role_of_links(inline)
    if _fragment(inline.content) and not _BOLD.match(inline.content):
        return Role.SIGNATURE
    return Role.OWN


def _list(group: Sequence[Token], lines: Sequence[str]) -> Iterator[_Leaf]:
    navigation = _navigation([token for token in group if token.type == "inline"])
    skip_to = 0
    for i, token in enumerate(group):
        start, end = token.map or (0, 0)
        if token.map is None or start < skip_to:
            continue
        role = _in_list(token, group[i + 1] if token.type == "paragraph_open" else None)
        if role is not None:
            skip_to = end
            role = Role.SIGNATURE if navigation and role is Role.OWN else role
            leaf = _leaf(start, end, role, lines)
            yield _Leaf(start, end, leaf.role, leaf.text, listed=True)


def _in_list(token: Token, inline: Token | None) -> Role | None:
    match token.type:
        case "blockquote_open":
            return Role.QUOTED
        case "fence" | "code_block" | "table_open":
            return Role.CODE
        case "html_block":
            return _html(token.content)
        case "heading_open":
            return Role.OWN
        case "paragraph_open" if inline is not None:
            return _role_of_links(inline) if _only_links(inline) else Role.OWN
    return None


def _navigation(items: Sequence[Token]) -> bool:
    links = [item for item in items if _only_links(item)]
    code = any(_role_of_links(item) is Role.CODE for item in links)
    prose = sum(not _fragment(item.content) for item in items if item not in links)
    return len(links) * 3 >= len(items) > 1 and prose * 10 <= len(items) and not code


def _only_links(inline: Token) -> bool:
    """No word stands outside a link or an image."""
    depth = 0
    for child in inline.children or ():
        depth += child.nesting if child.type.startswith("link_") else 0
        if depth == 0 and child.type in ("text", "code_inline") and _WORD.search(child.content):
            return False
    return True


def _role_of_links(inline: Token) -> Role:
    """A link whose text is code (an item of an API list) is content; a link of plain words is a way to elsewhere."""
    return Role.CODE if any(child.type == "code_inline" for child in inline.children or ()) else Role.SIGNATURE


def _fragment(content: str) -> bool:
    return len(_WORD.findall(content)) <= FEW_WORDS and not _SENTENCE_END.search(content)


def _complete(leaves: Iterator[_Leaf], lines: Sequence[str]) -> Iterator[_Leaf]:
    """Fill the gaps: link definitions, and what lies too deep for the parser, are words that nobody reads as prose."""
    at = 0
    for leaf in leaves:
        yield from _gap(at, leaf.start, lines)
        yield leaf
        at = max(at, leaf.end)
    yield from _gap(at, len(lines), lines)


def _gap(start: int, end: int, lines: Sequence[str]) -> Iterator[_Leaf]:
    text = "\n".join(lines[start:end]).strip()
    if _WORD.search(text):
        yield _Leaf(start, end, Role.SIGNATURE, text)


def _joined(leaves: Iterator[_Leaf]) -> Iterator[_Leaf]:
    last: _Leaf | None = None
    for leaf in leaves:
        if last and last.listed and leaf.listed and last.role is leaf.role and last.end == leaf.start:
            last = _Leaf(last.start, leaf.end, leaf.role, f"{last.text}\n{leaf.text}", listed=True)
            continue
        if last and last.text:
            yield last
        last = leaf
    if last and last.text:
        yield last
