"""``krab import``: archives of mail and posts into the index."""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from bot.settings import Settings
from bot.wiring.krab import Krab
from bot.wiring.opening import opened
from feeds.errors import FeedError
from feeds.kinds import Source
from index.catalog import Changes
from index.codec import FORMAT


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Read every path; a broken one harms no other. Returns 1 when one could not be read whole."""
    tally = Tally()
    started = time.monotonic()
    with opened(settings) as krab:
        krab.index.embed_pending()  # what an interrupted import has left
        for path in options.paths:
            try:
                _read(krab, Path(path), options.list, tally)
            except FeedError as error:
                tally.failed.append(str(error))
        krab.index.sync()
        parts = krab.index.catalog.totals().parts
    _report(tally, time.monotonic() - started, parts, as_json=options.json)
    return 1 if tally.failed else 0


@dataclass(slots=True)
class Tally:
    """What was done so far, also when a file breaks off in the middle."""

    changes: Changes = field(default_factory=Changes)
    rejected: int = 0
    failed: list[str] = field(default_factory=list)


def _read(krab: Krab, path: Path, list_name: str, tally: Tally) -> None:
    """Read a path. A file that was read to its end before, byte for byte, is known without parsing it."""
    mark = _mark(path, list_name)
    if mark and (known := krab.cursors.cursor(mark)):
        tally.changes += Changes(unchanged=int(known))
        return
    before = tally.changes
    _ingest(krab, path, list_name, tally)
    if mark:
        seen = tally.changes
        krab.cursors.register([Source(mark, "archive", str(path))])
        count = seen.new + seen.changed + seen.unchanged - before.new - before.changed - before.unchanged
        krab.cursors.advance(mark, str(count))


def _mark(path: Path, list_name: str) -> str:
    """Return what names a file's content, as this version reads it; "" for anything but a file."""
    if not path.is_file():
        return ""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return f"import {digest} {FORMAT} {list_name}".rstrip()


def _ingest(krab: Krab, path: Path, list_name: str, tally: Tally) -> None:
    from feeds.kinds.archive import open_path

    progress = Progress(str(path))
    try:
        for batch in open_path(path, list_name=list_name).read(""):
            tally.changes += krab.index.ingest(batch, list_name or "import")
            tally.rejected += len(batch.rejected)
            progress.show(len(batch.parts) + len(batch.removed), batch.total)
    finally:
        progress.close()


class Progress:
    """A bar on a terminal, a line every ten seconds elsewhere; always on stderr."""

    def __init__(self, name: str, every: float = 10.0) -> None:
        from tqdm import tqdm

        self._name = name
        self._every = every
        self._done = 0
        self._bar = tqdm(desc=name, unit=" items", disable=not sys.stderr.isatty(), leave=False)
        self._started = self._last = time.monotonic()

    def show(self, more: int, total: int | None) -> None:
        """Say how far it is."""
        self._bar.total = total
        self._bar.update(more)
        self._done += more
        now = time.monotonic()
        if self._bar.disable and now - self._last >= self._every:
            self._last = now
            whole = f" of {total}" if total else ""
            rate = self._done / (now - self._started)
            print(f"{self._name}: {self._done}{whole} items, {rate:.0f} a second", file=sys.stderr)

    def close(self) -> None:
        """End the bar."""
        self._bar.close()


def _report(tally: Tally, seconds: float, parts: int, *, as_json: bool) -> None:
    changes = tally.changes
    for problem in tally.failed:
        print(f"krab: {problem}", file=sys.stderr)
    if as_json:
        counts = {name: getattr(changes, name) for name in ("new", "changed", "unchanged", "removed")}
        rest = {"rejected": tally.rejected, "failed": tally.failed, "seconds": round(seconds, 1), "parts": parts}
        print(json.dumps({**counts, **rest}))
        return
    seen = changes.new + changes.changed + changes.unchanged
    print(
        f"{seen} read in {seconds:.1f} s ({seen / max(seconds, 0.001):.0f} a second): {changes.new} new,"
        f" {changes.changed} changed, {changes.unchanged} known, {changes.removed} removed, {tally.rejected} rejected;"
        f" {parts} in the index"
    )
    if tally.rejected:
        print("`krab status` lists what was rejected, and why")
