"""How sure an answer is: more with better evidence, less with what nobody speaks of."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.confidence import Signs, Trust, foreign, named

NUMBERS = st.floats(-1e6, 1e6)


@given(found=NUMBERS, best=NUMBERS, strange=NUMBERS)
def test_confidence_is_a_share(found: float, best: float, strange: float) -> None:
    assert 0 <= Trust().confidence(Signs(found, best, 0.0, strange)) <= 1


def test_better_evidence_is_trusted_more_and_what_is_foreign_less() -> None:
    trust = Trust()
    plain = trust.confidence(Signs(0.6, 2.0, 0.5, 0.0))
    assert trust.confidence(Signs(0.7, 2.0, 0.5, 0.0)) > plain
    assert trust.confidence(Signs(0.6, 2.5, 0.5, 0.0)) > plain
    assert trust.confidence(Signs(0.6, 2.0, 0.5, 9.0)) < plain


@pytest.mark.parametrize(
    ("question", "names"),
    [
        ("does LilyPad sink?", ["LilyPad"]),
        ("Does kpond/livepond work", ["kpond", "livepond"]),
        ("what is request_leaf() for?", ["request", "leaf"]),
        ("did the POND team agree with Ada?", ["POND", "Ada"]),
        ("Why so? When will it end?", []),
        ("is a frog green in 2026?", []),
    ],
)
def test_what_a_question_names_is_what_is_written_like_a_name(question: str, names: list[str]) -> None:
    assert list(named(question)) == names


def rarity(word: str) -> float:
    return float(len(word))


def nobody(_: str) -> bool:
    return False


def test_the_rarest_name_that_no_text_has_is_what_is_foreign() -> None:
    assert foreign(["Lily", "Alhambra", "Po"], ["A lily on the water."], rarity, nobody) == len("Alhambra")


def test_a_plural_is_the_same_name() -> None:
    assert foreign(["LilyPads"], ["Every lilypad floats."], rarity, nobody) == 0


def test_people_are_not_foreign() -> None:
    assert foreign(["Ada"], ["A lily on the water."], rarity, "Ada".__eq__) == 0


def test_nothing_named_is_nothing_foreign() -> None:
    assert foreign([], [], rarity, nobody) == 0
