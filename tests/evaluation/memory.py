"""What a process holds, as Linux counts it: memory of its own apart from files that are mapped, open files, threads."""

from __future__ import annotations

import re
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

LINE = re.compile(r"^(\w+):\s+(\d+) kB$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Held:
    """``resident`` and ``own`` in KiB: ``own`` is anonymous memory (what the process allocated), the rest is pages of
    files, which the kernel takes back when it needs them.
    """

    resident: int
    own: int
    files: int
    threads: int

    def __str__(self) -> str:
        mapped = (self.resident - self.own) / 1024
        return f"{self.own / 1024:.1f} MiB of its own, {mapped:.1f} of files, {self.files} open, {self.threads} threads"


def held(pid: int) -> Held:
    """Return what a process holds now (https://docs.kernel.org/filesystems/proc.html, smaps_rollup)."""
    place = Path(f"/proc/{pid}")
    memory = {name: int(size) for name, size in LINE.findall((place / "smaps_rollup").read_text())}
    files, threads = len(list((place / "fd").iterdir())), len(list((place / "task").iterdir()))
    return Held(memory["Rss"], memory["Anonymous"], files, threads)


def kinds(pid: int) -> Counter[str]:
    """Return how many files of each kind a process has open."""
    found: Counter[str] = Counter()
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(OSError):
            target = entry.readlink()
            found[re.sub(r"[0-9a-f]{8,}|\d+", "N", target.name if target.is_absolute() else str(target))] += 1
    return found
