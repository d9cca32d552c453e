"""What measures growth: vectors that are as many and as different as asked for, a table and a picture of it."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from tests.evaluation.scale import CHUNK, Row, grown, keep, rows, table
from tests.evaluation.scale_chart import drawing

BASE = np.eye(8, dtype=np.float32)
ROWS = (
    Row("faiss", "fp16 scan", 30_000, 0.9, 1.4, 2.0, 63.0, 23.3, 1.0, 1.0),
    Row("milvus", "sq8", 30_000, 19.3, 5.8, 10.5, 820.5, 166.1, 0.967, 1.0),
    Row("milvus", "sq8", 300_000, 190.0, 9.0, 15.0, 1200.0, 700.0, 0.95, 1.0),
)


def test_there_are_as_many_vectors_as_asked_for_each_with_its_number() -> None:
    pieces = list(grown(BASE, CHUNK + 5))
    assert [n for numbers, _ in pieces for n in numbers] == list(range(CHUNK + 5))
    assert [len(vectors) for _, vectors in pieces] == [CHUNK, 5]


def test_later_ones_are_turned_and_of_length_one() -> None:
    *_, (_, late) = grown(BASE, CHUNK + 5)
    assert np.linalg.norm(late, axis=1).round(4).tolist() == [1.0] * 5
    assert not np.isin(late, (0.0, 1.0)).any()


def test_a_filling_that_goes_on_makes_the_same_vectors() -> None:
    *_, (_, whole) = grown(BASE, CHUNK + 5)
    [(_, resumed)] = grown(BASE, CHUNK + 5, start=CHUNK)
    assert np.array_equal(whole, resumed)


def test_what_was_measured_is_kept_and_read_again(tmp_path: Path) -> None:
    for row in ROWS:
        keep(tmp_path, row)
    assert tuple(rows(tmp_path)) == ROWS


def test_the_table_has_a_line_for_each_measurement() -> None:
    assert len(table(ROWS).splitlines()) == 2 + len(ROWS)
    assert "| 300,000 | milvus, sq8 | 190 | 9.0 / 15.0 | 1,200 | 700 | 0.950 | 1 |" in table(ROWS)


def test_the_picture_shows_every_measurement_twice_and_names_each_engine() -> None:
    picture = ElementTree.fromstring(
        drawing([(f"{r.engine}, {r.index}", r.vectors, r.p50_ms, r.memory_mb) for r in ROWS])
    )
    lines = [e for e in picture.iter() if e.tag.endswith("polyline")]
    words = {e.text for e in picture.iter() if e.tag.endswith("text")}
    assert sum(len(line.attrib["points"].split()) for line in lines) == 2 * len(ROWS)
    assert {"faiss, fp16 scan", "milvus, sq8"} <= words
