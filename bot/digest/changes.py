"""What has changed since the version before: what the author writes, and the files. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from bot.digest.model import Cited
from bot.digest.sentences import cited
from index.model import Part, Role
from index.sentences import spans

_HEADING = re.compile(
    r"^[ \t*#=\[(-]{0,6}(?:(?:major |main |notable )?chang(?:es?|elog)|diff(?:erences?)?|revision history|history"
    r"|version|patch)?"
    r"[ \t]*(?P<how>in|since|from|for|to|of|between|with)?[ \t]*(?:(?:RFC|PATCH|version)[ \t]*)?"
    r"(?:v(?P<one>\d+)|(?P<rfc>RFC))(?P<rest>[^\n]{0,60})$",
    re.IGNORECASE | re.MULTILINE,
)
_ARROW = re.compile(r"(?:->|=>|→|\.\.+|\bto\b|\band\b|~)[ \t]*v?(?P<other>\d+)", re.IGNORECASE)
_ANY = re.compile(r"^[ \t*#-]{0,4}(?:changes?|changelog)\b[^\n]{0,20}:?[ \t]*$", re.IGNORECASE | re.MULTILINE)
_BULLET = re.compile(r"^(?P<indent>[ \t]*)(?:[-*+•o–]|\d{1,2}[.)])[ \t]+(?P<text>\S.*)$")
_NOISE = re.compile(
    r"https?://|^(?:link|rebased?|no (?:functional )?changes?|none|new (?:patch|for|in)|collect|add(?:ed)? (?:r-?b"
    r"|a-?b|tags?|trailers?|reviewed|acked)"
    r"|(?:address|incorporate|appl)\w* (?:the )?(?:review )?(?:comments|feedback|suggestions)"
    r"|(?:fix\w*|correct\w*) the (?:order|tags?)\b|pick(?:ed)? up|v\d|resend"
    r"|fix(?:ed)? (?:a )?typos?|typos?|apply (?:r-?b|tags?))\b"
    r"|\bsee (?:the )?(?:individual |each )?(?:patch|commit)|\bfor details\b|\bit worked\b|\bbased on reviews?\b",
    re.IGNORECASE,
)
ITEMS_MAX = 60
SHOWN_MAX = 220


def items(parts: Sequence[Part], version: int) -> list[Cited]:
    """Return what the author says he has changed in ``version``, in his order, what matters before what does not."""
    found: dict[str, Cited] = {}
    for part in parts:
        for block in part.blocks:
            if block.role in (Role.OWN, Role.CODE):
                for item in _in(block.text, version):
                    quote = _first(item)
                    found.setdefault(" ".join(quote.lower().split()), cited(part, quote))
    telling = [one for one in found.values() if not _NOISE.search(one.text)]
    return telling[:ITEMS_MAX]


def _first(item: str) -> str:
    """The first sentence of an item, where it goes on."""
    start, end = next(iter(spans(item)), (0, len(item)))
    return item[start:end]


def _in(text: str, version: int) -> Iterator[str]:
    headings = list(_HEADING.finditer(text))
    for at, heading in enumerate(headings):
        if _target(heading) == version:
            end = headings[at + 1].start() if at + 1 < len(headings) else len(text)
            yield from _items(text[heading.end() : end])
            return


def _target(heading: re.Match[str]) -> int:
    """Return the version that the lines below a heading lead to; 0 when it is no heading."""
    rest = heading["rest"]
    if not re.match(r"\W", rest or ":") or (
        len(rest) > 3 and not re.search(r"[:)\]]\s*$|->|=>|https?:|^\s*[\[(]", rest)
    ):
        return 0
    one = int(heading["one"] or 0)
    if arrow := _ARROW.search(rest):
        return max(one, int(arrow["other"]))
    return one + 1 if (heading["how"] or "").lower() in ("since", "from") else one


def _items(text: str) -> Iterator[str]:
    """The list items below a heading; lines, where there is no list."""
    lines = text.split("\n")
    marked = [m for line in lines if (m := _BULLET.match(line))]
    if not marked:
        paragraph = text.strip().split("\n\n")[0].strip()
        if paragraph and len(paragraph) <= 2 * SHOWN_MAX:
            yield paragraph
        return
    item: list[str] = []
    for line in lines:
        bullet = _BULLET.match(line)
        if bullet or not line.strip():
            if item:
                yield "\n".join(item)
            item = [bullet["text"]] if bullet else []
        elif item and line[:1] in " \t":
            item.append(line)
        elif item:  # text that does not belong to the list
            yield "\n".join(item)
            item = []
    if item:
        yield "\n".join(item)


def files(old: Sequence[Part], new: Sequence[Part]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the files that a newer version touches and the older did not, and those it no longer touches."""
    before, after = ({f for part in parts for f in part.files if "cover" not in part.labels} for parts in (old, new))
    return tuple(sorted(after - before)), tuple(sorted(before - after))
