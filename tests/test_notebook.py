"""Notes of one's own: kept only when they can be used, answered from at once, never lost to a slip."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.admin import Refusal
from bot.audit import Audit
from bot.chat import Act, Incoming
from bot.notebook import Draft, Notebook, markdown, slug, source
from feeds.kinds.notes import parse
from index.sqlite import Sqlite
from tests.fakes import NOON, FakeReply
from tests.order_fixtures import ordering

TREE = Draft(
    "Which tree do we build from?", "We build from the 6.18 tree.", ("https://wiki.example.org/17",), ("build",)
)


@dataclass
class Reads:
    """Counts how often the folder was read again."""

    times: int = 0

    def __call__(self) -> None:
        self.times += 1


@pytest.fixture
def notes(tmp_path: Path) -> Iterator[Notebook]:
    with closing(Sqlite(tmp_path / "state.db")) as memory:
        yield Notebook(tmp_path / "notes", Audit(memory), Reads())


def test_a_note_is_kept_as_a_file_that_the_source_reads(notes: Notebook, tmp_path: Path) -> None:
    name = notes.write(TREE, "slack:ada", NOON)
    kept = parse((tmp_path / "notes" / f"{name}.md").read_bytes(), "note:x")
    assert (name, kept.title, kept.author) == ("which-tree-do-we-build-from", TREE.title, "slack:ada")
    assert (kept.references[0].url, kept.labels) == ("https://wiki.example.org/17", ("tag:build",))
    assert source(tmp_path)[0].url == str(tmp_path / "notes")


def test_it_is_read_as_soon_as_it_is_kept(notes: Notebook) -> None:
    notes.write(TREE, "slack:ada", NOON)
    assert isinstance(notes.read_again, Reads)
    assert notes.read_again.times == 1


def test_what_was_written_is_shown_again(notes: Notebook) -> None:
    assert notes.show(notes.write(TREE, "slack:ada", NOON)) == TREE


@pytest.mark.parametrize(
    ("draft", "why"),
    [
        (Draft("", "Some text."), "title"),
        (Draft("???", "Some text."), "title"),
        (Draft("A question?", ""), "no text"),
        (Draft("A question?", "Text.", ("wiki",)), "no http"),
        (Draft("A question?", "x" * 300_000), "larger"),
    ],
)
def test_what_could_not_be_used_is_not_kept(notes: Notebook, draft: Draft, why: str) -> None:
    with pytest.raises(Refusal, match=why):
        notes.write(draft, "slack:ada", NOON)
    assert notes.names() == []


def test_what_is_replaced_or_removed_stays_beside(notes: Notebook) -> None:
    name = notes.write(TREE, "slack:ada", NOON)
    notes.write(Draft(TREE.title, "We build from 6.19."), "slack:bo", NOON)
    notes.remove(name, "slack:bo")
    assert notes.names() == []
    assert sorted(path.name for path in notes.folder.iterdir()) == [f".{name}.md.1", f".{name}.md.2"]
    assert [deed.action for deed in notes.audit.last()] == ["remove note", "write note", "write note"]


@pytest.mark.parametrize("name", ["nothing", "../state", ".hidden", ""])
def test_only_what_is_there_can_be_shown_or_removed(notes: Notebook, name: str) -> None:
    with pytest.raises(Refusal, match="no note"):
        notes.show(name)
    with pytest.raises(Refusal, match="no note"):
        notes.remove(name, "slack:ada")


@given(st.text())
def test_no_title_leads_out_of_the_folder(title: str) -> None:
    assert set(slug(title)) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")


@given(st.text(), st.text(), st.text())
def test_whatever_is_typed_stays_in_its_place(title: str, text: str, by: str) -> None:
    try:
        kept = parse(markdown(Draft(title, text), by, NOON), "note:x")
    except ValueError:
        return
    assert kept.references == ()
    assert kept.date == NOON.replace(hour=0)


# From chat


async def said(notes: Notebook, text: str = "", act: Act | None = None, user: str = "ada") -> str:
    reply = FakeReply()
    incoming = Incoming("slack", "C1", "1", "1", user, text, command="" if act else "note", act=act)
    await ordering(notes=notes, audit=notes.audit).run(incoming, reply)
    return " ".join(map(str, reply.said))


async def test_a_curator_writes_a_note_in_a_line(notes: Notebook) -> None:
    assert "I answer from it now" in await said(
        notes, "add Which tree? | We build from 6.18. | <https://wiki.example.org/17>"
    )
    assert notes.show("which-tree") == Draft("Which tree?", "We build from 6.18.", ("https://wiki.example.org/17",))


async def test_a_curator_writes_a_note_in_a_form(notes: Notebook) -> None:
    assert "note-save" in await said(notes)
    fields = (("title", ("Which tree?",)), ("text", ("We build from 6.18.",)), ("sources", ()))
    await said(notes, act=Act("note-save", fields=fields))
    assert notes.names() == ["which-tree"]


async def test_a_note_is_edited_in_place(notes: Notebook) -> None:
    name = notes.write(TREE, "slack:ada", NOON)
    assert TREE.text in await said(notes, f"edit {name}")
    fields = (("title", ("Which tree is ours?",)), ("text", ("We build from 6.19.",)), ("sources", ()))
    await said(notes, act=Act("note-save", name, fields))
    assert (notes.names(), notes.show(name).text) == ([name], "We build from 6.19.")


async def test_an_edit_in_the_form_keeps_tags_and_changes_other_ways_to_ask(notes: Notebook) -> None:
    draft = Draft("Which tree?", "We build from 6.18.", (), ("build",), ("what branch?",))
    name = notes.write(draft, "slack:ada", NOON)
    assert "what branch?" in await said(notes, f"edit {name}")
    fields = (("title", (draft.title,)), ("text", (draft.text,)), ("asks", ("what branch?\nwhich kernel?",)))
    await said(notes, act=Act("note-save", name, fields))
    assert notes.show(name) == Draft(
        "Which tree?", "We build from 6.18.", (), ("build",), ("what branch?", "which kernel?")
    )


async def test_notes_are_listed_shown_and_removed(notes: Notebook) -> None:
    name = notes.write(TREE, "slack:ada", NOON)
    assert name in await said(notes, "list")
    assert TREE.text in await said(notes, f"show {name}")
    assert "removed" in await said(notes, f"remove {name}")
    assert "no notes of your own" in await said(notes, "list")


@pytest.mark.parametrize("text", ["fly", "show nothing", "add Only a title", "edit nothing"])
async def test_what_cannot_be_done_is_said(notes: Notebook, text: str) -> None:
    assert "not done" in await said(notes, text)


async def test_nobody_but_curators_and_admins_may_write(notes: Notebook) -> None:
    assert "curators" in await said(notes, "add Which tree? | We build from 6.18.", user="frog")
    assert notes.names() == []
