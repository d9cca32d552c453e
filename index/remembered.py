"""Vectors of a few texts that are needed at every start, kept in a file: a cache that may be thrown away."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from index.embed import Embedder, Vectors


class Remembering:
    """An embedder that keeps what it embedded last in ``file``, and embeds only what isn't there.

    ``embed`` is how, if not as the embedder does passages.
    """

    def __init__(self, embedder: Embedder, file: Path, embed: Callable[[Sequence[str]], Vectors] | None = None) -> None:
        self.identity = embedder.identity
        self.dimensions = embedder.dimensions
        self._embed = embed or embedder.embed
        self._file = file

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Return float32 unit vectors of shape (len(texts), dimensions)."""
        known = self._load()
        missing = [text for text in dict.fromkeys(texts) if text not in known]
        if missing:
            known |= zip(missing, self._embed(missing), strict=True)
            self._save({text: known[text] for text in texts})
        return np.array([known[text] for text in texts], np.float32).reshape(len(texts), self.dimensions)

    def _load(self) -> dict[str, Vectors]:
        try:
            with self._file.open("rb") as stream, np.load(stream, allow_pickle=False) as kept:
                if str(kept["identity"]) != self.identity or kept["vectors"].shape[1] != self.dimensions:
                    return {}
                return dict(zip(kept["texts"].tolist(), kept["vectors"], strict=True))
        except (OSError, ValueError, KeyError, IndexError, EOFError, BadZipFile):
            return {}

    def _save(self, vectors: dict[str, Vectors]) -> None:
        unfinished = self._file.with_name(f".{self._file.name}.{os.getpid()}")
        try:
            with unfinished.open("wb") as stream:
                np.savez(
                    stream, identity=np.array(self.identity), texts=np.array(list(vectors)), vectors=[*vectors.values()]
                )
            unfinished.replace(self._file)
        except OSError:  # a full disk, or one that only others may write: the next start embeds again
            unfinished.unlink(missing_ok=True)
