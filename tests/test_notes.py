"""Curated notes: a folder of Markdown is followed file by file, and the notes krab ships keep a standard."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from feeds.errors import Unreachable
from feeds.kinds import Feed, Source, notes
from index.model import Batch, Kind, Part, Reference, Rejected, Role

NOTE = """---
title: Which pond do we wade in?
tags: [ponds, Policy]
date: 2026-11-23
sources:
  - title: Decision 17
    url: https://wiki.pond.example/17
  - https://wiki.pond.example/18
---
The heron wades in the north pond.
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "ponds.md").write_text(NOTE)
    (tmp_path / "frogs.md").write_text("---\ntitle: Who eats frogs?\n---\nHerons eat frogs.\n")
    return tmp_path


def feed(folder: Path) -> Feed:
    return notes.open(Source("faq", "notes", str(folder)), client=None)


def delivered(folder: Path, cursor: str = "") -> Batch:
    (batch,) = feed(folder).read(cursor)
    return batch


def complaint(folder: Path, text: str | bytes) -> Rejected:
    (folder / "bad.md").write_bytes(text.encode() if isinstance(text, str) else text)
    batch = delivered(folder)
    assert len(batch.parts) == 2
    (rejected,) = batch.rejected
    return rejected


def test_a_note_becomes_a_part_with_its_own_sources(folder: Path) -> None:
    frogs, ponds = delivered(folder).parts
    assert (frogs.id, ponds.id) == ("note:faq/frogs", "note:faq/ponds")
    assert (ponds.kind, ponds.title, ponds.text) == (
        Kind.NOTE,
        "Which pond do we wade in?",
        "The heron wades in the north pond.",
    )
    assert (ponds.date, ponds.labels) == (datetime(2026, 11, 23, tzinfo=UTC), ("tag:ponds", "tag:policy"))
    assert ponds.references == (
        Reference("Decision 17", "https://wiki.pond.example/17"),
        Reference("https://wiki.pond.example/18", "https://wiki.pond.example/18"),
    )


def test_a_note_may_name_other_ways_to_ask_it() -> None:
    note = notes.parse(b"---\ntitle: a\nasks: ['where  to wade?', '']\n---\nIn the pond.", "note:faq/a")
    assert note.asks == ("where to wade?",)


def test_a_note_has_no_address_of_its_own(folder: Path) -> None:
    assert [part.url for part in delivered(folder).parts] == ["", ""]


def test_an_unchanged_folder_delivers_nothing(folder: Path) -> None:
    cursor = delivered(folder).cursor
    (folder / "ponds.md").write_text(NOTE)
    assert list(feed(folder).read(cursor)) == []


def test_only_what_changed_is_delivered(folder: Path) -> None:
    cursor = delivered(folder).cursor
    (folder / "ponds.md").write_text(NOTE.replace("north", "south"))
    batch = delivered(folder, cursor)
    assert [part.text for part in batch.parts] == ["The heron wades in the south pond."]
    assert batch.removed == ()


def test_a_note_whose_file_went_away_is_removed(folder: Path) -> None:
    cursor = delivered(folder).cursor
    (folder / "ponds.md").unlink()
    batch = delivered(folder, cursor)
    assert (batch.parts, batch.removed) == ((), ("note:faq/ponds",))


def test_a_cursor_that_is_not_ours_reads_everything_again(folder: Path) -> None:
    assert len(delivered(folder, "2026-11-23").parts) == 2
    assert len(delivered(folder, "[]").parts) == 2


def test_other_files_and_readmes_are_left_alone(folder: Path) -> None:
    (folder / "README.md").write_text("How we write notes.")
    (folder / ".draft.md").write_text("Not yet.")
    (folder / "heron.png").write_bytes(b"\x89PNG")
    (folder / "old.md").mkdir()
    batch = delivered(folder)
    assert (len(batch.parts), batch.rejected) == (2, ())


def test_a_folder_that_is_not_there_is_an_error_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match="can't be read"):
        list(feed(tmp_path / "absent").read(""))


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("Herons eat frogs.", "begin the file with ---"),
        ("---\ntags: [x]\n---\nHerons eat frogs.", "add `title"),
        ("---\ntitle: [a\n---\nHerons eat frogs.", "not YAML in line"),
        ("---\njust words\n---\nHerons eat frogs.", "key: value"),
        ("---\ntitle: a\ndate: soon\n---\nHerons eat frogs.", "write it as 2026-11-23"),
        ("---\ntitle: a\ndate: 2026-13-45\n---\nHerons eat frogs.", "2026-11-23"),
        ("---\ntitle: a\nsources: [{title: b}]\n---\nHerons eat frogs.", "no http(s) address"),
        ("---\ntitle: a\nsources: [{url: 'ftp://a.example'}]\n---\nHerons eat frogs.", "no http(s) address"),
        ("---\ntitle: a\nsources: [{url: 'https://[a'}]\n---\nHerons eat frogs.", "no http(s) address"),
        ("---\ntitle: a\nsources: https://a.example\n---\nHerons eat frogs.", "must be a list"),
        ("---\ntitle: a\nasks: [1]\n---\nHerons eat frogs.", "questions in quotes"),
        ("---\ntitle: a\nsource: x\n---\nHerons eat frogs.", "unknown key 'source'"),
        ("---\ntitle: a\n---\n", "no text"),
        (b"---\ntitle: a\n---\nH\xe9ron", "UTF-8"),
        ("---\ntitle: a\n---\n" + "frog " * 50_000, "split it"),
    ],
)
def test_a_malformed_note_is_rejected_with_advice_and_harms_no_other(
    folder: Path, text: str | bytes, advice: str
) -> None:
    rejected = complaint(folder, text)
    assert rejected.where == "faq/bad.md"
    assert advice in rejected.reason


def starter_parts() -> tuple[Part, ...]:
    (batch,) = notes.starter().read("")
    assert batch.rejected == ()
    return batch.parts


STARTER = starter_parts()
EACH = pytest.mark.parametrize("note", STARTER, ids=lambda note: note.id)


def test_there_are_at_least_forty_eight_starter_notes() -> None:
    assert len(STARTER) >= 48


def test_the_starter_notes_are_known_by_ids_that_citations_can_rely_on() -> None:
    ids = {note.id for note in STARTER}
    assert {"note:starter/seventy-percent", "note:starter/when-merged", "note:starter/first-rust-cve"} <= ids


def test_no_two_starter_notes_have_the_same_title() -> None:
    assert len({note.title for note in STARTER}) == len(STARTER)


def test_no_two_starter_notes_are_asked_the_same() -> None:
    asked = [question.lower() for note in STARTER for question in (note.title, *note.asks)]
    assert sorted(set(asked)) == sorted(asked)


@EACH
def test_a_starter_note_names_other_ways_to_ask_it(note: Part) -> None:
    assert note.asks


@EACH
def test_a_starter_note_names_its_sources_by_https(note: Part) -> None:
    assert note.references
    assert {urlsplit(reference.url).scheme for reference in note.references} == {"https"}


@EACH
def test_a_starter_note_is_short(note: Part) -> None:
    assert 40 <= len(note.text.split()) <= 260


@EACH
def test_a_starter_note_is_prose_of_finished_sentences(note: Part) -> None:
    assert {block.role for block in note.blocks} == {Role.OWN}
    assert [block.text for block in note.blocks if not block.text.endswith(".")] == []


@EACH
def test_no_sentence_of_a_starter_note_leans_on_the_one_before(note: Part) -> None:
    assert (
        re.findall(r"(?:^|\. )(?:It|This|These|They|That|Such|He|She|However|But|And)\b[^.]*", note.text, re.MULTILINE)
        == []
    )


@EACH
def test_a_starter_note_has_tags_and_a_date(note: Part) -> None:
    assert note.labels
    assert note.date is not None
