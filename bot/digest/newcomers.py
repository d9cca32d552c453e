"""Whose first patches these are, in all the mail that was read. Pure.

Somebody who has a new name or address is no newcomer, nor is he whom earlier mails name (in a Cc, a tag, an entry
of MAINTAINERS): he has worked elsewhere. Who says himself that it is his first patch is believed.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Set

from bot.chat.text import one_line
from bot.digest.material import Material, Talk
from bot.digest.model import Newcomer, Posting
from bot.digest.postings import posted
from feeds.signed import plain_name
from index.history import Version

KNOWN = 5  # who wrote more mails than this before is no newcomer, if his patches went elsewhere
_FIRST = re.compile(
    r"\b(?:my|this is (?:also )?my) (?:very )?first (?:\w+ ){0,2}(?:patch|contribution|submission|series)\b"
    r"|\bI(?:'m| am) new to (?:the )?(?:kernel|Linux)\b|\bfirst[- ]time contributor\b",
    re.IGNORECASE,
)


def newcomers(material: Material) -> Iterator[Newcomer]:
    """Yield who posted something for the first time, each with the first thing that he did."""
    seen = set[str]()
    names = {name: _tokens(name) for name, first in material.firsts.items() if first < material.span.begin}
    names |= {name: _tokens(name) for name in material.written}
    for talk in material.talks:
        for posting, version, _ in posted(talk):
            name = plain_name(version.author)
            if version.number == 1 and name not in seen and _new(name, material, talk, version, names):
                seen.add(name)
                names[name] = _tokens(name)
                yield _newcomer(posting, version, talk)


def _newcomer(posting: Posting, version: Version, talk: Talk) -> Newcomer:
    others = {plain_name(who) for who in talk.people} - {plain_name(version.author)}
    return Newcomer(one_line(version.author), posting.title, posting.mail, len(others))


def _new(name: str, material: Material, talk: Talk, version: Version, names: Mapping[str, Set[str]]) -> bool:
    first = material.firsts.get(name)
    if not first or first < material.span.begin or name in material.keepers:
        return False
    if any(_FIRST.search(part.text) for id_ in version.parts if (part := talk.part(id_))):
        return True
    return name not in material.named and material.written.get(name, 0) <= KNOWN and not _renamed(name, names)


def _renamed(name: str, names: Mapping[str, Set[str]]) -> bool:
    """Whether the same person wrote before, with or without a middle name, an accent or a name in another order."""
    mine = _tokens(name)
    return any(len(mine & one) > 1 and (mine <= one or one <= mine) for other, one in names.items() if other != name)


def _tokens(name: str) -> frozenset[str]:
    letters = unicodedata.normalize("NFKD", name.casefold())
    return frozenset(re.findall(r"[^\W\d_]{2,}", "".join(c for c in letters if not unicodedata.combining(c))))
