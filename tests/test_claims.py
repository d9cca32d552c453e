"""What evidence must have to be an answer: the measure asked for, the act taken for granted."""

from __future__ import annotations

import pytest

from bot.claims import acts, is_act, measure


def terms(text: str) -> list[str]:
    return [word.strip(".,:?").lower().removesuffix("s") for word in text.split()]


@pytest.mark.parametrize(
    ("question", "there", "elsewhere"),
    [
        ("how much money did the pond get?", "The fund gave $250,000 for it.", "The fund gave a lot in 2025."),
        ("how many lines of code is the frog?", "It has some 1,200 lines.", "It has 12 legs and a line of eggs."),
        ("how long does a leap take?", "A leap takes 40 ms.", "A leap takes 40 frogs."),
        ("how big is the lily, in KiB?", "It weighs 12 KiB.", "It weighs little, 12 of them fit."),
        ("how fast is the reed bus clocked?", "It runs at 400 kHz.", "It runs since 2025."),
        ("idle power draw of a pond?", "It draws 3.5 W.", "It draws 3 frogs."),
        ("what share of frogs is green?", "One third, or 33 %, is green.", "The 33 frogs are green."),
        ("how many open issues are there?", "There are 12 open issues.", "There are 12 ponds."),
        ("number of ponds", "Two ponds are known.", "The pond is known."),
    ],
)
def test_a_measure_is_a_number_with_its_unit(question: str, there: str, elsewhere: str) -> None:
    has = measure(question, terms)
    assert has is not None
    assert (has(there), has(elsewhere)) == (True, False)


@pytest.mark.parametrize("question", ["why does the frog leap?", "how do I leap?", "how many?", "is a fine lily rare?"])
def test_other_questions_ask_for_none(question: str) -> None:
    assert measure(question, terms) is None


@pytest.mark.parametrize(
    ("question", "there", "elsewhere"),
    [
        ("why did Ada NAK the lily?", "Nacked-by: Ada Quill", "I like the lily."),
        ("what made them drop the reed?", "The reed was removed.", "The reed grows."),
        ("why does the pond switch frogs off?", "Frogs are disabled here.", "Frogs live here."),
        ("since when do they insist on lilies?", "We insist on it.", "We have it."),
        ("why was the frog renamed?", "It was renamed in v2.", "It leaps since v2."),
    ],
)
def test_an_act_must_be_spoken_of(question: str, there: str, elsewhere: str) -> None:
    (has,) = acts(question)
    assert (has(there), has(elsewhere)) == (True, False)


@pytest.mark.parametrize("question", ["could a frog replace the toad?", "should we drop it?", "what is a frog?"])
def test_what_only_might_be_done_is_not_taken_for_granted(question: str) -> None:
    assert acts(question) == []


def test_a_word_for_an_act_is_no_name() -> None:
    assert is_act("NAK")
    assert not is_act("LilyPad")
