"""Whether two postings are versions of one series, by their looks alone.

What people write down (a change-id, the address of v2, a reply to v2) ties versions without this. Here
titles, authors, topics and dates decide, pair by pair, so that the order of arrival does not matter.
Versions count up with time; v1 is new unless it is a resend or follows an RFC. When in doubt they are
strangers.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from feeds import subject as subjects
from feeds.signed import plain_name
from feeds.subject import Subject
from index.model import Event

DAY = 86400.0
CLOSE = 0.6  # share of the words that two titles have in common
RELATED = 0.3
MOST = 0.5  # share of the smaller posting's patches that the larger one has as well
GAP_MAX = 540 * DAY
TOPIC = re.compile(r"\d{8}-(?P<topic>[a-z0-9_.-]+?)(?:-(?:b4|rfc))?-v\d+-\d+-[0-9a-f]{6,}@", re.I)
TOPIC_WORDS = re.compile(r"[a-z0-9]+[-_.][a-z0-9]+", re.I)  # "fixes" may be anybody's topic
ID_MAX = 400
WORDS_MIN = 4  # a title shorter than that may be anybody's


@dataclass(frozen=True, slots=True)
class Posting:
    """One version as it was sent: its first mail's subject, the titles of its patches."""

    head: Subject
    author: str
    when: float
    titles: frozenset[str]
    topic: str  # what b4 calls it, in every Message-ID
    pull: bool


def kin(one: Sequence[Event], other: Sequence[Event]) -> bool:
    """Whether two postings, each given by its ``posted`` events, are versions of one series."""
    if not one or not other:
        return False
    old, new = sorted((_posting(tuple(one)), _posting(tuple(other))), key=lambda p: (p.when, p.head.version))
    if old.pull or new.pull:
        return old.pull and new.pull and _sent_twice(old, new)
    if new.when - old.when > GAP_MAX or not _in_order(old, new):
        return False
    return _alike(old, new) if old.author == new.author else _taken_over(old, new)


@lru_cache(maxsize=8192)
def _posting(events: tuple[Event, ...]) -> Posting:
    found = [subjects.parse(event.quote) for event in events]
    at = min(range(len(found)), key=lambda n: (found[n].position, events[n].part))
    return Posting(
        head=found[at],
        author=plain_name(events[at].who),
        when=min((e.when.timestamp() for e in events if e.when), default=0.0),
        titles=frozenset(s.plain for s in found if s.position > 0),
        topic=topic["topic"].lower() if (topic := TOPIC.match(events[at].part[:ID_MAX])) else "",
        pull=events[at].detail.startswith("pull"),
    )


def _sent_twice(old: Posting, new: Posting) -> bool:
    """Within a day, in the same words; the next one of that title asks to pull something else."""
    alike = old.author == new.author and old.head.plain == new.head.plain and old.head.version == new.head.version
    return alike and new.when - old.when <= DAY


def _in_order(old: Posting, new: Posting) -> bool:
    if old.head.rfc != new.head.rfc:
        return old.head.rfc
    if old.head.version == new.head.version:
        return old.head.plain == new.head.plain and old.head.total == new.head.total  # a resend, or sent twice
    return old.head.version < new.head.version


def _alike(old: Posting, new: Posting) -> bool:
    """Of one author."""
    if old.head.plain == new.head.plain:
        return True
    if old.topic and new.topic:
        return old.topic == new.topic and bool(TOPIC_WORDS.search(old.topic))
    shared = len(old.titles & new.titles)
    fewest = max(1, min(len(old.titles), len(new.titles)))
    similar = _similar(old.head, new.head)
    if similar >= CLOSE or (shared >= MOST * fewest and similar >= RELATED):
        return True
    if fewest == 1 and new.head.total == 1 < old.head.total:
        return False  # one patch of many goes on by itself: that is another subject
    most = shared >= MOST * fewest and (shared > 1 or fewest == 1)
    return new.head.version > 1 and (most or (shared > 0 and similar >= RELATED))


def _taken_over(old: Posting, new: Posting) -> bool:
    """Somebody else goes on: the same words, and the next number."""
    return (
        old.head.plain == new.head.plain
        and len(old.head.words) >= WORDS_MIN
        and new.head.version > max(old.head.version, 1)
    )


def _similar(one: Subject, other: Subject) -> float:
    """Share of the words in common; the same done to another subsystem ("pond: reed: …") is not similar."""
    scopes = one.scope - other.scope, other.scope - one.scope
    if all(scopes) and one.words - one.scope == other.words - other.scope and 1 in (one.total, other.total):
        return 0.0
    return len(one.words & other.words) / max(1, len(one.words | other.words))
