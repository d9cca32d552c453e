"""``krab import``: archives of mail and posts into the index."""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

from bot.settings import Settings
from bot.wiring import Krab, opened
from feeds.errors import FeedError
from index.catalog import Changes

SHOWN = 20  # rejected items named at the end; all of them are kept in the catalogue


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Read every path; a broken one harms no other. Returns 1 when one could not be read whole."""
    failed: list[str] = []
    total, rejected, started = Changes(), 0, time.monotonic()
    with opened(settings) as krab:
        krab.index.embed_pending()  # what an interrupted import has left
        for path in options.paths:
            try:
                changes, bad = _read(krab, Path(path), options)
                total, rejected = total + changes, rejected + bad
            except FeedError as error:
                failed.append(str(error))
        krab.index.sync()
        parts = krab.index.catalog.totals().parts
    seconds = time.monotonic() - started
    _report(options, total, rejected, failed, seconds, parts)
    return 1 if failed else 0


def _read(krab: Krab, path: Path, options: argparse.Namespace) -> tuple[Changes, int]:
    from feeds.kinds.archive import open_path

    source = options.list or "import"
    progress = Progress(str(path))
    changes, rejected = Changes(), 0
    try:
        for batch in open_path(path, list_name=options.list).read(""):
            changes += krab.index.ingest(batch, source)
            rejected += len(batch.rejected)
            progress.show(changes, batch.total)
    finally:
        progress.close()
    return changes, rejected


class Progress:
    """A bar on a terminal, a line every ten seconds elsewhere; always on stderr."""

    def __init__(self, name: str, every: float = 10.0) -> None:
        from tqdm import tqdm

        self._name = name
        self._every = every
        self._bar = tqdm(desc=name, unit=" items", disable=not sys.stderr.isatty(), leave=False)
        self._started = self._last = time.monotonic()

    def show(self, changes: Changes, total: int | None) -> None:
        """Say how far it is."""
        done = changes.new + changes.changed + changes.unchanged + changes.removed
        self._bar.total = total
        self._bar.update(done - self._bar.n)
        now = time.monotonic()
        if self._bar.disable and now - self._last >= self._every:
            self._last = now
            whole = f" of {total}" if total else ""
            rate = done / (now - self._started)
            print(f"{self._name}: {done}{whole} items, {rate:.0f} a second", file=sys.stderr)

    def close(self) -> None:
        """End the bar."""
        self._bar.close()


def _report(
    options: argparse.Namespace, total: Changes, rejected: int, failed: list[str], seconds: float, parts: int
) -> None:
    for problem in failed:
        print(f"krab: {problem}", file=sys.stderr)
    if options.json:
        counts = {name: getattr(total, name) for name in ("new", "changed", "unchanged", "removed")}
        rest = {"rejected": rejected, "failed": failed, "seconds": round(seconds, 1), "parts": parts}
        print(json.dumps({**counts, **rest}))
        return
    seen = total.new + total.changed + total.unchanged
    print(
        f"{seen} read in {seconds:.1f} s ({seen / max(seconds, 0.001):.0f} a second): {total.new} new,"
        f" {total.changed} changed, {total.unchanged} known, {total.removed} removed, {rejected} rejected;"
        f" {parts} in the index"
    )
    if rejected:
        print("`krab status` lists what was rejected, and why")
