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

_TRIFLE = re.compile(r"^docs?\b|^Documentation\b|^MAINTAINERS\b|\btypos?\b|\bformatting\b|\bspelling\b", re.IGNORECASE)


def repair(patches: Sequence[Part]) -> Repair:
    """Return what ``patches`` repair."""
    told = ["\n".join(b.text for b in part.blocks if b.role is Role.TRAILERS) for part in patches]
    trailers = "\n".join(told)
    marked = [text for text in told if _FIXES.search(text) or _STABLE.search(text)]
    commits = {m["commit"][:12]: one_line(m["name"] or "") for m in _FIXES.finditer(trailers)}
    stable = _STABLE.search(trailers)
    return Repair(
        tuple(f"{commit} ({name})" if name else commit for commit, name in commits.items()),
        stable=bool(stable),
        since=(stable["since"] or "") if stable else "",
        mends=_mends(subject(patches[0].title) if patches else "", mostly=2 * len(marked) >= len(patches) > 0),
    )


def _mends(title: str, *, mostly: bool) -> bool:
    return not _TRIFLE.search(title) and (mostly or bool(_MENDS.match(title)))
