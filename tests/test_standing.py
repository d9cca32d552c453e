"""How a series stands: only what was observed, each time with who, what, where and when."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bot.model import Question
from bot.question import Want, read
from bot.standing import Statement, best_history, statements
from index.history import History, Version
from index.model import Event


def day(n: int) -> datetime:
    return datetime(2025, 6, n, 12, tzinfo=UTC)


def applied(part: str, n: int, detail: str) -> Event:
    return Event("pond", "applied", "Mo Heron", day(n), part, "Applied to\n pond-next, thanks!", detail)


def version(number: int, *events: Event) -> Version:
    title = f"[PATCH v{number} 0/3] pond: let frogs in"
    root = f"v{number}@pond"
    return Version(f"v{number}", number, root, title, "Ada Frog", day(number), 3, 3, (root,), events)


def history(*versions: Version) -> History:
    return History("pond", versions)


def said(of: History, until: datetime | None = None) -> list[str]:
    return [statement.text for statement in statements(of, until)]


def test_an_applied_version_is_told_with_who_what_where_when_and_the_words() -> None:
    assert list(
        statements(history(version(1), version(2, applied("thanks@pond", 9, "pond-next 1-2 0123456789ab"))))
    ) == [
        Statement(
            "Mo Heron applied patches 1-2 of v2 of “pond: let frogs in” to pond-next on 2025-06-09:"
            " “Applied to pond-next, thanks!”",
            "thanks@pond",
            "Applied to\n pond-next, thanks!",
        )
    ]


def test_patches_that_one_person_applied_one_by_one_are_told_together() -> None:
    events = (applied("a@pond", 3, "pond-next 1"), applied("b@pond", 3, "pond-next 2"), applied("c@pond", 4, "mud 3"))
    both = said(history(version(1, *events)))
    assert [text.split(" of ")[0] for text in both] == ["Mo Heron applied patches 1,2", "Mo Heron applied patch 3"]


def test_a_series_that_nobody_applied_is_told_by_its_newest_version() -> None:
    assert said(history(version(1), version(2))) == [
        "Ada Frog posted v2 of “pond: let frogs in” on 2025-06-02, the newest version that I have read;"
        " I have read no mail that says it was applied."
    ]


def test_a_version_after_the_applied_one_is_told_too() -> None:
    both = said(history(version(1, applied("a@pond", 3, "")), version(4)))
    assert (both[0].startswith("Mo Heron applied v1"), both[1].endswith("which came after that.")) == (True, True)


def test_the_newest_version_that_was_applied_is_told_first() -> None:
    of = history(version(1, applied("a@pond", 3, "x")), version(4, applied("b@pond", 5, "y")))
    assert [text.split()[3] for text in said(of)] == ["v4", "v1"]


def test_what_came_after_the_day_asked_about_is_not_told() -> None:
    of = history(version(1), version(4, applied("b@pond", 5, "y")))
    assert said(of, day(2)) == [
        "Ada Frog posted v1 of “pond: let frogs in” on 2025-06-01, the newest version that I have read;"
        " I have read no mail that says it was applied."
    ]


@pytest.mark.parametrize(
    "question",
    ["is the frog series merged?", "which tree did it go into", "what became of the pond patches", "who took v3?"],
)
def test_questions_about_what_became_of_something_are_known(question: str) -> None:
    assert Want.STATE in read(Question(question)).wants


@pytest.mark.parametrize("question", ["what is a frog?", "why must a leaf outlive the frog?", "how do I build a pond"])
def test_other_questions_are_not(question: str) -> None:
    assert Want.STATE not in read(Question(question)).wants


def test_the_history_whose_parts_and_title_match_best_is_meant() -> None:
    subjects = {"a": 1, "b": 2, "c": 2}
    assert best_history(subjects, {"a": 0.9, "b": 0.8, "c": 0.8}, {1: 0.0, 2: 0.0}.__getitem__) == [2, 1]
    assert best_history(subjects, {"a": 0.9, "b": 0.8, "c": 0.8}, {1: 0.5, 2: 0.0}.__getitem__) == [1, 2]
