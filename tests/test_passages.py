"""Passages: short enough to embed, made of whole sentences, nothing of a part's own words lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.model import Block, Part, Role
from index.passages import LIMIT, Cut, split, subject
from tests.index_fixtures import own, part

SENTENCE = "The leaf that outlives its frog must be held by the pond."
LONG = st.builds(
    lambda word, n: word * n, st.sampled_from(["leaf ", "x", "a\n", "A frog sits. ", "\n\n", "é "]), st.integers(0, 900)
)
TEXTS = st.lists(LONG | st.text(max_size=300), max_size=6).map("".join)
BLOCKS = st.lists(st.builds(Block, st.sampled_from([Role.OWN, Role.CODE, Role.QUOTED, Role.DIFF]), TEXTS), max_size=4)


@given(BLOCKS.map(lambda blocks: part("a", blocks=tuple(blocks))))
def test_no_word_of_the_authors_own_is_lost_or_doubled(made: Part) -> None:
    assert "".join("".join(cut.text for cut in split(made)).split()) == "".join(made.text.split())


@given(TEXTS)
def test_a_passage_stands_where_it_says(text: str) -> None:
    made = part("a", text)
    assert all(cut.text == made.text[cut.start : cut.end] for cut in split(made))


@given(TEXTS)
def test_passages_come_in_order_and_keep_the_limit(text: str) -> None:
    cuts = split(part("a", text))
    places = [place for cut in cuts for place in (cut.start, cut.end)]
    assert places == sorted(places)
    assert max(len(cut.text) for cut in cuts) <= LIMIT


@given(TEXTS)
def test_every_part_has_a_passage(text: str) -> None:
    assert split(part("a", text))


def test_the_words_of_others_are_in_no_passage() -> None:
    blocks = (
        own("My own words."),
        Block(Role.QUOTED, "Yours."),
        Block(Role.DIFF, "+leaf"),
        Block(Role.SIGNATURE, "--"),
    )
    assert [cut.text for cut in split(part("a", blocks=blocks))] == ["My own words."]


def test_code_is_the_authors_own() -> None:
    assert "leaf.sit();" in split(part("a", blocks=(Block(Role.CODE, "leaf.sit();"),)))[0].text


def test_sentences_stay_whole_as_long_as_they_fit() -> None:
    cuts = split(part("a", " ".join([SENTENCE] * 60)))
    assert len(cuts) > 3
    assert all(cut.text.endswith("pond.") and cut.text.startswith("The leaf") for cut in cuts)


def test_passages_are_filled_before_a_new_one_begins() -> None:
    cuts = split(part("a", "\n\n".join([SENTENCE] * 60)))
    assert all(len(cut.text) > LIMIT - len(SENTENCE) - 3 for cut in cuts[:-1])


def test_a_log_without_sentences_is_cut_at_its_line_ends() -> None:
    cuts = split(part("a", "\n".join(f"[ {n:5}.000] lily: leaf {n} sinks" for n in range(100))))
    assert all(cut.text.strip().startswith("[") and cut.text.endswith("sinks") for cut in cuts)


def test_a_part_without_words_is_found_by_its_title() -> None:
    assert split(part("a", title="Re: [PATCH v2] rust: lily")) == (Cut(0, 0, "", "rust: lily"),)


def test_a_passage_is_embedded_below_its_topic() -> None:
    assert split(part("a", "Fine.", title="Re: [PATCH v2] rust: lily"))[0].embed == "rust: lily\nFine."


def test_equal_texts_share_a_key_and_others_do_not() -> None:
    keys = [split(part(id_, text, title="t"))[0].key for id_, text in [("a", "Yes."), ("b", "Yes."), ("c", "No.")]]
    assert keys[0] == keys[1] != keys[2]


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("[PATCH v2 1/3] rust: lily: add a leaf", "rust: lily: add a leaf"),
        ("Re: Fwd: [RFC PATCH] [rust] lily", "lily"),
        ("AW: the leaf", "the leaf"),
        ("re:re: RE : the leaf", "the leaf"),
        ("A leaf [not a tag] falls", "A leaf [not a tag] falls"),
        ("Regarding: the leaf", "Regarding: the leaf"),
        ("[PATCH]", "[PATCH]"),
        ("  Re: ", "Re:"),
        ("", ""),
    ],
)
def test_a_topic_is_a_title_without_its_marks(title: str, expected: str) -> None:
    assert subject(title) == expected
