"""Who waits for whom: patches without a reply, questions asked again, comments that nobody answered. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

from bot.chat.text import one_line
from bot.digest.material import Material, Talk, person, posts
from bot.digest.model import Cited, Waiting
from bot.digest.postings import pull, rusty
from bot.digest.sentences import cited, sentences, titled
from bot.digest.stance import stance
from feeds.signed import plain_name
from index.history import History, Version
from index.model import Part, Role
from index.passages import subject

_ASKED = re.compile(
    r"\b(?:gentle |friendly |kind )?ping\b|\b(?:gentle|friendly|kind) reminder\b|\bany (?:comments|feedback"
    r"|thoughts|updates?|news|progress|objections)\b"
    r"|\b(?:could|can|would) (?:you|someone|anyone|somebody|anybody)(?: please)? (?:take a look|have a look|review"
    r"|pick|ack)\b|\bdid you (?:get|have) (?:a chance|time)\b"
    r"|\bwaiting for (?:a |your |more |further )?(?:review|ack|reply|feedback)\w*",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"[^.!?\n]*(?:\n(?!\n)[^.!?\n]*)*[.!?]?")
PATIENCE = timedelta(days=14)  # how long a patch waits before that is worth a line
ANSWER_MIN = 40  # characters of a comment that deserves an answer


def waiting(material: Material) -> list[Waiting]:
    """Return what waits, the newest of each kind first: asked for again, comments unanswered, no reply."""
    asked = [one for talk in material.talks for one in _asked(talk)]
    open_ = [one for talk in material.talks for one in _unanswered(talk)]
    again = {one.mail.id for one in asked}
    rust = [talk for talk in material.waiting if any(rusty(_posted(talk, history)) for history in talk.histories)]
    others = [talk for talk in material.waiting if talk not in rust]
    silent = [
        one
        for some in (rust, others)
        for one in sorted((each for talk in some for each in _silent(talk) if each.mail.id not in again), key=_age)
    ]
    return [*sorted(asked, key=_age), *sorted(open_, key=_age), *silent]


def _posted(talk: Talk, history: History) -> list[Part]:
    return [p for id_ in history.newest.parts if (p := talk.part(id_))]


def _age(one: Waiting) -> tuple[int, str]:
    return one.days, one.mail.id


def _silent(talk: Talk) -> Iterator[Waiting]:
    """Versions that nobody else has said anything to, and that no newer one replaces."""
    for history in talk.histories:
        version = history.newest
        days = (talk.span.end - version.date).days if version.date else 0
        root = talk.part(version.root)
        if root and days >= PATIENCE.days and person(root) and not pull(version) and not _taken(history):
            yield _waiting(version, root, "no reply", days)


def _taken(history: History) -> bool:
    return any(e.kind in ("applied", "reviewed", "acked", "nacked") for e in history.newest.events)


def _waiting(version: Version, root: Part, why: str, days: int, said: Cited | None = None) -> Waiting:
    return Waiting(
        one_line(subject(version.title)), version.label, titled(root), one_line(version.author), why, days, said
    )


def _asked(talk: Talk) -> Iterator[Waiting]:
    """Series whose author asks again."""
    for history in talk.histories:
        version = history.newest
        mine = [p for p in talk.said if plain_name(p.author) == plain_name(version.author)]
        root = talk.part(version.root)
        if root is None or _applied(history) or (version.date and version.date >= talk.span.begin):
            continue
        for part in mine:
            if quote := _ping(part):
                if not _answered(talk, part):
                    days = (talk.span.end - version.date).days if version.date else 0
                    yield _waiting(version, root, "asked again", days, cited(part, quote))
                break


def _applied(history: History) -> bool:
    return any(e.kind == "applied" for e in history.newest.events)


def _ping(part: Part) -> str:
    text = "\n\n".join(block.text for block in part.blocks if block.role is Role.OWN)
    if len(text) > 600:
        return ""
    found = next((m[0].strip() for m in _SENTENCE.finditer(text) if _ASKED.search(m[0])), "")
    return found if len(found) >= 4 else ""


def _answered(talk: Talk, part: Part) -> bool:
    return any(part.id in p.links and plain_name(p.author) != plain_name(part.author) for p in talk.parts)


def _unanswered(talk: Talk) -> Iterator[Waiting]:
    """Comments on a version that its author answered neither by mail nor, by name, in the next one's notes."""
    for history in talk.histories:
        for older, newer in zip(history.versions, history.versions[1:], strict=False):
            root = talk.part(newer.root)
            if root and newer.date and newer.date >= talk.span.begin and not pull(newer):
                notes = " ".join(p.text for id_ in newer.parts if (p := talk.part(id_))).lower()
                for comment in _comments(talk, older):
                    if comment.who.split()[0].lower() not in notes:
                        days = (talk.span.end - newer.date).days
                        yield _waiting(newer, root, "unanswered", days, comment)
                        break


def _comments(talk: Talk, version: Version) -> Iterator[Cited]:
    """What others object to or propose, at the end of their line of the thread: nobody answered it."""
    answered = {link for p in talk.parts for link in p.links[:1]}
    author = plain_name(version.author)
    for part in talk.parts:
        if posts(part) or not person(part) or plain_name(part.author) == author or part.id in answered:
            continue
        if part.links and part.links[0] in version.parts and len(part.text) >= ANSWER_MIN:
            told = next((one for one in sentences(part) if stance(one.text) in ("objects", "proposes")), None)
            if told:
                yield told
