"""Lists what happened in a week by plain patterns, independent of krab: ``python -m tests.evaluation.digest_truth``.

It reads raw mbox with the standard library alone and knows nothing of krab's parsers, so that what both
of them find is likely so. What it printed for two weeks was then checked by reading the mails, and is kept
in ``digest-weeks.csv`` (week, kind, id): ``series`` and ``version`` by the first mail of a posting, ``applied``
by the mail that says so. ``--show`` prints the words that made it think that something was applied.
"""

from __future__ import annotations

import argparse
import csv
import lzma
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import Message
from email.utils import parsedate_to_datetime
from pathlib import Path

TAGS = re.compile(r"^\s*(?P<tags>(?:\[[^\]]*\]\s*)+)(?P<title>.*)$", re.S)
PLACE = re.compile(r"\b(\d+)/(\d+)\b")
VERSION = re.compile(r"\bv(\d+)\b|\bPATCHv(\d+)", re.I)
ID = re.compile(r"<([^<>\s]+)>")
SAID = re.compile(r"\b(?:applied|queued|merged|pushed|picked|pulled|took|taken)\b", re.I)
BOT = re.compile(r"\b(?:bot|robot)\b|patchwork|lkp@", re.I)
NOT_DONE = re.compile(
    r"\b(?:if|once|when|before|after|until|would|should|could|can|will|be|being|please|not|get|gets|got)\s+(?:\w+\s+)?"
    r"(?:applied|queued|merged|pushed|picked|pulled|taken)|applies cleanly|^>",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Seen:
    """A mail as far as this script cares."""

    id: str
    subject: str
    sender: str
    when: datetime
    parents: tuple[str, ...]
    own: tuple[str, ...]  # lines that are not quoted

    @property
    def tags(self) -> str:
        match = TAGS.match(self.subject)
        return match["tags"] if match else ""

    @property
    def posted(self) -> bool:
        tags = self.tags.upper()
        return ("PATCH" in tags or bool(PLACE.search(tags))) and "PULL" not in tags and not BOT.search(self.sender)

    @property
    def place(self) -> tuple[int, int] | None:
        match = PLACE.search(self.tags)
        return (int(match[1]), int(match[2])) if match else None

    @property
    def version(self) -> int:
        match = VERSION.search(self.tags)
        return int(match[1] or match[2]) if match else 1


def week(name: str) -> tuple[datetime, datetime]:
    """Return the beginning and end of "2025-W06", in UTC."""
    year, number = name.split("-W")
    first = date.fromisocalendar(int(year), int(number), 1)
    begin = datetime(first.year, first.month, first.day, tzinfo=UTC)
    return begin, begin + timedelta(days=7)


def mails(shared: Path) -> Iterator[Seen]:
    """Yield every mail that has a date, once."""
    known = set()
    for path in sorted((shared / "data" / "lore").glob("rust-*.mbox.xz")):
        for raw in re.split(rb"(?m)^From mboxrd@z .*\n", lzma.decompress(path.read_bytes()))[1:]:
            seen = _seen(message_from_bytes(raw))
            if seen and seen.id not in known:
                known.add(seen.id)
                yield seen


def _seen(message: Message) -> Seen | None:
    try:
        when = parsedate_to_datetime(str(message["Date"]))
        when = when.astimezone(UTC) if when.tzinfo else when.replace(tzinfo=UTC)
    except (TypeError, ValueError):
        return None
    found = ID.search(str(message["Message-ID"]))
    subject = re.sub(r"\s+", " ", str(make_header(decode_header(str(message["Subject"])))))
    parents = (*ID.findall(str(message["In-Reply-To"])), *reversed(ID.findall(str(message["References"]))))
    return Seen(found[1], subject, str(message["From"]), when, parents, _own(message)) if found else None


def _own(message: Message) -> tuple[str, ...]:
    for part in message.walk():
        if part.get_content_type() == "text/plain":
            body = part.get_payload(decode=True)
            text = body.decode("utf-8", "replace") if isinstance(body, bytes) else ""
            return tuple(line for line in text.split("\n") if not line.startswith(">"))
    return ()


def postings(some: list[Seen], known: dict[str, Seen]) -> Iterator[tuple[str, Seen]]:
    """Yield ("series" or "version", first mail of the posting)."""
    roots: dict[object, Seen] = {}
    for mail in some:
        place = mail.place
        key: object = mail.id
        if place:
            at = (mail.sender, mail.version, place[1])
            parent = next((p for p in mail.parents if p in known and known[p].sender == mail.sender), None)
            with_parent = parent and (known[parent].version, known[parent].place) and known[parent].place
            same = with_parent and known[parent].version == mail.version and with_parent[1] == place[1]  # type: ignore[index]
            key = (*at, parent if same else mail.id)
        first = roots.get(key)
        if first is None or (mail.place or (1, 1))[0] < (first.place or (1, 1))[0]:
            roots[key] = mail
    for mail in roots.values():
        yield ("version" if mail.version > 1 else "series"), mail


def applications(some: list[Seen]) -> Iterator[tuple[Seen, str]]:
    """Yield (mail, the line) of replies and notices that may say that something was applied."""
    for mail in some:
        if mail.posted:
            continue
        for line in mail.own:
            if SAID.search(line) and not NOT_DONE.search(line):
                yield mail, line.strip()


def main() -> None:
    """Print the candidates of a week."""
    parser = argparse.ArgumentParser()
    parser.add_argument("week")
    parser.add_argument("--shared", type=Path, required=True)
    parser.add_argument("--show", action="store_true", help="titles and words, for checking by hand")
    options = parser.parse_args()
    begin, end = week(options.week)
    known = {mail.id: mail for mail in mails(options.shared)}
    some = sorted((m for m in known.values() if begin <= m.when < end), key=lambda m: m.when)
    out = csv.writer(sys.stdout, lineterminator="\n")
    for kind, mail in postings([m for m in some if m.posted], known):
        out.writerow([options.week, kind, mail.id, *([mail.sender, mail.subject] if options.show else [])])
    said: dict[str, list[str]] = {}
    for mail, line in applications(some):
        said.setdefault(mail.id, []).append(line)
    for id_, lines in said.items():
        about = [known[id_].sender, known[id_].subject, *lines]
        out.writerow([options.week, "applied", id_, *(about if options.show else [])])


if __name__ == "__main__":
    main()
