"""Prose or not: which of an author's own lines are code, logs and tables.

Prose is what answers quote, so a line in doubt is prose. The unit is the paragraph (lines without a
blank one between); in a mixed paragraph only runs of unmistakable code are taken out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from index.model import Role

# What shows code or a log by its beginning …
HEAD = re.compile(
    r"""\s*(?:
      //[/!]?\s | /\*|\*/ | \#include\b | \#define\b | \#!?\[ | \#(?:if|ifdef|ifndef|endif|else)\b
    | [})\]]+[;,)\]]*\s*$
    | (?:pub(?:\([a-z]+\))?\s+)?(?:unsafe\s+)?
      (?:fn|struct|enum|impl|trait|mod|const|static|let|use|type)\s+[\w<'&].*[;{(,=>]$
    | \[\s*\d+\.\d{4,}\]
    | \$\s+\S | \#\s+[a-z./][\w./-]*(?:\s|$)
    | (?:error|warning|note|help)(?:\[E\d+\])?:\s | -->\s\S+:\d+ | \d*\s*\|(?:\s|$)
    | >*\s*\S+\.\w+:\d+:(?:\d+:)?\s
    | [0-9a-f]{8,}[:\s]\s*[0-9a-f]{2}\b
    | (?:CC|LD|AR|RUSTC|BINDGEN|HOSTCC|MODPOST|make(?:\[\d+\])?:)\s+\S
    | [+|](?:[-=]{3,}[+|]?)+ | [-=]{3,}(?:\s+[-=]{3,})+\s*$
    | [+-](?:\s{2,}|\t)\S
    | [\w.]+(?:(?:->|::|\.)\w+)*\([^()]*\)[;,]?\s*$
    )""",
    re.X,
)
# … by its end, and by what stands in it.
TAIL = re.compile(r"\S[;{]$|\s\{$|(?:\|\||&&|\\)$")
INNER = re.compile(r"\+0x[0-9a-f]+/0x|\)\s*->\s|=>.*[,({]$|\s\|\s.*\s\|(?:\s|$)")
COLUMNS = re.compile(r"\S+(?:\s{3,}|\t)\S+(?:(?:\s{3,}|\t)\S+)+$")
SHORTLOG = re.compile(r"[^\s:][^:]{2,60} \(\d+\):$")
BULLET = re.compile(r"\s*(?:[-*•+o]|\(?\d{1,2}[.):]|\[\d+\]|[a-z]\))\s+\S")
# What stands indented without being code: an address, a name under a letter.
ALONE = re.compile(r"\s*(?:\[\d+\]:?\s*)?<?https?://\S+\s*$|\s*-*\s*[A-Z][a-z]+(?: [A-Z][a-z]+)?[.,]?\s*$")
DEEP = ("    ", "\t", "   \t", "  \t", " \t")
WORD = re.compile(r"(?<![\w.:/_-])[A-Za-z][a-z']*(?![\w:/_(-])")
STOPWORDS = frozenset(
    "the a an to of and or in is are was be been it its this that these those for with as on by not no we i you he "
    "she they can could should would will may might must have has had do does did if when where which who what why "
    "how from at than then there here so but because since also only just about into out up all any some more most "
    "such same other one two our your their my me us them him her let's don't doesn't isn't can't it's i'm i'd i'll "
    "i've".split()
)


def sort(paragraph: Sequence[str]) -> Iterator[tuple[Role, Sequence[str]]]:
    """The paragraph's lines in runs of prose (``OWN``) and ``CODE``, in order."""
    marks = [_mark(line) for line in paragraph]
    code, prose = marks.count("code"), marks.count("prose")
    deep = all(line.startswith(DEEP) for line in paragraph)
    if SHORTLOG.match(paragraph[0]) and len(paragraph) > 1 and all(line[:1] in " \t" for line in paragraph[1:]):
        yield Role.CODE, paragraph
    elif all(line[:1] in "+- " for line in paragraph) and sum(line[:1] == "+" for line in paragraph) > 1:
        yield Role.CODE, paragraph  # a change proposed without the head of a diff
    elif deep and all(ALONE.match(line) for line in paragraph):
        yield Role.OWN, paragraph
    elif deep and not BULLET.match(paragraph[0]):
        yield Role.CODE if prose * 2 < len(marks) or code * 3 > len(marks) else Role.OWN, paragraph
    elif code * 2 > len(marks) and prose * 3 <= len(marks):
        yield Role.CODE, paragraph
    else:
        yield from _runs(paragraph, marks)


def words(line: str) -> tuple[int, int]:
    """How many plain words a line has, and how many of them hold sentences together."""
    found = WORD.findall(line)
    return len(found), sum(word.lower() in STOPWORDS for word in found)


def _mark(line: str) -> str:
    """``code``, ``prose``, or ``?`` for what could be either."""
    count, joints = words(line)
    wordy = joints >= 3 or (joints >= 1 and count >= 4)
    if BULLET.match(line) and not line.lstrip().startswith("*"):
        return "prose" if wordy or joints or count >= 3 else "?"
    if _strong(line):
        comment = line.lstrip().startswith(("//", "/*", "*", "#"))
        return "?" if wordy and not comment and not line.startswith(DEEP) else "code"
    return "prose" if wordy else "?"


def _strong(line: str) -> bool:
    """Whether the line can hardly be prose. The cheap looks come first: most lines are plain words."""
    bare = line.strip()
    if HEAD.match(bare) or TAIL.search(bare, len(bare) - 2):
        return True
    if ("+0x" in bare or "|" in bare or ">" in bare) and INNER.search(bare):
        return True
    return ("   " in bare or "\t" in bare) and bool(COLUMNS.match(bare))


def _runs(paragraph: Sequence[str], marks: Sequence[str]) -> Iterator[tuple[Role, Sequence[str]]]:
    """Take runs of at least two deeply indented, unmistakable lines of code out of a mixed paragraph."""
    at = 0
    while at < len(paragraph):
        stop = at
        while stop < len(paragraph) and _is_code(paragraph[stop], marks[stop]):
            stop += 1
        if stop - at >= 2 and "code" in marks[at:stop]:
            yield Role.CODE, paragraph[at:stop]
        else:
            stop = _prose_end(paragraph, marks, max(stop, at + 1))
            yield Role.OWN, paragraph[at:stop]
        at = stop


def _prose_end(paragraph: Sequence[str], marks: Sequence[str], at: int) -> int:
    while at < len(paragraph) and not (
        _is_code(paragraph[at], marks[at]) and at + 1 < len(paragraph) and _is_code(paragraph[at + 1], marks[at + 1])
    ):
        at += 1
    return at


def _is_code(line: str, mark: str) -> bool:
    return mark == "code" or (mark == "?" and line.startswith(DEEP) and not BULLET.match(line))
