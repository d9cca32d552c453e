"""What vectors cost as they grow, in this process and on a cluster: time, memory, disk, and what is found.

    python -m tests.evaluation.scale faiss DATA QUESTIONS --vectors 300000 --out FOLDER
    python -m tests.evaluation.scale milvus DATA QUESTIONS --vectors 300000 --index sq8 --out FOLDER
    python -m tests.evaluation.scale show FOLDER [--svg docs/images/scale.svg]

DATA is an index; its vectors are taken again and again, each turned a little in a direction of chance, until there
are as many as asked for. QUESTIONS is a file as `krab eval` reads it. Each run adds a line to FOLDER/scale.csv;
the run with faiss also keeps what is truly nearest, for the others to be measured against. A filling of the
cluster that was interrupted (--url names one that runs, --only-fill stops after it) goes on where it was.
"""

from __future__ import annotations

import argparse
import csv
import gc
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import numpy as np

from bot.settings import load
from bot.wiring.storage import open_database, open_embedder
from index.catalog import Catalog
from index.embed import Vectors
from index.stores.faiss import Faiss
from index.stores.milvus import Milvus, Place
from tests.evaluation.scale_chart import drawing
from tests.milvus_cluster import Cluster, install, resident

DEPTH = 120  # what a question asks for
NEAREST = 10
TURNED = 0.35  # length of the noise beside a unit vector: a cosine of about 0.94 to the original
CHUNK = 10_000
ROUNDS = 3
MB = 1e6


@dataclass(frozen=True, slots=True)
class Row:
    """A measurement. Times of a search in milliseconds, of building in seconds; sizes in megabytes."""

    engine: str
    index: str
    vectors: int
    build_s: float
    p50_ms: float
    p95_ms: float
    memory_mb: float
    disk_mb: float
    recall: float
    load: float  # of the machine while it was measured: how many wanted its two cores


def grown(base: Vectors, count: int, start: int = 0) -> Iterator[tuple[range, Vectors]]:
    """Yield (numbers, vectors) up to ``count``, the first ones as they are; ``start`` is a multiple of CHUNK."""
    for low in range(start, count, CHUNK):
        numbers = range(low, min(low + CHUNK, count))
        vectors = base[np.arange(numbers.start, numbers.stop) % len(base)]
        if low >= len(base):
            noise = np.random.default_rng(low).standard_normal(vectors.shape).astype(np.float32)
            vectors = vectors + TURNED * noise / np.linalg.norm(noise, axis=1, keepdims=True)
            vectors = np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)
        yield numbers, vectors


def read(data: Path, questions: Path) -> tuple[Vectors, Vectors]:
    """Return the vectors of an index, and those of the questions."""
    settings = load({}, data=str(data))
    database = open_database(settings)
    catalog, embedder = Catalog(database), open_embedder(settings, database)
    live = catalog.live()
    assert live, "an index that holds something"
    vectors = catalog.vectors(live, catalog.numbers(live))[1]
    texts = [json.loads(line)["question"] for line in questions.read_text().splitlines() if line.strip()]
    asked = embedder.embed(texts)
    database.close()
    return vectors, asked


def searched(search: Callable[[Vectors, int], Sequence[tuple[int, float]]], asked: Vectors) -> tuple[float, float]:
    """Return the median and the 95th percentile of a search, in milliseconds."""
    taken = []
    for vector in np.repeat(asked, ROUNDS, axis=0):
        began = time.perf_counter()
        search(vector, DEPTH)
        taken.append((time.perf_counter() - began) * 1000)
    median, slow = np.percentile(taken, [50, 95])
    return round(float(median), 2), round(float(slow), 2)


def nearest(search: Callable[[Vectors, int], Sequence[tuple[int, float]]], asked: Vectors) -> list[list[int]]:
    """Return the numbers of what is nearest to each question."""
    return [[number for number, _ in search(vector, DEPTH)[:NEAREST]] for vector in asked]


def measure_faiss(base: Vectors, asked: Vectors, count: int, out: Path) -> Row:
    """In this process: an exact scan."""
    gc.collect()
    before, began = resident(os.getpid()), time.perf_counter()
    store = Faiss(base.shape[1])
    for numbers, vectors in grown(base, count):
        store._index.add_with_ids(vectors, np.asarray(numbers))  # new ones all: nothing is to be replaced
    with tempfile.TemporaryDirectory() as folder:
        store.save(Path(folder) / "vectors")
        built = time.perf_counter() - began
        disk = (Path(folder) / "vectors").stat().st_size
    gc.collect()
    memory = resident(os.getpid()) - before
    (out / f"nearest-{count}.json").write_text(json.dumps(nearest(store.search, asked)))
    median, slow = searched(store.search, asked)
    return Row("faiss", "fp16 scan", count, round(built, 1), median, slow, memory / MB, disk / MB, 1.0, _load())


def fill(store: Milvus, base: Vectors, count: int) -> None:
    """Bring a collection to ``count`` vectors; what is there already is not sent again."""
    have = store.count()
    for numbers, vectors in grown(base, count, start=have // CHUNK * CHUNK):
        store.add(numbers, vectors)
        print(f"{numbers.stop} of {count}", file=sys.stderr, flush=True)


def settle(store: Milvus, count: int) -> None:
    """Wait until everything is sealed, indexed and loaded."""
    client = store._client
    client.flush(store._collection, timeout=600)
    while True:
        told = client.describe_index(store._collection, "vector")
        if int(told["indexed_rows"]) >= count or int(told["pending_index_rows"]) == 0:
            break
        time.sleep(2)
    client.refresh_load(store._collection, timeout=600)


def measure_milvus(cluster: Cluster, base: Vectors, asked: Vectors, args: argparse.Namespace) -> Row | None:
    """On a cluster of two query nodes, each with its half."""
    place = Place(cluster.url, prefix=f"scale_{args.index}", timeout=60.0, index=args.index, shards=2, replicas=1)
    store, began = Milvus(place, 1, base.shape[1]), time.perf_counter()
    fill(store, base, args.vectors)
    if args.only_fill:
        return None
    settle(store, args.vectors)
    built = time.perf_counter() - began
    have = store.count()
    assert have == args.vectors, f"{have} of {args.vectors} vectors are there"
    exact = json.loads((args.out / f"nearest-{args.vectors}.json").read_text())
    found = nearest(store.search, asked)
    recall = float(np.mean([len(set(a) & set(b)) / NEAREST for a, b in zip(exact, found, strict=True)]))
    median, slow = searched(store.search, asked)
    memory, disk = cluster.memory() / MB, cluster.disk() / MB
    row = ("milvus", args.index, args.vectors, round(built, 1), median, slow, memory, disk, round(recall, 4), _load())
    return Row(*row)


def _load() -> float:
    return round(os.getloadavg()[0], 1)


@contextmanager
def running(folder: Path) -> Iterator[Cluster]:
    """A cluster of its own."""
    cluster = Cluster(install(), folder)
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()


def keep(out: Path, row: Row) -> None:
    """Add a line to the table."""
    file = out / "scale.csv"
    new = not file.exists()
    with file.open("a", newline="") as target:
        writer = csv.DictWriter(target, [f.name for f in fields(Row)])
        if new:
            writer.writeheader()
        writer.writerow(asdict(row))


def rows(out: Path) -> list[Row]:
    """Return the table."""
    with (out / "scale.csv").open(newline="") as source:
        return [
            Row(r["engine"], r["index"], int(r["vectors"]), *(float(r[f.name]) for f in fields(Row)[3:]))
            for r in csv.DictReader(source)
        ]


def table(measured: Sequence[Row]) -> str:
    """Return the table in Markdown."""
    head = "| vectors | engine | build s | search p50 / p95 ms | memory MB | disk MB | recall@10 | load |"
    lines = [
        f"| {r.vectors:,} | {r.engine}, {r.index} | {r.build_s:,.0f} | {r.p50_ms:.1f} / {r.p95_ms:.1f}"
        f" | {r.memory_mb:,.0f} | {r.disk_mb:,.0f} | {r.recall:.3f} | {r.load:.0f} |"
        for r in sorted(measured, key=lambda r: (r.vectors, r.engine, r.index))
    ]
    return "\n".join([head, "|---|---|---|---|---|---|---|---|", *lines])


def main() -> None:
    """Measure once, or show what was measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="engine", required=True)
    for name in ("faiss", "milvus"):
        command = commands.add_parser(name)
        command.add_argument("data", type=Path)
        command.add_argument("questions", type=Path)
        command.add_argument("--vectors", type=int, default=30_000)
        command.add_argument("--out", type=Path, required=True)
        command.add_argument("--index", default="hnsw")
        command.add_argument("--url", default="")
        command.add_argument("--folder", type=Path)
        command.add_argument("--only-fill", action="store_true")
    shown = commands.add_parser("show")
    shown.add_argument("out", type=Path)
    shown.add_argument("--svg", type=Path)
    args = parser.parse_args()
    if args.engine == "show":
        measured = rows(args.out)
        print(table(measured))
        if args.svg:
            args.svg.write_text(
                drawing([(f"{r.engine}, {r.index}", r.vectors, r.p50_ms, r.memory_mb) for r in measured])
            )
        return
    args.out.mkdir(parents=True, exist_ok=True)
    _measure(args)


def _measure(args: argparse.Namespace) -> None:
    base, asked = read(args.data, args.questions)
    if args.engine == "faiss":
        row: Row | None = measure_faiss(base, asked, args.vectors, args.out)
    elif args.url:
        row = measure_milvus(Cluster(install(), args.folder, url=args.url), base, asked, args)
    else:
        with tempfile.TemporaryDirectory() as folder, running(Path(folder)) as cluster:
            row = measure_milvus(cluster, base, asked, args)
    if row:
        keep(args.out, row)
        print(row)


if __name__ == "__main__":
    main()
