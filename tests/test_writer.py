"""A model may put an answer into better words, and nothing else: whatever it does, there is a right answer."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bot.budget import Allowance, Budget
from bot.draft import Message
from bot.llm import ModelFailed, Usage
from bot.model import Answer, Question, Status
from bot.support import Lens
from bot.writer import Writer
from index.database import Database
from tests.fakes import FakeClock
from tests.lies import RIGHT, Lie, answer, lies
from tests.stores import Store

ASKED = Question("What became of the lily series?", asker="slack:U1")
PLAIN = answer()
TRUE = " ".join(f"{text} [{cites[0]}]" for text, cites in RIGHT[1:4])


@dataclass
class Scripted:
    """Writes what it is told to, in small pieces; then fails, if it is told to."""

    draft: str
    failure: ModelFailed | None = None
    asked: list[Sequence[Message]] = field(default_factory=list)

    def write(self, messages: Sequence[Message], usage: Usage) -> Iterator[str]:
        self.asked.append(messages)
        usage.tokens_in, usage.tokens_out = 600, 400
        yield from (self.draft[at : at + 7] for at in range(0, len(self.draft), 7))
        if self.failure:
            raise self.failure


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def database(tmp_path: Path, store: Store) -> Database:
    return store(tmp_path / "state.db")


Writing = Callable[..., Writer]


@pytest.fixture
def writer(database: Database, lens: Lens, clock: FakeClock) -> Writing:
    def make(model: Scripted, allowance: Allowance | None = None, plain: Answer = PLAIN) -> Writer:
        return Writer(lambda _: plain, model, lens, Budget(database, allowance or Allowance(), clock))

    return make


def test_a_draft_that_holds_is_published_with_its_sources_numbered_anew(writer: Writing) -> None:
    said = writer(Scripted("Ben Heron does not want a second allocator in mm. [2]")).answer(ASKED)
    assert said.text == "Ben Heron does not want a second allocator in mm. [1]"
    assert [(s.n, s.id) for s in said.sources] == [(1, "2.lie@pond.example")]
    assert said.written


@pytest.mark.parametrize("lie", list(lies()), ids=lambda lie: f"{lie.sort}: {lie.text[:40]}")
def test_a_lie_among_true_sentences_is_left_out(lie: Lie, writer: Writing) -> None:
    true = [f"{text} [{cites[0]}]" for text, cites in RIGHT[1:4]]
    true.insert(random.Random(lie.text).randrange(4), lie.draft)
    said = writer(Scripted(" ".join(true))).answer(ASKED)
    assert {s.text for s in said.sentences} <= {text for text, _ in RIGHT} | {s.text for s in PLAIN.sentences}


@pytest.mark.parametrize("draft", ["", "No idea.", "I can't answer that.", "[1]", "The lily grows. " * 500])
def test_a_draft_without_evidence_is_thrown_away(draft: str, writer: Writing) -> None:
    assert writer(Scripted(draft)).answer(ASKED) == PLAIN


def test_a_model_that_mostly_makes_things_up_is_not_believed_at_all(writer: Writing) -> None:
    draft = f"{TRUE} The frogs won. [1] The herons lost. [2] The newts fled. [3]"
    assert writer(Scripted(draft)).answer(ASKED) == PLAIN


def test_a_model_that_fails_halfway_costs_nothing_but_its_words(writer: Writing) -> None:
    failing = Scripted(TRUE, ModelFailed("the line is cut"))
    assert writer(failing).answer(ASKED) == PLAIN


@pytest.mark.parametrize("status", [Status.WEAK, Status.NOT_FOUND, Status.OUT_OF_SCOPE])
def test_what_is_no_answer_is_not_rewritten(status: Status, writer: Writing) -> None:
    model = Scripted(TRUE)
    other = Answer(status, PLAIN.sentences, PLAIN.sources)
    assert writer(model, plain=other).answer(ASKED) == other
    assert not model.asked


def test_only_what_stood_the_check_is_shown_on_the_way(writer: Writing) -> None:
    shown: list[str] = []
    writer(Scripted(f"{TRUE} The frogs won. [1]")).answer(ASKED, shown.append)
    assert shown[-1] == " ".join(text for text, _ in RIGHT[1:4])
    assert not any("frogs won" in words for words in shown)


def test_a_person_who_used_up_his_share_is_answered_without_the_model(writer: Writing, clock: FakeClock) -> None:
    model = Scripted(TRUE)
    writes = writer(model, Allowance(personal=1_500))
    answers = [writes.answer(ASKED).written for _ in range(3)]
    other = writes.answer(Question(ASKED.text, asker="slack:U2")).written
    clock.move(86_400)
    assert (answers, other, writes.answer(ASKED).written) == ([True, True, False], True, True)


def test_a_day_that_cost_enough_is_finished_without_the_model(writer: Writing, clock: FakeClock) -> None:
    dear = Allowance(cost=0.005, price_in=1.0, price_out=5.0)
    writes = writer(Scripted(TRUE), dear)
    people = [Question(ASKED.text, asker=f"slack:U{n}") for n in range(4)]
    assert [writes.answer(one).written for one in people] == [True, True, False, False]


def test_a_failing_model_is_paid_too(writer: Writing, clock: FakeClock) -> None:
    writes = writer(Scripted("", ModelFailed("gone")), Allowance(tokens=900))
    writes.answer(ASKED)
    assert not writes.budget.left("slack:U9")


def test_forgetting_a_person_keeps_what_the_day_cost(database: Database, clock: FakeClock) -> None:
    budget = Budget(database, Allowance(tokens=900), clock)
    budget.spend("slack:U1", Usage(600, 400))
    budget.forget("slack:U1")
    people = database.connection().execute("SELECT person FROM spent").fetchall()
    assert (people, budget.left("slack:U1")) == ([("",)], False)
