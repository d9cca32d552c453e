"""What a question asks for counts where a sentence has it, and only what the question does not say itself."""

from __future__ import annotations

import pytest

from bot.expected import expectation


@pytest.mark.parametrize(
    ("question", "sentence"),
    [
        ("how many frogs are there?", "There are 12 frogs in the pond."),
        ("what share of the frogs is green?", "Some 30 % of them are."),
        ("since when are lilies allowed?", "Lilies came with pond 6.12."),
        ("which release was the first with lilies?", "They came with v6.12."),
        ("who looks after the reeds?", "That is Ada Frog."),
        ("why must the leaf stay?", "Otherwise the frog would drown."),
        ("how do I test the pond?", "Run `make pondtest` first."),
        ("what env var names the pond?", "Set POND_PATH to its place."),
    ],
)
def test_a_sentence_that_has_what_is_asked_for_counts_more(question: str, sentence: str) -> None:
    assert expectation(question)(sentence) > expectation(question)("A pond is a quiet place for everybody.") == 0


@pytest.mark.parametrize(
    ("question", "sentence"),
    [
        ("how many frogs came in 2019?", "In 2019 there were frogs."),
        ("who answered Ada Frog?", "Ada Frog asked about the leaf."),
        ("what flag is there beside `--leaf`?", "You may give `--leaf` to it."),
    ],
)
def test_what_the_question_says_itself_is_no_answer(question: str, sentence: str) -> None:
    assert expectation(question)(sentence) == 0


def test_a_question_that_asks_for_nothing_of_the_kind_expects_nothing() -> None:
    assert expectation("tell me about ponds")("There are 12 frogs, says Ada Frog, since v6.12.") == 0
