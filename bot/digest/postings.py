"""Series and versions that were posted, and what was applied: observed events as lines of a digest. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice

from bot.chat.text import one_line
from bot.digest import changes
from bot.digest.area import area
from bot.digest.material import Talk
from bot.digest.model import Applied, Cited, Posting
from bot.digest.repairs import repair
from bot.digest.sentences import cited, clarity, repeats, sentences, titled
from feeds.applied import where
from feeds.relevance import RUST_FILE, RUST_SUBJECT
from index.history import History, Version
from index.model import Event, Part
from index.passages import subject

SHOWN = 3  # changes of a version
LEAD = 5  # sentences of a letter, among which one says what it is about
TELLING = 0.55
RUSTY = 4  # one patch in so many
NAMED = 3  # patches that stand for a letter that says nothing
_TAG = re.compile(
    r"rfc|patch\w*|(?:git)?pull|git|resend|repost|v\d+|\d+/\d+|\d.*|[\w-]*next[\w-]*|for-\S+", re.IGNORECASE
)
SIGNED = ("reviewed", "acked", "tested")
_DOES = re.compile(
    r"\b(?:this (?:series|patch(?:set| series)?|commit|change|patch)|these patches|the series|add(?:s|ed)?"
    r"|introduc\w+|implement\w*|allow\w*|provid\w+|"
    r"enable[sd]?|fix(?:es|ed)?|remov\w+|convert\w*|replac\w+|mov(?:e|es|ing)|support\w*|use[sd]?|make[sd]?)\b",
    re.IGNORECASE,
)
_LATE = re.compile(
    r"\b(?:(?:is|was|been|module|driver) tested|base(?:d|s) on|depend(?:s|ent|ing)|applies on top|rebased"
    r"|tested on|tree at|available at|v\d+|TODO"
    r"|stale|conflicts?|maintainers|(?:first|second) half|future patches"
    r"|I attached|first contribution|I(?:'ve| have) been|seeking|objections"
    r"|reviewers?|(?:gets?|got) (?:properly )?reviewed|please see|latter commit)\b",
    re.I,
)
_SAYS = re.compile(
    r"(?:(?:this|the) (?:patch|commit|series|change)|add|introduce|implement|provide|allow|enable)", re.I
)
CLEAR = 0.5
PATCHES = 8  # looked through for one that tells what the series does
_HOUSE = re.compile(r"MAINTAINERS\b|(?:\.)?mailmap\b", re.IGNORECASE)
_OPENS = re.compile(
    r"(?:It|They|These|Those|That|Some|Moreover|Meanwhile|However|Also|Additionally|Furthermore|We cannot)\b"
    r"(?! (?:series|patch\w*|changes?|commits?)\b)"
)
_ENDS = ".!?:)”\"'`"


def posted(talk: Talk) -> Iterator[tuple[Posting, Version, History]]:
    """Yield every version of a series that was posted in the span, the oldest first."""
    for history in talk.histories:
        for at, version in enumerate(history.versions):
            if version.date and version.date >= talk.span.begin and not pull(version):
                before = history.versions[at - 1] if at else None
                if talk.part(version.root):
                    yield _posting(talk, history, version, before), version, history


def heading(title: str) -> str:
    """Return a mail's title without its tags but for the project's: "[PATCH libgpiod 1/2] x" is "libgpiod: x"."""
    tags = re.match(r"(?:\s*(?:re|fwd?):)*\s*\[([^\]]*)\]", title, re.IGNORECASE)
    words = [word for word in re.split(r"[\s,]+", tags[1]) if word and not _TAG.fullmatch(word)] if tags else []
    return one_line(f"{words[0]}: {subject(title)}" if len(words) == 1 else subject(title))


def pull(version: Version) -> bool:
    """Whether it is a pull request."""
    return version.label.startswith("pull")


def new(version: Version, history: History) -> bool:
    """Whether a version is the first of its series, as it says of itself: no RFC went before it either."""
    earlier = history.versions[: history.versions.index(version)]
    return version.number == 1 and all(one.label == version.label for one in earlier)


def _posting(talk: Talk, history: History, version: Version, before: Version | None) -> Posting:
    parts = [p for id_ in version.parts if (p := talk.part(id_))]
    root = parts[0]
    older = [p for id_ in before.parts if (p := talk.part(id_))] if before else []
    found, mends = changes.items(parts, version.number), repair(parts)
    added, dropped = changes.files(older, parts) if _whole(before, older) and _whole(version, parts) else ((), ())
    return Posting(
        title=heading(version.title),
        label=version.label,
        mail=titled(root),
        author=version.author,
        parts=version.expected,
        date=version.date,
        area=area(root.labels),
        about=about(parts) or (reason(parts) if mends.mends else ()),
        before=replace(titled(older[0]), text=before.label) if before and older else None,
        changes=tuple(found[:SHOWN]),
        more=len(found[SHOWN:]),
        added=added,
        dropped=dropped,
        rust=rusty(parts),
        merged=any(e.kind == "applied" for e in version.events),
        series=history.subject,
        replies=sum(1 for p in talk.said if p.author != version.author and below(p, version)),
        reviewed=tuple(dict.fromkeys(one_line(e.who) for e in version.events if e.kind in SIGNED)),
        tags=tuple(dict.fromkeys((e.kind, one_line(e.who)) for e in version.events if e.kind in SIGNED)),
        repair=mends,
    )


def rusty(parts: Sequence[Part]) -> bool:
    """Whether a good part of what is posted is about Rust, and not one file among many."""
    rust = [p for p in parts if RUST_SUBJECT.search(p.title) or any(map(RUST_FILE.search, p.files))]
    return len(rust) * RUSTY >= len(parts) > 0


def below(part: Part, version: Version) -> bool:
    """Whether a mail is an answer to a version, directly or not."""
    return any(link in version.parts for link in part.links)


def _whole(version: Version | None, parts: Sequence[Part]) -> bool:
    return version is not None and version.seen >= version.expected and len(parts) == len(version.parts)


def about(parts: Sequence[Part]) -> tuple[Cited, ...]:
    """Return the sentence that says what a posting does: of its letter, of a patch, or else its patches by name."""
    if told := purpose(parts):
        return told
    best = max((pair for part in parts[1:PATCHES] for pair in _lead(part)), key=_worth, default=None)
    if best and best[0] >= TELLING and _SAYS.match(best[2].text):
        return (best[2],)
    return _patches(parts) or purpose(parts[1:2])


def purpose(parts: Sequence[Part]) -> tuple[Cited, ...]:
    """Return the sentence of its first mail that says what a posting does; nothing when none does."""
    best = max(_lead(parts[0]) if parts else (), key=_worth, default=None)
    return (best[2],) if best and best[0] >= TELLING else ()


def reason(parts: Sequence[Part]) -> tuple[Cited, ...]:
    """Return what a posting says first that can be understood: why it repairs something, for one."""
    lead = _lead(parts[0]) if parts else ()
    return next(((one,) for _, _, one in lead if clarity(one.text) >= CLEAR and not _LATE.search(one.text)), ())


def _worth(told: tuple[float, int, Cited]) -> tuple[float, int]:
    return told[:2]


def _patches(parts: Sequence[Part]) -> tuple[Cited, ...]:
    """Return the first patches of a series by their titles; nothing when these only say what the series' title says."""
    title = subject(parts[0].title) if parts else ""
    found = [part for part in parts if "cover" not in part.labels and not _HOUSE.match(subject(part.title))]
    telling = [part for part in found if part is parts[0] or not _same(subject(part.title), title)]
    return tuple(map(_named, telling[:NAMED])) if len(telling) > 1 else ()


def _same(patch: str, title: str) -> bool:
    """Whether a patch does what the whole series does, to one part of the kernel."""
    return repeats(patch, title) or patch.rsplit(": ", 1)[-1] == title.rsplit(": ", 1)[-1]


def _named(part: Part) -> Cited:
    """A patch by its title, for a letter that does not say what it is about."""
    title = subject(part.title)
    return replace(titled(part), text=one_line(title), quote=title)


def _lead(part: Part) -> Iterator[tuple[float, int, Cited]]:
    """The first sentences, each with how well it tells what a posting does, and its place from the end."""
    for at, one in enumerate(islice(_opening(part), LEAD)):
        yield _tells(one.text, at), -at, one


def _opening(part: Part) -> Iterator[Cited]:
    for one in sentences(part):
        if repeats(one.text, subject(part.title)):
            continue
        if re.match(r"\W{0,3}(?:changes?|changelog|v\d+)\b", one.text, re.I):
            return
        yield one


def _tells(text: str, place: int) -> float:
    value = clarity(text) * (1.0 - 0.12 * place)
    value *= 1.4 if _DOES.search(text) else 0.6
    value *= 0.5 if _OPENS.match(text) else 1.0 if text[-1] in _ENDS else 0.3
    return value * (0.35 if _LATE.search(text) else 1.0)


def applied(talk: Talk) -> Iterator[Applied]:
    """Yield what somebody says he has applied, once a version, tree and person."""
    seen: dict[tuple[str, str, str], Applied] = {}
    for part in talk.fresh:
        for event in part.events:
            if event.kind == "applied":
                one = _applied(talk, part, event)
                key = (one.title, one.label, one.by)
                seen[key] = _joined(seen[key], one) if key in seen else one
    yield from seen.values()


def _applied(talk: Talk, part: Part, event: Event) -> Applied:
    found = talk.version(part.id)
    version = found[1] if found else None
    told = where(event.detail)
    root = talk.part(version.root) if version else None
    parts = [p for id_ in version.parts if (p := talk.part(id_))] if version else []
    title = version.title if version else part.title
    return Applied(
        title=heading(title),
        label=version.label if version else "",
        mail=cited(part, event.quote),
        by=event.who,
        tree=told.tree,
        author=version.author if version else "",
        which=told.parts,
        commit=told.commit,
        date=event.when,
        about=about(parts) if root else (),
        pull=bool(version and pull(version)),
    )


def _joined(one: Applied, other: Applied) -> Applied:
    """Two mails of one person about one version: patch by patch, or said again."""
    which = (
        ""
        if "" in (one.which, other.which)
        else ",".join(dict.fromkeys((*one.which.split(","), *other.which.split(","))))
    )
    return replace(
        one, tree=one.tree or other.tree, commit=one.commit or other.commit, which=which, also=(*one.also, other.mail)
    )
