"""A note whose title asks what is asked is found first; other notes stay behind what they sum up."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from index.curated import CLOSE, ELSE, NEAR, NEARER, SAME, WORDS, Sayings, Titles, surely
from index.embed import Vectors

RARITY = {"frog": 3.0, "leaf": 1.0}


def compass(texts: Sequence[str]) -> Vectors:
    """Embeds "east" and everything else at right angles."""
    return np.array([[1.0, 0.0] if "east" in text else [0.0, 1.0] for text in texts], np.float32)


def titles(*pairs: tuple[str, str]) -> Titles:
    return Titles.of(pairs, compass, str.split)


@pytest.mark.parametrize(
    ("title", "sure"),
    [
        ("east frog leaf", 1.0),
        ("east", (1.0 - CLOSE) / (SAME - CLOSE)),
        ("west frog leaf", 0.0),
    ],
)
def test_meaning_and_rare_words_say_how_surely_a_title_asks_the_same(title: str, sure: float) -> None:
    found = titles(("n", title)).asking(np.array([1.0, 0.0], np.float32), RARITY)
    assert found.get("n", 0.0) == pytest.approx(sure, abs=1e-6)


def test_words_count_by_their_rarity() -> None:
    vector = np.array([0.8, 0.6], np.float32)
    found = titles(("rare", "frog west"), ("common", "leaf west")).asking(vector, RARITY)
    assert found == {"rare": pytest.approx((0.6 + WORDS * 0.75 - CLOSE) / (SAME - CLOSE), abs=1e-6)}


def test_the_closest_of_a_notes_questions_counts() -> None:
    found = titles(("n", "west"), ("n", "east frog"), ("n", "west frog leaf")).asking(
        np.array([1.0, 0.0], np.float32), RARITY
    )
    assert found == {"n": 1.0}


def test_without_notes_nothing_is_asked() -> None:
    assert titles().asking(np.array([1.0, 0.0], np.float32), RARITY) == {}


def test_a_note_is_as_near_as_its_nearest_question_and_its_nearest_sentence_together() -> None:
    asked = np.array([[1.0, 0.0], [0.6, 0.8], [0.0, 1.0]], np.float32)
    said = np.array([[0.8, 0.6], [0.0, 1.0]], np.float32)
    notes = Sayings(("frog", "leaf"), np.array([0, 0, 1]), asked, np.array([0, 0]), said)
    assert notes.near(np.array([1.0, 0.0], np.float32)) == {"frog": pytest.approx(1.8)}  # the leaf's note says nothing


@pytest.mark.parametrize(
    ("near", "other", "sure"),
    [
        (0.4 + NEARER, 0.4, 1.0),
        (2.0, 0.0, 1.0),
        (ELSE + NEAR, -1.0, 0.0),  # nothing else was looked at: that says nothing for the note
        (0.4 + (NEAR + NEARER) / 2, 0.4, 0.5),
        (0.4 + NEAR, 0.4, 0.0),
        (0.1, 0.9, 0.0),
    ],
)
def test_a_note_answers_by_how_much_nearer_it_comes_than_anything_else(near: float, other: float, sure: float) -> None:
    assert surely(near, other) == pytest.approx(sure)
