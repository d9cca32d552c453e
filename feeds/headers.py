"""The header of a mail as values: decoded once, tolerant of what real software sends.

Where a header occurs more than once the first one counts, as for public-inbox. Encoded words that
can't be decoded stay as they are. Nothing here raises.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message
from email.utils import getaddresses, parsedate_to_datetime
from functools import lru_cache

from feeds.charsets import clean, decode, escaped

FIRST_MAIL = datetime(1990, 1, 1, tzinfo=UTC)
ADDRESS_MAX = 2000
DAY = timedelta(days=1)
# A Date further behind the first hop than this is a clock that was never set. Moderated lists hold
# mail back for well over a year, but their first hop then still stands in the header.
NEVER_SET = timedelta(days=366)

BRACKETED = re.compile(r"<\s*([^<>]*[^<>\s])\s*>")
SPACES = re.compile(r"\s+")
FOLD = re.compile(r"\r?\n[ \t]*|\t")
WORD = r"=\?[^?\s]+\?[bBqQ]\?[^?]*\?="
WORDS = re.compile(rf"{WORD}(?:\s*{WORD})*")
# Found from the "@" backwards: the names before it are long, and most hosts are no list's.
HOST = re.compile(r"@([\w.-]+)")
LIST_HOST = re.compile(r"(?:^|\.)lists?\.|^(?:vger\.kernel|kvack|alsa-project)\.org$|^googlegroups\.com$", re.I)
LOCAL = re.compile(r"[\w.+-]+$")
VIA = re.compile(r"^['\"]?(?P<name>.+?)['\"]? via .+$")

Headers = dict[str, list[str]]


def headers(message: Message) -> Headers:
    """Lower-case names to raw values, in the order of the mail."""
    found: Headers = {}
    for name, value in message.raw_items():
        found.setdefault(name.lower(), []).append(str(value))
    return found


def first(found: Headers, name: str) -> str:
    """The raw value of the first header called ``name``, or ''."""
    values = found.get(name)
    return values[0] if values else ""


def text(raw: str) -> str:
    """A header's value, unfolded and decoded."""
    value = FOLD.sub(" ", escaped(raw)).strip()
    if "=?" not in value:
        return value.replace("\n", " ")
    return SPACES.sub(" ", WORDS.sub(_words, value)).strip()


def message_ids(*raw: str) -> tuple[str, ...]:
    """The Message-IDs in these values without their brackets, in order, each once."""
    found: dict[str, None] = {}
    for value in raw:
        value = escaped(value)
        inside = BRACKETED.findall(value) or ([value] if "@" in value and " " not in value.strip() else [])
        found.update((mid, None) for one in inside if (mid := SPACES.sub("", one)))
    return tuple(found)


def parents(found: Headers, name: str) -> tuple[str, ...]:
    """The Message-IDs in every header called ``name``, without what is none: people's addresses, and the
    "y" and "n" that were typed at git send-email's prompts. Either would tie strangers' threads together.
    """
    ids = message_ids(*found.get(name, ()))
    people = "\n".join(value for header in ("from", "to", "cc") for value in found.get(header, ())) if ids else ""
    return tuple(mid for mid in ids if mid not in ("y", "n") and mid not in people)


def mailbox(found: Headers, name: str = "from") -> tuple[str, str]:
    """Display name (or the address's local part) and address of who sent the mail.

    Lists that rewrite From ("Ann via some-list") keep the writer in X-Original-From or in the name.
    """
    raw = first(found, name)
    if " via " in raw and "x-original-from" in found:
        raw = first(found, "x-original-from")
    shown, address = _address(raw)
    if via := VIA.match(shown):
        shown = via["name"]
    return shown or address.partition("@")[0], address


def date(found: Headers, newest: datetime | None = None) -> datetime | None:
    """When the mail was sent, in UTC, or None when nothing can be believed.

    The Date is believed between 1990 and a day after the last hop (or ``newest``); otherwise the
    first hop's time stands in.
    """
    received = found.get("received", [])
    hops = [hop for value in received[:1] + received[-1:] if (hop := _moment(value.rpartition(";")[2]))]
    limit = max(hops, default=newest)
    said = _moment(first(found, "date"))
    if said and (limit is None or said <= limit + DAY) and not (hops and said < hops[-1] - NEVER_SET):
        return said
    return hops[-1] if hops and (newest is None or hops[-1] <= newest + DAY) else None


def lists(found: Headers) -> tuple[str, ...]:
    """Names of the mailing lists the mail went to: its own List-Id first, then To and Cc."""
    names: dict[str, None] = {}
    for value in found.get("list-id", ()):
        if inside := BRACKETED.search(value):
            names[_short(inside[1])] = None
    for value in found.get("x-mailing-list", ()):
        names[_short(value.replace("@", ".", 1))] = None
    for name in ("to", "cc"):
        for value in found.get(name, ()):
            names.update((_short(local), None) for local in _list_addresses(value))
    return tuple(name for name in names if name)


def _words(match: re.Match[str]) -> str:
    """A run of encoded words, or the run itself where it is broken."""
    try:
        pieces = decode_header(SPACES.sub(" ", match[0]))
    except (HeaderParseError, ValueError):
        return match[0]
    return "".join(decode(data, charset) if isinstance(data, bytes) else data for data, charset in pieces)


def _address(raw: str) -> tuple[str, str]:
    pairs = _addresses(raw)
    shown, address = next(((n, a) for n, a in pairs if "@" in a), pairs[0] if pairs else ("", ""))
    return SPACES.sub(" ", text(shown)).strip(" '\""), SPACES.sub("", address)


def _addresses(raw: str) -> list[tuple[str, str]]:
    try:
        return getaddresses([FOLD.sub(" ", escaped(raw[:ADDRESS_MAX]))])
    except (ValueError, IndexError, TypeError, AttributeError, RecursionError):
        return []  # the parser of addresses is old, and some garbage is beyond it


def _moment(raw: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(FOLD.sub(" ", escaped(raw)).strip())
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return moment if moment >= FIRST_MAIL else None


def _list_addresses(value: str) -> Iterator[str]:
    for match in HOST.finditer(value):
        if _is_list_host(match[1]) and (local := LOCAL.search(value, max(0, match.start() - 80), match.start())):
            yield local[0]


@lru_cache(maxsize=4096)
def _is_list_host(host: str) -> bool:
    return bool(LIST_HOST.search(host))


def _short(list_id: str) -> str:
    """``rust-for-linux.vger.kernel.org`` is ``rust-for-linux`` to everybody."""
    name = SPACES.sub("", clean(list_id)).strip("<>").lower()
    return name.partition(".")[0].partition("+")[0][:80]
