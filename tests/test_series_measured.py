"""The quality that is promised, on real mail: versions tied together, "applied" understood."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from feeds.kinship import kin
from index.histories import Histories
from index.sqlite import Sqlite
from tests.evaluation.series import SAMPLES, applied, labels, pairs, parts

pytestmark = pytest.mark.data


@dataclass(frozen=True, slots=True)
class Told:
    """What is made of the real mail."""

    histories: Histories
    saying: set[str]


@pytest.fixture(scope="module")
def told(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    read = list(parts(shared))
    with closing(Sqlite(tmp_path_factory.mktemp("told") / "krab.db")) as database:
        histories = Histories(database, kin)
        histories.put(read)
        yield Told(histories, {p.id for p in read if any(e.kind == "applied" for e in p.events)})


@pytest.mark.parametrize("ending", SAMPLES.values(), ids=SAMPLES)
def test_versions_are_tied_together_as_a_reader_would(told: Told, ending: str) -> None:
    tied = pairs(told.histories, labels(f"series-pairs{ending}"))
    assert (tied.precision >= 0.98, tied.recall >= 0.95) == (True, True)


@pytest.mark.parametrize("ending", SAMPLES.values(), ids=SAMPLES)
def test_applied_is_understood_as_a_reader_would(told: Told, ending: str) -> None:
    said = applied(told.saying, labels(f"applied{ending}"))
    assert (said.precision >= 0.98, said.recall >= 0.9) == (True, True)
