"""Discussions that mattered, and why: not the longest, but those in which people had something to settle. Pure.

Counted is what people answered (no patches, no machines, a thread on two lists once). What raises a thread
above others of its size: many people, people who apply patches, disagreement, a decision. What lowers it: two
people who tidy up a patch, and that it is not about Rust.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from bot.chat.text import one_line
from bot.digest import gist, stance
from bot.digest.answering import Cues
from bot.digest.area import area
from bot.digest.material import Material, Talk, recalled
from bot.digest.model import Cited, Discussion, Position
from bot.digest.outcome import changed, ending, tags
from bot.digest.postings import about, heading, purpose
from bot.digest.sentences import dangles, repeats, stands, titled, unclear
from feeds.relevance import rust_mail
from feeds.signed import plain_name
from index.model import Part

PEOPLE_MIN, MAILS_MIN = 2, 3
ASIDE, PARAGRAPH = 100, 300  # characters of the author's own around a sentence
NAMED = 3  # mails that name Rust, in a thread that is about it
QUOTES = 3  # besides what it is about: the positions, and what else is said
POSITIONS = 2
LOOKED_AT = 80  # sentences of a talk, the weightiest
ANSWERING = 1.3  # what a sentence counts that stands behind what it answers
_DECIDED = re.compile(
    r"\b(?:let's (?:go|do|keep|drop|take)|we (?:decided|agreed)|the (?:conclusion|consensus)|I'll (?:apply|queue"
    r"|take|merge|drop|revert|send a (?:new|v\d))"
    r"|going with|settled|agreed on)\b",
    re.IGNORECASE,
)


def discussions(material: Material, rarity: Callable[[str], float]) -> list[Discussion]:
    """Return what was discussed, what mattered most first."""
    found = [_discussion(talk, material.keepers, rarity) for talk in material.talks if _talked(talk)]
    return sorted(found, key=lambda d: (-d.weight, d.first.id))


def _talked(talk: Talk) -> bool:
    return len(talk.people) >= PEOPLE_MIN and len(talk.said) >= MAILS_MIN and not recalled(talk.parts[0])


def _discussion(talk: Talk, keepers: frozenset[str], rarity: Callable[[str], float]) -> Discussion:
    root = root_of(talk)
    title = heading(root.title)
    said = [one for part in talk.said for one in talk.own[part.id] if stands(one.text) and not repeats(one.text, title)]
    cue = Cues(talk)
    weighed = gist.weigh(said, title, rarity, _standing(talk, keepers))
    plain = _behind([w for w in weighed[:LOOKED_AT] if _plain(w.said, root, cue)], cue)
    opening = _opening(talk, root)
    held = stance.positions(plain, POSITIONS, root.author)
    first = [gist.Weighed(one, frozenset(gist.words(one.text)), 0.0) for one in opening]
    telling = [w for w in plain if not gist.idle(w.said.text)]
    chosen = gist.choose(telling, QUOTES - len(held), taken=[*(w for _, w in held), *first])
    worth = {(w.said.id, w.said.quote): w.worth for w in plain}
    positions, replies = _turns(talk, [p for p, _ in held], [w.said for w in chosen], cue, worth)
    ended = ending(talk, root, keepers)
    return Discussion(
        title=title,
        first=titled(root),
        mails=len(talk.said),
        authors=_people(talk, root, keepers),
        keepers=sum(plain_name(who) in keepers for who in talk.people),
        area=area(root.labels),
        gist=opening,
        positions=positions,
        replies=replies,
        weight=round(_weight(talk, keepers, [p.stance for p in positions], said), 3),
        label=_label(talk),
        outcome=ended.what,
        settled=ended.mail,
        changes=ended.changes or changed(talk, root),
        tags=tags(talk),
        last=titled(talk.said[-1]),
    )


def _people(talk: Talk, root: Part, keepers: frozenset[str]) -> tuple[str, ...]:
    """Who answered: who posted it, then those who apply patches."""
    author = plain_name(root.author)
    order = sorted(talk.people, key=lambda who: (plain_name(who) != author, plain_name(who) not in keepers))
    return tuple(map(one_line, order))


def _behind(some: Sequence[gist.Weighed], cue: Cues) -> list[gist.Weighed]:
    """A sentence counts more behind what it answers."""
    return sorted(
        (replace(w, worth=w.worth * (ANSWERING if cue(w.said) else 1.0)) for w in some), key=lambda w: -w.worth
    )


def _plain(one: Cited, root: Part, cue: Cues) -> bool:
    """Whether a reader who was not there understands a sentence: by itself, or behind what it answers; the author's
    own only behind somebody else's.
    """
    if cue(one):
        return not unclear(one.text)
    return not dangles(one.text) and one.who != root.author


def _turns(
    talk: Talk,
    held: Sequence[Position],
    said: Sequence[Cited],
    cue: Cues,
    worth: Mapping[tuple[str, str], float],
) -> tuple[tuple[Position, ...], tuple[Position, ...]]:
    """What is held and what else is said, each behind what it answers; what is quoted as a cue is not said again."""
    replied = {part.links[0] for part in talk.parts if part.links}
    every = [*held, *(Position("", one) for one in said)]
    made = [
        replace(p, to=cue(p.said), answered=p.said.id in replied, worth=worth[p.said.id, p.said.quote]) for p in every
    ]
    turns, others = made[: len(held)], made[len(held) :]
    cues = {one.to.quote for one in (*turns, *others) if one.to}
    return tuple(turns), tuple(one for one in others if one.said.quote not in cues)


def _opening(talk: Talk, root: Part) -> tuple[Cited, ...]:
    """What it is about, in the words of who began it, now or with an older version; never those of an answer."""
    found = talk.version(root.id)
    if not found or root.id not in found[1].parts:
        return about([root]) if "reply" not in root.labels and not root.links else ()
    history, version = found
    older = history.versions[history.versions.index(version) :: -1]
    letters = [[p for id_ in v.parts if (p := talk.part(id_))] for v in older]
    return next((told for letter in letters if (told := purpose(letter))), ()) or about(letters[0])


def _standing(talk: Talk, keepers: frozenset[str]) -> Callable[[Cited], float]:
    """A sentence counts more in a paragraph than as a line between quotes, in a mail that people answered, and from
    who applies patches.
    """
    parts = {part.id: part for part in talk.said}
    answers = Counter(part.links[0] for part in talk.said if part.links)

    def standing(one: Cited) -> float:
        around = max((len(b.text) for b in parts[one.id].own if one.quote in b.text), default=0)
        value = 0.65 if around < ASIDE else 1.0 if around < PARAGRAPH else 1.25
        value *= 1.15 if plain_name(one.who) in keepers else 1.0
        return value * (1 + 0.2 * min(4, answers[one.id]))

    return standing


def root_of(talk: Talk) -> Part:
    """Return the mail that a talk is named after: the newest version's first, or else the thread's."""
    newest = [v for h in talk.histories for v in h.versions if talk.part(v.root)]
    if newest:
        counts = _answers(talk)
        best = max(newest, key=lambda v: (sum(counts.get(p, 0) for p in v.parts), v.date or talk.span.begin))
        if part := talk.part(best.root):
            return part
    return talk.parts[0]


def _answers(talk: Talk) -> Mapping[str, int]:
    """How many of the span's answers are, directly or not, below each part."""
    found: dict[str, int] = {}
    for part in talk.said:
        for link in part.links:
            found[link] = found.get(link, 0) + 1
    return found


def _label(talk: Talk) -> str:
    root = root_of(talk)
    found = talk.version(root.id)
    return found[1].label if found and found[1].number > 1 else ""


def _weight(talk: Talk, keepers: frozenset[str], stances: Sequence[str], said: Sequence[Cited]) -> float:
    people = len(talk.people)
    chief = sum(plain_name(who) in keepers for who in talk.people)
    value = 1.5 * math.sqrt(len(talk.said)) + 1.2 * math.sqrt(people) + 0.5 * min(chief, 4)
    value += 0.7 * min(2, stances.count("objects")) + 0.3 * min(2, stances.count("proposes"))
    value += 0.5 * any(_DECIDED.search(one.text) for one in said)
    return value * (0.7 if people == 2 else 1.0) * (1.0 if _on_rust(talk) else 0.5)


def _on_rust(talk: Talk) -> bool:
    """Whether a thread of a list that is about more is about Rust."""
    return any(rust_mail(part) for part in talk.parts) or sum("rust" in p.text.lower() for p in talk.fresh) >= NAMED
