"""What notes are asked and say is read from the catalogue, and read again when a note has changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from index.engine import Index
from index.model import Batch, Kind, Part
from index.noted import Noted
from tests.index_fixtures import NOON, FakeEmbedder, opened, part

LEAF = "A leaf must outlive the frog that sits on it."
REED = "Reeds bend in the wind and never break."


def note(id_: str, text: str, title: str, asks: Sequence[str] = ()) -> Part:
    return part(id_, text, kind=Kind.NOTE, title=title, asks=tuple(asks))


def noted(index: Index, folder: Path, embedder: FakeEmbedder) -> Noted:
    return Noted(index.catalog, index._generation, embedder, index.terms, folder)


def test_a_note_comes_near_by_what_it_is_asked_and_what_it_says(tmp_path: Path) -> None:
    embedder = FakeEmbedder()
    with opened(tmp_path, embedder) as index:
        one, two = note("one", LEAF, "Why must a leaf stay?", ["what of frogs"]), note("two", REED, "Do reeds break?")
        index.ingest(Batch((one, two, part("mail", REED))), "pond")
        _, sayings = noted(index, tmp_path, embedder).at(1)
        assert sayings is not None
        (vector,) = embedder.embed_for_spans([REED])
        near = sayings.near(vector)
        assert near.keys() == {"one", "two"}
        assert near["two"] > 1 > near["one"]


def test_a_note_that_changes_is_read_again_and_its_questions_are_embedded_once(tmp_path: Path) -> None:
    embedder = FakeEmbedder()
    with opened(tmp_path, embedder) as index:
        index.ingest(Batch((note("one", LEAF, "What of it?"),)), "pond")
        notes = noted(index, tmp_path, embedder)
        before = notes.at(1)
        assert notes.at(1) == before
        index.ingest(Batch((note("one", REED, "What of it?"),)), "pond")
        asked = len(embedder.embedded)
        _, sayings = notes.at(2)
        assert sayings is not None
        assert sayings.near(embedder.embed_for_spans([REED])[0])["one"] > 0.9
        assert "What of it?" not in embedder.embedded[asked:]


@pytest.mark.parametrize("within", [True, False])
def test_where_sentences_have_no_vectors_titles_alone_say_it(tmp_path: Path, within: bool) -> None:
    embedder = FakeEmbedder(within=within)
    with opened(tmp_path, embedder) as index:
        index.ingest(Batch((note("one", LEAF, "Why must a leaf stay?"),)), "pond")
        titles, sayings = noted(index, tmp_path, embedder).at(1)
        assert (titles.ids, sayings is not None) == (("one",), within)


def test_without_notes_there_is_nothing(tmp_path: Path) -> None:
    embedder = FakeEmbedder()
    with opened(tmp_path, embedder) as index:
        index.ingest(Batch((part("mail", LEAF),)), "pond")
        titles, sayings = noted(index, tmp_path, embedder).at(1)
        assert (titles.ids, sayings) == ((), None)


@pytest.mark.parametrize("within", [True, False])
def test_a_note_that_answers_leads_with_vectors_of_sentences_and_without(tmp_path: Path, within: bool) -> None:
    with opened(tmp_path, FakeEmbedder(within=within)) as index:
        mails = [part(f"mail{n}", f"{LEAF} Number {n} of the frogs sits on a leaf.") for n in range(4)]
        index.ingest(Batch((note("one", LEAF, "why must a leaf outlive its frog"), *mails)), "pond")
        first, *_ = index.search("why must a leaf outlive its frog")
        assert (first.found.passage.part, "asked" in dict(first.hit.why)) == ("one", True)


@pytest.mark.parametrize("within", [True, False])
def test_a_note_is_lifted_by_what_it_says_where_sentences_have_vectors(tmp_path: Path, within: bool) -> None:
    with opened(tmp_path, FakeEmbedder(within=within)) as index:
        index.ingest(Batch((note("one", REED, "what of it"), part("mail", LEAF))), "pond")
        first, *_ = index.search("reeds bend in the wind and never break")
        assert (first.found.passage.part, "noted" in dict(first.hit.why)) == ("one", within)


def test_a_note_that_came_later_takes_no_place_from_an_earlier_one(tmp_path: Path) -> None:
    with opened(tmp_path) as index:
        late = [replace(note(f"late{n}", LEAF, LEAF), date=NOON) for n in range(4)]
        early = replace(note("early", LEAF, "what of it"), date=NOON - timedelta(days=9))
        index.ingest(Batch((early, *late)), "pond")
        found = index.search(LEAF, until=NOON - timedelta(days=1))
        assert [(r.found.passage.part, "noted" in dict(r.hit.why)) for r in found] == [("early", True)]


def test_a_note_whose_sentences_are_not_known_yet_is_found_by_its_title(tmp_path: Path) -> None:
    with opened(tmp_path) as index:
        bare = note("bare", "", "why must a leaf outlive its frog")
        index.ingest(Batch((note("one", REED, "do reeds break"), bare, part("mail", LEAF))), "pond")
        first, *_ = index.search("why must a leaf outlive its frog")
        assert (first.found.passage.part, "asked" in dict(first.hit.why)) == ("bare", True)
