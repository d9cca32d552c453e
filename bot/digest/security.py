"""What is unsound or unsafe, and what became of it: fixes, reports, hardening, advisories. Pure.

Told is what a security team asks first: which commit a fix repairs, whether it is for stable kernels and from which
on, and whether anybody has applied it, as far as mails say so.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import replace

from bot.chat.text import one_line
from bot.digest.material import Material, Talk, posts, recalled
from bot.digest.mentions import mention, source
from bot.digest.model import Cited, Mention
from bot.digest.postings import purpose
from bot.digest.sentences import cited, clarity, sentences, stands, titled
from bot.digest.talks import root_of
from feeds.applied import where
from index.model import Part, Role
from index.passages import subject

UNSOUND = re.compile(
    r"\bunsound(?:ness)?\b|\bsoundness\b|\bCVE(?:-\d{4}-\d+)?\b|\buse[- ]after[- ]free\b|\bUAF\b"
    r"|\bdouble[- ]free\b|\bundefined behaviou?r\b"
    r"|\bdata races?\b|\bout[- ]of[- ]bounds\b|\bbuffer overflows?\b|\bmemory[- ]safety (?:bug|issue|hole"
    r"|violation)\w*|\bdangling\b|\bexploit\w*"
    r"|\bvulnerabilit\w+|\bmemory corruption\b|\binfo(?:rmation)? leak\b|\bnull[- ]pointer deref\w*"
    r"|\buninit(?:ialized|ialised) memory\b|\bbounds check\b"
    r"|\bcontrol[- ]flow integrity\b|\bKASAN\b"
    r"|\bsecurity (?:advisor\w+|bugs?|fix\w*|flaws?|holes?|incidents?|issues?|updates?)\b|\bmark\w*\b.*\bas unsafe\b",
    re.IGNORECASE,
)
_CLEAR = re.compile(
    r"\bunsound|\bsoundness|\bCVE-|use[- ]after[- ]free|\bUAF\b|double[- ]free|memory corruption|out[- ]of[- ]bounds",
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
_REPAIRS = re.compile(r"\bfix(?:es|ed)?\b|\bas unsafe\b|\bprevent\b|\bavoid\b", re.IGNORECASE)
_OURS = re.compile(r"\brust\w*|\bcargo\b|\blinux kernel\b|\bkernels?\b|\bmemory[- ]safety\b", re.IGNORECASE)
_WINDOWS, _LINUX = re.compile(r"\bWindows\b"), re.compile(r"\bLinux\b")
_DOES = re.compile(
    r"(?:th(?:is|ese) (?:series|patch\w*|commit)|add|introduce|implement|enable|support|allow|fix)", re.IGNORECASE
)
KINDS = ("fix", "report", "hardening", "advisory")
SURE = 2.0  # from then on a thread is about soundness or security
_FIXES = re.compile(
    r"^Fixes:[ \t]*(?P<commit>[0-9a-f]{7,40})\b(?:[ \t]*\([\"'“]?(?P<name>[^\n]{1,120}?)[\"'”]?\)[ \t]*$)?",
    re.IGNORECASE | re.MULTILINE,
)
_STABLE = re.compile(r"^Cc:.*\bstable@[^#\n]*(?:#[^\d\n]*(?P<since>\d+\.\d+)[^\n]*)?", re.IGNORECASE | re.MULTILINE)


def security(material: Material) -> list[Mention]:
    """Return the threads about soundness and security: fixes, then reports, hardening, and advisories."""
    found = [(worth, _hole(talk, said)) for talk in material.talks for worth, said in [_unsound(talk)] if worth >= SURE]
    threads = [one for _, one in sorted(found, key=lambda pair: (KINDS.index(pair[1].kind), -pair[0], pair[1].mail.id))]
    return [*threads, *(_advisory(part) for part in material.posts if UNSOUND.search(part.title) and _concerns(part))]


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
    patches = [p for h in talk.histories for id_ in h.newest.parts if (p := talk.part(id_))]
    trailers = "\n".join(b.text for p in patches for b in p.blocks if b.role is Role.TRAILERS)
    fixes = {m["commit"][:12]: one_line(m["name"] or "") for m in _FIXES.finditer(trailers)}
    stable = _STABLE.search(trailers)
    kind = _kind(" ".join([root_of(talk).title, *(part.title for part in patches)]), trailers)
    fate, settled = _fate(talk, patches=bool(patches))
    return replace(
        mention(talk, said if kind != "hardening" else _purpose(patches)),
        fixes=tuple(f"{commit} ({name})" if name else commit for commit, name in fixes.items()),
        stable=bool(stable),
        since=(stable["since"] or "") if stable else "",
        kind=kind,
        fate=fate,
        settled=settled,
    )


def _purpose(patches: Sequence[Part]) -> Cited | None:
    """What hardening does, rather than what it is against."""
    return next((one for one in purpose(patches[:1]) if _DOES.match(one.text)), None)


def _kind(titles: str, trailers: str) -> str:
    if _HARDENING.search(titles):
        return "hardening"
    return "fix" if _FIXES.search(trailers) or _REPAIRS.search(titles) else "report"


def _fate(talk: Talk, *, patches: bool) -> tuple[str, Cited | None]:
    """What became of it until the span's end: taken, by whom and where to, or not as far as mails say."""
    for part in reversed(talk.parts):
        for event in part.events:
            if event.kind == "applied":
                tree = where(event.detail).tree
                return f"applied{f' to {tree}' if tree else ''} by {one_line(event.who)}", cited(part, event.quote)
    return ("not applied so far" if patches else ""), None


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
    best = max(fit, key=lambda one: (bool(_CLEAR.search(one.text)) + clarity(one.text), one.id), default=None)
    if not best and not UNSOUND.search(subject(root_of(talk).title)):
        return 0.0, None
    own = any(one.id in posted for one in clear)
    return 3.0 * named + min(3, len(clear)) + own + 0.25 * min(4, len(said)) * bool(clear), best


def _claimed(one: Cited, talk: Talk, posted: Collection[str]) -> bool:
    """Whether a patch, or an answer to one that can be read by itself, says that there is a hole."""
    return _asserts(one.text) and (one.id in posted or (bool(talk.histories) and stands(one.text)))


def _asserts(text: str) -> bool:
    """Whether an answer says that there is a hole, rather than explains what one is."""
    return bool(_ASSERTS.search(text)) and not _HYPOTHETIC.search(text)
