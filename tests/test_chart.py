"""The picture of a week."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import chart
from bot.digest.model import Activity, Digest, Pulse
from tests.digest_fixtures import THIS, digested

COUNTS = st.integers(0, 10_000)
DIGESTS = st.builds(
    lambda areas, weeks: Digest(
        THIS.week, THIS.begin, THIS.end, 0, 0, 0,
        activity=tuple(Activity(name, now, tuple(before)) for name, now, before in areas),
        pulse=tuple(Pulse("2025-W01", mails, 0, 0) for mails in weeks),
    ),
    st.lists(st.tuples(st.text(max_size=20), COUNTS, st.lists(COUNTS, max_size=12)), max_size=12),
    st.lists(COUNTS, max_size=13),
)  # fmt: skip


@pytest.fixture
def digest(tmp_path: Path) -> Digest:
    return digested(tmp_path)


def test_the_picture_in_words_has_its_numbers(digest: Digest) -> None:
    assert chart.alt(digest).startswith("1 applied, 1 new series, 1 in new versions, 1 waiting.")


def test_an_svg_names_itself_to_those_who_do_not_see_it(digest: Digest) -> None:
    root = ElementTree.fromstring(chart.svg(digest))
    assert root.attrib["aria-label"] == chart.alt(digest)


def test_an_svg_follows_light_and_dark(digest: Digest) -> None:
    assert "prefers-color-scheme:dark" in chart.svg(digest)


def test_a_png_is_one(digest: Digest) -> None:
    assert chart.png(digest).startswith(b"\x89PNG\r\n")


@given(DIGESTS)
def test_nothing_is_drawn_outside(digest: Digest) -> None:
    drawn = chart.drawing(digest)
    boxes = [shape for shape in drawn.shapes if isinstance(shape, chart.Box)]
    assert all(b.x >= 0 and b.x + b.width <= drawn.width and b.y >= 0 and b.y + b.height <= drawn.height for b in boxes)


@given(DIGESTS)
def test_whatever_an_area_is_called_the_svg_is_well_formed(digest: Digest) -> None:
    ElementTree.fromstring(chart.svg(digest))
