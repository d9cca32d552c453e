"""How sure an answer is: more with better evidence, less with what nobody speaks of."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.confidence import Lexicon, Signs, Trust, Window, foreign, lacking, named, undated, undone, unmeasured
from bot.evidence import Wanted

NUMBERS = st.floats(-1e6, 1e6)
AIM = Wanted({"frog": 3.0, "leap": 1.0})
PLAIN = Signs(found=0.6, words=2.0, closest=0.5)


@given(found=NUMBERS, words=NUMBERS, strange=NUMBERS)
def test_confidence_is_a_share(found: float, words: float, strange: float) -> None:
    assert 0 <= Trust().confidence(Signs(found, words, foreign=strange)) <= 1


@pytest.mark.parametrize("sign", ["found", "words", "nearest"])
def test_better_evidence_is_trusted_more(sign: str) -> None:
    assert Trust().confidence(replace(PLAIN, **{sign: 3.0})) > Trust().confidence(PLAIN)


@pytest.mark.parametrize("sign", ["foreign", "lacking", "unmeasured", "undone", "undated"])
def test_what_is_missing_makes_it_less_sure(sign: str) -> None:
    assert Trust().confidence(replace(PLAIN, **{sign: 1.0})) < Trust().confidence(PLAIN)


def test_outside_is_what_is_far_in_meaning_and_in_words() -> None:
    assert Trust().outside(Signs(found=0.4, closest=0.3))
    assert not Trust().outside(Signs(found=0.6, closest=0.3))
    assert not Trust().outside(Signs(found=0.4, closest=0.5))


@pytest.mark.parametrize(
    ("question", "names"),
    [
        ("does LilyPad sink?", ["LilyPad"]),
        ("Does kpond/livepond work", ["kpond", "livepond"]),
        ("what is request_leaf() for?", ["request", "leaf"]),
        ("did the POND team agree with Ada?", ["POND", "Ada"]),
        ("Why so? When will it end?", []),
        ("is a frog green in 2026?", []),
        ("why did she NAK it?", []),
    ],
)
def test_what_a_question_names_is_what_is_written_like_a_name(question: str, names: list[str]) -> None:
    assert list(named(question)) == names


def terms(text: str) -> list[str]:
    return text.lower().rstrip("?.").split()


RARITY = {"lily": 0.2, "alhambra": 0.9, "po": 0.1, "ada": 1.0, "salamander": 1.0, "frog": 0.3}
LEXICON = Lexicon(terms, lambda stem: RARITY.get(stem, 0.0), lambda word: word == "Ada")


def test_the_rarest_name_that_no_text_has_is_what_is_foreign() -> None:
    assert foreign(["Lily", "Alhambra", "Po"], ["A lily on the water."], LEXICON) == 0.9


def test_a_plural_is_the_same_name() -> None:
    assert foreign(["Salamanders"], ["Every salamander floats."], LEXICON) == 0


def test_people_are_not_foreign() -> None:
    assert foreign(["Ada"], ["A lily on the water."], LEXICON) == 0


def test_nothing_named_is_nothing_foreign() -> None:
    assert foreign([], [], LEXICON) == 0


def test_rare_words_that_the_first_sentence_is_said_without_are_lacking() -> None:
    assert lacking("does the salamander frog leap?", frozenset(["leap"]), LEXICON) == pytest.approx(0.6)


def test_what_is_there_and_who_is_known_is_not_lacking() -> None:
    assert lacking("does Ada see a salamander leap?", frozenset(["salamander"]), LEXICON) == 0


def window(text: str, year: str = "2024") -> Window:
    return Window(text, text, frozenset(terms(text)), year)


def test_a_measure_counts_by_what_stands_with_it() -> None:
    frog, reed = window("a frog of 3 kg draws 5 watts"), window("a reed draws 5 watts")
    question = "how many watts does a frog draw in a leap?"
    assert unmeasured(question, AIM, [frog, reed], terms) == pytest.approx(0.25)
    assert unmeasured(question, AIM, [reed], terms) == 1
    assert unmeasured("why does a frog leap?", AIM, [reed], terms) == 0


def test_an_act_that_nobody_speaks_of_is_missed() -> None:
    question = "why did they drop the frog?"
    assert undone(question, AIM, [window("the frog was dropped in a leap")]) == 0
    assert undone(question, AIM, [window("the frog is in a leap")]) == 1
    assert undone("why does the frog leap?", AIM, []) == 0


def test_a_year_is_there_when_it_is_written_or_when_something_was_written_then() -> None:
    assert undated(["2031"], [window("a frog in 2031")]) == 0
    assert undated(["2024"], [window("a frog")]) == 0
    assert undated(["2024", "2031"], [window("a frog")]) == 1
    assert undated([], []) == 0
