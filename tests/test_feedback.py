"""What people thought of answers, kept and forgotten."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from bot.feedback import Feedback, Rating, Verdict
from tests.fakes import NOON, FakeClock
from tests.stores import Store


@pytest.fixture
def feedback(tmp_path: Path, store: Store) -> Feedback:
    return Feedback(store(tmp_path / "state.db"), clock=FakeClock())


def test_a_person_has_one_opinion_and_the_last_counts(feedback: Feedback) -> None:
    for verdict in (Verdict.HELPFUL, Verdict.RESOLVED, Verdict.UNHELPFUL):
        feedback.give("slack", "k", "ann", verdict)
    feedback.give("slack", "k", "bob", Verdict.PEOPLE)
    assert feedback.ratings(NOON) == [Rating("slack", "k", 0, 1, 1, 1)]


def test_the_worst_comes_first(feedback: Feedback) -> None:
    feedback.give("slack", "good", "ann", Verdict.HELPFUL)
    feedback.give("slack", "bad", "ann", Verdict.UNHELPFUL)
    assert [rating.key for rating in feedback.ratings(NOON)] == ["bad", "good"]


def test_what_a_person_said_is_forgotten_and_what_is_old_too(feedback: Feedback) -> None:
    feedback.give("slack", "one", "ann", Verdict.HELPFUL)
    feedback.give("slack", "one", "bob", Verdict.HELPFUL)
    assert feedback.forget("slack", "ann") == 1
    assert feedback.forget_before(NOON + timedelta(seconds=1)) == 1
    assert feedback.ratings(NOON) == []
