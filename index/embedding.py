"""Passages that are pending in the catalogue get their vectors, and their sentences theirs."""

from __future__ import annotations

from collections.abc import Callable

from index.catalog import Catalog, Generation, Pending
from index.embed import Embedder, Span
from index.sentences import spans


def embed_some(
    catalog: Catalog,
    generation: Generation,
    embedder: Embedder,
    limit: int,
    *,
    check: Callable[[], None] = lambda: None,
) -> bool:
    """Embed at most ``limit`` pending passages of ``generation``; False when there are none.

    ``check`` may raise before anything is written: embedding takes its time, and things may have changed.
    """
    pending = catalog.pending(generation, limit)
    if pending:
        vectors, sentences = embedder.embed_passages([p.embed for p in pending], list(map(_spans, pending)))
        check()
        catalog.add_vectors(generation, [p.key for p in pending], vectors, sentences)
    return bool(pending)


def _spans(pending: Pending) -> list[Span]:
    title = len(pending.embed) - len(pending.text)  # a passage is embedded below its title
    return [(title + start, title + end) for start, end in spans(pending.text)]
