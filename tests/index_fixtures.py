"""Small builders for everything that stands on the index, a tiny embedder, and what an index holds as a value.

Run as a program (``python -m tests.index_fixtures FOLDER``) it imports a generated stream of parts, batch by batch,
and says each batch's number when it is stored: the victim of the crash test. ``contents`` and ``differences``
serve that test and the benchmarks alike.
"""

from __future__ import annotations

import hashlib
import random
import re
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

import numpy as np

from index.catalog import Catalog
from index.embed import Span, Vectors
from index.engine import Index
from index.errors import Unreachable
from index.model import Batch, Block, Kind, Part, Role
from index.nearness import Filed, filed
from index.sqlite import Sqlite
from index.stores.faiss import Faiss
from tests.stores import Store

NOON = datetime(2025, 7, 8, 12, 0, tzinfo=UTC)
_WORDS = re.compile(r"[a-z0-9]+")
# Words that mean the same to the fake embedder, though they share no letters.
MEANINGS: Mapping[str, str] = {"automobile": "car", "vehicle": "car", "physician": "doctor", "quick": "fast"}


@dataclass
class FakeEmbedder:
    """Words hashed into a few dimensions. ``embedded`` keeps every text; after ``calls_left`` calls it breaks.

    With ``within`` false it has no vectors of sentences.
    """

    identity: str = "fake/1"
    dimensions: int = 64
    calls_left: int = -1
    within: bool = True
    embedded: list[str] = field(default_factory=list)

    def embed(self, texts: Sequence[str]) -> Vectors:
        if self.calls_left == 0:
            raise InterruptedError("the power is gone")
        self.calls_left -= 1
        self.embedded.extend(texts)
        return np.array([self._vector(text) for text in texts], np.float32).reshape(len(texts), self.dimensions)

    def embed_passages(self, texts: Sequence[str], spans: Sequence[Sequence[Span]]) -> tuple[Vectors, list[Vectors]]:
        """A span's vector is that of its words alone."""
        places = spans if self.within else [()] * len(texts)
        within = [[self._vector(text[a:b]) for a, b in some] for text, some in zip(texts, places, strict=True)]
        return self.embed(texts), [np.array(some, np.float32).reshape(-1, self.dimensions) for some in within]

    def embed_for_spans(self, texts: Sequence[str]) -> Vectors:
        return np.array([self._vector(text) for text in texts], np.float32)

    def _vector(self, text: str) -> Vectors:
        vector = np.zeros(self.dimensions, np.float32)
        vector[0] = 0.01
        for word in _WORDS.findall(text.lower()):
            seed = hashlib.blake2b(MEANINGS.get(word, word).encode(), digest_size=8).digest()
            vector += np.random.default_rng(int.from_bytes(seed, "big")).standard_normal(self.dimensions)
        return np.asarray(vector / np.linalg.norm(vector), np.float32)


def own(text: str) -> Block:
    """The author's prose."""
    return Block(Role.OWN, text)


def part(id_: str, text: str = "", **changes: object) -> Part:
    """A mail that nobody wrote; ``changes`` replace its fields."""
    fields: dict[str, object] = {
        "id": id_,
        "url": f"https://pond.example/list/{id_}/",
        "title": f"note on {id_}",
        "author": "Ada Frog",
        "date": NOON,
        "blocks": (own(text),) if text else (),
        "kind": Kind.MAIL,
    }
    return Part(**{**fields, **changes})  # type: ignore[arg-type]


def post(id_: str, text: str = "", **changes: object) -> Part:
    """The same as a post, which may change."""
    return part(id_, text, **{"kind": Kind.POST, **changes})


@contextmanager
def opened(folder: Path, embedder: FakeEmbedder | None = None, store: Store = Sqlite) -> Iterator[Index]:
    """An index in ``folder``."""
    database = store(folder / "krab.db")
    try:
        index = Index(folder, database, embedder or FakeEmbedder(), filed(Faiss))
        yield index
        index.close()
    finally:
        database.close()


def held(index: Index) -> set[int]:
    """The numbers of the vectors that an index of ``opened`` has in memory."""
    return cast(Filed, index._caches.near).store.numbers()


@contextmanager
def catalogued(folder: Path, store: Store = Sqlite) -> Iterator[Catalog]:
    """A catalogue in ``folder``."""
    database = store(folder / "krab.db")
    try:
        yield Catalog(database)
    finally:
        database.close()


def put(catalog: Catalog, *parts: Part, source: str = "pond") -> None:
    """Store ``parts``, in a live generation of the fake embedder."""
    catalog.begin(FakeEmbedder.identity, 1, live=True)
    catalog.put(parts, source)


@dataclass(frozen=True)
class Contents:
    """What an index holds, apart from numbers that only the order of events decides.

    ``parts`` (id, everything about it); ``documents`` the sets of ids that belong together; ``passages``
    (part, start, end, text) of the live generation, and how many of them are ``pending``; their ``vectors`` by key.
    """

    parts: frozenset[tuple[str, object]]
    origins: frozenset[tuple[str, str]]
    documents: frozenset[frozenset[str]]
    passages: tuple[tuple[str, int, int, str], ...]
    pending: int
    vectors: Mapping[bytes, bytes]


def contents(folder: Path) -> Contents:
    """Read everything out of ``folder``'s database."""
    with catalogued(folder) as catalog:
        return catalog_contents(catalog)


def catalog_contents(catalog: Catalog) -> Contents:
    """Read everything out of a catalogue."""
    execute = catalog._database.connection().execute
    members: dict[int, set[str]] = {}
    for document, id_ in execute("SELECT document, id FROM parts"):
        members.setdefault(document, set()).add(id_)
    live = "s.generation IN (SELECT number FROM generations WHERE live = 1)"
    passages = f"SELECT p.id, s.start, s.stop, s.text FROM passages s JOIN parts p ON p.number = s.part WHERE {live}"
    vectors = f"SELECT v.key, v.vector FROM vectors v WHERE v.key IN (SELECT s.key FROM passages s WHERE {live})"
    pending = f"SELECT count(*) FROM pending n JOIN passages s ON s.number = n.passage WHERE {live}"
    return Contents(
        parts=frozenset((p.id, p) for p in catalog.parts()),
        origins=frozenset(execute("SELECT p.id, o.source FROM origins o JOIN parts p ON p.number = o.part")),
        documents=frozenset(map(frozenset, members.values())),
        passages=tuple(sorted(execute(passages))),
        pending=execute(pending).fetchone()[0],
        vectors=dict(execute(vectors)),
    )


def differences(one: Contents, other: Contents, *, cosine: float = 1.0) -> list[str]:
    """Say in what two indexes differ, a line each; vectors count as equal from ``cosine`` on."""
    said = [f"{name} differ" for name in ("parts", "origins", "documents", "passages", "pending")]
    unequal = [line for line in said if getattr(one, line.split()[0]) != getattr(other, line.split()[0])]
    if one.vectors.keys() != other.vectors.keys():
        return [*unequal, f"{len(one.vectors.keys() ^ other.vectors.keys())} vectors are in one of them only"]
    turned = [k for k, v in one.vectors.items() if v != other.vectors[k] and _alike(v, other.vectors[k]) < cosine]
    return [*unequal, f"{len(turned)} vectors differ"] if turned else unequal


def _alike(one: bytes, other: bytes) -> float:
    a, b = (np.frombuffer(v, np.float16).astype(np.float32) for v in (one, other))
    return float(a @ b / (np.linalg.norm(a) * np.linalg.norm(b)))


# The stream that the crash test imports

_TALK = "frog pond lily leaf reed heron newt algae mud stone rain sun jump swim croak sleep wait hunt hide grow".split()


def stream(parts: int = 240, at_once: int = 10, seed: int = 7) -> list[Batch]:
    """Mail-like parts in threads, some before their parents, some twice; a few posts that change."""
    chance = random.Random(seed)
    mails = [_mail(n, chance) for n in range(parts)]
    chance.shuffle(mails)
    everything = mails + chance.sample(mails, parts // 10) + [_post(n, chance) for n in range(parts // 10)]
    return [Batch(tuple(everything[i : i + at_once])) for i in range(0, len(everything), at_once)]


def _mail(n: int, chance: random.Random) -> Part:
    parents = tuple(f"{p}@pond.example" for p in [chance.randrange(max(n, 1))] * (n % 3) if p != n)
    return part(
        f"{n}@pond.example",
        _prose(chance),
        title=f"Re: [PATCH] rust: {chance.choice(_TALK)}",
        date=NOON + timedelta(minutes=n),
        links=tuple(dict.fromkeys(parents)),
    )


def _post(n: int, chance: random.Random) -> Part:
    return post(f"https://pond.example/{n % 7}", _prose(chance), title=f"The news of day {n}")


def _prose(chance: random.Random) -> str:
    lines = [" ".join(chance.choices(_TALK, k=8)).capitalize() + "." for _ in range(chance.randrange(1, 30))]
    return "\n\n".join(lines)


def main() -> None:
    """Import the stream into the folder that is named; what an earlier run has left comes first."""
    with opened(Path(sys.argv[1])) as index:
        index.embed_pending()
        for number, batch in enumerate(stream()):
            index.ingest(batch, "pond")
            sys.stdout.write(f"{number}\n")
            sys.stdout.flush()
        index.save()


@dataclass
class FakeServer:
    """Vectors on a server that can be ``down``; ``asked`` counts the calls that found it so.

    With ``slow`` it takes nothing in before that is set, and says by ``reached`` that somebody waits.
    """

    dimensions: int = 64
    down: bool = False
    asked: int = 0
    published: int = 0
    held: dict[int, Vectors] = field(default_factory=dict)
    slow: threading.Event | None = None
    reached: threading.Event = field(default_factory=threading.Event)

    def add(self, numbers: Sequence[int], vectors: Vectors) -> None:
        self._answer()
        if self.slow:
            self.reached.set()
            self.slow.wait(10)
        self.held.update(zip(numbers, vectors, strict=True))

    def remove(self, numbers: Sequence[int]) -> None:
        self._answer()
        for number in numbers:
            self.held.pop(number, None)

    def search(self, vector: Vectors, k: int) -> list[tuple[int, float]]:
        self._answer()
        scored = [(number, float(v @ vector)) for number, v in self.held.items()]
        return sorted(scored, key=lambda pair: -pair[1])[:k]

    def numbers(self, low: int = 0, high: int = sys.maxsize) -> set[int]:
        self._answer()
        return {number for number in self.held if low <= number < high}

    def count(self, low: int = 0, high: int = sys.maxsize) -> int:
        return len(self.numbers(low, high))

    def publish(self) -> None:
        self._answer()
        self.published += 1

    def _answer(self) -> None:
        if self.down:
            self.asked += 1
            raise Unreachable("the server is down")


if __name__ == "__main__":
    main()
