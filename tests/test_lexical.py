"""Words: what people type finds passages, and nothing that they type breaks anything."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.lexical import BODY_ONLY, Entry, Fields, Lexical, identifiers


@pytest.fixture
def lexical(tmp_path: Path) -> Lexical:
    made = Lexical(tmp_path / "words")
    made.update(
        [
            Entry(1, "A frog sits on the lily.", title="pond life", author="Ada Frog"),
            Entry(2, "The heron waits in the reeds; frogs hide from herons.", title="hunting"),
            Entry(3, "Call it before use.", title="dma", code="dma_alloc_coherent kernel::dma::Device drivers/leaf.rs"),
        ],
        [],
    )
    return made


def found(lexical: Lexical, query: str, fields: Fields = Fields(), k: int = 10) -> list[int]:  # noqa: B008
    return [number for number, _ in lexical.search(query, k, fields)]


# Finding


def test_an_empty_index_finds_nothing(tmp_path: Path) -> None:
    empty = Lexical(tmp_path / "words")
    assert (found(empty, "frog"), empty.numbers(), empty.rarity("frog") > 0) == ([], set(), True)


@pytest.mark.parametrize("query", ["lily", "LILY", "lilies", "the lily, please!", "frog lily"])
def test_a_word_is_found_in_any_case_and_form(lexical: Lexical, query: str) -> None:
    assert found(lexical, query)[0] == 1


def test_any_of_the_words_is_enough(lexical: Lexical) -> None:
    assert set(found(lexical, "lily heron")) == {1, 2}


def test_a_title_and_an_author_are_found(lexical: Lexical) -> None:
    assert (found(lexical, "hunting"), found(lexical, "Ada")) == ([2], [1])


def test_a_field_without_weight_is_not_searched(lexical: Lexical) -> None:
    assert (found(lexical, "hunting", BODY_ONLY), found(lexical, "heron", BODY_ONLY)) == ([], [2])


def test_the_words_of_others_and_comments_are_found_as_such(lexical: Lexical) -> None:
    lexical.update([Entry(4, "Yes.", quoted="Does the newt sleep?", comments="A newt is awake.")], [])
    assert found(lexical, "newt", BODY_ONLY) == []
    assert (list(lexical.scores("newt", "quoted", [4])), list(lexical.scores("newt", "comments", [4]))) == ([4], [4])


def test_words_without_meaning_are_not_searched(lexical: Lexical) -> None:
    assert found(lexical, "what is it before the lily?", BODY_ONLY) == [1]


def test_a_question_of_such_words_alone_is_searched_as_it_is(lexical: Lexical) -> None:
    assert found(lexical, "what is on it?", BODY_ONLY)


def test_a_field_is_scored_for_the_entries_that_are_named_just_as_in_a_search(lexical: Lexical) -> None:
    every = dict(lexical.search("frog heron", 10, BODY_ONLY))
    assert lexical.scores("frog heron", "body", [2, 3, 77]) == {2: pytest.approx(every[2])}
    assert (lexical.scores("frog", "body", []), lexical.scores("", "body", [1])) == ({}, {})


def test_at_most_as_many_as_asked_for_come_best_first(lexical: Lexical) -> None:
    scores = [score for _, score in lexical.search("frog heron lily", 10)]
    assert scores == sorted(scores, reverse=True)
    assert len(lexical.search("frog heron lily", 1)) == 1


def test_a_word_that_is_asked_twice_counts_twice(lexical: Lexical) -> None:
    once, twice = (dict(lexical.search(query, 10, BODY_ONLY))[1] for query in ("lily", "lily lily"))
    assert twice == pytest.approx(2 * once)


# Identifiers


@pytest.mark.parametrize(
    "query",
    [
        "dma_alloc_coherent",
        "what does dma_alloc_coherent() do?",
        "DMA_ALLOC_COHERENT",
        "`dma_alloc_coherent`",
        "kernel::dma::Device",
        "drivers/leaf.rs",
    ],
)
def test_an_identifier_is_found_whole(lexical: Lexical, query: str) -> None:
    assert found(lexical, query, Fields(body=0, title=0, author=0, quoted=0, comments=0)) == [3]


def test_an_identifier_is_found_in_pieces(tmp_path: Path) -> None:
    lexical = Lexical(tmp_path / "words")
    lexical.update([Entry(1, "Use dma_alloc_coherent here."), Entry(2, "Use a leaf here.")], [])
    assert (found(lexical, "coherent"), found(lexical, "dma_alloc_coherent", BODY_ONLY)) == ([1], [1])


def test_a_whole_identifier_counts_more_than_its_pieces(tmp_path: Path) -> None:
    lexical = Lexical(tmp_path / "words")
    whole = Entry(1, "Use dma_alloc_coherent here.", code="dma_alloc_coherent")
    pieces = Entry(2, "Use dma to alloc coherent memory.")
    lexical.update([whole, pieces], [])
    assert found(lexical, "dma_alloc_coherent") == [1, 2]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("call dma_alloc_coherent() now", ["dma_alloc_coherent"]),
        ("a kernel::dma::Device<Bound>", ["kernel::dma::Device"]),
        ("see drivers/gpu/nova-core/gpu.rs.", ["drivers/gpu/nova-core/gpu.rs"]),
        ("ARef and KVec, i2c and x86", ["ARef", "KVec", "i2c", "x86"]),
        ("plain words in Plain English", []),
        ("", []),
    ],
)
def test_what_looks_like_code_is_an_identifier(text: str, expected: list[str]) -> None:
    assert identifiers(text) == expected


# Terms and rarity


def test_terms_are_stemmed_and_repeated_ones_stay(lexical: Lexical) -> None:
    assert lexical.terms("Leaves, leaf_node; leaves!") == ["leav", "leaf", "node", "leav"]


def test_how_many_entries_use_a_word_is_known(lexical: Lexical) -> None:
    assert (lexical.uses("frog"), lexical.uses("unheard")) == (2, 0)


def test_the_rarer_a_word_the_more_it_weighs(lexical: Lexical) -> None:
    assert lexical.rarity("frog") < lexical.rarity("lili") < lexical.rarity("unheard")


# Changing


def test_an_entry_is_removed(lexical: Lexical) -> None:
    assert lexical.update([], [1, 77])
    assert (lexical.numbers(), found(lexical, "lily")) == ({2, 3}, [])


def test_numbers_are_those_of_all_entries(lexical: Lexical) -> None:
    assert lexical.numbers() == {1, 2, 3}


def test_what_is_removed_and_added_at_once_is_replaced(lexical: Lexical) -> None:
    lexical.update([Entry(1, "A newt.")], [1])
    assert (found(lexical, "newt"), found(lexical, "lily"), lexical.numbers()) == ([1], [], {1, 2, 3})


def test_another_reader_sees_a_commit_after_reloading(lexical: Lexical, tmp_path: Path) -> None:
    reader = Lexical(tmp_path / "words")
    lexical.update([Entry(4, "A newt.")], [])
    reader.reload()
    assert found(reader, "newt") == [4]


def test_a_second_writer_is_told_that_the_first_is_busy(lexical: Lexical, tmp_path: Path) -> None:
    writer = lexical._index.writer(15_000_000, 1)
    other = Lexical(tmp_path / "words")
    assert not other.update([Entry(4, "A newt.")], [])
    writer.wait_merging_threads()
    assert other.update([Entry(4, "A newt.")], [])


def test_a_deleted_folder_is_begun_anew(lexical: Lexical, tmp_path: Path) -> None:
    shutil.rmtree(tmp_path / "words")
    lexical.reload()
    assert lexical.numbers() == set()
    assert lexical.update([Entry(1, "A newt.")], [])
    assert found(lexical, "newt") == [1]


def test_a_folder_of_something_else_is_begun_anew(tmp_path: Path) -> None:
    (tmp_path / "words").mkdir()
    (tmp_path / "words" / "meta.json").write_text('{"not": "an index"}')
    lexical = Lexical(tmp_path / "words")
    lexical.update([Entry(1, "A newt.")], [])
    assert found(lexical, "newt") == [1]


# Odd questions


@pytest.mark.parametrize(
    "query",
    [
        "",
        " \n\t ",
        "?!",
        '"',
        "'",
        "don't \"quote",
        "body:x AND (",
        "title:[a TO z]",
        "* NOT -lily^2~",
        "lily AND",
        "\\",
        "🐸🐸🐸",
        "İstanbul ǅ ﬁ ß",
        "\x00\ufffe\u202e",
        "a" * 70_000,
        "lily::" * 5_000,
        "::->./-",
        "lily " * 10_000,
        " ".join(f"word{n}" for n in range(10_000)),
    ],
    ids=lambda query: repr(query[:20]),
)
def test_an_odd_question_is_a_question(lexical: Lexical, query: str) -> None:
    assert set(found(lexical, query)) <= {1, 2, 3}


@settings(deadline=None)
@given(query=st.text(), shared=st.shared(st.builds(dict)))
def test_no_text_breaks_a_search(
    query: str, shared: dict[str, Lexical], tmp_path_factory: pytest.TempPathFactory
) -> None:
    lexical = shared.setdefault("lexical", Lexical(tmp_path_factory.getbasetemp() / "words"))
    assert lexical.search(query, 5) == []
    assert len(lexical.terms(query)) >= 0


def test_odd_words_are_written_as_they_come(lexical: Lexical) -> None:
    assert lexical.update([Entry(9, "\x00 🐸 " + "x" * 100_000, title="\u202e", code="::" * 1000)], [])
    assert 9 in lexical.numbers()
