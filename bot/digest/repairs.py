"""What patches say they repair: which commits, and for which stable kernels. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.chat.text import one_line
from bot.digest.model import Repair
from index.model import Part, Role
from index.passages import subject

_FIXES = re.compile(
    r"^Fixes:[ \t]*(?P<commit>[0-9a-f]{7,40})\b(?:[ \t]*\([\"'“]?(?P<name>[^\n]{1,120}?)[\"'”]?\)[ \t]*$)?",
    re.IGNORECASE | re.MULTILINE,
)
_STABLE = re.compile(r"^Cc:.*\bstable@[^#\n]*(?:#[^\d\n]*(?P<since>\d+\.\d+)[^\n]*)?", re.IGNORECASE | re.MULTILINE)
_MENDS = re.compile(
    r"(?:.*: )?(?:(?:partially )?revert\b|fix(?:es|ed)?\b|work ?around\b|avoid\b|restore\b)"
    r"|.*\bbuild (?:error|failure|fix)",
    re.IGNORECASE,
)


def repair(patches: Sequence[Part]) -> Repair:
    """Return what ``patches`` repair."""
    trailers = "\n".join(block.text for part in patches for block in part.blocks if block.role is Role.TRAILERS)
    commits = {m["commit"][:12]: one_line(m["name"] or "") for m in _FIXES.finditer(trailers)}
    stable = _STABLE.search(trailers)
    return Repair(
        tuple(f"{commit} ({name})" if name else commit for commit, name in commits.items()),
        stable=bool(stable),
        since=(stable["since"] or "") if stable else "",
        mends=bool(commits or stable) or bool(patches and _MENDS.match(subject(patches[0].title))),
    )
