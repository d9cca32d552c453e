"""Answers as plain text."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from bot.chat.text import clean, plain, shorten
from bot.model import Answer, Status
from index.model import Reference
from tests.fakes import answered, citation


def test_an_answer_reads_as_sentences_and_sources() -> None:
    assert plain(answered()) == (
        "A leaf outlives its frog. [1]\n"
        "\n"
        "[1] [PATCH v3 1/9] rust: lily: add a leaf (Ada Frog, 2025-07-08, mail)\n"
        "    “A leaf must outlive the frog that sits on it.”\n"
        "    https://pond.example/list/1.frog@pond.example/\n"
        "\n"
        "As of 2025-07-08."
    )


def test_a_note_names_its_own_sources() -> None:
    note = citation(references=(Reference("The pond report", "https://pond.example/report"),))
    assert "    from: The pond report https://pond.example/report" in plain(answered("x", note)).splitlines()


def test_a_weak_answer_says_that_it_is() -> None:
    assert plain(replace(answered(), status=Status.WEAK)).startswith("I found this, but it does not settle")


def test_a_refusal_shows_what_is_nearest() -> None:
    words = plain(Answer(Status.NOT_FOUND, nearest=tuple(citation(n) for n in range(1, 6))))
    assert words.startswith("I found nothing in my sources that answers this.\n\nNearest in my sources:\n\n[1]")
    assert "[4]" not in words


def test_words_of_a_source_do_not_command_the_terminal() -> None:
    hostile = citation(title="\x1b]0;owned\x07", author="\x9b2J", quote="a\u202eb\u200bc", url="https://x/\x1b[2J")
    assert plain(answered("\x1b[31mred", hostile)).isascii() is False
    assert not set(plain(answered("\x1b[31mred", hostile))) & set("\x1b\x07\x9b\u202e\u200b")


@given(st.text())
def test_cleaning_keeps_every_other_character(text: str) -> None:
    assert clean(text) == clean(clean(text))
    assert [c for c in text if c.isalnum()] == [c for c in clean(text) if c.isalnum()]


@given(st.text(), st.integers(1, 50))
def test_shortened_words_fit(text: str, limit: int) -> None:
    assert len(shorten(text, limit)) <= limit
