"""Whose first patch it is, and whose it only seems to be."""

from __future__ import annotations

from pathlib import Path

from index.model import Part
from tests.digest_fixtures import WEEK, digested, mail

NEW = "Eli Van Heron <eli@reeds.example>"


def patch(body: str = "Make herons wade.\n", sender: str = NEW, id_: str = "wade", day: int = 1) -> Part:
    return mail(id_, "[PATCH] rust: heron: wade", body, sender=sender, day=day)


def welcomed(folder: Path, *more: Part) -> set[str]:
    return {one.author for one in digested(folder, [*WEEK, *more]).newcomers}


def test_who_was_never_heard_of_is_new(tmp_path: Path) -> None:
    assert "Eli Van Heron" in welcomed(tmp_path, patch())


def test_a_new_address_makes_nobody_new(tmp_path: Path) -> None:
    before = patch(sender="Eli Van Heron <eli@old.example>", id_="old", day=-30)
    assert "Eli Van Heron" not in welcomed(tmp_path, before, patch())


def test_a_name_without_its_middle_makes_nobody_new(tmp_path: Path) -> None:
    before = patch(sender="Eli Heron <eli@old.example>", id_="old", day=-30)
    assert "Eli Van Heron" not in welcomed(tmp_path, before, patch())


def test_an_accent_makes_nobody_new(tmp_path: Path) -> None:
    before = patch(sender="Éli Van Heron <eli@old.example>", id_="old", day=-30)
    assert "Eli Van Heron" not in welcomed(tmp_path, before, patch())


def test_whom_earlier_mails_name_has_worked_elsewhere(tmp_path: Path) -> None:
    tagged = mail("cc", "[PATCH] rust: mud: dry", "Dry it.\n\nCc: Eli Van Heron <eli@reeds.example>\n", day=-30)
    assert "Eli Van Heron" not in welcomed(tmp_path, tagged, patch())


def test_who_says_that_it_is_his_first_patch_is_believed(tmp_path: Path) -> None:
    tagged = mail("cc", "[PATCH] rust: mud: dry", "Dry it.\n\nCc: Eli Van Heron <eli@reeds.example>\n", day=-30)
    first = patch("Make herons wade. This is my first kernel patch.\n")
    assert "Eli Van Heron" in welcomed(tmp_path, tagged, first)
