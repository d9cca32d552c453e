"""Nothing that a model makes up is published; what it merely shortens is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.draft import Checked, check, evidence, messages, sentences
from bot.model import Question, Sentence
from bot.support import Evidence, Lens, flaw
from tests.lies import RIGHT, Lie, answer, lies, sorts

LIES = tuple(lies())
KNOWN = evidence(answer())


def test_there_are_lies_of_many_sorts() -> None:
    assert len(LIES) >= 200
    assert len(sorts(LIES)) >= 15


@pytest.mark.parametrize("lie", LIES, ids=lambda lie: f"{lie.sort}: {lie.text[:50]}")
def test_no_lie_is_kept(lie: Lie, lens: Lens) -> None:
    assert check((lie.text, lie.cites), Checked(), KNOWN, lens).sentences == ()


@pytest.mark.parametrize(("text", "cites"), RIGHT)
def test_a_true_shortening_is_kept(text: str, cites: tuple[int, ...], lens: Lens) -> None:
    assert check((text, cites), Checked(), KNOWN, lens).sentences == (Sentence(text, cites),)


def test_the_day_a_mail_was_written_may_be_said(lens: Lens) -> None:
    said = "Ada Frog applied patches 1 to 3 of the lily series to pond-next on 8 July 2025."
    assert check((said, (1,)), Checked(), KNOWN, lens).sentences == (Sentence(said, (1,)),)


def test_a_sentence_is_said_once(lens: Lens) -> None:
    once = check(RIGHT[0], Checked(), KNOWN, lens)
    assert check(RIGHT[0], once, KNOWN, lens).sentences == once.sentences


def test_evidence_is_told_as_data_and_nothing_else_is_told() -> None:
    asked = messages(Question("Was it applied?", earlier=("What is lily?",)), answer())
    assert [m["role"] for m in asked] == ["system", "user"]
    assert "pond.example" not in asked[1]["content"]


@pytest.mark.parametrize(
    ("draft", "said"),
    [
        ("A frog sits [1]. A heron waits [2][3].", [("A frog sits.", (1,)), ("A heron waits.", (2, 3))]),
        ("A frog sits. [1] A heron waits. [2, 3]", [("A frog sits.", (1,)), ("A heron waits.", (2, 3))]),
        ("A frog sits. It waits [2].", [("A frog sits.", ()), ("It waits.", (2,))]),
        ("A frog sits", [("A frog sits.", ())]),
        ("", []),
        (" [1] ", []),
    ],
)
def test_a_draft_is_taken_apart_at_its_numbers(draft: str, said: list[tuple[str, tuple[int, ...]]]) -> None:
    assert list(sentences([draft])) == said


@given(
    st.lists(st.sampled_from(["a b.", " ", "[1]", "[2]", "[1, 2]", "\n", "[", "c"]), max_size=20).map("".join),
    st.integers(1, 5),
)
def test_in_whatever_pieces_a_draft_comes_its_sentences_are_the_same(draft: str, size: int) -> None:
    pieces = [draft[at : at + size] for at in range(0, len(draft), size)]
    assert list(sentences(pieces)) == list(sentences([draft]))


@given(st.text(max_size=200))
def test_any_text_has_a_verdict(text: str) -> None:
    lens = Lens(lambda words: words.lower().split(), lambda *_: 1.0)
    assert isinstance(flaw(text, [Evidence("A frog sits on a leaf.")], lens), str)
