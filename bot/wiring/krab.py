"""What all is wired to: krab, opened and ready to answer. It holds what ``opening`` opens; the others are given it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.answer import Answerer
from bot.audit import Audit
from bot.channels import Channels
from bot.feedback import Feedback
from bot.leases import Alone, Leases
from bot.outbox import Outbox
from bot.private import Private
from bot.settings import Settings
from bot.sourcebook import SourceBook
from bot.state import State
from bot.watches import Watches
from feeds.cursors import Cursors
from index.database import Database
from index.engine import Index

if TYPE_CHECKING:
    from bot.writer import Writer


@dataclass(frozen=True, slots=True)
class Krab:
    """krab, ready to answer."""

    settings: Settings
    database: Database
    index: Index
    answerer: Answerer | Writer
    state: State
    cursors: Cursors
    memory: Database  # state.db, for what has tables of its own there
    outbox: Outbox
    feedback: Feedback
    channels: Channels
    book: SourceBook
    audit: Audit
    watches: Watches
    private: Private
    leases: Leases | Alone
