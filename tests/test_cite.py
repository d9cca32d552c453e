"""Citations hold, or are said to be broken: verbatim but for white space, in the author's own words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.cite import Broken, check, citations, flat, holds, spoken
from index.model import Block, Role
from tests.fakes import answered, citation
from tests.index_fixtures import own, part

TEXT = "A leaf must outlive\nthe frog that sits on it.\n\nIt may be  green."
SAID = part("a@pond", blocks=(own(TEXT), Block(Role.QUOTED, "Who holds the leaf?")))
WORDS = st.lists(st.sampled_from(["leaf", "frog", "It", "sits.", "a_b", "é"]), min_size=1, max_size=8)
BLANKS = st.sampled_from([" ", "\n", "  ", "\t", " \n ", "\r\n", "\u00a0"])


@pytest.mark.parametrize(
    "quote",
    [
        "A leaf must outlive the frog that sits on it.",
        "A leaf must outlive\n   the frog",
        "  must outlive ",
        "sits on it. It may be green.",
        TEXT,
    ],
)
def test_a_quote_holds_whatever_the_white_space(quote: str) -> None:
    assert holds(quote, SAID)


@pytest.mark.parametrize(
    "quote",
    [
        "a leaf must outlive the frog",
        "A leaf must outlive the frog that sits on it!",
        "A leaf must outlive the newt",
        "A leaf mustoutlive the frog",
        "A leaf … sits on it.",
        "Who holds the leaf?",
        "",
        " \n ",
    ],
    ids=["case", "punctuation", "a word", "a blank less", "an ellipsis", "another's words", "nothing", "blanks"],
)
def test_a_quote_that_differs_in_anything_else_does_not_hold(quote: str) -> None:
    assert not holds(quote, SAID)


@given(words=WORDS, wrapped=st.lists(BLANKS, min_size=8, max_size=8), start=st.integers(0, 7), length=st.integers(1, 8))
def test_every_run_of_words_of_a_text_holds(words: list[str], wrapped: list[str], start: int, length: int) -> None:
    text = "".join(map("".join, zip(words, wrapped, strict=False)))
    quote = words[start : start + length] or words
    assert holds(" ".join(quote), part("a", blocks=(own(text),)))


def test_code_and_diffs_are_the_authors_own_words() -> None:
    patch = part("a", blocks=(Block(Role.CODE, "leaf.sit();"), Block(Role.DIFF, "+/// Sits on a leaf.")))
    assert holds("leaf.sit();", patch)
    assert holds("Sits on a leaf.", patch)


@pytest.mark.parametrize("role", [Role.QUOTED, Role.TRAILERS, Role.SIGNATURE])
def test_other_words_in_a_part_are_nobodys_to_quote(role: Role) -> None:
    assert not holds("Reviewed by a heron", part("a", blocks=(Block(role, "Reviewed by a heron"),)))


# Looking up again


def test_all_is_well_when_every_quote_stands_in_its_source() -> None:
    assert check([("a@pond", "A leaf"), ("a@pond", "the frog")], {"a@pond": SAID}.get) == (2, [])


def test_a_source_that_is_gone_and_words_that_are_not_there_are_told_apart() -> None:
    seen, broken = check([("a@pond", "A newt"), ("z@pond", "A leaf"), ("a@pond", "A leaf")], {"a@pond": SAID}.get)
    assert seen == 3
    assert broken == [
        Broken("a@pond", "A newt", "the words are not in the source"),
        Broken("z@pond", "A leaf", "the source is gone"),
    ]


def test_an_answers_citations_are_those_of_its_sources() -> None:
    answer = answered("Two leaves.", citation(1, id="a", quote="one"), citation(2, id="b", quote="two"))
    assert list(citations(answer)) == [("a", "one"), ("b", "two")]


# As it is read


@given(st.text())
def test_a_flat_text_has_the_same_words_on_one_line(text: str) -> None:
    assert flat(text).split() == text.split()
    assert "\n" not in flat(text)


@pytest.mark.parametrize(
    ("quote", "expected"),
    [
        ("Read\n[the docs](https://pond.example/a_(b)) now.", "Read the docs now."),
        ("See [`Leaf`][leaf] for more.", "See `Leaf` for more."),
        ("![a leaf](leaf.png) is green.", "a leaf is green."),
        ("The table[i][j] is freed.", "The table[i][j] is freed."),
        ("Call ops[n](leaf) first.", "Call ops[n](leaf) first."),
        ("See [1][2] for more.", "See [1][2] for more."),
        ("Plain  words (and brackets) [sic].", "Plain words (and brackets) [sic]."),
    ],
)
def test_a_quote_is_spoken_with_links_as_their_text_and_code_as_it_is(quote: str, expected: str) -> None:
    assert spoken(quote) == expected
