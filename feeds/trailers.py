"""The lines at the end of a commit message that name people and places: ``Key: value``.

A key counts when it is one of those the kernel uses, or ends in ``-by``, and its value is of the
right sort: a person, a commit, an address. "Link: see below" is prose.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

PERSON = r"[^:\n]*(?:<[^<>\s]*@[^<>]*>|\S+@\S+|<[^<>]+>|\(?[A-Z]\S* )"
URL = r"(?:<?https?://|msgid |<?[^\s<>]+@[^\s<>]+>?$|\[?\d*\]?:? ?https?://)"
TRAILER = re.compile(
    rf"(?P<key>[A-Z][A-Za-z]*(?:-[A-Za-z]+)*-[Bb]y|Cc|CC|To)(?P<colon>:\s*)(?={PERSON}|\S+$)\S"
    rf"|(?:Link|Closes|BugLink|Buglink|References|Lore|Closes-Bug|Message-I[Dd]|Message-id|Patchwork|URL):\s*{URL}"
    r"|Fixes:\s*(?:[Cc]ommit )?(?:[0-9a-f]{7,40}\b|https?://)"
    r"|(?:base-commit|prerequisite-(?:patch-id|commit|change-id|message-id)|change-id|Change-Id):\s*\S"
    r"|(?:Git-commit|Patch-mainline|X-developer-\w+|Obsoletes|Depends-on|Stable-dep-of):\s*\S"
    r"|\(cherry picked from commit [0-9a-f]{7,}"
    r"|[Cc]ommit [0-9a-f]{12,40} upstream\.?$|\[ ?[Uu]pstream commit [0-9a-f]{12,40} ?\]$"
)
CONTINUED_MAX = 4
KEYED = re.compile(r"(?P<key>[A-Za-z][A-Za-z-]*):\s*(?P<value>.+)")
TO_MAYBE = re.compile(r"(?:Cc|CC|To):\s*(?!.*@)")


def end(lines: Sequence[str], start: int) -> int:
    """Where the trailer that begins at ``start``, with its continuation lines, ends (``start``: none)."""
    line = lines[start]
    if ":" not in line[:40] and not line.startswith(("(cherry", "commit ", "Commit ", "[ ")):
        return start
    if not TRAILER.match(line) or TO_MAYBE.match(line):
        return start
    at = start + 1
    while at < min(len(lines), start + CONTINUED_MAX) and _continues(lines[at], line):
        at += 1
    return at


def parse(text: str) -> tuple[tuple[str, str], ...]:
    """The (key, value) pairs of a trailer block, in order; continuation lines joined."""
    found: list[tuple[str, str]] = []
    for line in text.split("\n"):
        if line[:1] in (" ", "\t") and found:
            key, value = found[-1]
            found[-1] = (key, f"{value} {line.strip()}")
        elif match := KEYED.match(line.strip()):
            found.append((match["key"], match["value"].strip()))
    return tuple(found)


def _continues(line: str, first: str) -> bool:
    if not line.strip():
        return False
    if line[0] in " \t":
        return True
    return first.startswith("Fixes:") and first.count("(") > first.count(")") and line.rstrip().endswith('")')
