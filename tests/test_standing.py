"""How a series stands: only what was observed, each time with who, what, where and when."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from bot.model import Question
from bot.question import Want, read
from bot.standing import Cited, Statement, best_history, statements
from index.history import History, Version
from index.model import Block, Event, Kind, Part, Role


def day(n: int) -> datetime:
    return datetime(2025, 6, n, 12, tzinfo=UTC)


def applied(part: str, n: int, detail: str, quote: str = "Applied to\n pond-next, thanks!") -> Event:
    return Event("pond", "applied", "Mo Heron", day(n), part, quote, detail)


def version(number: int, *events: Event) -> Version:
    title = f"[PATCH v{number} 0/3] pond: let frogs in"
    root = f"v{number}@pond"
    return Version(f"v{number}", number, root, title, "Ada Frog", day(number), 3, 3, (root,), events)


def history(*versions: Version) -> History:
    return History("pond", versions)


@dataclass
class Mails:
    """What the mails say and are called; one that nobody wrote answers the introduction of v2."""

    titles: dict[str, str] = field(default_factory=dict)
    text: str = "Applied to\n pond-next, thanks!"
    labels: tuple[str, ...] = ()

    def __call__(self, id_: str) -> Part:
        title = self.titles.get(id_, "Re: [PATCH v2 0/3] pond: let frogs in")
        blocks = (Block(Role.OWN, self.text),)
        return Part(id_, "", title, "Mo Heron", day(1), blocks, Kind.MAIL, labels=self.labels)


def said(of: History, mails: Mails | None = None, until: datetime | None = None) -> list[str]:
    return [statement.text for statement in statements(of, mails or Mails(), until)]


def test_an_applied_version_is_told_with_who_what_where_when_and_the_words() -> None:
    assert list(statements(history(version(1), version(2, applied("thanks@pond", 9, "pond-next"))), Mails())) == [
        Statement(
            "Mo Heron applied v2 of “pond: let frogs in” to pond-next on 2025-06-09: “Applied to pond-next, thanks!”",
            (Cited("thanks@pond", "Applied to\n pond-next, thanks!"),),
        )
    ]


def test_patches_that_one_person_applied_one_by_one_are_told_together_each_cited() -> None:
    events = (applied("a@pond", 3, "pond-next 1"), applied("b@pond", 3, "pond-next 2"))
    mails = Mails({"a@pond": "Re: [PATCH v2 1/3] pond: mud", "b@pond": "Re: [PATCH v2 2/3] pond: reed"})
    (one,) = statements(history(version(2, *events)), mails)
    assert one.text.startswith("Mo Heron applied patches 1/3 (“pond: mud”) and 2/3 (“pond: reed”) of v2 to pond-next")
    assert [cited.part for cited in one.cited] == ["a@pond", "b@pond"]


def test_patches_are_named_by_number_only_where_the_quote_names_them() -> None:
    named = applied("a@pond", 3, "- 1-2", "Applied 1 and 2, thanks!")
    assert said(history(version(2, named)))[0].startswith("Mo Heron applied patches 1-2 of v2 of “pond: let frogs in”")
    unnamed = applied("a@pond", 3, "- 1-2", "Applied, thanks!")
    assert said(history(version(2, unnamed)))[0].startswith("Mo Heron applied a part of v2 of “pond: let frogs in”")


def test_what_is_said_of_the_whole_comes_before_what_is_said_of_a_patch() -> None:
    events = (applied("a@pond", 3, "pond-next 1"), applied("b@pond", 4, "pond-next"))
    both = said(history(version(2, *events)), Mails({"a@pond": "Re: [PATCH v2 1/3] pond: mud"}))
    assert ["let frogs in" in text for text in both] == [True, False]


def test_a_tree_that_stands_on_the_next_line_is_quoted_with_it() -> None:
    text = "Applied to\n\n  https://git.pond.example/heron/pond.git for-next\n\nThanks!"
    (one,) = statements(
        history(version(2, applied("a@pond", 3, "heron/pond:for-next", "Applied to"))), Mails(text=text)
    )
    assert " to heron/pond:for-next on 2025-06-03" in one.text
    assert one.cited[0].quote == "Applied to\n\n  https://git.pond.example/heron/pond.git for-next"


def test_a_tree_that_the_mail_does_not_name_is_not_told() -> None:
    (text,) = said(history(version(2, applied("a@pond", 3, "mud", "Applied, thanks!"))))
    assert text == "Mo Heron applied v2 of “pond: let frogs in” on 2025-06-03: “Applied, thanks!”"


def test_what_a_bot_saw_is_told_as_its_report_with_the_line_that_names_the_committer() -> None:
    quote = "The following commit has been merged into the mud branch of pond"
    mails = Mails(
        {"a@pond": "[pond: mud] pond: dig"}, f"{quote}:\n\nCommitter:   Ed Mole <ed@pond.example>\n", ("bot",)
    )
    (one,) = statements(history(version(2, applied("a@pond", 3, "pond/mud", quote))), mails)
    assert one.text == f"Mo Heron reported about “pond: dig” (committer: Ed Mole) on 2025-06-03: “{quote}”"
    assert [cited.quote for cited in one.cited] == [quote, "Committer:   Ed Mole <"]


def test_a_series_that_nobody_applied_is_told_by_its_newest_version() -> None:
    assert said(history(version(1), version(2))) == [
        "Ada Frog posted v2 of “pond: let frogs in” on 2025-06-02, the newest version that I have read;"
        " I have read no mail that says it was applied."
    ]


def test_a_version_after_the_applied_one_is_told_too() -> None:
    both = said(history(version(2, applied("a@pond", 3, "")), version(4)))
    assert (both[0].startswith("Mo Heron applied v2"), both[1].endswith("which came after that.")) == (True, True)


def test_the_newest_version_that_was_applied_is_told_first() -> None:
    of = history(version(1, applied("a@pond", 3, "")), version(4, applied("b@pond", 5, "")))
    titles = {"a@pond": "Re: [PATCH v1 0/3] pond", "b@pond": "Re: [PATCH v4 0/3] pond"}
    assert [text.split()[3] for text in said(of, Mails(titles))] == ["v4", "v1"]


def test_what_came_after_the_day_asked_about_is_not_told() -> None:
    of = history(version(1), version(4, applied("b@pond", 5, "y")))
    assert said(of, until=day(2)) == [
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
