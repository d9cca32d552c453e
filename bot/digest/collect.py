"""Reads what a digest is made of from the index: the only part of it that does I/O."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence, Set
from datetime import datetime, timedelta

from bot.digest.material import Material, Past, Talk, known_at, posts
from bot.digest.security import unsound
from bot.digest.span import Span
from bot.digest.waiting import PATIENCE
from feeds.relevance import relevant
from feeds.signed import plain_name
from index.catalog import Catalog
from index.histories import Histories
from index.history import History
from index.model import Kind, Part

LOOK_BACK = timedelta(weeks=12)
SILENT = timedelta(days=7)  # how long nothing was heard of a repair before it is called open
FORGOTTEN = timedelta(days=42)  # after that nobody expects a reply
PARTS_MAX = 400  # of a thread: the newest are read


def collect(catalog: Catalog, histories: Histories, span: Span, *, stalled: Sequence[str] = ()) -> Material:
    """Read everything that ``compose`` needs for ``span``."""
    read = list(catalog.between(span.begin - LOOK_BACK, span.end))
    mails = [(document, part) for document, part in read if part.kind is Kind.MAIL and part.date]
    fresh = [(document, part) for document, part in mails if part.date and part.date >= span.begin]
    waits = [(document, part) for document, part in mails if part.date and _waits(part, part.date, span)]
    newest = catalog.newest()
    firsts = _firsts(histories.firsts("posted"))
    new = {name for name, first in firsts.items() if span.begin <= first < span.end}
    return Material(
        span=span,
        talks=tuple(_once(list(_talks(catalog, histories, span, fresh)))),
        waiting=tuple(_talks(catalog, histories, span, _silent(waits, mails))),
        open=tuple(_open(catalog, histories, span=span, mails=mails, fresh=fresh)),
        posts=tuple(p for _, p in read if p.kind is Kind.POST and p.date and p.date >= span.begin and relevant(p)),
        past=tuple(_past(document, part) for document, part in mails),
        keepers=frozenset(plain_name(who) for who in histories.who("applied", span.end)),
        firsts=firsts,
        named=frozenset(
            _named((p.author for _, p in fresh), new, (p for _, p in mails if p.date and p.date < span.begin))
        ),
        written=_written(catalog.writers(Kind.MAIL, span.begin)),
        until=min(newest, span.end) if newest else None,
        stalled=tuple(stalled),
    )


def _open(
    catalog: Catalog,
    histories: Histories,
    *,
    span: Span,
    mails: Sequence[tuple[int, Part]],
    fresh: Sequence[tuple[int, Part]],
) -> Iterator[Talk]:
    """Repairs of the weeks before of whose series nothing was heard in the span."""
    old = [(d, part) for d, part in mails if part.date and part.date < span.begin - SILENT and unsound(part)]
    heard = set(histories.subjects([part.id for _, part in fresh]).values())
    numbers = histories.subjects([part.id for _, part in old])
    yield from _talks(catalog, histories, span, [(d, p) for d, p in old if numbers.get(p.id) not in heard])


def _past(document: int, part: Part) -> Past:
    assert part.date
    applied = any(event.kind == "applied" for event in part.events)
    return Past(part.id, document, part.author, part.date, part.labels, applied)


def _firsts(rows: Iterable[tuple[str, datetime]]) -> dict[str, datetime]:
    found: dict[str, datetime] = {}
    for who, when in rows:
        name = plain_name(who)
        found[name] = min(when, found.get(name, when))
    return found


def _named(writers: Iterable[str], new: Set[str], mails: Iterable[Part]) -> Iterator[str]:
    """Yield whom of the ``new`` ones mails name: in a Cc, a tag, an entry of MAINTAINERS, or in passing."""
    asked = {who for who in writers if plain_name(who) in new and " " in who.strip()}
    text = "\n".join(block.text for part in mails for block in part.blocks) if asked else ""
    yield from (plain_name(who) for who in asked if who in text)


def _written(rows: Iterable[tuple[str, int]]) -> dict[str, int]:
    found: dict[str, int] = {}
    for who, count in rows:
        found[plain_name(who)] = found.get(plain_name(who), 0) + count
    return found


def _waits(part: Part, date: datetime, span: Span) -> bool:
    return posts(part) and span.end - FORGOTTEN <= date < span.end - PATIENCE


def _silent(waiting: Sequence[tuple[int, Part]], mails: Sequence[tuple[int, Part]]) -> list[tuple[int, Part]]:
    """Leave those whose thread nobody else has written in."""
    voices: dict[int, set[str]] = {}
    for document, part in mails:
        if "bot" not in part.labels:
            voices.setdefault(document, set()).add(plain_name(part.author))
    return [(document, part) for document, part in waiting if len(voices.get(document, ())) == 1]


def _talks(catalog: Catalog, histories: Histories, span: Span, some: Sequence[tuple[int, Part]]) -> Iterator[Talk]:
    subjects = histories.subjects([part.id for _, part in some])
    for group in _groups([(document, part, subjects.get(part.id)) for document, part in some]):
        numbers = sorted({subjects[part.id] for _, part in group if part.id in subjects})
        known = [known_at(histories.history(number), span.end) for number in numbers]
        series = tuple(h for h in known if h)
        members = [part.id for part in dict(group).values()]
        before = [id_ for history in series for id_ in _before(history, span)]
        yield Talk(span, tuple(_threads(catalog, [*members, *before], span.end)), series)


def _once(talks: Sequence[Talk]) -> Iterator[Talk]:
    """Leave a thread that a series' talk has as the thread of an older version."""
    fresh = [frozenset(part.id for part in talk.fresh) for talk in talks]
    yield from (
        talk for talk, ids in zip(talks, fresh, strict=True) if talk.histories or not any(ids < o for o in fresh)
    )


def _before(history: History, span: Span) -> list[str]:
    """The first mails of the versions that were posted in the span, of the last one before it, and of the first."""
    fresh = [at for at, version in enumerate(history.versions) if version.date and version.date >= span.begin]
    newest = history.versions[max(0, fresh[0] - 1) :] if fresh else ()
    return [version.root for version in (*history.versions[:1], *newest)]


def _threads(catalog: Catalog, members: Iterable[str], end: datetime) -> list[Part]:
    parts: dict[str, Part] = {}
    for id_ in members:
        if id_ not in parts:
            parts |= {p.id: p for p in catalog.document(id_) or () if p.date and p.date < end}
    return sorted(parts.values(), key=lambda p: (p.date, p.id))[-PARTS_MAX:]


def _groups(rows: Sequence[tuple[int, Part, int | None]]) -> list[list[tuple[int, Part]]]:
    """Put threads together whose parts are of one series."""
    leader: dict[str, str] = {}

    def find(key: str) -> str:
        while leader.setdefault(key, key) != key:
            key = leader[key]
        return key

    for document, _, number in rows:
        if number is not None:
            leader[find(f"document {document}")] = find(f"series {number}")
    groups: dict[str, list[tuple[int, Part]]] = {}
    for document, part, _ in rows:
        groups.setdefault(find(f"document {document}"), []).append((document, part))
    return list(groups.values())
