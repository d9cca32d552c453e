"""A digest as a card: the most important first, long lists folded, every line with its link. Pure.

``Length.SHORT`` is for a chat, where a digest must be read at a glance; ``Length.FULL`` for the web page, Markdown
and plain text. What is folded is counted, never dropped in silence.
"""

from __future__ import annotations

from collections.abc import Sequence

from bot.card import Card, Line, Picture, Section, Span, Style
from bot.chat.text import shorten
from bot.digest.dates import span
from bot.digest.measures import MEASURES, Length, counted
from bot.digest.model import Cited, Digest
from bot.digest.outside import parted
from bot.digest.sections import Sections, current

__all__ = ["Length", "card", "title"]


def card(
    digest: Digest, length: Length = Length.FULL, *, picture: Picture | None = None, page: str = "", dates: str = "en"
) -> Card:
    """Return a digest to be shown; ``page`` is the address of its web page, when it has one."""
    digest, others = parted(digest)
    draw = Sections(MEASURES[length], others)
    sections = [_quiet(digest) if digest.quiet else _head(digest, summed=length is Length.FULL)]
    sections += [section for section in draw.sections(digest) if section]
    more = "The whole digest, with everything that is folded here: " if length is Length.SHORT else ""
    last = [Section(((Span(more), Span("web page", url=page)),))] if page and more else []
    return Card(title(digest, dates), (*sections, *last, _foot(digest)), picture=picture)


def title(digest: Digest, dates: str = "en") -> str:
    """Return the heading of a digest."""
    about = f" on {', '.join(digest.topics)}" if digest.topics else ""
    days = span(digest.begin, digest.end, dates)
    return f"Rust in the kernel{about}, {f'week {int(digest.week[-2:])}: ' if digest.week else ''}{days}"


def _head(digest: Digest, *, summed: bool) -> Section:
    by = counted(digest.people, "person", "people")
    counts = f"{counted(digest.mails, 'mail')} in {counted(digest.threads, 'thread')} by {by}"
    lines: list[Line] = [(Span(f"{counts}: {_summed(digest)}.", Style.FAINT),)]
    for label, some in (
        ("Applied", [(a.title, a.mail) for a in digest.applied]),
        ("Most discussed", [(d.title, d.first) for d in digest.discussions]),
        ("Security", [(m.title, m.mail) for m in digest.security]),
        ("New", [(p.title, p.mail) for p in current(digest)]),
    ):
        if (summed and some) or (label in ("Applied", "Security") and not some):
            lines.append((Span(f"{label}: ", Style.STRONG), *_names(some[:2], len(some) - 2)))
    return Section(tuple(lines))


def _summed(digest: Digest) -> str:
    some = (
        (len(digest.applied), "applied", "applied"),
        (len(digest.new_series), "new series", "new series"),
        (len(digest.new_versions), "new version", ""),
        (len(digest.discussions), "discussion", ""),
    )
    return ", ".join(counted(number, one, many) for number, one, many in some if number) or "nothing else"


def _names(some: Sequence[tuple[str, Cited]], more: int) -> list[Span]:
    if not some:
        return [Span("nothing found")]
    spans = [span for name, mail in some for span in (Span("; "), Span(shorten(name, 80), url=mail.url))][1:]
    return [*spans, Span(f"; and {more} more" if more > 0 else "")]


def _quiet(digest: Digest) -> Section:
    about = f" on {', '.join(digest.topics)}" if digest.topics else ""
    time = "week" if digest.week else "time"
    return Section(((Span(f"A quiet {time}{about}: nothing was posted, applied or argued about."),),))


def _foot(digest: Digest) -> Section:
    until = f"{digest.until:%Y-%m-%d %H:%M} UTC" if digest.until else "nothing yet"
    lines: list[Line] = [(Span(f"Read up to {until}. Only what mails and posts say is said here.", Style.FAINT),)]
    if digest.stalled:
        lines.append(
            (Span(f"Something may be missing: {', '.join(digest.stalled)} can't be read just now.", Style.STRONG),)
        )
    if digest.bots:
        lines.append((Span(f"{counted(digest.bots, 'mail')} by machines not counted as discussion.", Style.FAINT),))
    return Section(tuple(lines))
