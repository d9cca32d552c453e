"""How well series are tied together and "applied" is understood: ``python -m tests.evaluation.series --shared DIR``.

Measured on the real mail against labels that were given by reading the mails, before there was code to
give any: ``series-pairs.csv`` says of two postings whether they are versions of one series (hard negatives
among them: titles alike, links to what a series stands on), ``applied.csv`` of replies whether the sender
says that he has applied something (most of the others have the words, and mean something else). Both hold
Message-IDs and verdicts only; what could not be decided by reading is not among them.

The rules were mended on the misses of those ("mended on"). ``*-held-out.csv`` were drawn and labelled later,
blind to any verdict, from mails that are not among them: their figure is the one to believe.
"""

from __future__ import annotations

import argparse
import csv
import os
import statistics
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from feeds import mbox
from feeds.errors import Unreadable
from feeds.kinship import kin
from feeds.mail import parse, to_part
from index.database import Database
from index.histories import Histories
from index.model import Part
from index.sqlite import Sqlite

LABELS = Path(__file__).parent
SAMPLES = {"mended on": ".csv", "held out": "-held-out.csv"}
"""What a sample is called in the report, and how its files end."""
BATCH = 256


@dataclass(frozen=True, slots=True)
class Score:
    """Verdicts against labels, and the ids where they differ."""

    true: int
    wrong: tuple[str, ...]
    missed: tuple[str, ...]

    @property
    def precision(self) -> float:
        return self.true / max(1, self.true + len(self.wrong))

    @property
    def recall(self) -> float:
        return self.true / max(1, self.true + len(self.missed))

    def report(self, name: str, of: int) -> None:
        print(f"{name:<18} precision {self.precision:.3f}  recall {self.recall:.3f}  ({of} labels)")
        for kind, ids in (("wrong", self.wrong), ("missed", self.missed)):
            for one in ids:
                print(f"    {kind:<7} {one}")


def score(verdicts: Iterable[tuple[str, bool, bool]]) -> Score:
    """Compare (what, label, verdict)."""
    seen = list(verdicts)
    return Score(
        true=sum(label and verdict for _, label, verdict in seen),
        wrong=tuple(what for what, label, verdict in seen if verdict and not label),
        missed=tuple(what for what, label, verdict in seen if label and not verdict),
    )


def parts(shared: Path) -> Iterator[Part]:
    """Yield every mail of the archives as a part."""
    for path in sorted((shared / "data" / "lore").glob("rust-*.mbox.xz")):
        with mbox.opened(path) as stream:
            for raw in mbox.mails(stream):
                try:
                    yield to_part(parse(raw))
                except Unreadable:
                    continue


def pairs(histories: Histories, rows: Sequence[dict[str, str]]) -> Score:
    """Score which postings are tied together."""
    return score((f"{r['one']} {r['other']}", r["same"] == "yes", _tied(histories, r)) for r in rows)


def _tied(histories: Histories, row: dict[str, str]) -> bool:
    history = histories.of(row["one"])
    return history is not None and any(row["other"] in version.parts for version in history.versions)


def applied(saying: set[str], rows: Sequence[dict[str, str]]) -> Score:
    """Score which mails are understood to say that something was applied."""
    return score((r["id"], r["applied"] == "yes", r["id"] in saying) for r in rows)


def labels(name: str) -> list[dict[str, str]]:
    """Read a file of labels."""
    with (LABELS / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, default=os.environ.get("KRAB_SHARED"), required=False)
    options = parser.parse_args()
    if options.shared is None:
        parser.error("--shared DIR (or KRAB_SHARED) must name the folder with data/")
    with tempfile.TemporaryDirectory() as folder:
        _measure(options.shared, Sqlite(Path(folder) / "krab.db"))


def _measure(shared: Path, database: Database) -> None:
    histories = Histories(database, kin)
    read, saying, seconds = parts(shared), set[str](), 0.0
    ids: list[str] = []
    while batch := list(islice(read, BATCH)):
        ids += [part.id for part in batch]
        saying |= {part.id for part in batch if any(e.kind == "applied" for e in part.events)}
        started = time.perf_counter()
        histories.put(batch)
        seconds += time.perf_counter() - started
    for sample, ending in SAMPLES.items():
        tied, said = labels(f"series-pairs{ending}"), labels(f"applied{ending}")
        pairs(histories, tied).report(f"series {sample}", len(tied))
        applied(saying, said).report(f"applied {sample}", len(said))
    print(f"{len(ids)} mails kept in {seconds:.1f} s, {1000 * seconds / max(1, len(ids)):.2f} ms each")
    print(f"of    {_times(histories.of, ids[:: max(1, len(ids) // 500)])}")
    words = [row["one"].partition("@")[0].replace("-", " ") for row in labels("series-pairs.csv")]
    print(f"find  {_times(histories.find, words)}")
    database.close()


def _times(call: object, arguments: Sequence[str]) -> str:
    assert callable(call)
    took = []
    for argument in arguments:
        started = time.perf_counter()
        call(argument)
        took.append(1000 * (time.perf_counter() - started))
    return f"p50 {statistics.median(took):.2f} ms, p95 {statistics.quantiles(took, n=20)[-1]:.2f} ms"


if __name__ == "__main__":
    main()
