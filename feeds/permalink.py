"""What a mail is called in a text that people typed: a link to an archive, or a Message-ID.

Only the hosts that kernel people link to are known, and whatever inbox is read here. A bare address is
taken for a Message-ID when no person's would look like it: machines put digits before the "@".
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import unquote, urlsplit

HOSTS = frozenset(("lore.kernel.org", "lkml.kernel.org", "patch.msgid.link", "msgid.link", "yhbt.net"))
LINK = re.compile(r"https?://[^\s<>\"'`|)\]]+", re.IGNORECASE)
BRACKETED = re.compile(r"<([^<>\s@]{1,200}@[^<>\s@]{1,200})>")
BARE = re.compile(r"(?<![\w@<./:=+-])(?=[^\s@]{0,200}\d[^\s@]{0,200}\d)[\w.+=$~-]{4,200}@[\w.-]{2,200}\w")
MOST = 5
LONGEST = 10_000  # characters of a text that are looked through


def may_name(text: str) -> bool:
    """Whether ``text`` can name a mail at all: without an "@", however it is written, it can't."""
    return "@" in unquote(text[:LONGEST])


def named(text: str, hosts: Iterable[str] = ()) -> tuple[str, ...]:
    """The Message-IDs that ``text`` names, in order, each once; ``hosts`` are archives besides those known."""
    text = text[:LONGEST]
    known = HOSTS | frozenset(hosts)
    links = ((found.start(), of_link(found[0], known)) for found in LINK.finditer(text))
    rest = LINK.sub(lambda found: " " * len(found[0]), text)
    ids = ((found.start(), found[found.lastindex or 0]) for rx in (BRACKETED, BARE) for found in rx.finditer(rest))
    return tuple(dict.fromkeys(name for _, name in sorted((*links, *ids)) if name))[:MOST]


def of_link(url: str, hosts: Iterable[str] = HOSTS) -> str:
    """The Message-ID in an archive's link (``…/list/<id>/``, ``…/r/<id>``), or ''."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    if parts.netloc.lower() not in hosts:
        return ""
    found = (unquote(piece) for piece in parts.path.split("/"))
    return next((piece.rstrip(".,;:!?") for piece in found if "@" in piece[1:-1]), "")
