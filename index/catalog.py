"""What krab has read: parts, the documents they form, their passages and vectors. Owns these tables.

The order in which parts arrive does not matter: a document is a connected component over the parts'
links, known or not yet known. Writing is idempotent: a part whose digest is stored already costs one
look-up. A mail never changes, so its first copy stays, unless a better parser (``codec.FORMAT``) reads
it again; posts, pages and notes are replaced by what was read last.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import numpy as np

from index import codec
from index.database import Connection, Database, Listed
from index.embed import Vectors
from index.entries import handle
from index.model import Document, Kind, Part, Passage, Rejected
from index.passages import Cut, split
from index.quantized import packed

MIGRATIONS = (
    """
CREATE TABLE parts (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    document INTEGER NOT NULL,
    kind TEXT NOT NULL,
    url TEXT NOT NULL,
    title TEXT NOT NULL,
    author TEXT NOT NULL,
    date INTEGER,
    format INTEGER NOT NULL,
    digest BLOB NOT NULL,
    body BLOB NOT NULL
);
CREATE INDEX parts_by_document ON parts (document);
CREATE INDEX parts_by_date ON parts (date);
CREATE TABLE origins (
    part INTEGER NOT NULL REFERENCES parts (number) ON DELETE CASCADE,
    source TEXT NOT NULL,
    PRIMARY KEY (part, source)
) WITHOUT ROWID;
CREATE INDEX origins_by_source ON origins (source);
CREATE TABLE members (
    id TEXT PRIMARY KEY,
    document INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX members_by_document ON members (document);
CREATE TABLE generations (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    embedder TEXT NOT NULL,
    splitter INTEGER NOT NULL,
    live INTEGER NOT NULL
);
CREATE TABLE passages (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    generation INTEGER NOT NULL,
    part INTEGER NOT NULL REFERENCES parts (number) ON DELETE CASCADE,
    start INTEGER NOT NULL,
    stop INTEGER NOT NULL,
    text TEXT NOT NULL,
    key BLOB NOT NULL
);
CREATE INDEX passages_by_part ON passages (part);
CREATE INDEX passages_by_generation ON passages (generation);
CREATE TABLE pending (
    passage INTEGER PRIMARY KEY REFERENCES passages (number) ON DELETE CASCADE,
    embed TEXT NOT NULL
);
CREATE TABLE vectors (
    embedder TEXT NOT NULL,
    key BLOB NOT NULL,
    vector BLOB NOT NULL,
    PRIMARY KEY (embedder, key)
) WITHOUT ROWID;
CREATE TABLE clock (tick INTEGER NOT NULL);
INSERT INTO clock VALUES (0);
CREATE TABLE rejected (
    source TEXT NOT NULL,
    place TEXT NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (source, place)
) WITHOUT ROWID
""",
    """
CREATE TABLE facets (
    part INTEGER PRIMARY KEY REFERENCES parts (number) ON DELETE CASCADE,
    parent TEXT NOT NULL,
    author TEXT NOT NULL,
    handle TEXT NOT NULL
);
CREATE INDEX facets_by_author ON facets (author, handle)
""",
    # By both at once: to see which parts a new generation lacks all of its passages were gone through for each part.
    """
DROP INDEX passages_by_generation;
CREATE INDEX passages_by_generation ON passages (generation, part)
""",
    """
CREATE TABLE sentences (
    embedder TEXT NOT NULL,
    key BLOB NOT NULL,
    vectors BLOB NOT NULL,
    PRIMARY KEY (embedder, key)
)
""",
)

_BUILDING, _LIVE, _KEPT = 0, 1, 2  # generations.live; kept is the one that was live before
_TICK = "UPDATE clock SET tick = tick + 1"
# Passages that have got their vector are no longer pending.
_SETTLE = (
    "DELETE FROM pending WHERE passage IN (SELECT n.passage FROM pending n JOIN passages s ON s.number = n.passage"
    " JOIN vectors v ON v.key = s.key AND v.embedder = ?"
    " WHERE s.generation IN (SELECT number FROM generations WHERE embedder = ?))"
)
_VECTOR = "INSERT INTO vectors VALUES (?, ?, ?) ON CONFLICT (embedder, key) DO NOTHING"
_SENTENCES = "INSERT INTO sentences VALUES (?, ?, ?) ON CONFLICT (embedder, key) DO NOTHING"
_SETTLE_LIVE = _SETTLE.replace("WHERE embedder", f"WHERE live = {_LIVE} AND embedder")
# A kept generation of another embedder gets nothing more: nobody could embed it. Rolling back to it makes that good.
_WRITTEN = (
    f"SELECT number FROM generations WHERE live <> {_KEPT}"
    f" OR embedder = (SELECT embedder FROM generations WHERE live = {_LIVE})"
)
_ORIGIN = "INSERT INTO origins VALUES (?, ?) ON CONFLICT (part, source) DO NOTHING"
_SWEPT = 5_000  # passages a transaction: nobody who wants to write waits for long
_READ = 500  # parts that are read at once
_REJECT = "INSERT INTO rejected VALUES (?, ?, ?) ON CONFLICT (source, place) DO UPDATE SET reason = excluded.reason"
_FACETS = (
    "INSERT INTO facets (part, parent, author, handle) VALUES (?, ?, ?, ?) ON CONFLICT (part) DO UPDATE"
    " SET parent = excluded.parent, author = excluded.author, handle = excluded.handle"
)
_CONSIDERED = (
    "SELECT p.id, p.document, p.kind, p.date, p.author, max(q.author), group_concat(s.number)"
    " FROM (SELECT DISTINCT s.part FROM numbers(?) j CROSS JOIN passages s ON s.number = j.value) c"
    " CROSS JOIN parts p ON p.number = c.part JOIN facets f ON f.part = p.number"
    " LEFT JOIN parts q ON q.id = f.parent JOIN passages s ON s.part = p.number AND s.generation = ?"
    " GROUP BY p.number ORDER BY p.number"
)
_PART = "p.id, p.kind, p.url, p.title, p.author, p.date, p.body"


@dataclass(frozen=True, slots=True)
class Changes:
    """What a write did, in parts."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0
    removed: int = 0

    def __add__(self, other: Changes) -> Changes:
        return Changes(
            self.new + other.new,
            self.changed + other.changed,
            self.unchanged + other.unchanged,
            self.removed + other.removed,
        )


@dataclass(frozen=True, slots=True)
class Generation:
    """One cutting and embedding of all parts. Exactly one is live."""

    number: int
    embedder: str
    splitter: int


@dataclass(frozen=True, slots=True)
class Found:
    """A passage with what is shown and ranked of its part, without decoding the part."""

    passage: Passage
    document: int
    kind: Kind
    url: str
    title: str
    author: str
    date: datetime | None


@dataclass(frozen=True, slots=True)
class Considered:
    """A part that may be ranked: the numbers of its passages, the first one's first, and whom it answers."""

    part: str
    document: int
    kind: Kind
    date: datetime | None
    author: str
    answered: str
    passages: tuple[int, ...]


class Pending(NamedTuple):
    """A text that needs a vector: what tells it from others, what is to be embedded, and which passage ends it."""

    key: bytes
    embed: str
    text: str


@dataclass(frozen=True, slots=True)
class Totals:
    """How much there is; passages are those that answer. ``newest`` is the date of the newest part."""

    parts: int
    documents: int
    passages: int
    pending: int
    newest: datetime | None


class Catalog:
    """The tables of what was read."""

    def __init__(self, database: Database) -> None:
        self._database = database
        database.migrate("catalog", MIGRATIONS)
        self._fill_facets()

    # Parts

    def put(self, parts: Iterable[Part], source: str) -> Changes:
        """Store ``parts`` with their passages for the generations there are just now; all of them or none."""
        with self._database.write() as connection:
            generations = [n for (n,) in connection.execute(_WRITTEN)]
            changes = Changes()
            for part in parts:
                changes += self._put(connection, codec.storable(part), source, generations)
            if changes.new or changes.changed:
                connection.execute(_TICK)
        return changes

    def _put(self, connection: Connection, part: Part, source: str, generations: Sequence[int]) -> Changes:
        body = codec.encode(part)
        digest = codec.digest(part, body)
        stored = connection.execute("SELECT number, digest, format FROM parts WHERE id = ?", (part.id,)).fetchone()
        if stored and (stored[1] == digest or (part.kind is Kind.MAIL and stored[2] >= codec.FORMAT)):
            connection.execute(_ORIGIN, (stored[0], source))
            return Changes(unchanged=1)
        number = self._write_part(connection, part, body, digest)
        connection.execute(_ORIGIN, (number, source))
        connection.execute(_FACETS, _facets(number, part))
        connection.execute("DELETE FROM passages WHERE part = ?", (number,))
        cuts = split(part)
        for generation in generations:
            _write_passages(connection, number, generation, cuts)
        return Changes(changed=1) if stored else Changes(new=1)

    def _write_part(self, connection: Connection, part: Part, body: bytes, digest: bytes) -> int:
        document = _join(connection, (part.id, *part.links))
        row = (part.id, document, part.kind.value, part.url, part.title, part.author, codec.seconds(part.date))
        number: int = connection.execute(
            "INSERT INTO parts (id, document, kind, url, title, author, date, format, digest, body)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET document = excluded.document,"
            " kind = excluded.kind, url = excluded.url, title = excluded.title, author = excluded.author,"
            " date = excluded.date, format = excluded.format, digest = excluded.digest, body = excluded.body"
            " RETURNING number",
            (*row, codec.FORMAT, digest, body),
        ).fetchone()[0]
        return number

    def _fill_facets(self) -> None:
        """Read off the facets of parts that an older krab stored, once."""
        missing = "(SELECT count(*) FROM parts) - (SELECT count(*) FROM facets)"
        if not self._database.connection().execute(f"SELECT {missing}").fetchone()[0]:
            return
        with self._database.write() as connection:
            sql = f"SELECT p.number, {_PART} FROM parts p WHERE p.number NOT IN (SELECT part FROM facets)"
            rows = connection.execute(sql)
            connection.executemany(_FACETS, (_facets(number, codec.decode(tuple(row))) for number, *row in rows))

    def authors(self) -> list[tuple[str, str, int]]:
        """Return (author, local part of the address, mails) of everybody who has an address."""
        sql = "SELECT author, handle, count(*) FROM facets WHERE handle <> '' GROUP BY 1, 2 ORDER BY 1, 2"
        return self._database.connection().execute(sql).fetchall()

    def remove(self, ids: Iterable[str], source: str = "") -> int:
        """Remove parts (only as far as ``source`` brought them, when given); return how many went."""
        removed = 0
        with self._database.write() as connection:
            for id_ in ids:
                removed += _remove(connection, id_, source)
            if removed:
                connection.execute(_TICK)
        return removed

    def part(self, id_: str) -> Part | None:
        """Return the part called ``id_``."""
        row = self._database.connection().execute(f"SELECT {_PART} FROM parts p WHERE id = ?", (id_,)).fetchone()
        return codec.decode(row) if row else None

    def parts(self) -> Iterator[Part]:
        """Yield every part, in the order of arrival."""
        sql = f"SELECT p.number, {_PART} FROM parts p WHERE p.number > ? ORDER BY p.number LIMIT ?"
        last = 0
        while rows := self._database.connection().execute(sql, (last, _READ)).fetchall():
            last = rows[-1][0]
            yield from (codec.decode(tuple(row)) for _, *row in rows)

    def document(self, id_: str) -> Document | None:
        """Return the document that the part called ``id_`` belongs to, its parts oldest first."""
        connection = self._database.connection()
        row = connection.execute("SELECT document FROM parts WHERE id = ?", (id_,)).fetchone()
        if row is None:
            return None
        rows = connection.execute(
            f"SELECT {_PART} FROM parts p WHERE document = ? ORDER BY date NULLS FIRST, number", row
        )
        return Document(row[0], tuple(map(codec.decode, rows)))

    def between(self, begin: datetime, end: datetime) -> Iterator[tuple[int, Part]]:
        """Yield (number of its document, part) of every part dated from ``begin`` to before ``end``, oldest first."""
        sql = f"SELECT p.document, {_PART} FROM parts p WHERE p.date >= ? AND p.date < ? ORDER BY p.date, p.number"
        for document, *row in self._database.connection().execute(sql, (codec.seconds(begin), codec.seconds(end))):
            yield document, codec.decode(tuple(row))

    def writers(self, kind: Kind, until: datetime) -> list[tuple[str, int]]:
        """Return how many parts of ``kind`` each author wrote before ``until``."""
        sql = "SELECT author, count(*) FROM parts WHERE kind = ? AND date < ? GROUP BY author ORDER BY author"
        return self._database.connection().execute(sql, (kind.value, codec.seconds(until))).fetchall()

    def of_kind(self, kind: Kind) -> list[Part]:
        """Return every part of ``kind``: for kinds of which there are few."""
        sql = f"SELECT {_PART} FROM parts p WHERE kind = ? ORDER BY id"
        return [codec.decode(row) for row in self._database.connection().execute(sql, (kind.value,))]

    def reject(self, rejected: Iterable[Rejected], source: str) -> None:
        """Remember what could not be read, and why."""
        with self._database.write() as connection:
            rows = [(source, r.where, r.reason) for r in rejected]
            connection.executemany(_REJECT, rows)

    def rejected(self) -> list[tuple[str, Rejected]]:
        """Return (source, what and why) of everything that could not be read."""
        rows = self._database.connection().execute("SELECT source, place, reason FROM rejected ORDER BY 1, 2")
        return [(source, Rejected(place, reason)) for source, place, reason in rows]

    def totals(self) -> Totals:
        """Return how much there is."""
        connection = self._database.connection()
        parts, documents, newest = connection.execute(
            "SELECT count(*), count(DISTINCT document), max(date) FROM parts"
        ).fetchone()
        live = f"s.generation = (SELECT number FROM generations WHERE live = {_LIVE})"
        passages, pending = connection.execute(
            f"SELECT (SELECT count(*) FROM passages s WHERE {live}),"
            f" (SELECT count(*) FROM pending n JOIN passages s ON s.number = n.passage WHERE {live})"
        ).fetchone()
        return Totals(parts, documents, passages, pending, codec.moment(newest))

    def newest(self) -> datetime | None:
        """Return the date of the newest part that came from outside: notes are ours, and say nothing of the world."""
        outside = "SELECT date FROM parts WHERE kind <> 'note' AND date IS NOT NULL ORDER BY date DESC LIMIT 1"
        sql = f"SELECT coalesce(({outside}), (SELECT max(date) FROM parts))"
        return codec.moment(self._database.connection().execute(sql).fetchone()[0])

    def counts(self) -> dict[str, int]:
        """Return the number of parts by source."""
        rows = self._database.connection().execute(
            "SELECT source, count(*) FROM origins GROUP BY source ORDER BY source"
        )
        return dict(rows.fetchall())

    def by_day(self, since: datetime) -> dict[str, dict[int, int]]:
        """Return how many parts each source has of every day (since 1970) from ``since`` on, by their own dates."""
        sql = (
            "SELECT o.source, p.date / 86400, count(*) FROM parts p JOIN origins o ON o.part = p.number"
            " WHERE p.date >= ? GROUP BY 1, 2"
        )
        counted: dict[str, dict[int, int]] = {}
        for source, day, count in self._database.connection().execute(sql, (int(since.timestamp()),)):
            counted.setdefault(source, {})[day] = count
        return counted

    def brought_by(self, source: str, limit: int) -> list[str]:
        """Return the ids of at most ``limit`` parts that ``source`` brought."""
        sql = "SELECT p.id FROM origins o JOIN parts p ON p.number = o.part WHERE o.source = ? ORDER BY o.part LIMIT ?"
        return [id_ for (id_,) in self._database.connection().execute(sql, (source, limit))]

    def only_from(self, source: str) -> int:
        """Return the number of parts that ``source`` brought and nobody else."""
        sql = (
            "SELECT count(*) FROM origins o WHERE o.source = ?"
            " AND NOT EXISTS (SELECT 1 FROM origins x WHERE x.part = o.part AND x.source <> o.source)"
        )
        count: int = self._database.connection().execute(sql, (source,)).fetchone()[0]
        return count

    def tick(self) -> int:
        """Return a number that grows with every change of what is searched, in any process."""
        tick: int = self._database.connection().execute("SELECT tick FROM clock").fetchone()[0]
        return tick

    # Generations

    def live(self) -> Generation | None:
        """Return the generation that answers."""
        return self._generation(_LIVE)

    def building(self) -> Generation | None:
        """Return the generation that is being made beside the live one."""
        return self._generation(_BUILDING)

    def kept(self) -> Generation | None:
        """Return the generation that was live before, as long as it is kept."""
        return self._generation(_KEPT)

    def generations(self) -> dict[int, Generation]:
        """Return every generation by its number."""
        rows = self._database.connection().execute("SELECT number, embedder, splitter FROM generations")
        return {row[0]: Generation(*row) for row in rows}

    def _generation(self, live: int) -> Generation | None:
        sql = "SELECT number, embedder, splitter FROM generations WHERE live = ? ORDER BY number DESC"
        row = self._database.connection().execute(sql, (live,)).fetchone()
        return Generation(*row) if row else None

    def begin(self, embedder: str, splitter: int, *, live: bool) -> Generation:
        """Start a generation, or return the one of that state that another process has just started."""
        with self._database.write() as connection:
            if existing := self._generation(int(live)):
                return existing
            sql = "INSERT INTO generations (embedder, splitter, live) VALUES (?, ?, ?) RETURNING number"
            number = connection.execute(sql, (embedder, splitter, int(live))).fetchone()[0]
        return Generation(number, embedder, splitter)

    def swap(self, generation: Generation) -> bool:
        """Make ``generation`` the live one and keep the one before; False while it lacks passages or vectors.

        What was kept until now must have been dropped. Nothing happens to a generation that is gone.
        """
        with self._database.write() as connection:
            if self.building() == generation and not self._whole(connection, generation):
                return False
            if self.building() == generation:
                self._turn(connection, generation)
        return True

    def _whole(self, connection: Connection, generation: Generation) -> bool:
        sql = (
            "SELECT EXISTS (SELECT 1 FROM parts p WHERE NOT EXISTS"
            " (SELECT 1 FROM passages s WHERE s.part = p.number AND s.generation = ?))"
            " OR EXISTS (SELECT 1 FROM pending n JOIN passages s ON s.number = n.passage WHERE s.generation = ?)"
        )
        return not connection.execute(sql, (generation.number, generation.number)).fetchone()[0]

    def _turn(self, connection: Connection, generation: Generation) -> None:
        connection.execute("UPDATE generations SET live = ? WHERE live = ?", (_KEPT, _LIVE))
        connection.execute("UPDATE generations SET live = ? WHERE number = ?", (_LIVE, generation.number))
        connection.execute(_TICK)

    def revive(self) -> Generation | None:
        """Begin to build on the kept generation, to go back to it; return it, or None when none is kept."""
        with self._database.write() as connection:
            kept = self.kept()
            if kept:
                connection.execute("UPDATE generations SET live = ? WHERE number = ?", (_BUILDING, kept.number))
        return kept

    def drop(self, generation: Generation) -> None:
        """Forget a generation that is not live, with its passages."""
        with self._database.write() as connection:
            connection.execute("DELETE FROM generations WHERE number = ? AND live <> ?", (generation.number, _LIVE))
        self.sweep()

    def sweep(self) -> None:
        """Remove passages and vectors of generations that are no more, a few at a time."""
        execute = self._database.connection().execute
        cut = {n for (n,) in execute("SELECT DISTINCT generation FROM passages")}
        some = "SELECT number FROM passages WHERE generation = ? ORDER BY number LIMIT ?"
        sql = f"DELETE FROM passages WHERE number IN ({some})"
        for number in sorted(cut - self.generations().keys()):
            while self._deleted(sql, (number, _SWEPT)):
                pass
        self._deleted("DELETE FROM vectors WHERE embedder NOT IN (SELECT embedder FROM generations)", ())
        self._deleted("DELETE FROM sentences WHERE embedder NOT IN (SELECT embedder FROM generations)", ())

    def _deleted(self, sql: str, values: tuple[int, ...]) -> int:
        with self._database.write() as connection:
            return connection.execute(sql, values).rowcount

    def cut_missing(self, generation: Generation, limit: int) -> int:
        """Cut at most ``limit`` parts that have no passages in ``generation`` yet; return how many there were.

        A generation that somebody has dropped meanwhile gets none.
        """
        with self._database.write() as connection:
            if generation.number not in self.generations():
                return 0
            sql = (
                f"SELECT p.number, {_PART} FROM parts p WHERE NOT EXISTS"
                " (SELECT 1 FROM passages s WHERE s.part = p.number AND s.generation = ?) ORDER BY p.number LIMIT ?"
            )
            rows = connection.execute(sql, (generation.number, limit)).fetchall()
            for number, *row in rows:
                _write_passages(connection, number, generation.number, split(codec.decode(tuple(row))))
        return len(rows)

    def cut_parts(self, generation: Generation) -> int:
        """Return how many parts have passages in ``generation``."""
        sql = "SELECT count(DISTINCT part) FROM passages WHERE generation = ?"
        count: int = self._database.connection().execute(sql, (generation.number,)).fetchone()[0]
        return count

    # Passages and vectors. CROSS JOIN: the few numbers asked for lead, or SQLite may walk through all passages.

    def pending(self, generation: Generation, limit: int) -> list[Pending]:
        """Return at most ``limit`` distinct texts of ``generation`` that still need a vector.

        Passages whose text has a vector already are settled on the way.
        """
        with self._database.write() as connection:
            self._settle(connection, generation.embedder)
            rows = connection.execute(
                "SELECT s.key, min(n.embed), min(s.text) FROM pending n JOIN passages s ON s.number = n.passage"
                " WHERE s.generation = ? GROUP BY s.key ORDER BY s.key LIMIT ?",
                (generation.number, limit),
            ).fetchall()
        return [Pending(*row) for row in rows]

    def add_vectors(
        self, generation: Generation, keys: Sequence[bytes], vectors: Vectors, sentences: Sequence[Vectors] = ()
    ) -> None:
        """Store vectors of texts (half precision: 1e-3 is far below what ranking can tell apart), and, where there
        are any, of the sentences of each.
        """
        name, halves = generation.embedder, vectors.astype(np.float16)
        rows = [(name, key, vector.tobytes()) for key, vector in zip(keys, halves, strict=True)]
        within = [(name, key, packed(some)) for key, some in zip(keys, sentences, strict=False) if len(some)]
        with self._database.write() as connection:
            connection.executemany(_VECTOR, rows)
            connection.executemany(_SENTENCES, within)
            self._settle(connection, name)

    def _settle(self, connection: Connection, embedder: str) -> None:
        # What is not searched yet is no change to those who search.
        if connection.execute(_SETTLE_LIVE, (embedder, embedder)).rowcount:
            connection.execute(_TICK)
        connection.execute(_SETTLE, (embedder, embedder))

    def vectors(self, generation: Generation, numbers: Sequence[int]) -> tuple[list[int], Vectors]:
        """Return those of ``numbers`` that have vectors, with their vectors, float32 (n, d)."""
        sql = (
            "SELECT s.number, v.vector FROM numbers(?) j CROSS JOIN passages s ON s.number = j.value"
            " JOIN vectors v ON v.key = s.key AND v.embedder = ? WHERE s.generation = ?"
        )
        values = (Listed(numbers), generation.embedder, generation.number)
        rows = self._database.connection().execute(sql, values).fetchall()
        if not rows:
            return [], np.empty((0, 0), np.float32)
        matrix = np.frombuffer(b"".join(blob for _, blob in rows), np.float16).reshape(len(rows), -1)
        return [number for number, _ in rows], matrix.astype(np.float32)

    def sentences(self, generation: Generation, numbers: Sequence[int]) -> dict[int, bytes]:
        """Return the packed vectors of the sentences of those of ``numbers`` that have any."""
        sql = (
            "SELECT s.number, v.vectors FROM numbers(?) j CROSS JOIN passages s ON s.number = j.value"
            " JOIN sentences v ON v.key = s.key AND v.embedder = ? WHERE s.generation = ?"
        )
        values = (Listed(numbers), generation.embedder, generation.number)
        return dict(self._database.connection().execute(sql, values).fetchall())

    def numbers(self, generation: Generation, low: int = 0, high: int = sys.maxsize) -> list[int]:
        """Return the numbers of all passages of ``generation`` from ``low`` to before ``high``, ascending."""
        sql = "SELECT number FROM passages WHERE generation = ? AND number >= ? AND number < ? ORDER BY number"
        return [n for (n,) in self._database.connection().execute(sql, (generation.number, low, high))]

    def spans(self, generation: Generation, size: int) -> dict[int, int]:
        """Return how many passages of ``generation`` have numbers in each span of ``size``, by number // size."""
        sql = "SELECT number / ?, count(*) FROM passages WHERE generation = ? GROUP BY 1"
        return dict(self._database.connection().execute(sql, (size, generation.number)).fetchall())

    def cut_from(self, generation: Generation, ids: Sequence[str]) -> set[int]:
        """Return the numbers of all passages of the parts called ``ids``."""
        sql = (
            "SELECT s.number FROM texts(?) j CROSS JOIN parts p ON p.id = j.value"
            " JOIN passages s ON s.part = p.number AND s.generation = ?"
        )
        return {n for (n,) in self._database.connection().execute(sql, (Listed(ids), generation.number))}

    def firsts(self, generation: Generation) -> list[int]:
        """Return the number of each part's first passage in ``generation``: it stands for the part."""
        sql = "SELECT min(number) FROM passages WHERE generation = ? GROUP BY part ORDER BY 1"
        return [n for (n,) in self._database.connection().execute(sql, (generation.number,))]

    def leading(self, numbers: Sequence[int]) -> Iterator[tuple[int, Part]]:
        """Yield (number, part) for numbers of first passages."""
        sql = (
            f"SELECT s.number, {_PART} FROM numbers(?) j"
            " CROSS JOIN passages s ON s.number = j.value JOIN parts p ON p.number = s.part"
        )
        for start in range(0, len(numbers), _READ):
            some = Listed(numbers[start : start + _READ])
            for number, *row in self._database.connection().execute(sql, (some,)):
                yield number, codec.decode(tuple(row))

    def considered(self, generation: Generation, numbers: Iterable[int]) -> list[Considered]:
        """Return the parts that the passages called ``numbers`` belong to, each once."""
        rows = self._database.connection().execute(_CONSIDERED, (Listed(numbers), generation.number))
        return [_considered(*row) for row in rows]

    def found(self, numbers: Sequence[int]) -> dict[int, Found]:
        """Return the passages called ``numbers`` with what is shown of their parts."""
        sql = (
            "SELECT s.number, s.start, s.stop, s.text, p.id, p.document, p.kind, p.url, p.title, p.author, p.date"
            " FROM numbers(?) j CROSS JOIN passages s ON s.number = j.value JOIN parts p ON p.number = s.part"
        )
        rows = self._database.connection().execute(sql, (Listed(numbers),))
        return {row[0]: _found(*row) for row in rows}

    def passages(self, generation: Generation, ids: Sequence[str]) -> list[Found]:
        """Return every passage of the parts called ``ids``, part by part in that order."""
        sql = (
            "SELECT s.number, s.start, s.stop, s.text, p.id, p.document, p.kind, p.url, p.title, p.author, p.date"
            " FROM texts(?) j CROSS JOIN parts p ON p.id = j.value"
            " JOIN passages s ON s.part = p.number AND s.generation = ? ORDER BY j.key, s.number"
        )
        rows = self._database.connection().execute(sql, (Listed(ids), generation.number))
        return [_found(*row) for row in rows]


def _found(number: int, start: int, stop: int, text: str, id_: str, *rest: Any) -> Found:
    document, kind, url, title, author, date = rest
    passage = Passage(number, id_, start, stop, text)
    return Found(passage, document, Kind(kind), url, title, author, codec.moment(date))


def _considered(id_: str, document: int, kind: str, date: int | None, *rest: Any) -> Considered:
    author, answered, passages = rest
    numbers = tuple(sorted(map(int, passages.split(","))))
    return Considered(id_, document, Kind(kind), codec.moment(date), author, answered or "", numbers)


def _facets(number: int, part: Part) -> tuple[int, str, str, str]:
    return number, part.links[0] if part.links else "", part.author, handle(part)


def _join(connection: Connection, ids: tuple[str, ...]) -> int:
    """Put ``ids`` into one document, merging the documents they are in; return its number."""
    sql = "SELECT id, document FROM members WHERE id IN (SELECT value FROM texts(?))"
    known = dict(connection.execute(sql, (Listed(ids),)).fetchall())
    documents = sorted(set(known.values()))
    document: int
    if documents:
        document = documents[0]
    else:
        document = connection.execute("SELECT coalesce(max(document), 0) + 1 FROM members").fetchone()[0]
    for other in documents[1:]:
        connection.execute("UPDATE members SET document = ? WHERE document = ?", (document, other))
        connection.execute("UPDATE parts SET document = ? WHERE document = ?", (document, other))
    new = [(id_, document) for id_ in dict.fromkeys(ids) if id_ not in known]
    connection.executemany("INSERT INTO members VALUES (?, ?)", new)
    return document


def _write_passages(connection: Connection, part: int, generation: int, cuts: Sequence[Cut]) -> None:
    for cut in cuts:
        number = connection.execute(
            "INSERT INTO passages (generation, part, start, stop, text, key)"
            " VALUES (?, ?, ?, ?, ?, ?) RETURNING number",
            (generation, part, cut.start, cut.end, cut.text, cut.key),
        ).fetchone()[0]
        connection.execute("INSERT INTO pending VALUES (?, ?)", (number, cut.embed))


def _remove(connection: Connection, id_: str, source: str) -> int:
    row = connection.execute("SELECT number FROM parts WHERE id = ?", (id_,)).fetchone()
    if row is None:
        return 0
    if source:
        connection.execute("DELETE FROM origins WHERE part = ? AND source = ?", (row[0], source))
        if connection.execute("SELECT 1 FROM origins WHERE part = ?", row).fetchone():
            return 0
    connection.execute("DELETE FROM parts WHERE number = ?", row)
    return 1
