"""From what was read to a digest. Pure: the same material gives the same digest."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import datetime

from bot.chat.text import one_line
from bot.digest import gist
from bot.digest.area import area
from bot.digest.material import Material, Talk, person
from bot.digest.mentions import pulls, source, toolchain
from bot.digest.model import Activity, Applied, Article, Cited, Digest, Posting, Pulse
from bot.digest.newcomers import newcomers
from bot.digest.postings import applied, new, posted
from bot.digest.security import UNSOUND, security
from bot.digest.sentences import clarity, dangles, sentences, titled
from bot.digest.span import WEEK, week_of
from bot.digest.talks import discussions
from bot.digest.waiting import waiting
from feeds.signed import plain_name
from index.model import Part

GIST_OF_POST, LEAD, CLEAR = 2, 4, 0.5
OFTEN = 3  # times that a post names what concerns us
_OURS = re.compile(
    r"\blinux kernel\b|\bin the kernel\b|\bkernel (?:driver|module|developer|maintainer)s?\b"
    r"|\brust[- ]for[- ]linux\b|\bmemory[- ](?:un)?safe(?:ty)?\b"
    r"|\bAnnouncing Rust\b|\bRust 1\.\d+|\bproject goals?\b|\bembedded\b|\bfirmware in rust\b",
    re.IGNORECASE,
)
_NEW = re.compile(
    r"\b(?:stabili[sz]\w+|as of|now|new|introduc\w+|releas\w+|vulnerabilit\w+|soundness|deprecat\w+)\b", re.IGNORECASE
)
NEWS = 1.5
_HOUSE = re.compile(r"^(?:MAINTAINERS|mailmap|\.mailmap|CREDITS)\b", re.IGNORECASE)


def compose(material: Material, topics: tuple[str, ...] = ()) -> Digest:
    """Return what happened."""
    span = material.span
    rarity = gist.rarities(gist.words(f"{p.title} {p.text}"[:20_000]) for talk in material.talks for p in talk.fresh)
    series, versions = _postings(material.talks)
    fresh = [part for talk in material.talks for part in talk.fresh]
    said = [part for part in fresh if person(part)]
    return Digest(
        week=span.week,
        begin=span.begin,
        end=span.end,
        mails=len(fresh),
        threads=len(material.talks),
        people=len({plain_name(part.author) for part in said}),
        topics=topics,
        applied=tuple(sorted((a for talk in material.talks for a in applied(talk)), key=_by_tree)),
        discussions=tuple(discussions(material, rarity)),
        security=tuple(security(material)),
        new_series=tuple(series),
        new_versions=tuple(versions),
        waiting=tuple(waiting(material)),
        toolchain=tuple(toolchain(material)),
        pulls=tuple(pulls(material)),
        newcomers=tuple(newcomers(material)),
        posts=tuple(_article(part, rarity) for part in material.posts if _concerns(part)),
        activity=_activity(material),
        pulse=_pulse(material),
        bots=len(fresh) - len(said),
        until=material.until,
        stalled=material.stalled,
        lists=_lists(fresh),
        sources=tuple(dict.fromkeys(map(source, material.posts))),
    )


def _lists(fresh: Iterable[Part]) -> tuple[tuple[str, int], ...]:
    """To which lists the mails went, the most first."""
    named = (label.removeprefix("list:") for part in fresh for label in part.labels if label.startswith("list:"))
    return tuple(Counter(named).most_common())


def _by_tree(one: Applied) -> tuple[bool, bool, str, str]:
    """By tree; what only keeps house comes last."""
    return (bool(_HOUSE.match(one.title)), not one.tree, one.tree, one.title)


def _postings(talks: Iterable[Talk]) -> tuple[list[Posting], list[Posting]]:
    """New series and new versions, each those about Rust first, then what people answered."""
    series: list[Posting] = []
    versions: list[Posting] = []
    for talk in talks:
        for posting, version, history in posted(talk):
            (series if new(version, history) else versions).append(posting)
    return sorted(series, key=_telling), sorted(versions, key=_telling)


def _telling(one: Posting) -> tuple[bool, int, int, str]:
    return (not one.rust, -one.replies, -one.parts, one.mail.id)


def _concerns(part: Part) -> bool:
    """Whether a post is for kernel people; advisories stand under security."""
    if UNSOUND.search(part.title):
        return False
    return bool(_OURS.search(part.title)) or len(_OURS.findall(part.text)) >= OFTEN


def _article(part: Part, rarity: Callable[[str], float]) -> Article:
    """A post opens with what it is about: that, and what says most."""
    said = [one for one in sentences(part) if not (dangles(one.text) or gist.idle(one.text))]
    weighed = gist.weigh(said, part.title, rarity, _news)
    lead = [w for one in said[:LEAD] for w in weighed if w.said is one and clarity(one.text) >= CLEAR][:1]
    others = [w for w in weighed if not any(gist.alike(w, o) for o in lead)]
    chosen = [w.said for w in [*lead, *others][:GIST_OF_POST]]
    return Article(one_line(part.title), titled(part), source(part), part.date, tuple(sorted(chosen, key=said.index)))


def _news(one: Cited) -> float:
    """What is new in a post counts more than how it was always."""
    return NEWS if _NEW.search(one.text) else 1.0


def _activity(material: Material) -> tuple[Activity, ...]:
    """People's mails by area: this week's, and those of the weeks before."""
    weeks: dict[str, Counter[int]] = {}
    for past in material.past:
        if "bot" not in past.labels:
            weeks.setdefault(area(past.labels), Counter())[_weeks_ago(past.date, material)] += 1
    first = max((ago for counts in weeks.values() for ago in counts), default=0)
    rows = [
        Activity(name, counts[0], tuple(counts[ago] for ago in range(first, 0, -1))) for name, counts in weeks.items()
    ]
    return tuple(sorted((r for r in rows if r.now or any(r.before)), key=lambda r: (-r.now, -sum(r.before), r.area)))


def _weeks_ago(date: datetime, material: Material) -> int:
    return max(0, -((date - material.span.begin) // WEEK))


def _pulse(material: Material) -> tuple[Pulse, ...]:
    found: dict[int, list[int]] = {}
    for past in material.past:
        row = found.setdefault(_weeks_ago(past.date, material), [0, 0, 0])
        row[0] += "bot" not in past.labels
        row[1] += past.posts and ("cover" in past.labels or "patch" in past.labels)
        row[2] += past.applied
    return tuple(
        Pulse(week_of(material.span.begin - ago * WEEK).week, *found.get(ago, [0, 0, 0]))
        for ago in range(max(found, default=0), -1, -1)
    )
