"""A digest as a card: the most important first, long lists folded, every line with its link. Pure.

``Length.SHORT`` is for a chat, where a digest must be read at a glance; ``Length.FULL`` for the web page, Markdown
and plain text. What is folded is counted, never dropped in silence.
"""

from __future__ import annotations

from bot.card import Card, Line, Picture, Section, Span, Style
from bot.digest.dates import span
from bot.digest.measures import MEASURES, Length, counted
from bot.digest.model import Digest
from bot.digest.outside import parted
from bot.digest.sections import Sections, once, sums

LISTS = 5  # whose mails are counted

__all__ = ["Length", "card", "title"]


def card(
    digest: Digest, length: Length = Length.FULL, *, picture: Picture | None = None, page: str = "", dates: str = "en"
) -> Card:
    """Return a digest to be shown; ``page`` is the address of its web page, when it has one."""
    digest, others = parted(digest)
    draw = Sections(MEASURES[length], others)
    sections = [_quiet(digest) if digest.quiet else _head(digest)]
    sections += [section for section in draw.sections(digest) if section]
    more = "The whole digest, with everything that is folded here: " if length is Length.SHORT else ""
    last = [Section(((Span(more), Span("web page", url=page)),))] if page and more else []
    return Card(title(digest, dates), (*sections, *last, _foot(digest, length)), picture=picture)


def title(digest: Digest, dates: str = "en") -> str:
    """Return the heading of a digest."""
    about = f" on {', '.join(digest.topics)}" if digest.topics else ""
    days = span(digest.begin, digest.end, dates)
    return f"Rust in the kernel{about}, {f'week {int(digest.week[-2:])}: ' if digest.week else ''}{days}"


def _head(digest: Digest) -> Section:
    by = counted(digest.people, "person", "people")
    counts = f"{counted(digest.mails, 'mail')} in {counted(digest.threads, 'thread')} by {by}"
    new, newer = sums(digest)
    some = (
        (new, "new series", "new series"),
        (newer, "series in a new version", "series in new versions"),
        (len(digest.discussions), "discussion", ""),
    )
    applied = len(once(digest.applied))
    told = [f"{applied} applied" if applied else "no mail says that something was applied to the kernel"]
    told += [counted(number, one, many) for number, one, many in some if number]
    return Section(((Span(f"{counts}: {', '.join(told)}.", Style.FAINT),),))


def _quiet(digest: Digest) -> Section:
    about = f" on {', '.join(digest.topics)}" if digest.topics else ""
    time = "week" if digest.week else "time"
    return Section(((Span(f"A quiet {time}{about}: nothing was posted, applied or argued about."),),))


def _foot(digest: Digest, length: Length) -> Section:
    until = f"{digest.until:%Y-%m-%d %H:%M} UTC" if digest.until else "nothing yet"
    read = f"{_read(digest)}. Only what mails and posts say is said here." if length is Length.FULL else "."
    lines: list[Line] = [(Span(f"Read up to {until}{read}", Style.FAINT),)]
    if digest.stalled:
        lines.append(
            (Span(f"Something may be missing: {', '.join(digest.stalled)} can't be read just now.", Style.STRONG),)
        )
    if digest.bots > 1 and length is Length.FULL:
        lines.append((Span(f"{counted(digest.bots, 'mail')} by machines not counted as discussion.", Style.FAINT),))
    return Section(tuple(lines))


def _read(digest: Digest) -> str:
    """Where the mails and posts came from: what is not there may have happened all the same."""
    counts = [f"{name} ({count})" if at < LISTS else name for at, (name, count) in enumerate(digest.lists)]
    posts = f"; posts of {', '.join(digest.sources)}" if digest.sources else ""
    return f": mails to {', '.join(counts)}{posts}" if counts else posts
