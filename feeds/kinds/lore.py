"""Mailing lists on lore.kernel.org, or on any public-inbox: ``https://lore.kernel.org/<list>``.

Two ways, chosen by the fragment of the source's url:

- without one, HTTP (``feeds.inbox``): a new source starts with the last 14 days. That is a few megabytes
  and a dozen requests, so a first ``make run`` on a laptop is useful within a minute; the whole history
  of a list is hundreds of megabytes to gigabytes, which nobody should fetch by accident.
  ``#since=90d`` or ``#since=2026-01-01`` goes back further.
- ``#git``: the list's git epochs, complete from the first mail on. It is the politest way to get
  everything (one incremental fetch a poll, no search), and costs the disk space of the archive.

``#mirror=https://…`` (also behind an ``&``) names a copy of the list that stands in while the host fails;
lore.kernel.org has one that is known of (``feeds.origins``).

The two have different cursors; a source that changes its way starts anew, and what it reads again is
stored again as the same. A rewritten epoch (the cursor's commit is gone) is read from its start.
"""

from __future__ import annotations

import hashlib
import json
import logging
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from urllib.parse import parse_qsl, quote, urlsplit

from feeds import epoch, mirror
from feeds.errors import Refused, Unreadable
from feeds.fetch import Client
from feeds.inbox import DAY, Inbox, mails, part
from feeds.kinds import Feed, Source
from feeds.mail import parse, to_part
from feeds.origins import Origins
from feeds.permalink import HOSTS, of_link
from feeds.response import inflate
from index.model import Batch, Part, Rejected

DEFAULT_DAYS = 14
EVERYTHING = "https://lore.kernel.org/all"
BATCH = 200
COMMIT = re.compile(r"[0-9a-f]{40,64}")
EPOCH = re.compile(r"/git/(\d+)\.git$")
LOG = logging.getLogger(__name__)


def open(source: Source, client: Client) -> Feed:  # noqa: A001 (the name that every kind has)
    """The list at ``source.url``, in the way its fragment says. Raises ``Refused`` for one it can't mean."""
    url, _, fragment = source.url.partition("#")
    url = url.rstrip("/")
    pairs = parse_qsl(fragment, keep_blank_values=True)
    options = dict(pairs)
    if unknown := set(options) - {"git", "since", "mirror"}:
        raise Refused(
            f"{source.url}: #{min(unknown)} is none of #git, #since=90d, #since=2026-01-01, #mirror=https://…"
        )
    labels = (f"list:{urlsplit(url).path.rstrip('/').rsplit('/', 1)[-1]}",)
    origins = Origins.of(url, client, tuple(value.rstrip("/") for name, value in pairs if name == "mirror"))
    if "git" in options:
        return Epochs(origins, labels)
    return Inbox(origins, _since(options.get("since", f"{DEFAULT_DAYS}d"), client.time.wall()), labels)


def archive(sources: Iterable[Source]) -> str:
    """Where threads may be asked for, given what is read: all of lore, another inbox, or '' when there is none."""
    urls = [source.url.partition("#")[0].rstrip("/") for source in sources if source.kind == "lore"]
    everything = any(urlsplit(url).netloc.lower() == urlsplit(EVERYTHING).netloc for url in urls)
    return EVERYTHING if everything else next(iter(urls), "")


def thread(url_or_message_id: str, client: Client, base: str = EVERYTHING) -> Iterator[Batch]:
    """The whole thread of one mail, from the inbox at ``base``; nothing when that doesn't know the mail.

    A link is only looked at for its Message-ID: where to ask is the caller's choice, not that of whoever
    typed the link. Raises ``FeedError``.
    """
    host = urlsplit(base).netloc.lower()
    name = of_link(url_or_message_id, HOSTS | {host}) if "://" in url_or_message_id else url_or_message_id.strip("<> ")
    if not name:
        raise Refused(f"{url_or_message_id} is no link to a mail in an archive")
    response = Origins.of(base, client).get(f"/{quote(name, safe='@+=$,:~')}/t.mbox.gz")
    if response.missing or response.is_html:
        return
    packed = response.body.startswith(b"\x1f\x8b")
    box = inflate([response.body], client.manners.body) if packed else response.body
    found = [part(raw, f"{base.rstrip('/')}/", ()) for raw in mails(box)]
    rejected = tuple(Rejected(name, one) for one in found if isinstance(one, str))
    yield Batch(tuple(one for one in found if isinstance(one, Part)), rejected=rejected)


def _since(text: str, now: float) -> float:
    """Seconds to go back: "90d", or since a date."""
    if re.fullmatch(r"[0-9]{1,5}d", text):
        return int(text[:-1]) * float(DAY)
    try:
        return max(0.0, now - datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())
    except ValueError as error:
        raise Refused(f"since={text}: write a number of days (90d) or a date (2026-01-01)") from error


@dataclass(frozen=True, slots=True)
class Epochs:
    """A list by its git epochs. The cursor is the last commit read of each."""

    origins: Origins
    labels: tuple[str, ...] = ()

    @property
    def url(self) -> str:
        """Where the list is, without a slash at its end."""
        return self.origins.url

    def read(self, cursor: str) -> Iterator[Batch]:
        """Every mail added or taken back after the cursor, in the order of the archive."""
        commits = dict(_commits(cursor))
        for number in self._numbers():
            folder = self._folder(number)
            self._update(folder, number)
            yield from self._epoch(str(number), folder, commits)

    def _update(self, folder: Path, number: int) -> None:
        def fetch(url: str) -> None:
            mirror.update(folder, f"{url}/{number}", self.origins.client, forwards=url != self.url)

        self.origins.first(fetch)

    def _epoch(self, number: str, folder: Path, commits: dict[str, str]) -> Iterator[Batch]:
        last = commits.get(number, "")
        if last and not (COMMIT.fullmatch(last) and epoch.known(folder, last)):
            LOG.warning("%s/%s: the cursor's commit is gone from the epoch; reading it again", self.url, number)
            last = ""
        steps = epoch.commits(folder, last)
        while some := list(islice(steps, BATCH)):
            yield self._batch(some, number, commits)

    def _batch(self, steps: list[epoch.Commit], number: str, commits: dict[str, str]) -> Batch:
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
        commits[number] = steps[-1].id
        return Batch(tuple(parts.values()), tuple(removed), tuple(rejected), json.dumps({"commits": commits}))

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


def _commits(cursor: str) -> Mapping[str, str]:
    try:
        commits = json.loads(cursor)["commits"]
        return {str(number): str(commit) for number, commit in commits.items()}
    except (ValueError, TypeError, KeyError, AttributeError):
        return {}
