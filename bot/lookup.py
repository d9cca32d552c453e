"""Mail that a question names and the index lacks: its thread is fetched before the question is answered.

Only while that is quick. An archive that does not answer in time, or says no, changes nothing: the question
is then answered from what is there.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Sequence

from feeds.errors import FeedError
from index.model import Batch

PATIENCE = 10.0  # seconds for everything that is fetched
LOG = logging.getLogger(__name__)

Fetch = Callable[[str], Iterable[Batch]]


def missing(names: Sequence[str], fetch: Fetch, *, patience: float = PATIENCE) -> tuple[Batch, ...]:
    """The threads of the mails called ``names``, as far as they came within ``patience`` seconds."""
    found: list[Batch] = []
    # A daemon: looking up a host's address can't be interrupted, and must not keep the command from ending.
    worker = threading.Thread(target=_fetch, args=(names, fetch, found), name="lookup", daemon=True)
    worker.start()
    worker.join(patience)
    return tuple(found)


def _fetch(names: Sequence[str], fetch: Fetch, found: list[Batch]) -> None:
    for name in names:
        try:
            found.extend(batch for batch in fetch(name) if batch.parts)
        except FeedError as error:
            LOG.info("the thread of %s was not fetched: %s", name, error)
