"""The quality that is promised, on real mail: versions tied together, "applied" understood."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from feeds.kinship import kin
from index.database import Database
from index.histories import Histories
from tests.evaluation.series import applied, labels, pairs, parts

pytestmark = pytest.mark.data


def test_series_and_what_became_of_them_are_told_as_a_reader_would(shared: Path, tmp_path: Path) -> None:
    read = list(parts(shared))
    with closing(Database(tmp_path / "krab.db")) as database:
        histories = Histories(database, kin)
        histories.put(read)
        tied = pairs(histories, labels("series-pairs.csv"))
    said = applied({p.id for p in read if any(e.kind == "applied" for e in p.events)}, labels("applied.csv"))
    assert (tied.precision >= 0.98, tied.recall >= 0.95) == (True, True)
    assert (said.precision >= 0.98, said.recall >= 0.9) == (True, True)
