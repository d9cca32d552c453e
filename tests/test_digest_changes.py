"""What an author says has changed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.cite import holds
from bot.digest.changes import files, items
from index.model import Block, Part, Role
from tests.index_fixtures import part


def said(text: str, version: int) -> list[str]:
    return [one.text for one in items([part("v", text)], version)]


@pytest.mark.parametrize(
    "heading",
    [
        "Changes in v3:", "Changes since v2:", "v3:", "v2 -> v3:", "V2->V3", "Changes from v2", "Changelog v2..v3:",
        "Changes in v3 (all by Ada):", "Diff from v2:", "* Changes for v3:",
    ],
)  # fmt: skip
def test_a_changelog_is_known_by_its_heading(heading: str) -> None:
    assert said(f"Leaves.\n\n{heading}\n- Sink later.\n- Float earlier.\n", 3) == ["Sink later.", "Float earlier."]


def test_only_the_newest_versions_changes_are_taken() -> None:
    log = "Changes in v3:\n- Sink later.\nChanges in v2:\n- Float earlier.\n"
    assert said(log, 3) == ["Sink later."]
    assert said(log, 2) == ["Float earlier."]


def test_an_item_goes_on_in_the_next_line() -> None:
    assert said("v2:\n - Sink later,\n   but not too late.\n", 2) == ["Sink later, but not too late."]


def test_prose_in_place_of_a_list_is_one_item() -> None:
    assert said("Changes in v2:\n\nLeaves sink later.\n\nBye.\n", 2) == ["Leaves sink later."]


@pytest.mark.parametrize(
    "item", ["Link to v1: https://pond.example/1", "Rebase.", "Fix typos.", "Collect tags.", "None"]
)
def test_small_talk_is_left_out(item: str) -> None:
    assert said(f"v2:\n- {item}\n- Sink later.\n", 2) == ["Sink later."]


def test_a_sentence_that_names_a_version_is_no_heading() -> None:
    assert said("Since v2 of the pond was dry,\n- frogs left.\n", 3) == []


@given(st.text(st.sampled_from("v23 \n-*:>Changesink[]().\t"), max_size=200), st.integers(1, 4))
def test_whatever_is_found_stands_in_the_mail(text: str, version: int) -> None:
    source = part("v", text)
    assert [one.quote for one in items([source], version) if not holds(one.quote, source)] == []


def patch(id_: str, *paths: str) -> Part:
    return part(id_, files=paths, blocks=(Block(Role.DIFF, ""),))


def test_files_are_told_that_came_and_went() -> None:
    assert files([patch("a", "leaf.rs", "mud.c")], [patch("b", "leaf.rs"), patch("c", "reed.rs")]) == (
        ("reed.rs",),
        ("mud.c",),
    )
