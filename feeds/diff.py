"""Diffs as they stand in mail: where one ends, which files it touches, which names it changes.

A hunk's own line counts say where it ends, so that a removed line ``-- `` is not taken for a
signature, nor a removed bullet for a patch. Mail breaks long lines and strips trailing blanks, and
people shorten hunks by hand; a hunk therefore also ends at the first line that can't belong to it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from itertools import islice

FILES_MAX = 1000
SYMBOLS_MAX = 400
LINE_MAX = 400

HUNK = re.compile(r"@@ -\d+(?:,(\d+))? \+\d+(?:,(\d+))? @@ ?(.*)")
# What a merge shows ("diff --cc"): a column of marks for each parent.
COMBINED = re.compile(r"(@@@+) (?:-\d+(?:,\d+)? )+\+\d+(?:,(\d+))? @@@+")
ABOUT = re.compile(
    r"(index [0-9a-f]{6,}|mode \d|(old|new|new file|deleted file) mode \d|(dis)?similarity index "
    r"|(rename|copy) (from|to) |--- \S|\+\+\+ \S|Binary files |GIT binary patch|(literal|delta) \d+$|={20,}$)"
)
BASE85 = re.compile(r"[A-Za-z][0-9A-Za-z!#$%&()*+;<=>?@^_`{|}~-]{5,65}$")
STAT = re.compile(
    r" +(?P<path>\S.*?) +\| +(?:\d+ [+-]+|\d+$|Bin\b.*|Unk\b)"
    r"| \d+ files? changed\b| (?:create|delete) mode \d{6} | rename .+ \(\d+%\)$| copy .+ \(\d+%\)$| mode change \d{6}"
)
RANGE = re.compile(r" *(?:\d+|-+): +(?:[0-9a-f]{7,}|-+) [=!<>] +(?:\d+|-+): +(?:[0-9a-f]{7,}|-+)")

PATH = re.compile(
    r"^(?:diff --git a/(?P<old>\S+) b/(?P<new>\S+)|diff --(?:cc|combined) (?P<merged>\S+)"
    r"|(?:\+\+\+|---) (?:[ab]/)?(?P<file>\S+))",
    re.M,
)
MOVED = re.compile(r"\{(?P<old>[^{}]*) => (?P<new>[^{}]*)\}|^(?P<from>[^\s{}]+) => (?P<to>[^\s{}]+)$")
MARKS = frozenset("+-@")
HEADS = frozenset(("+++", "---"))
WORD = re.compile(r"[A-Za-z_]\w{2,79}(?:!?\()?")
DECLARED = re.compile(r"(?:struct|enum|trait|union|fn|type|mod|impl|class|def|macro_rules!) +([A-Za-z]\w{2,79})")
KEYWORDS = frozenset("if for while switch return sizeof match loop unsafe defined assert fn impl struct enum".split())


def end(lines: Sequence[str], start: int) -> int:
    """Where the diff that begins at ``start`` ends (``start`` itself: none begins there)."""
    line = lines[start]
    if HUNK.match(line) or COMBINED.match(line):
        return _hunk(lines, start)
    if line.startswith(("diff --git ", "diff --cc ", "diff --combined ")) or (
        line.startswith("Index: ") and _follows(lines, start, "=====")
    ):
        return _about(lines, start + 1)
    if line.startswith("--- ") and _follows(lines, start, "+++ "):
        return _about(lines, start)
    return start


def stat_end(lines: Sequence[str], start: int) -> int:
    """Where the diffstat or range-diff that begins at ``start`` ends."""
    at = start
    while at < len(lines) and STAT.match(lines[at]):
        at += 1
    if at == start and RANGE.match(lines[at]):
        return _range(lines, at + 1)
    return at


def files(diff: str) -> tuple[str, ...]:
    """The paths that a diff or diffstat names, in order, each once; ``...`` shortened ones are left out."""
    found: dict[str, None] = {}
    for match in PATH.finditer(diff):
        found.update((path, None) for path in match.groups() if path and path != "/dev/null")
    for line in diff.split("\n"):
        stat = STAT.match(line) if "|" in line and len(line) < LINE_MAX else None
        if stat and (path := stat["path"]) and not path.startswith("..."):
            found.update((one, None) for one in _moved(path))
    return tuple(found)[:FILES_MAX]


def symbols(diff: str) -> tuple[str, ...]:
    """Names of functions, types, macros and options on changed lines and in hunk headers, in order, each once."""
    changed = "\n".join([line[1:] for line in diff.split("\n") if line[:1] in MARKS and line[:3] not in HEADS])
    declared = set(DECLARED.findall(changed))
    words = dict.fromkeys(WORD.findall(changed))
    names = dict.fromkeys(name for word in words if (name := _name(word, declared)))
    return tuple(islice(names, SYMBOLS_MAX))


def _name(word: str, declared: AbstractSet[str]) -> str:
    """What looks like a name of a program and not like a word of its comments, else ''."""
    name = word.rstrip("!(")
    called = len(name) < len(word)
    inner = name[1:]
    shaped = "_" in name.strip("_") or (inner != inner.lower() and inner != inner.upper())
    name = name.strip("_")
    return name if (called or shaped or name in declared) and name not in KEYWORDS and len(name) > 2 else ""


def _moved(path: str) -> tuple[str, ...]:
    """Both paths of a rename in a diffstat (``a/{b => c}/d``)."""
    match = MOVED.search(path)
    if not match:
        return (path,)
    if match["from"]:
        return match["from"], match["to"]
    return tuple(MOVED.sub(match[side], path, count=1).replace("//", "/") for side in ("old", "new"))


def _follows(lines: Sequence[str], at: int, prefix: str) -> bool:
    return at + 1 < len(lines) and lines[at + 1].startswith(prefix)


def _about(lines: Sequence[str], at: int) -> int:
    """Past what stands between the first line of a file's diff and its first hunk, and past its hunks."""
    while at < len(lines) and ABOUT.match(lines[at]):
        binary = lines[at].startswith(("literal ", "delta "))
        at += 1
        while binary and at < len(lines) and BASE85.match(lines[at]):
            at += 1
    return _hunk(lines, at)


def _hunk(lines: Sequence[str], at: int) -> int:
    """Past the hunks that follow each other from ``at`` on."""
    while at < len(lines) and lines[at].startswith("@@"):
        if match := HUNK.match(lines[at]):
            at = _counted(lines, at + 1, int(match[1] or 1), int(match[2] or 1))
        elif match := COMBINED.match(lines[at]):
            at = _merged(lines, at + 1, int(match[2] or 1), len(match[1]) - 1)
        else:
            break
    return at


def _merged(lines: Sequence[str], at: int, new: int, parents: int) -> int:
    """Past the lines of a merge's hunk that has ``new`` lines of after."""
    while at < len(lines) and new > 0 and lines[at][:1] in ("", " ", "+", "-"):
        new -= "-" not in lines[at][:parents]
        at += 1
    return at


def _counted(lines: Sequence[str], at: int, old: int, new: int) -> int:
    """Past ``old`` lines of before and ``new`` lines of after, or as many as really are there."""
    last = at
    while at < len(lines) and (old > 0 or new > 0):
        mark = lines[at][:1]
        if mark not in ("", " ", "\t", "+", "-", "\\", "\xa0") and not _wrapped(lines, at):
            break
        old -= mark in ("", " ", "\t", "-", "\xa0")
        new -= mark in ("", " ", "\t", "+", "\xa0")
        at += 1
        last = at if mark else last
    if at < len(lines) and lines[at].startswith("\\ No newline"):
        return at + 1
    return last


def _wrapped(lines: Sequence[str], at: int) -> bool:
    """Whether this is the end of the line above, broken off by somebody's mailer."""
    follows = lines[at + 1][:1] if at + 1 < len(lines) else ""
    return lines[at - 1][:1] in ("+", "-", " ") and follows in ("+", "-", " ", "@") and lines[at][0] != ">"


def _range(lines: Sequence[str], at: int) -> int:
    """Past a range-diff: its entries, and the indented lines below them."""
    last = at
    while at < len(lines) and (not lines[at] or lines[at].startswith("    ") or RANGE.match(lines[at])):
        at += 1
        last = at if lines[at - 1].strip() else last
    return last
