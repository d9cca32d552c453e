"""What the lists talk about that is not the kernel's tree: libraries and tools of their own. Pure, and a table.

Such a thing's title begins with its project's name, as its mails are tagged ("[PATCH libgpiod] …").
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol, TypeVar

from bot.digest.model import Cited, Digest

_PROJECTS = re.compile(
    r"^(?:libgpiod|liburing|libnvme|libdrm|libtraceevent|dwarves|pahole|kmod|iproute2|ethtool|util-linux|qemu"
    r"|nfs-utils|xfsprogs|btrfs-progs|blktests|fstests|xfstests|b4|mesa|igt-gpu-tools):",
    re.IGNORECASE,
)


def outside(title: str) -> bool:
    """Whether a title names a project that is not the kernel."""
    return bool(_PROJECTS.match(title))


def parted(digest: Digest) -> tuple[Digest, list[tuple[str, Cited, str]]]:
    """Return the digest of the kernel alone, and each other thing once: its title, a mail, and what became of it."""
    found: dict[str, tuple[str, Cited, str]] = {}
    for title, mail, what in (
        *((one.title, one.mail, "applied") for one in digest.applied),
        *((one.title, one.mail, one.label) for one in (*digest.new_versions, *digest.new_series)),
        *((one.title, one.first, "discussed") for one in digest.discussions),
        *((one.title, one.mail, one.done) for one in (*digest.toolchain, *digest.pulls)),
    ):
        if outside(title):
            found.setdefault(title, (title, mail, what))
    kernel = replace(
        digest,
        applied=_inside(digest.applied),
        discussions=_inside(digest.discussions),
        new_series=_inside(digest.new_series),
        new_versions=_inside(digest.new_versions),
        waiting=_inside(digest.waiting),
        toolchain=_inside(digest.toolchain),
        pulls=_inside(digest.pulls),
        newcomers=_inside(digest.newcomers),
    )
    told = {one.title for one in digest.security}  # it matters wherever it is
    return kernel, [one for title, one in found.items() if title not in told]


class _Titled(Protocol):
    @property
    def title(self) -> str: ...


T = TypeVar("T", bound=_Titled)


def _inside(some: Sequence[T]) -> tuple[T, ...]:
    return tuple(one for one in some if not outside(one.title))
