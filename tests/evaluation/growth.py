"""An index ten times as large, made of one that is there: every part again and again, with noise.

A replica has its own ids (threads are replicated as threads) and a tenth of its words are exchanged for others
of the same length; the vectors of its passages are those of the originals, turned a little. So what is searched
is as large and as crowded as it would be, without embedding for hours. Series are not replicated.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import TypeVar

import numpy as np

from index.catalog import Catalog, Generation
from index.embed import Vectors
from index.model import Block, Part
from index.passages import split
from index.sqlite import Sqlite

T = TypeVar("T")
_WORD = re.compile(r"[a-z]{3,}")
_EXCHANGED = 0.1  # share of the words
_TURNED = 0.35  # length of the noise beside a unit vector: a cosine of about 0.94 to the original
_AT_ONCE = 500


def grow(folder: Path, times: int, seed: int = 20261124) -> None:
    """Make what the index in ``folder`` holds ``times`` as much. To be called once."""
    database = Sqlite(folder / "krab.db")
    catalog = Catalog(database)
    live = catalog.live()
    assert live, "an index that holds something"
    chance, numbers = random.Random(seed), np.random.default_rng(seed)
    words = _vocabulary(islice(catalog.parts(), 2_000))
    for ids in _batches([part.id for part in catalog.parts()]):
        originals = [part for part in map(catalog.part, ids) if part]
        known = {part.id: _vectors(catalog, live, part) for part in originals}
        for n in range(1, times):
            replicas = {part.id: replica(part, n, lambda word: _exchanged(word, words, chance)) for part in originals}
            catalog.put(replicas.values(), "replicas")
            keys, vectors = [], []
            for id_, part in replicas.items():
                for place, cut in enumerate(split(part)):
                    keys.append(cut.key)
                    vectors.append(turned(known[id_][min(place, len(known[id_]) - 1)], numbers))
            catalog.add_vectors(live, keys, np.array(vectors, np.float32))
    catalog.pending(live, 1)  # settles what has got its vector
    database.close()


def replica(part: Part, n: int, noise: Callable[[str], str]) -> Part:
    """Return the ``n``-th replica of ``part``: other ids, and each word as ``noise`` has it."""
    blocks = tuple(Block(b.role, _WORD.sub(lambda found: noise(found[0]), b.text)) for b in part.blocks)
    links = tuple(f"{link}.replica{n}" for link in part.links)
    return replace(part, id=f"{part.id}.replica{n}", links=links, blocks=blocks, events=())


def turned(vector: Vectors, numbers: np.random.Generator) -> Vectors:
    """Return ``vector``, turned a little in a direction of chance."""
    noise = numbers.standard_normal(vector.shape).astype(np.float32)
    noisy = vector + _TURNED * noise / np.linalg.norm(noise)
    return np.asarray(noisy / np.linalg.norm(noisy), np.float32)


def _exchanged(word: str, words: dict[int, list[str]], chance: random.Random) -> str:
    alike = words.get(len(word))
    return chance.choice(alike) if alike and chance.random() < _EXCHANGED else word


def _vocabulary(parts: Iterator[Part]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for word in sorted({word for part in parts for word in _WORD.findall(part.text)}):
        found.setdefault(len(word), []).append(word)
    return found


def _vectors(catalog: Catalog, live: Generation, part: Part) -> Vectors:
    numbers = [found.passage.id for found in catalog.passages(live, [part.id])]
    return catalog.vectors(live, numbers)[1]


def _batches(items: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), _AT_ONCE):
        yield items[start : start + _AT_ONCE]
