"""What a question takes for granted about a person: believed only when something found is by or about him."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from bot.evidence import Wanted
from bot.premise import contradicted, doers, supported
from index.history import History, Version
from index.model import Event
from tests.index_fixtures import NOON
from tests.test_choice import LEAF, REED, candidate

AIM = Wanted({"ada": 5.0, "quill": 5.0, "leaf": 4.0, "outlive": 4.0})
ADA = frozenset({"Ada Quill"})


def people(text: str) -> Mapping[str, float]:
    return {"Ada Quill": 1.0} if "ada" in text.lower() else {"Mark Reed": 0.3} if "mark" in text.lower() else {}


def terms(text: str) -> list[str]:
    return [word.strip(".,:").lower() for word in text.split()]


@pytest.mark.parametrize(
    "question", ["Why did Ada Quill NAK the leaf?", "which version did ada take", "has Ada agreed?"]
)
def test_whoever_is_said_to_have_done_something_is_known(question: str) -> None:
    assert doers(question, people) == ADA


@pytest.mark.parametrize("question", ["what is Ada's view of leaves?", "did the mark change?", "does it float?"])
def test_others_are_not(question: str) -> None:
    assert doers(question, people) == frozenset()


def test_a_sentence_of_hers_on_the_subject_supports_it() -> None:
    assert supported(ADA, AIM, [candidate(LEAF, 1.0, author="Ada Quill")], terms)


def test_a_sentence_of_others_that_names_her_on_the_subject_supports_it() -> None:
    told = candidate("Quill said that the leaf must outlive it.", 1.0, author="Ben Reed")
    assert supported(ADA, AIM, [told], terms)


def test_what_she_said_about_something_else_does_not() -> None:
    assert not supported(ADA, AIM, [candidate(REED, 1.0, author="Ada Quill")], terms)


def test_what_others_said_does_not() -> None:
    assert not supported(ADA, AIM, [candidate(LEAF, 1.0, author="Ben Reed")], terms)


APPLIED = Event("s", "applied", "Ada Quill", NOON, "m@pond", "Applied, thanks!")
HISTORY = History("s", (Version("v1", 1, "r@pond", "leaf", "Cy", NOON, 1, 1, ("r@pond",), (APPLIED,)),))


def test_who_applied_a_series_has_not_refused_it() -> None:
    assert contradicted("why did Ada Quill reject the leaf series?", ADA, HISTORY) == APPLIED


def test_a_question_that_says_nothing_of_a_refusal_is_not_contradicted() -> None:
    assert contradicted("which version did Ada Quill take?", ADA, HISTORY) is None


def test_without_such_an_event_nothing_is_contradicted() -> None:
    assert contradicted("why did Ben Reed reject it?", frozenset({"Ben Reed"}), HISTORY) is None
    assert contradicted("why did Ada Quill reject it?", ADA, None) is None
