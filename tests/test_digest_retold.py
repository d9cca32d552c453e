"""A language model may retell a discussion, and nothing else of a digest."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from bot.budget import Allowance, Budget
from bot.chat.text import card as text
from bot.digest.card import card
from bot.digest.model import Digest
from bot.digest.retold import retold
from bot.model import Answer, Question, Status
from bot.support import Lens
from bot.writer import Writer
from index.sqlite import Sqlite
from tests.digest_fixtures import OBJECTS, digested
from tests.fakes import FakeClock
from tests.test_writer import Scripted


@pytest.fixture
def digest(tmp_path: Path) -> Digest:
    return digested(tmp_path)


def by(model: Scripted, folder: Path, lens: Lens) -> Callable[[Question, Answer], Answer]:
    budget = Budget(Sqlite(folder / "budget.db"), Allowance(), FakeClock())
    return Writer(lambda _: Answer(Status.NOT_FOUND), model, lens, budget).rewrite


def unchanged(_: Question, plain: Answer) -> Answer:
    return plain


def test_without_a_model_nothing_changes(digest: Digest) -> None:
    assert retold(digest, unchanged) == digest


def test_what_a_model_says_stands_without_quotation_marks_and_with_its_source(digest: Digest) -> None:
    def rewrite(_: Question, plain: Answer) -> Answer:
        (sentence, *_rest) = [s for s in plain.sentences if plain.sources[s.citations[0] - 1].id == OBJECTS.id]
        return replace(plain, sentences=(replace(sentence, text="Bo wants no leaf to count frogs."),), written=True)

    told = retold(digest, rewrite)
    (said,) = told.discussions[0].gist
    assert (said.text, said.id, said.told) == ("Bo wants no leaf to count frogs.", OBJECTS.id, True)
    assert "Bo wants no leaf to count frogs. (Bo Reed" in text(card(told))


def test_positions_stay_quotes(digest: Digest) -> None:
    def rewrite(_: Question, plain: Answer) -> Answer:
        return replace(plain, sentences=plain.sentences[:1], written=True)

    assert retold(digest, rewrite).discussions[0].positions == digest.discussions[0].positions


def test_a_model_that_makes_things_up_changes_nothing(digest: Digest, tmp_path: Path, lens: Lens) -> None:
    lying = Scripted("Linus merged 17 frogs into the pond yesterday. [1]")
    assert retold(digest, by(lying, tmp_path, lens)) == digest


def test_a_model_is_asked_with_what_people_said(digest: Digest, tmp_path: Path, lens: Lens) -> None:
    model = Scripted("")
    retold(digest, by(model, tmp_path, lens))
    assert "think a leaf should count the frogs on its own." in str(model.asked)
