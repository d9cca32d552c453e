"""How right digests are: ``python -m tests.evaluation.digest --shared DIR [--data DIR]``.

Four weeks against what was found by plain patterns and checked by hand (``digest-weeks.csv``, made by
``digest_truth``): series, versions and applied. Then thirty weeks: is every sentence's quote verbatim in its
source, is every link a cited source's, and how long does a digest take? ``--data`` takes an index that
is there; otherwise one is made of the mail, without vectors, which a digest does not need.
``--compare WEEK…`` prints for readers, one below the other, the digest and the list of the ten most active threads.
"""

from __future__ import annotations

import argparse
import csv
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from bot.card import Card
from bot.cite import flat, holds
from bot.digest.card import Length, card
from bot.digest.collect import collect
from bot.digest.compose import compose
from bot.digest.markdown import plain
from bot.digest.model import Digest, citations
from bot.digest.span import WEEK, Span, week, week_of
from feeds.kinship import kin
from index.catalog import Catalog
from index.histories import Histories
from index.model import Part
from index.passages import subject
from index.sqlite import Sqlite
from tests.evaluation.series import parts

LABELS = Path(__file__).parent / "digest-weeks.csv"
LAST = "2025-W37"  # of the thirty weeks
BATCH = 256
Row = tuple[str, str, str]  # week, kind, id


class Read:
    """An index to make digests of."""

    def __init__(self, folder: Path) -> None:
        self.database = Sqlite(folder / "krab.db")
        self.catalog = Catalog(self.database)
        self.histories = Histories(self.database, kin)

    def fill(self, some: Iterable[Part]) -> None:
        """Put parts in, without vectors."""
        batch: list[Part] = []
        for part in some:
            batch.append(part)
            if len(batch) == BATCH:
                self._put(batch)
                batch = []
        self._put(batch)

    def _put(self, batch: Sequence[Part]) -> None:
        self.catalog.put(batch, "mail")
        self.histories.put(batch)

    def digest(self, span: Span) -> tuple[Digest, tuple[float, float]]:
        """Return a digest, and the seconds that it took, on the clock and of the CPU."""
        start = time.perf_counter(), time.process_time()
        digest = compose(collect(self.catalog, self.histories, span))
        return digest, (time.perf_counter() - start[0], time.process_time() - start[1])


def found(digest: Digest) -> Iterator[tuple[str, str]]:
    """Yield (kind, id) of the events that a digest has."""
    yield from (("series", one.mail.id) for one in digest.new_series)
    yield from (("version", one.mail.id) for one in digest.new_versions)
    for one in digest.applied:
        yield from (("applied", mail.id) for mail in (one.mail, *one.also))


def against_labels(read: Read) -> None:
    """Print precision and recall of four weeks, and what is wrong or missed."""
    rows: list[Row] = [(r["week"], r["kind"], r["id"]) for r in csv.DictReader(LABELS.open(encoding="utf-8"))]
    weeks = sorted({name for name, _, _ in rows})
    have: set[Row] = {(name, kind, id_) for name in weeks for kind, id_ in found(read.digest(week(name))[0])}
    want = set(rows)
    for chosen in ([name] for name in weeks):
        _report(chosen, have, want)
    _report(weeks, have, want)
    for row in sorted(have ^ want):
        print("    wrong " if row in have else "    missed", *row)


def _report(weeks: Sequence[str], have: set[Row], want: set[Row]) -> None:
    told = []
    for kind in ("series", "version", "applied"):
        got = {row for row in have if row[0] in weeks and row[1] == kind}
        due = {row for row in want if row[0] in weeks and row[1] == kind}
        precision = len(got & due) / len(got) if got else 1.0
        recall = len(got & due) / len(due) if due else 1.0
        told.append(f"{kind} {precision:.3f}/{recall:.3f} ({len(due)})")
    print(f"{weeks[0] if len(weeks) == 1 else 'all'}: precision/recall {', '.join(told)}")


def thirty_weeks(read: Read) -> None:
    """Print whether every quote is verbatim and every link a source's, and how long it took."""
    took, seen, broken, foreign = list[tuple[float, float]](), 0, [], []
    last = week(LAST)
    for ago in range(29, -1, -1):
        digest, spent = read.digest(week_of(last.begin - ago * WEEK))
        took.append(spent)
        cited = list(citations(digest))
        urls = {one.url for one in cited}
        seen += len(cited)
        for one in cited:
            part = read.catalog.part(one.id)
            if (
                part is None
                or not (holds(one.quote, part) or flat(one.quote) in flat(part.title))
                or part.url != one.url
            ):
                broken.append((digest.week, one.id, one.quote))
        foreign += [url for url in links(card(digest)) if url not in urls]
    print(f"30 weeks to {LAST}: {seen} citations, {len(broken)} not verbatim; {len(foreign)} links to no source")
    for name, seconds in zip(("on the clock", "of the CPU"), zip(*took, strict=True), strict=True):
        print(f"a digest took {statistics.median(seconds):.2f} s (median), {max(seconds):.2f} s (longest) {name}")
    for row in broken[:20]:
        print("    broken", *row)


def links(shown: Card) -> Iterator[str]:
    """Yield every address of a card."""
    yield from (span.url for section in shown.sections for line in section.lines for span in line if span.url)


def compare(read: Read, name: str) -> str:
    """Return the list of the ten most active threads, and the digest in full and in short, for readers."""
    span = week(name)
    rows = [(document, part) for document, part in read.catalog.between(span.begin, span.end) if part.kind == "mail"]
    counts = Counter(document for document, _ in rows)
    first = dict(reversed(rows))
    listed = [
        f"{n}. [{subject(first[d].title)}]({first[d].url}), {count} mails"
        for n, (d, count) in enumerate(counts.most_common(10), 1)
    ]
    digest = read.digest(span)[0]
    told = [
        line
        for letter, length in (("B", Length.FULL), ("C", Length.SHORT))
        for line in ("", f"# {letter} (the {length} digest of {name})", "", "```", plain(card(digest, length)), "```")
    ]
    return "\n".join([f"# A (the ten most active threads of {name})", "", *listed, *told])


def main() -> None:
    """Measure, or print for readers."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--shared", type=Path, required=True)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--compare", nargs="+", metavar="WEEK", default=[])
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        read = Read(options.data or Path(folder))
        if not options.data:
            read.fill(parts(options.shared))
        for name in options.compare:
            print(compare(read, name))
        if not options.compare:
            print(f"{datetime.now(UTC):%Y-%m-%d}, {read.catalog.totals().parts} parts")
            against_labels(read)
            thirty_weeks(read)


if __name__ == "__main__":
    main()
