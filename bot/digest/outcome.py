"""What came of a discussion, as far as mails say: applied, a new version, a decision, tags, or nothing as yet. Pure.

Only what has happened or what somebody who may decide says he does; a wish, a condition or a question is no outcome.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from bot.chat.text import one_line
from bot.digest import changes
from bot.digest.material import Talk
from bot.digest.model import Cited
from bot.digest.postings import SIGNED, pull
from bot.digest.sentences import cited, titled
from feeds.applied import where
from feeds.signed import plain_name
from index.history import Version
from index.model import Event, Part

_CONCLUDES = re.compile(
    r"\b(?:the (?:conclusion|consensus) (?:is|was)|we (?:all )?agreed to|let's (?:go with|keep|drop|take))\b",
    re.IGNORECASE,
)
_DOES = re.compile(  # what somebody does to his patches, or with another's
    r"\b(?:I'll|I will|I am going to|I'm going to|I've|I have) (?:\w+ )?(?:apply|queue|merge|drop|revert|remove|change"
    r"|rework|respin|rename|split|move|add|fix|update|switch|rebase|document|dropped|changed|fixed|added|renamed|queued)\b",
    re.IGNORECASE,
)
_OPEN = re.compile(  # no decision, or one that nobody understands here
    r"\?|\b(?:19|20)\d\d\b|\b(?:if|unless|when|whether|once|would|could|can|may|might|maybe|perhaps|later|separate\w*|independently"
    r"|also|typos?|commit (?:message|log)|both are right|it up|for this)\b",
    re.IGNORECASE,
)
_BARE = re.compile(
    r"\b(?:it|this|that|these|those|them|both)\b(?=\W*$|[,;.)]| (?:to|in|up|with|for|from|by)\b)", re.IGNORECASE
)
SHORTEST, LONGEST = 40, 220
SHOWN = 2  # changes of the version that followed


@dataclass(frozen=True, slots=True)
class Ending:
    """``what`` came of it, the ``mail`` that shows it, and what the version that followed has ``changes`` of."""

    what: str = ""
    mail: Cited | None = None
    changes: tuple[Cited, ...] = ()


def ending(talk: Talk, root: Part, keepers: frozenset[str]) -> Ending:
    """Return what came of a talk in its span; ``root`` began what is talked about."""
    found = talk.version(root.id)
    return _applied(talk) or (_followed(talk, found[1]) if found else None) or _decided(talk, root, keepers) or Ending()


def changed(talk: Talk, root: Part) -> tuple[Cited, ...]:
    """Return what has changed in the version that is talked about, if it was posted in the span."""
    found = talk.version(root.id)
    if not found or not _fresh(talk, found[1]):
        return ()
    parts = [p for id_ in found[1].parts if (p := talk.part(id_))]
    return tuple(changes.items(parts, found[1].number)[:SHOWN])


def tags(talk: Talk) -> tuple[tuple[str, str], ...]:
    """Return who signed in the span what was posted, and how; those who refuse it too."""
    given = (e for p, e in _events(talk, *SIGNED, "nacked") if p in talk.said)
    return tuple(dict.fromkeys((event.kind, one_line(event.who)) for event in given))


def _events(talk: Talk, *kinds: str) -> Iterator[tuple[Part, Event]]:
    return ((part, event) for part in talk.fresh for event in part.events if event.kind in kinds)


def _applied(talk: Talk) -> Ending | None:
    for part, event in _events(talk, "applied"):
        told = where(event.detail)
        patch = f"patch {told.parts} " if told.parts else ""
        what = f"{patch}applied{f' to {told.tree}' if told.tree else ''}"
        return Ending(what, cited(part, event.quote))
    return None


def _followed(talk: Talk, before: Version) -> Ending | None:
    """The newest version that came after the one that was talked about."""
    fresh = [v for h in talk.histories for v in h.versions if _fresh(talk, v)]
    newest = max(fresh, key=lambda v: v.number, default=None)
    parts = [p for id_ in newest.parts if (p := talk.part(id_))] if newest else []
    if newest is None or not parts or newest.number <= before.number:
        return None
    labels = dict.fromkeys(v.label for v in sorted(fresh, key=lambda v: v.number) if v.number > before.number)
    return Ending(
        f"{' and '.join(labels)} followed", titled(parts[0]), tuple(changes.items(parts, newest.number)[:SHOWN])
    )


def _fresh(talk: Talk, version: Version) -> bool:
    return bool(version.date and version.date >= talk.span.begin) and not pull(version)


def _decided(talk: Talk, root: Part, keepers: frozenset[str]) -> Ending | None:
    """The last thing that the author or somebody who applies patches says that he does."""
    may = keepers | {plain_name(root.author)}
    told = [
        one for part in talk.said if plain_name(part.author) in may for one in talk.own[part.id] if decides(one.text)
    ]
    return Ending("decided", told[-1]) if told else None


def decides(text: str, *, patches: bool = True) -> bool:
    """Whether a sentence says what was agreed or, of ``patches``, what becomes of them, and can be understood."""
    if not SHORTEST <= len(text) <= LONGEST or _OPEN.search(text) or _BARE.search(text):
        return False
    return bool(_CONCLUDES.search(text) or (patches and _DOES.search(text)))
