"""From a mail as it was found in a container to an item for a batch; also run as a process that does just that.

The process (``main``) reads pickled orders from its input and writes pickled items to its output until the
input ends. Only ``feeds.workers`` talks to it, over pipes that nobody else can write to.
"""

from __future__ import annotations

import pickle
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO

from feeds import mbox
from feeds.delivery import Item, State
from feeds.errors import Unreadable
from feeds.mail import parse, to_part
from index.model import Rejected


@dataclass(frozen=True, slots=True)
class Found:
    """The bytes of a mail, found at ``where`` in the container ``key``. ``size`` tells when ``raw`` is cut.

    ``removes``: the mail is one that is taken back.
    """

    key: str
    state: State
    where: str
    raw: bytes
    size: int
    removes: bool = False


@dataclass(frozen=True, slots=True)
class Way:
    """How to read mails: the labels they get, and the bound of dates that no Received header vouches for."""

    labels: tuple[str, ...]
    newest: datetime


Order = tuple[Way, Sequence[Found]]


def item(found: Found, way: Way) -> Item:
    """What the mail comes to."""
    if found.size > mbox.MAIL_MAX:
        reason = f"larger than the {mbox.MAIL_MAX // 2**20} MiB that are read ({found.size} bytes or more)"
        return Item(found.key, found.state, rejected=Rejected(found.where, reason))
    try:
        mail = parse(found.raw, newest=way.newest)
    except Unreadable as error:
        reason = f"takes back what can't be read: {error}" if found.removes else str(error)
        return Item(found.key, found.state, rejected=Rejected(found.where, reason))
    if found.removes:
        return Item(found.key, found.state, removed=mail.message_id)
    return Item(found.key, found.state, len(found.raw), to_part(mail, labels=way.labels))


def serve(orders: BinaryIO, items: BinaryIO) -> None:
    """Do what is ordered until no orders come."""
    while True:
        try:
            way, some = pickle.load(orders)  # noqa: S301 - our own parent's
        except EOFError:
            return
        pickle.dump([item(found, way) for found in some], items, pickle.HIGHEST_PROTOCOL)
        items.flush()


def main() -> None:
    """Be the process."""
    serve(sys.stdin.buffer, sys.stdout.buffer)
