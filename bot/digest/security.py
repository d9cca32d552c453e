"""What is unsound or unsafe, and what became of it: fixes, reports, hardening, advisories. Pure.

Told is what a security team asks first: which commit a fix repairs, whether it is for stable kernels and from which
on, and whether anybody has applied it, as far as mails say so.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from bot.chat.text import one_line
from bot.digest.material import Material, Talk, posts, recalled
from bot.digest.mentions import mention, source
from bot.digest.model import Cited, Mention
from bot.digest.postings import SIGNED, purpose, rusty
from bot.digest.repairs import repair
from bot.digest.sentences import cited, clarity, dangles, sentences, stands, titled
from bot.digest.talks import root_of
from feeds.applied import where
from index.history import History
from index.model import Event, Part
from index.passages import subject

UNSOUND = re.compile(
    r"\bunsound(?:ness)?\b|\bsoundness\b|\bCVE(?:-\d{4}-\d+)?\b|\buse[- ]after[- ]free\b|\bUAF\b"
    r"|\bdouble[- ]free\b|\bundefined behaviou?r\b"
    r"|\bdata races?\b|\bout[- ]of[- ]bounds\b|\bbuffer overflows?\b|\bmemory[- ]safety (?:bug|issue|hole"
    r"|violation)\w*|\bdangling\b|\bexploit\w*"
    r"|\bvulnerabilit\w+|\bmemory corruption\b|\binfo(?:rmation)? leak\b|\bnull[- ]pointer deref\w*"
    r"|\buninit(?:ialized|ialised) memory\b|\bbounds check\b"
    r"|\bmakes? (?:the|this|that|our|its?)\b[^.\n]{0,40} (?:unsafe|unsound)\b|\bcontrol[- ]flow integrity\b|\bKASAN\b"
    r"|\bsecurity (?:advisor\w+|bugs?|fix\w*|flaws?|holes?|incidents?|issues?|updates?)\b|\bmark\w*\b.*\bas unsafe\b",
    re.IGNORECASE,
)
_CLEAR = re.compile(
    r"\bunsound|\bsoundness|\bCVE-|use[- ]after[- ]free|\bUAF\b|double[- ]free|memory corruption|out[- ]of[- ]bounds"
    r"|\bmakes? (?:the|this|that|our|its?)\b[^.\n]{0,40} (?:unsafe|unsound)\b",
    re.IGNORECASE,
)
_ASSERTS = re.compile(  # that there is a hole, and not what one would be
    r"\b(?:is|are|was|be|makes?\b[^.]{1,60}) (?:\w+ )?(?:unsound|unsafe)\b"
    r"|\b(?:un)?soundness (?:hole|issue|bug|problem)s?\b"
    r"|\bCVE-\d|\b(?:a|the|this|causes?|fix(?:es)?) (?:\w+ )?(?:use[- ]after[- ]free|UAF|double[- ]free)\b",
    re.IGNORECASE,
)
_HYPOTHETIC = re.compile(r"\b(?:if|unless|would|could|can|may|might|e\.g\.)\b|\?", re.IGNORECASE)
_HARDENING = re.compile(
    r"\bcontrol[- ]flow integrity\b|\bharden\w*|\bmitigat\w+|\bpreventing\b|\bsanitizer\b|\bKASAN\b", re.IGNORECASE
)
_UNSAFE = re.compile(rf"{UNSOUND.pattern}|\bunsafe\b", re.IGNORECASE)
_REPAIRS = re.compile(r"\bfix(?:es|ed)?\b|\bas unsafe\b|\bprevent\b|\bavoid\b", re.IGNORECASE)
_OURS = re.compile(r"\brust\w*|\bcargo\b|\blinux kernel\b|\bkernels?\b|\bmemory[- ]safety\b", re.IGNORECASE)
_WINDOWS, _LINUX = re.compile(r"\bWindows\b"), re.compile(r"\bLinux\b")
_DOES = re.compile(
    r"(?:th(?:is|ese) (?:series|patch\w*|commit)|add|introduce|implement|enable|support|allow|fix)", re.IGNORECASE
)
KINDS = ("fix", "report", "review", "open", "hardening", "advisory")
SURE = 2.0  # from then on a thread is about soundness or security


def security(material: Material) -> list[Mention]:
    """Return the threads about soundness and security: fixes first, open ones of the weeks before, then advisories."""
    found = [(worth, _hole(talk, said)) for talk in material.talks for worth, said in [_unsound(talk)] if worth >= SURE]
    threads = [one for _, one in sorted(found, key=lambda pair: (KINDS.index(pair[1].kind), -pair[0], pair[1].mail.id))]
    threads = [one for one in threads if one.kind != "hardening" or _rusty(one, material)]
    return [*threads, *_open(material), *map(_advisory, filter(_advises, material.posts))]


def _shows(said: Cited, kind: str) -> bool:
    return kind != "hardening" and not dangles(said.text)


def _rusty(one: Mention, material: Material) -> bool:
    talk = next(talk for talk in material.talks if talk.part(one.mail.id))
    return not talk.histories or any(rusty(_posted(talk, history)) for history in talk.histories)


def _posted(talk: Talk, history: History) -> list[Part]:
    return [p for id_ in history.newest.parts if (p := talk.part(id_))]


def _open(material: Material) -> Iterator[Mention]:
    """Fixes of the weeks before that nobody has applied, and of which nothing was heard in the span."""
    for talk in material.open:
        if not _takings(talk):
            one = _hole(talk, None)
            if one.kind == "fix":
                patches = [p for history in talk.histories for p in _posted(talk, history)]
                yield replace(one, kind="open", said=_danger(patches))


def _danger(patches: Sequence[Part]) -> Cited | None:
    """What patches say is unsound, where they say so in words that stand by themselves."""
    said = (one for part in patches for one in sentences(part) if _UNSAFE.search(one.text))
    return next((one for one in said if not dangles(one.text)), None)


def unsound(part: Part) -> bool:
    """Whether a mail posts what its title calls a repair of something unsound."""
    title = subject(part.title)
    return bool(posts(part) and UNSOUND.search(title) and not _HARDENING.search(title))


def _advises(part: Part) -> bool:
    return bool(UNSOUND.search(part.title)) and _concerns(part)


def _concerns(part: Part) -> bool:
    """Whether an advisory is about Rust or the kernel, and not about another system alone."""
    if not _OURS.search(part.title) and "rust" not in part.url:
        return False
    return not (_WINDOWS.search(part.text) and not _LINUX.search(part.text))


def _advisory(part: Part) -> Mention:
    told = (one for one in sentences(part) if UNSOUND.search(one.text) and one.text != one_line(part.title))
    return Mention(
        one_line(part.title), titled(part), next(told, None), one_line(part.author) or source(part), kind="advisory"
    )


def _hole(talk: Talk, said: Cited | None) -> Mention:
    """A thread about a hole, with what its patches say of its age and of stable kernels, and who took them."""
    patches = [p for history in talk.histories for p in _posted(talk, history)]
    kind = _kind(talk, patches, said)
    fate, settled = _fate(talk, patches=bool(patches))
    events = [event for history in talk.histories for event in history.newest.events]
    dates = [v.date for history in talk.histories for v in history.versions if v.date]
    return replace(
        mention(talk, said if said and (kind == "review" or _shows(said, kind)) else _purpose(patches)),
        repair=repair(patches),
        kind=kind,
        fate=fate,
        settled=settled,
        tags=tuple(dict.fromkeys((e.kind, one_line(e.who)) for e in events if e.kind in SIGNED)),
        replies=sum(1 for part in talk.said if part.author != root_of(talk).author),
        first=min(dates, default=None),
    )


def _purpose(patches: Sequence[Part]) -> Cited | None:
    """What patches do, rather than what they are against."""
    return next((one for one in purpose(patches[:1]) if _DOES.match(one.text)), None)


def _kind(talk: Talk, patches: Sequence[Part], said: Cited | None) -> str:
    """What it is: patches repair a hole, or somebody says that there is one in them, or there are none."""
    titles = " ".join([root_of(talk).title, *(part.title for part in patches)])
    if _HARDENING.search(titles):
        return "hardening"
    if not patches:
        return "fix" if _takings(talk) else "report"
    mends = repair(patches).mends or UNSOUND.search(titles) or _REPAIRS.search(titles)
    return "fix" if mends or not said or said.id in {part.id for part in patches} else "review"


def _fate(talk: Talk, *, patches: bool) -> tuple[str, Cited | None]:
    """What became of it until the span's end: taken, by whom and where to, or not as far as mails say."""
    if event := max(_takings(talk), key=lambda e: (e.when or talk.span.begin, e.part), default=None):
        tree, part = where(event.detail).tree, talk.part(event.part)
        told = cited(part, event.quote) if part else None
        return f"applied{f' to {tree}' if tree else ''} by {one_line(event.who)}", told
    return ("no mail says it was applied" if patches else ""), None


def _takings(talk: Talk) -> list[Event]:
    """What says that it was applied: in the talk, or of its series in another thread."""
    known = [event for history in talk.histories for version in history.versions for event in version.events]
    said = [event for part in talk.parts for event in part.events]
    return [event for event in (*known, *said) if event.kind == "applied"]


def _unsound(talk: Talk) -> tuple[float, Cited | None]:
    """How much a thread is about it, and the sentence that says so best."""
    if recalled(talk.parts[0]):
        return 0.0, None
    named = any(UNSOUND.search(subject(p.title)) for p in talk.fresh)
    posted = {p.id for p in talk.fresh if posts(p) or any(event.kind == "applied" for event in p.events)}
    said = [one for part in talk.fresh for one in talk.own[part.id] if UNSOUND.search(one.text)]
    claims = [one for one in said if _CLEAR.search(one.text)]
    clear = [one for one in claims if (named and one.id in posted) or _claimed(one, talk, posted)]
    fit = clear or [one for one in said if one.id in posted]
    best = max(fit, key=_telling, default=None)
    if not best and not UNSOUND.search(subject(root_of(talk).title)):
        return 0.0, None
    own = any(one.id in posted for one in clear)
    doubt = any(one.id not in posted for one in clear)
    return 3.0 * named + min(3, len(clear)) + own + doubt + 0.25 * min(4, len(said)) * bool(clear), best


def _telling(one: Cited) -> tuple[bool, float, str]:
    return not dangles(one.text), bool(_CLEAR.search(one.text)) + clarity(one.text), one.id


def _claimed(one: Cited, talk: Talk, posted: Collection[str]) -> bool:
    """Whether a patch, or an answer to one that can be read by itself, says that there is a hole."""
    return _asserts(one.text) and (one.id in posted or (bool(talk.histories) and stands(one.text)))


def _asserts(text: str) -> bool:
    """Whether an answer says that there is a hole, rather than explains what one is."""
    found = _ASSERTS.search(text)
    return found is not None and not text.endswith("?") and not _HYPOTHETIC.search(text[: found.end()])
