"""Threads that belong under a heading by what they are about: security, the toolchain, pull requests. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from bot.chat.text import one_line
from bot.digest.material import Material, Talk, person, posts, recalled
from bot.digest.model import Cited, Mention
from bot.digest.postings import heading, pull
from bot.digest.sentences import clarity, sentences, titled
from bot.digest.talks import root_of
from index.model import Part, Role
from index.passages import subject

UNSOUND = re.compile(
    r"\bunsound(?:ness)?\b|\bsoundness\b|\bCVE(?:-\d{4}-\d+)?\b|\buse[- ]after[- ]free\b|\bUAF\b"
    r"|\bdouble[- ]free\b|\bundefined behaviou?r\b"
    r"|\bdata races?\b|\bout[- ]of[- ]bounds\b|\bbuffer overflows?\b|\bmemory[- ]safety (?:bug|issue|hole"
    r"|violation)\w*|\bdangling\b|\bexploit\w*"
    r"|\bvulnerabilit\w+|\bmemory corruption\b|\binfo(?:rmation)? leak\b|\bnull[- ]pointer deref\w*"
    r"|\buninit(?:ialized|ialised) memory\b|\bbounds check\b"
    r"|\bcontrol[- ]flow integrity\b|\bKASAN\b|\bsecurity\b|\bmark\w*\b.*\bas unsafe\b",
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
    r"\bcontrol[- ]flow integrity\b|\bharden\w*|\bmitigat\w+|\bsanitizer\b|\bKASAN\b", re.IGNORECASE
)
_REPAIRS = re.compile(r"\bfix(?:es|ed)?\b|\bas unsafe\b|\bprevent\b|\bavoid\b", re.IGNORECASE)
_OURS = re.compile(r"\brust\w*|\bcargo\b|\blinux kernel\b|\bkernels?\b|\bmemory[- ]safety\b", re.IGNORECASE)
_WINDOWS, _LINUX = re.compile(r"\bWindows\b"), re.compile(r"\bLinux\b")
KINDS = ("fix", "report", "hardening", "advisory")
_TOOLS = re.compile(
    r"\brustc\b|\brust(?: version)? 1\.\d+|\b1\.\d{2}(?:\.\d)?\b|\brust >=? 1|\bbindgen\b|\bclippy\b|\brustfmt\b"
    r"|\brustdoc\b|\bgccrs?\b|\bLLVM\b|\bclang\b|\btoolchain\b"
    r"|\bkbuild\b|\bobjtool\b|\bpahole\b|\bgendwarfksyms\b|\bedition\b|\bRUSTC_|\brust-analyzer\b|\bMSRV\b"
    r"|\bminimum version\b|\bKconfig\b.*\brust\b"
    r"|^MAINTAINERS\b|\bmaintainers? (?:entry|update)\b|\bcoding[- ](?:style|guidelines)\b|\bpolicy\b"
    r"|\bdocs?: rust\b|\bDocumentation/rust\b|^rust: kbuild\b|\blinux-next\b",
    re.IGNORECASE,
)
SURE = 2.0  # from then on a thread is about soundness or security
_FIXES = re.compile(r"^Fixes:\s*([0-9a-f]{7,40})\b", re.IGNORECASE | re.MULTILINE)
_STABLE = re.compile(r"^Cc:.*\bstable@", re.IGNORECASE | re.MULTILINE)
_MERGES = re.compile(r"linux-next: manual merge", re.IGNORECASE)


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


def source(part: Part) -> str:
    """Return where a post comes from."""
    host = part.url.split("/")[2] if "//" in part.url else ""
    return next((label.removeprefix("source:") for label in part.labels if label.startswith("source:")), host)


def _hole(talk: Talk, said: Cited | None) -> Mention:
    """A thread about a hole, with what its patches say of its age and of stable kernels."""
    newest = [h.newest for h in talk.histories]
    patches = [p for version in newest for id_ in version.parts if (p := talk.part(id_))]
    trailers = "\n".join(b.text for p in patches for b in p.blocks if b.role is Role.TRAILERS)
    fixes = tuple(dict.fromkeys(commit[:12] for commit in _FIXES.findall(trailers)))
    title = root_of(talk).title
    kind = "hardening" if _HARDENING.search(title) else "fix" if fixes or _REPAIRS.search(title) else "report"
    return replace(_mention(talk, said), fixes=fixes, stable=bool(_STABLE.search(trailers)), kind=kind)


def _unsound(talk: Talk) -> tuple[float, Cited | None]:
    """How much a thread is about it, and the sentence that says so best."""
    if recalled(talk.parts[0]):
        return 0.0, None
    titles = {subject(p.title) for p in talk.fresh if UNSOUND.search(subject(p.title))}
    posted = {p.id for p in talk.fresh if posts(p)}
    said = [one for part in talk.fresh for one in talk.own[part.id] if UNSOUND.search(one.text)]
    clear = [one for one in said if _CLEAR.search(one.text) and (one.id in posted or _asserts(one.text))]
    fit = clear or [one for one in said if one.id in posted]
    best = max(fit, key=lambda one: (bool(_CLEAR.search(one.text)) + clarity(one.text), one.id), default=None)
    own = any(one.id in posted for one in clear)
    return 3.0 * bool(titles) + min(3, len(clear)) + own + 0.25 * min(4, len(said)) * bool(clear), best


def _asserts(text: str) -> bool:
    """Whether an answer says that there is a hole, rather than explains what one is."""
    return bool(_ASSERTS.search(text)) and not _HYPOTHETIC.search(text)


def _mention(talk: Talk, said: Cited | None) -> Mention:
    root = root_of(talk)
    return Mention(heading(root.title), titled(root), said, one_line(root.author), done(talk))


def done(talk: Talk) -> str:
    """Return what became of a thread's series in the span, in a word."""
    if any(e.kind == "applied" for part in talk.fresh for e in part.events):
        return "applied"
    newest = [v for h in talk.histories for v in h.versions if v.date and v.date >= talk.span.begin]
    return newest[-1].label if newest else ""


def toolchain(material: Material) -> list[Mention]:
    """Return the threads about compilers, tools, builds and rules."""
    return [
        _mention(talk, _opening(talk) if not _MERGES.match(root_of(talk).title) else None)
        for talk in material.talks
        if _TOOLS.search(subject(root_of(talk).title)) and any(map(person, talk.fresh))
    ]


def _opening(talk: Talk) -> Cited | None:
    return next((one for part in _first(talk) for one in sentences(part)), None)


def _first(talk: Talk) -> Iterator[Part]:
    yield root_of(talk)
    yield from talk.fresh


def pulls(material: Material) -> list[Mention]:
    """Return the pull requests of the span."""
    return [
        Mention(one_line(subject(version.title)), titled(root), None, one_line(version.author), _pulled(version.events))
        for talk in material.talks
        for history in talk.histories
        for version in history.versions
        if pull(version) and version.date and version.date >= talk.span.begin and (root := talk.part(version.root))
    ]


def _pulled(events: Sequence[object]) -> str:
    return "applied" if any(getattr(event, "kind", "") == "applied" for event in events) else ""
