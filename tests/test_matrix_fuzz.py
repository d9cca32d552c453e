"""Hostile answers and cards as Matrix shows them, judged by a sanitiser that is not ours; and the judge, judged."""

from __future__ import annotations

import pytest

from bot.chat.matrix_html import Message
from tests.matrix_fuzz import faults, fuzzed

ALLOWED = frozenset(["https://lists.example/"])


def test_hostile_answers_and_cards_are_permitted_markup_that_pings_nobody_and_links_to_sources_alone() -> None:
    made, wrong = fuzzed(250)
    assert made >= 250
    assert wrong == []


@pytest.mark.parametrize(
    ("formatted", "fault"),
    [
        ("<script>x</script>", "the sanitiser changes it"),
        ("<p>one<p>two</p>", "the sanitiser changes it"),
        ("<b onclick=x>y</b>", "the sanitiser changes it"),
        ("<!-- x -->", "the sanitiser changes it"),
        ("</li>", "the sanitiser changes it"),
        ('<a href="https://evil.example/">x</a>', "it links to ['https://evil.example/']"),
        ("ask @room", "it pings"),
        ("x" * 50_000, "it is too large"),
    ],
)
def test_the_judge_notices(formatted: str, fault: str) -> None:
    assert fault in list(faults(Message("body", formatted), ALLOWED))


def test_the_judge_lets_pass_what_is_right() -> None:
    fine = '<p>It holds. <a href="https://lists.example/">[1]</a></p><ol start="2"><li>x<br><em>y</em></li></ol>'
    assert list(faults(Message("It holds.", fine), ALLOWED)) == []
