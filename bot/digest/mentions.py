"""Threads that belong under a heading by what they are about: the toolchain, rules, pull requests. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from bot.chat.text import one_line
from bot.digest.material import Material, Talk, person
from bot.digest.model import Cited, Mention
from bot.digest.postings import heading, pull
from bot.digest.sentences import cited, sentences, titled
from bot.digest.talks import root_of
from index.model import Part
from index.passages import subject

_TOOLS = re.compile(
    r"\brustc\b|\brust(?: version)? 1\.\d+|\b1\.\d{2}(?:\.\d)?\b|\brust >=? 1|\bbindgen\b|\bclippy\b|\brustfmt\b"
    r"|\brustdoc\b|\bgccrs?\b|\bLLVM\b|\bclang\b|\btoolchain\b"
    r"|\bkbuild\b|\bobjtool\b|\bpahole\b|\bgendwarfksyms\b|\bedition\b|\bRUSTC_|\brust-analyzer\b|\bMSRV\b"
    r"|\bminimum version\b|\bKconfig\b.*\brust\b"
    r"|^MAINTAINERS\b|\bmaintainers? (?:entry|update)\b|\bcoding[- ](?:style|guidelines)\b|\bpolicy\b"
    r"|\bdocs?: rust\b|\bDocumentation/rust\b|^rust: kbuild\b|\blinux-next\b",
    re.IGNORECASE,
)
_CONFLICT = re.compile(r"conflicts? in:\s*\n(?P<files>(?:[ \t]+\S+\n?){1,12})")
_MERGES = re.compile(r"linux-next: manual merge", re.IGNORECASE)


def source(part: Part) -> str:
    """Return where a post comes from."""
    host = part.url.split("/")[2] if "//" in part.url else ""
    return next((label.removeprefix("source:") for label in part.labels if label.startswith("source:")), host)


def mention(talk: Talk, said: Cited | None) -> Mention:
    """Return a thread as a line, with ``said`` for why it stands where it does."""
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
    talks = [talk for talk in material.talks if _TOOLS.search(subject(root_of(talk).title))]
    return [_tool(talk) for talk in talks if any(map(person, talk.fresh))]


def _tool(talk: Talk) -> Mention:
    root = root_of(talk)
    if not _MERGES.match(root.title):
        return mention(talk, _opening(talk))
    found = _CONFLICT.search(root.text)
    return replace(mention(talk, None), files=cited(root, found["files"].strip()) if found else None)


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
