"""The figures of an evaluation, against ones computed by hand; question files that are not as they must be."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.evaluation import (
    Asked,
    Outcome,
    QuestionFileError,
    by_kind,
    conversation,
    outcome,
    read,
    read_lines,
    report,
    table,
)
from bot.model import Answer, Sentence, Status
from index.model import Part
from tests.fakes import citation
from tests.index_fixtures import part

LEAF = part("leaf", "A leaf must outlive the frog.")
PARTS = {"leaf": LEAF, "reed": part("reed", "Reeds bend in the wind.")}


def went(**changes: object) -> Outcome:
    fields: dict[str, object] = {
        "id": "q",
        "kind": "fact",
        "status": Status.ANSWERED,
        "rank": 1,
        "gain": 1.0,
        "facts": 1.0,
        "cites_gold": True,
        "cited": 1,
        "verbatim": 1,
        "answerable": True,
        "took_ms": 10.0,
    }
    return Outcome(**{**fields, **changes})  # type: ignore[arg-type]


def answer(text: str = "A leaf.", retrieved: tuple[str, ...] = (), quote: str = "A leaf", id_: str = "leaf") -> Answer:
    return Answer(
        Status.ANSWERED,
        (Sentence(text, (1,)),),
        (citation(1, id=id_, quote=quote),),
        retrieved=retrieved,
        took_ms=12.0,
    )


def asked(**changes: object) -> Asked:
    return Asked(**{"id": "q", "question": "why?", **changes})  # type: ignore[arg-type]


def compared(known: Asked, given_answer: Answer) -> Outcome:
    return outcome(known, given_answer, PARTS.get)


# One question


@pytest.mark.parametrize(
    ("retrieved", "rank"), [(("leaf", "reed"), 1), (("a", "b", "leaf"), 3), (("a", "b"), None), ((), None)]
)
def test_the_rank_is_that_of_the_first_gold_document(retrieved: tuple[str, ...], rank: int | None) -> None:
    assert compared(asked(gold=frozenset({"leaf"})), answer(retrieved=retrieved)).rank == rank


@pytest.mark.parametrize(
    ("retrieved", "gold", "gain"),
    [
        (("leaf",), {"leaf"}, 1.0),
        (("a", "leaf"), {"leaf"}, 1 / math.log2(3)),
        (("leaf", "a", "reed"), {"leaf", "reed"}, (1 + 1 / 2) / (1 + 1 / math.log2(3))),
        (("a",) * 10 + ("leaf",), {"leaf"}, 0.0),
        (("leaf",), set(), 0.0),
    ],
)
def test_the_gain_is_discounted_by_rank(retrieved: tuple[str, ...], gold: set[str], gain: float) -> None:
    assert compared(asked(gold=frozenset(gold)), answer(retrieved=retrieved)).gain == pytest.approx(gain)


@given(st.lists(st.sampled_from("abcdefghijklmnop"), unique=True), st.sets(st.sampled_from("abcdefghijklmnop")))
def test_a_gain_lies_between_nothing_and_all(retrieved: list[str], gold: set[str]) -> None:
    assert 0 <= compared(asked(gold=frozenset(gold)), answer(retrieved=tuple(retrieved))).gain <= 1 + 1e-9


@pytest.mark.parametrize(
    ("facts", "share"),
    [
        ((("leaf",),), 1.0),
        ((("LEAF", "reed"),), 1.0),
        ((("reed", "stone"),), 0.0),
        ((("leaf",), ("reed",)), 0.5),
        ((), None),
    ],
)
def test_a_fact_is_met_by_any_of_its_alternatives_in_any_case(
    facts: tuple[tuple[str, ...], ...], share: float | None
) -> None:
    assert compared(asked(facts=facts), answer("A green Leaf.")).facts == share


def test_a_quote_counts_when_it_is_verbatim_in_the_document_that_is_named() -> None:
    right, wrong, gone = (
        compared(asked(), answer(quote="must\noutlive")),
        compared(asked(), answer(quote="must outlast")),
        compared(asked(), answer(id_="nobody")),
    )
    assert [(o.cited, o.verbatim) for o in (right, wrong, gone)] == [(1, 1), (1, 0), (1, 0)]


def test_citing_gold_is_noticed() -> None:
    assert compared(asked(gold=frozenset({"leaf"})), answer()).cites_gold
    assert not compared(asked(gold=frozenset({"reed"})), answer()).cites_gold


# All questions


def test_hits_and_reciprocal_ranks_are_means_over_what_can_be_answered() -> None:
    ranks = [went(rank=r) for r in (1, 4, 10, 11, None)]
    figures = report([*ranks, went(rank=1, answerable=False)])
    assert (figures.hit_at_1, figures.hit_at_5, figures.hit_at_10) == (0.2, 0.4, 0.6)
    assert figures.mrr_at_10 == pytest.approx((1 + 1 / 4 + 1 / 10) / 5)


def test_facts_are_counted_where_there_are_any() -> None:
    figures = report([went(facts=1.0), went(facts=0.5), went(facts=None), went(facts=0.0, answerable=False)])
    assert (figures.all_facts, figures.mean_facts) == (0.5, 0.75)


def test_precision_is_over_all_citations() -> None:
    assert report([went(cited=3, verbatim=3), went(cited=1, verbatim=0)]).citation_precision == 0.75
    assert report([went(cited=0, verbatim=0)]).citation_precision == 1.0


def test_refusals_are_counted_for_both_sorts_of_questions() -> None:
    known = [went(status=s) for s in Status]
    unknown = [went(status=s, answerable=False) for s in (Status.NOT_FOUND, Status.OUT_OF_SCOPE, Status.WEAK)]
    figures = report([*known, *unknown])
    assert figures.refused_answerable == 0.5
    assert figures.refused_unanswerable == pytest.approx(2 / 3)


def test_percentiles_are_times_that_occurred() -> None:
    figures = report(went(took_ms=float(ms)) for ms in range(1, 101))
    assert (figures.p50_ms, figures.p95_ms) == (50.0, 95.0)
    assert (report([went(took_ms=7.0)]).p50_ms, report([went(took_ms=7.0)]).p95_ms) == (7.0, 7.0)


def test_no_questions_are_no_figures() -> None:
    assert report([]).as_dict()["questions"] == 0


def test_each_kind_has_figures_of_its_own() -> None:
    kinds = by_kind([went(kind="fact"), went(kind="state", rank=None), went(kind="state")])
    assert (kinds["fact"].hit_at_1, kinds["state"].hit_at_1, kinds["state"].questions) == (1.0, 0.5, 2)


def test_the_table_names_every_figure_and_kind() -> None:
    summary = report([went()])
    text = table(summary, by_kind([went(), went(kind="state")]))
    assert all(name in text for name in (*summary.as_dict(), "fact", "state"))


# Question files

QUESTION = {
    "id": "q1",
    "question": "Who holds the leaf?",
    "kind": "fact",
    "gold": [{"doc": "leaf", "quote": "A leaf"}],
    "facts": [["frog", "toad"], ["leaf"]],
    "answerable": True,
    "followup_of": None,
    "note": "",
}


def test_a_question_is_read_with_all_it_has() -> None:
    assert read_lines([json.dumps(QUESTION)], "f") == [
        Asked("q1", "Who holds the leaf?", "fact", frozenset({"leaf"}), (("frog", "toad"), ("leaf",)))
    ]


def test_a_question_needs_no_more_than_id_and_text(tmp_path: Path) -> None:
    (tmp_path / "f").write_text('{"id": 7, "question": "why?"}\n\n{"id": 8, "question": "so?", "answerable": false}\n')
    assert read(tmp_path / "f") == [Asked("7", "why?"), Asked("8", "so?", answerable=False)]


@pytest.mark.parametrize(
    "line",
    [
        "no JSON",
        "7",
        "[]",
        "null",
        "{}",
        '{"id": "a"}',
        '{"id": "a", "question": 7}',
        '{"id": "a", "question": "b", "gold": ["leaf"]}',
        '{"id": "a", "question": "b", "gold": 7}',
        '{"id": "a", "question": "b", "facts": ["leaf"]}',
        '{"id": "a", "question": "b", "facts": [[7]]}',
        '{"id": "a", "question": "b", "answerable": "no"}',
    ],
)
def test_a_line_that_is_no_question_is_named(line: str) -> None:
    with pytest.raises(QuestionFileError, match="questions:3: not a question"):
        read_lines(['{"id": "a", "question": "b"}', "", line], "questions")


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    for name in ("absent", "binary"):
        with pytest.raises(QuestionFileError, match=f"cannot read .*{name}"):
            read(tmp_path / name)


# Follow-ups


def test_a_follow_up_is_asked_with_the_questions_before_it() -> None:
    chain = [asked(id="1", question="one"), asked(id="2", question="two", followup_of="1")]
    questions = conversation([*chain, asked(id="3", question="three", followup_of="2")])
    assert [q.earlier for q in questions] == [(), ("one",), ("one", "two")]


def test_ids_may_be_numbers() -> None:
    lines = ['{"id": 1, "question": "one"}', '{"id": 2, "question": "two", "followup_of": 1}']
    assert conversation(read_lines(lines, "f"))[1].earlier == ("one",)


def test_a_follow_up_of_nothing_known_stands_alone() -> None:
    assert conversation([asked(followup_of="nobody")])[0].earlier == ()


def test_questions_that_follow_each_other_in_a_ring_come_to_an_end() -> None:
    ring = [asked(id="1", followup_of="2"), asked(id="2", followup_of="1")]
    assert len(conversation(ring)) == 2


def test_a_known_part_is_what_is_looked_up() -> None:
    looked: list[str] = []

    def look(id_: str) -> Part | None:
        looked.append(id_)
        return LEAF

    outcome(asked(), answer(), look)
    assert looked == ["leaf"]
