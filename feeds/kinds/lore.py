"""Mailing lists on lore.kernel.org, or on any public-inbox: ``https://lore.kernel.org/<list>``.

How a list is read is chosen by the fragment of the source's url; several options stand behind ``&``:

- without one, by git (``feeds.epochs``) where git is installed, otherwise over HTTP (``feeds.inbox``). A new
  source starts with about the last 14 days: a few megabytes, so that a first ``make run`` is useful within a
  minute. ``#since=90d`` or ``#since=2026-01-01`` goes back further.
- ``#git``: the list's git epochs from the first mail on. The whole history of a list is hundreds of megabytes
  to gigabytes, which nobody should fetch by accident.
- ``#http``: over HTTP, also where git is installed.
- ``#q=…``: what a search of the archive finds (over HTTP), such as mail on any list that touches Rust:
  ``https://lore.kernel.org/all#q=dfn:rust/* OR dfn:*.rs``. The words are those of the archive's own search page.
- ``#mirror=https://…`` names a copy of the list that stands in while the host fails; lore.kernel.org has one
  that is known of (``feeds.origins``).

The ways have different cursors; a source that changes its way starts anew, and what it reads again is stored
again as the same.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from urllib.parse import parse_qsl, quote, urlsplit

from feeds.epochs import Epochs
from feeds.errors import Refused
from feeds.fetch import Client
from feeds.inbox import DAY, Inbox, mails, part
from feeds.kinds import Feed, Source
from feeds.origins import Origins
from feeds.permalink import HOSTS, of_link
from feeds.response import inflate
from index.model import Batch, Part, Rejected

DEFAULT = "14d"
EVERYTHING = "https://lore.kernel.org/all"
OPTIONS = ("git", "http", "since", "q", "mirror")


def open(source: Source, client: Client) -> Feed:  # noqa: A001 (the name that every kind has)
    """The list at ``source.url``, in the way its fragment says. Raises ``Refused`` for one it can't mean."""
    url, _, fragment = source.url.partition("#")
    url = url.rstrip("/")
    pairs = parse_qsl(fragment, keep_blank_values=True)
    options = dict(pairs)
    _check(source.url, options)
    since = _since(options.get("since", DEFAULT), client.time.wall())
    origins = Origins.of(url, client, tuple(value.rstrip("/") for name, value in pairs if name == "mirror"))
    if "q" in options:
        return Inbox(origins, since, query=options["q"].strip())
    labels = (f"list:{urlsplit(url).path.rstrip('/').rsplit('/', 1)[-1]}",)
    if "http" in options or not ("git" in options or shutil.which("git")):
        return Inbox(origins, since, labels)
    return Epochs(origins, labels, since=None if "git" in options and "since" not in options else since)


def _check(url: str, options: dict[str, str]) -> None:
    if unknown := set(options) - set(OPTIONS):
        raise Refused(
            f"{url}: #{min(unknown)} is none of #git, #http, #since=90d, #since=2026-01-01, #q=…, #mirror=https://…"
        )
    if {"git", "http"} <= options.keys() or ("q" in options and "git" in options):
        raise Refused(f"{url}: #git goes with neither #http nor #q=…; take one of them away")
    if "q" in options and not options["q"].strip():
        raise Refused(f"{url}: #q= names nothing to search for; write #q=dfn:rust/*, say")


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
