"""How well sentences may answer: what speaks for one, each thing beside a sentence that lacks it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.evidence import Candidate, Wanted
from bot.worth import Aim, Worth, judged
from index.catalog import Found
from index.engine import Result
from index.model import Hit, Kind, Passage
from tests.index_fixtures import NOON

LEAF = "A leaf must outlive the frog that sits on it."
REED = "Some reeds may outlast the wind that blows on them."
AIM = Aim(
    Wanted({"leaf": 2.0, "frog": 1.0}), lambda text: text.lower().split(), lambda _: 0.0, {}, {"a": 0.5, "b": 0.5}
)


def candidate(text: str, *, part: str = "a", near: float = 0.5, rank: int = 0, author: str = "Ada") -> Candidate:
    """A sentence that stands alone in a mail."""
    passage = Passage(sum(map(ord, part + text)), part, 0, len(text), text)
    found = Found(passage, 1, Kind.MAIL, "https://pond.example/a", "pond", author, NOON)
    return Candidate(Result(Hit(passage, near), found), text, 0, rank)


def best(*pool: Candidate, aim: Aim = AIM) -> Candidate:
    return judged(pool, aim, Worth())[0]


def test_what_holds_the_questions_words_is_better() -> None:
    assert best(candidate(REED), candidate(LEAF)).text == LEAF


def test_what_is_closer_in_meaning_is_better() -> None:
    assert best(candidate(REED, near=0.3), candidate(REED, near=0.6)).result.hit.score == 0.6


def test_of_one_passage_the_sentence_that_is_closer_itself_is_better() -> None:
    near, far = replace(candidate(REED), near=0.6), replace(candidate(REED[5:]), near=0.2)
    assert judged([far, near], AIM, Worth(near=1.0))[0].text == REED


def test_what_stands_in_a_better_part_is_better() -> None:
    assert best(candidate(REED, rank=3), candidate(REED, rank=0)).rank == 0


def test_what_has_the_kind_of_thing_that_is_asked_for_is_better() -> None:
    aim = Aim(AIM.wanted, AIM.terms, lambda text: float("seven" in text), {}, AIM.scores)
    assert best(candidate(REED), candidate(f"{REED[:-1]} for seven days."), aim=aim).text.endswith("seven days.")


def test_what_somebody_wrote_who_is_named_is_better() -> None:
    aim = Aim(AIM.wanted, AIM.terms, AIM.bonus, {"Ben": 1.0}, AIM.scores)
    assert best(candidate(REED), candidate(REED, author="Ben"), aim=aim).result.found.author == "Ben"


@pytest.mark.parametrize(
    "worse", [f"({REED})", f"{REED[:-1]}:", REED[:-1], f"Rename {REED}", f"{REED} https://a.example/b"]
)
def test_what_reads_worse_comes_after_what_reads_well(worse: str) -> None:
    assert best(candidate(worse), candidate(REED)).text == REED


def test_of_nothing_nothing_is_best() -> None:
    assert judged([], AIM, Worth()) == []


@pytest.mark.parametrize(("notes", "preferred"), [({"a": 1.0}, 0), ({}, 1)])
def test_the_opening_of_a_note_that_answers_the_question_is_preferred(notes: dict[str, float], preferred: int) -> None:
    aim = Aim(Wanted({"wind": 2.0}), AIM.terms, AIM.bonus, {}, AIM.scores, notes=notes)
    passage = Passage(1, "a", 0, 100, "")
    found = Found(passage, 1, Kind.NOTE, "https://pond.example/a", "pond", "Ada", NOON)
    pool = [Candidate(Result(Hit(passage, 0.5), found), text, n) for n, text in enumerate((LEAF, REED))]
    assert judged(pool, aim, Worth(answers=4.0))[0].order == preferred
