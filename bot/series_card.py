"""A patch series as a card: how it stands, then its versions, the newest first. Values in, a card out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.card import Card, Line, Section, Span, Style
from bot.chat.text import one_line, shorten
from bot.series import REVIEWS, count, day, signers, summary
from feeds.applied import where
from index.history import History, Version
from index.model import Event, Part

QUOTE = 160
VERSIONS = 4  # shown in full
NAMES = 8  # who reviewed, a line


@dataclass(frozen=True, slots=True)
class Archive:
    """What a card needs to know of the mails it speaks of. ``newest`` is up to when mail was read."""

    part: Callable[[str], Part | None]
    newest: datetime | None

    def url(self, id_: str) -> str:
        """Return the address of a part, or "" when it was not read."""
        part = self.part(id_)
        return part.url if part else ""

    def bot(self, id_: str) -> bool:
        """Whether a part was written by a machine."""
        part = self.part(id_)
        return part is not None and "bot" in part.labels


def card(history: History, archive: Archive, others: Sequence[History] = ()) -> Card:
    """Return a history in full, and what else was found in a line each."""
    by = f"by {one_line(history.newest.author)}, {count(history)}"
    stands = f"Stands: {summary(history, archive.newest)}."
    head = Section(((Span(by, Style.FAINT),), (Span(stands, Style.STRONG),)))
    newer = [*history.versions[1:], None]
    pairs = list(zip(history.versions, newer, strict=True))[::-1]
    versions = [_version(version, after, archive) for version, after in pairs[:VERSIONS]]
    older = [_older([v for v, _ in pairs[VERSIONS:]], archive)] if pairs[VERSIONS:] else []
    also = [Section(tuple(_other(h, archive) for h in others), "Also found", bullets=True)] if others else []
    return Card(one_line(history.title), (head, *versions, *older, *also))


def _version(version: Version, newer: Version | None, archive: Archive) -> Section:
    facts = [day(version.date)]
    facts += [f"{version.seen} of {version.expected} parts read"] if version.expected > 1 else []
    facts += [f"superseded by {newer.label}"] if newer else []
    head = (Span(version.label, Style.STRONG, archive.url(version.root)), Span(f"  {', '.join(facts)}", Style.FAINT))
    return Section((head, *_reviews(version, archive), *_applied(version, archive)))


def _reviews(version: Version, archive: Archive) -> Iterator[Line]:
    for kind, verb in REVIEWS.items():
        if people := signers(version, kind):
            named = [Span(name, url=archive.url(mails[0])) for name, mails in people[:NAMES]]
            commas = [span for one in named for span in (Span(", "), one)][1:]
            more = [Span(f" and {len(people) - NAMES} more")] if len(people) > NAMES else []
            yield (Span(f"{verb[:1].upper()}{verb[1:]} "), *commas, *more)


def _applied(version: Version, archive: Archive) -> Iterator[Line]:
    for event in version.applied:
        bot = ", as a bot says" if archive.bot(event.part) else ""
        said = f"{_where(event)} by {one_line(event.who)} on {day(event.when)}{bot}: "
        quote = f"“{shorten(one_line(event.quote), QUOTE)}”"
        yield (Span("Applied", url=archive.url(event.part)), Span(said), Span(quote))


def _older(versions: Sequence[Version], archive: Archive) -> Section:
    spans = [Span(f"{v.label} ({day(v.date)})", url=archive.url(v.root)) for v in versions]
    return Section((tuple(span for one in spans for span in (Span(", "), one))[1:],), "Before")


def _other(history: History, archive: Archive) -> Line:
    newest = history.newest
    about = f" ({one_line(newest.author)}, {day(newest.date)}, {count(history)})"
    return (Span(one_line(history.title), url=archive.url(newest.root)), Span(about, Style.FAINT))


def _where(event: Event) -> str:
    told = where(event.detail)
    words = (f" {told.parts}" if told.parts else "", f" to {told.tree}" if told.tree else "")
    return f"{''.join(words)}{f' as {told.commit[:12]}' if told.commit else ''}"
