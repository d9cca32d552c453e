"""Our documents against public-inbox's threads, message by message.

A message's thread is equal when the set of messages that share it is the same on both sides. Each class of
difference is named by which side ties more together, and by what is odd about the mails' headers.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterator, Mapping
from contextlib import closing

from feeds.errors import Unreadable
from feeds.mail import parse, to_part
from index.catalog import Catalog
from index.model import Part
from index.sqlite import Sqlite
from tests.evaluation.feeds.real import Real
from tests.public_inbox import public_inbox

Threads = Mapping[str, Hashable]


def run(real: Real) -> None:
    """Thread everything on both sides, forwards and backwards on ours, and compare."""
    with public_inbox(real.folder("threads-inbox"), level="basic") as inbox:
        inbox.deliver(real.mails())
        theirs: Threads = inbox.threads()
    parts = list(_parts(real))
    for order, some in (("in order of arrival", parts), ("in reverse", parts[::-1])):
        ours = documents(real, some)
        common = ours.keys() & theirs.keys()
        found = differences(ours, theirs)
        print(f"{order}: {len(ours)} messages of ours in {len(set(ours.values()))} documents, ", end="")
        print(f"{len(theirs)} of theirs in {len(set(theirs.values()))} threads; {len(common)} on both sides")
        print(f"  {len(common) - sum(found.values())} of {len(common)} have equal threads")
        for reason, count in found.most_common():
            print(f"  {count:>6} {reason}")


def documents(real: Real, parts: list[Part]) -> Threads:
    """The number of the document of every part, put in batches as a poll would."""
    database = Sqlite(real.folder("threads") / "krab.db")
    catalog = Catalog(database)
    for start in range(0, len(parts), 256):
        catalog.put(parts[start : start + 256], "real")
    database.close()
    with closing(sqlite3.connect(database.path)) as connection:
        return dict(connection.execute("SELECT id, document FROM parts").fetchall())


def differences(ours: Threads, theirs: Threads) -> Counter[str]:
    """How many messages there are of each class of difference; none when both sides agree."""
    common = ours.keys() & theirs.keys()
    mine, their = _members(ours, common), _members(theirs, common)
    pairs = Counter((frozenset(mine[ours[m]]), frozenset(their[theirs[m]])) for m in common)
    found = Counter[str]()
    for (one, other), count in pairs.items():
        if one != other:
            found[_reason(one, other)] += count
    return found


def _reason(one: frozenset[str], other: frozenset[str]) -> str:
    if one < other:
        return f"we tore apart what they hold together, e.g. {json.dumps(sorted(other - one)[0])}"
    if other < one:
        return f"we tied together what they hold apart, e.g. {json.dumps(sorted(one - other)[0])}"
    return f"both sides hold others, e.g. {json.dumps(sorted(one ^ other)[0])}"


def _members(threads: Threads, common: set[str]) -> dict[Hashable, set[str]]:
    found: dict[Hashable, set[str]] = defaultdict(set)
    for message in common:
        found[threads[message]].add(message)
    return found


def _parts(real: Real) -> Iterator[Part]:
    for raw in real.mails():
        try:
            yield to_part(parse(raw))
        except Unreadable as error:
            print(f"  rejected: {error}")
