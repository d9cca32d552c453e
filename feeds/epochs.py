"""A list by its git epochs, complete and incremental: the politest way to read it.

public-inbox keeps a list in git repositories ("epochs") of some hundred megabytes, one commit a mail. Each
is mirrored (``feeds.mirror``) and read commit by commit (``feeds.epoch``). A list that is to be read from a
moment on is fetched only so deep: the newest commits, and more until they reach back far enough. Single
dates of commits lie, so how far they reach is judged by many.

The cursor is the last commit read of each epoch, and whether reading began with the first mail. A rewritten
epoch (the cursor's commit is gone) is read from its start; what was read before is stored again as the same.
"""

from __future__ import annotations

import hashlib
import json
import logging
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

from feeds import epoch, mirror
from feeds.errors import Unreadable
from feeds.mail import parse, to_part
from feeds.origins import Origins
from feeds.response import inflate
from index.model import Batch, Part, Rejected

BATCH = 200
DEPTH = 1_000  # commits that a first fetch brings
COMMIT = re.compile(r"[0-9a-f]{40,64}")
EPOCH = re.compile(r"/git/(\d+)\.git$")
LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Place:
    """The cursor: the last commit read of each epoch. ``whole``: reading began with the first mail."""

    commits: dict[str, str] = field(default_factory=dict)
    whole: bool = False

    def dump(self) -> str:
        """As a string."""
        return json.dumps({"commits": self.commits, "whole": self.whole})

    @staticmethod
    def load(cursor: str) -> Place:
        """From a string; anything else is the beginning."""
        try:
            data = json.loads(cursor)
            commits = {str(number): str(commit) for number, commit in data["commits"].items()}
            return Place(commits, bool(data.get("whole", True)))  # cursors of before had no other way
        except (ValueError, TypeError, KeyError, AttributeError):
            return Place()


@dataclass(frozen=True, slots=True)
class Epochs:
    """The list at ``origins``; a first read goes back about ``since`` seconds, or to the first mail."""

    origins: Origins
    labels: tuple[str, ...] = ()
    since: float | None = None
    depth: int = DEPTH

    @property
    def url(self) -> str:
        """Where the list is, without a slash at its end."""
        return self.origins.url

    def read(self, cursor: str) -> Iterator[Batch]:
        """Every mail added or taken back after the cursor, in the order of the archive."""
        place = Place.load(cursor)
        if self.since is None and not place.whole:
            place = Place(whole=True)
        commits = dict(place.commits)
        first = not commits
        for number in self._recent() if first and self.since is not None else self._newer(commits):
            folder = self._folder(number)
            if not first or self.since is None:
                self._update(folder, number)
            yield from self._epoch(str(number), folder, replace(place, commits=commits))

    def _newer(self, commits: Mapping[str, str]) -> list[int]:
        """The epochs from the oldest one that was read on."""
        oldest = min((int(number) for number in commits if number.isdecimal()), default=0)
        return [number for number in self._numbers() if number >= oldest]

    def _recent(self) -> list[int]:
        """The epochs that reach back ``since`` seconds, fetched as far as that, oldest first."""
        start = self.origins.client.time.wall() - (self.since or 0.0)
        found: list[int] = []
        for number in reversed(self._numbers()):
            found.insert(0, number)
            folder = self._folder(number)
            self._update(folder, number, depth=self.depth)
            more = self.depth
            while mirror.shallow(folder) and epoch.oldest(folder) > start:
                self._update(folder, number, deepen=more)
                more *= 2
            if mirror.shallow(folder) or epoch.oldest(folder) <= start:
                break
        return found

    def _update(self, folder: Path, number: int, *, depth: int = 0, deepen: int = 0) -> None:
        def fetch(url: str) -> None:
            extent = mirror.Extent(depth, deepen, whole=self.since is None)
            mirror.update(folder, f"{url}/{number}", self.origins.client, extent, forwards=url != self.url)

        self.origins.first(fetch)

    def _epoch(self, number: str, folder: Path, place: Place) -> Iterator[Batch]:
        last = place.commits.get(number, "")
        if last and not (COMMIT.fullmatch(last) and epoch.known(folder, last)):
            LOG.warning("%s/%s: the cursor's commit is gone from the epoch; reading it again", self.url, number)
            last = ""
        steps = epoch.commits(folder, last)
        while some := list(islice(steps, BATCH)):
            yield self._batch(some, number, place)

    def _batch(self, steps: list[epoch.Commit], number: str, place: Place) -> Batch:
        parts: dict[str, Part] = {}
        removed: dict[str, None] = {}
        rejected = []
        for step in steps:
            try:
                part = to_part(parse(step.raw), base_url=f"{self.url}/", labels=self.labels)
            except Unreadable as error:
                rejected.append(Rejected(f"{self.url}/{number} {step.id[:12]}", str(error)))
                continue
            if step.removes:
                parts.pop(part.id, None)
                removed[part.id] = None
            else:
                removed.pop(part.id, None)
                parts[part.id] = part
        place.commits[number] = steps[-1].id
        return Batch(tuple(parts.values()), tuple(removed), tuple(rejected), place.dump())

    def _numbers(self) -> list[int]:
        """The epochs there are; an inbox without a manifest has just the first."""
        response = self.origins.get("/manifest.js.gz")
        if response.missing:
            return [0]
        packed = response.body.startswith(b"\x1f\x8b")
        try:
            limit = self.origins.client.manners.body
            manifest = json.loads(inflate([response.body], limit) if packed else response.body)
        except (ValueError, RecursionError) as error:
            raise Unreadable(f"{self.url}/manifest.js.gz is no manifest ({error})") from error
        names = manifest if isinstance(manifest, dict) else {}
        return sorted(int(found[1]) for name in names if (found := EPOCH.search(name)))

    def _folder(self, number: int) -> Path:
        name = re.sub(r"[^a-z0-9.-]+", "-", self.url.split("://")[-1].lower())[:60]
        unique = hashlib.sha256(self.url.encode()).hexdigest()[:8]
        return self.origins.client.cache / "epochs" / f"{name}-{unique}" / f"{number}.git"
