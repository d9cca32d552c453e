"""What a question asks for, without a model: the words to search with, and what it names. Pure.

``read`` gives a ``Reading``: what can be read off a question before anything is searched. Ranking, the
choice of sentences and the decision whether it is ours to answer all go by the same one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from bot.model import Question
from feeds.permalink import named
from index.lexical import STOP as STOP
from index.lexical import identifiers

_REFERS = re.compile(
    r"\b(it|its|that|this|they|them|their|he|his|she|her|there|those|these|one|ones|then)\b"
    r"|^\s*(and|but|so|or|what about)\b",
    re.IGNORECASE,
)
# What kind of answer a question wants.
_MANY = r"\bhow (?:many|much|big|large|far|old|long)\b|\b(?:share|fraction|percent\w*|number|oldest|minimum|size)\b"
_WHEN = r"\b(?:when|since|dates?|from which|merge window|what year)\b|\bwhich (?:release|version|kernel|lts)\b"
_WHO = r"\b(?:who|whose|whom|maintainers?|authors?)\b"
_WHY = r"\b(?:why|how come|reasons?|objections?|concerns?|conditions?|arguments?)\b"
_HOW = r"\bhow (?:do|can|to|could|does|should)\b|\b(?:what|which) (?:env|command|attribute|option|kconfig|config)\b"
_STATE = (
    r"\b(?:merged?|appl(?:y|ied)|taken|took|take|landed|status|queued|upstreamed|picked up|pulled|what became"
    r"|where is it|which (?:tree|branch|revision|patchset)|(?:latest|final|last) (?:rev\w*|version|series)"
    r"|go(?:ne)? in(?:to)?|made it|get in(?:to)?|series version|upstream yet|mainline yet)\b"
)
_POSITIONS = (
    r"\b(?:objects?|objected|objections?|complain\w*|complaints?|disagree\w*|argu\w+|positions?|oppos\w+|against|beef"
    r"|concern\w*|nak(?:ed|s)?|nack(?:ed|s)?|criticis\w+|criticiz\w+|opinions?|think|thinks|reply|replied|repl(?:y|ies)"
    r"|respon\w+|counter\w*|said|says?|vs)\b"
)
_MEANING = r"\bwhat(?:'s|s)?(?: is| are)? (?:an?|the)?\b|\bwhat does\b.*\bmean\b|\bdefin\w+|\bmeaning\b|\bgood for\b"
_GREETING = re.compile(r"^\s*(?:hi|hello|hey|thank you|thanks?)\b[\s,!.:]*(?:krab\b)?[\s,!.:]*", re.IGNORECASE)
_SHORT = 6  # words: a question this short, asked in a thread, leans on what came before


def search_text(question: Question) -> str:
    """Return the words to search with: the question, and what it refers back to."""
    text = _GREETING.sub("", question.text).strip() or question.text.strip()
    if question.earlier and leans(text):
        return "\n".join((*question.earlier[-2:], text))
    return text


def leans(text: str) -> bool:
    """Whether a question can't be understood without the ones before it."""
    return bool(_REFERS.search(text)) or len(text.split()) <= _SHORT


class Want(StrEnum):
    """The kind of answer that is wanted."""

    STATE = "state"  # what became of it: merged, applied, which version, which tree
    POSITIONS = "positions"  # who holds what: objections, arguments, disagreements
    REASON = "reason"
    PERSON = "person"
    NUMBER = "number"
    DATE = "date"
    HOW = "how"
    MEANING = "meaning"


_WANTS: tuple[tuple[Want, re.Pattern[str]], ...] = (
    (Want.STATE, re.compile(_STATE, re.IGNORECASE)),
    (Want.POSITIONS, re.compile(_POSITIONS, re.IGNORECASE)),
    (Want.REASON, re.compile(_WHY, re.IGNORECASE)),
    (Want.PERSON, re.compile(_WHO, re.IGNORECASE)),
    (Want.NUMBER, re.compile(_MANY, re.IGNORECASE)),
    (Want.DATE, re.compile(_WHEN, re.IGNORECASE)),
    (Want.HOW, re.compile(_HOW, re.IGNORECASE)),
    (Want.MEANING, re.compile(_MEANING, re.IGNORECASE)),
)
_REVISION = re.compile(r"\bv\d{1,2}\b(?!\.\d)", re.IGNORECASE)
_RELEASE = re.compile(r"\bv?(\d{1,2}\.\d{1,3}(?:\.\d{1,3})?(?:-rc\d+)?)(?![\w.]*\d)")
_YEAR = re.compile(r"(?<![\w-])((?:19|20)\d\d)(?:-(\d\d)(?:-(\d\d))?)?\b")
_CVE = re.compile(r"\bCVE-\d{4}-\d{4,}\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Reading:
    """A question, read.

    ``text`` are the words to search with (earlier questions too, when it leans on them), ``asked`` the
    question alone, ``wants`` the kinds of answer it asks for, ``people`` the authors that it names, as
    the archive writes them. ``revisions`` are those of a series ("v3"), ``releases`` those of a kernel or
    compiler ("6.12"), ``dates`` are as precise as they are given ("2025", "2025-07", "2025-07-08").
    """

    text: str
    asked: str
    wants: frozenset[Want] = frozenset()
    people: tuple[str, ...] = ()
    identifiers: tuple[str, ...] = ()
    revisions: tuple[str, ...] = ()
    releases: tuple[str, ...] = ()
    dates: tuple[str, ...] = ()
    cves: tuple[str, ...] = ()
    messages: tuple[str, ...] = ()

    def named_times(self) -> tuple[str, ...]:
        """The years and releases that the question itself names."""
        times = (*(date[:4] for date in self.dates), *self.releases)
        return tuple(time for time in dict.fromkeys(times) if time in self.asked)


def read(question: Question, people: Callable[[str], Iterable[str]] = lambda _: ()) -> Reading:
    """Read ``question``; ``people`` names the known authors that a text speaks of.

    A question that leans on the one before it and says no kind of answer wants the same kind as that.
    """
    text = search_text(question)
    before, _, asked = text.rpartition("\n")
    return Reading(
        text=text,
        asked=asked,
        wants=_wants(asked) or _wants(before.rpartition("\n")[2]),
        people=_each(people(text)),
        identifiers=_each(identifiers(text)),
        revisions=_each(v.lower() for v in _REVISION.findall(text)),
        releases=_each(_RELEASE.findall(text)),
        dates=_each("-".join(filter(None, d)) for d in _YEAR.findall(text)),
        cves=_each(c.upper() for c in _CVE.findall(text)),
        messages=named(text),
    )


def subject_of(text: str) -> str:
    """Return what a question about a state is about: its words without those that ask for the state."""
    return _WANTS[0][1].sub(" ", text)


def _wants(text: str) -> frozenset[Want]:
    return frozenset(want for want, said in _WANTS if said.search(text))


def _each(found: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(found))
