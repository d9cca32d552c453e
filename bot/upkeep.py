"""What must be done again and again so that krab runs for years: old questions are forgotten, the disk is watched.

Polling stops before the disk is full, since what is read can be read later; answering goes on.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

log = logging.getLogger(__name__)

MARGIN = 1.1  # times the floor: so much must be free again before reading goes on


def free_space(path: Path) -> int:
    """Return the free bytes of the file system that ``path`` is on."""
    return shutil.disk_usage(path).free


@dataclass
class Disk:
    """Whether there is room to read more. ``floor`` in bytes; 0 never stops."""

    path: Path
    floor: int
    free: Callable[[Path], int] = free_space
    full: bool = field(default=False, init=False)

    def has_room(self) -> bool:
        """Look, and say in the log when it changes."""
        free = self.free(self.path)
        full = free < (self.floor * MARGIN if self.full else self.floor)
        if full != self.full:
            said = (
                "too little room: sources are not read until there is more" if full else "room again: sources are read"
            )
            log.warning("%s has %d MiB free, %s", self.path, free >> 20, said)
        self.full = full
        return not full


def forget_old(forget: Sequence[Callable[[datetime], int]], now: datetime, keep: float) -> int:
    """Have everyone who keeps what people said drop what is older than ``keep`` seconds; how much that was."""
    before = now - timedelta(seconds=keep)
    gone = sum(each(before) for each in forget)
    if gone:
        log.info("%d questions, opinions and messages from before %s are forgotten", gone, before.date())
    return gone
