"""Which postings are taken for versions of one series when nothing but their looks says so."""

from __future__ import annotations

import pytest

from feeds.kinship import kin
from index.model import Event, Part
from tests.series_mail import ADA, BO, mail, series


def looks(*parts: Part) -> list[Event]:
    return [event for part in parts for event in part.events if event.kind == "posted"]


def alone(subject: str, day: int, sender: str = ADA, id_: str = "") -> list[Event]:
    return looks(mail(id_ or f"{day}", subject, day=day, sender=sender))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("[PATCH] pond: add a leaf", "[PATCH v2] pond: add a leaf"),
        ("[PATCH v2] pond: add a leaf", "[PATCH v7] pond: Add a `leaf`"),
        ("[PATCH] pond: add a green leaf", "[PATCH v2] pond: add a big green leaf"),
        ("[RFC PATCH] pond: add a leaf", "[PATCH] pond: add a leaf"),
        ("[RFC PATCH v3] pond: add a leaf", "[PATCH] pond: add a leaf"),
        ("[PATCH] pond: add a leaf", "[PATCH RESEND] pond: add a leaf"),
    ],
)
def test_the_next_version_is_kin_whichever_is_asked_first(one: str, other: str) -> None:
    assert kin(alone(one, 0), alone(other, 9))
    assert kin(alone(other, 9), alone(one, 0))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("[PATCH] pond: add a leaf", "[PATCH] pond: remove the old mud"),
        ("[PATCH] pond: release 0.2.0", "[PATCH] pond: release 0.2.1"),
        ("[PATCH v3] pond: add a leaf", "[PATCH v2] pond: add a leaf"),
        ("[PATCH] pond: reed: update the counting of frogs", "[PATCH v2] pond: mud: update the counting of frogs"),
        ("[PATCH] pond: add a leaf", "[PATCH v2] mud: count its worms"),
        ("[GIT PULL] pond updates", "[GIT PULL v2] pond updates"),
    ],
)
def test_something_else_of_the_same_author_is_no_kin(one: str, other: str) -> None:
    assert not kin(alone(one, 0), alone(other, 9))


def test_a_pull_request_sent_twice_within_a_day_is_one_and_the_next_of_that_title_is_not() -> None:
    title = "[GIT PULL] pond updates"
    assert kin(alone(title, 0, id_="once"), alone(title, 1, id_="again"))
    assert not kin(alone(title, 0), alone(title, 9))
    assert not kin(alone(title, 0, id_="once"), alone(title, 1, BO, id_="again"))


def test_years_later_it_is_another_matter() -> None:
    assert not kin(alone("[PATCH] pond: add a leaf", 0), alone("[PATCH v2] pond: add a leaf", 900))


def test_a_series_under_another_title_is_known_by_its_patches() -> None:
    old = looks(*series(1, "ponds and leaves", ["pond: add a leaf", "pond: count frogs", "mud: drain"], day=0))
    new = looks(*series(2, "what a frog needs", ["pond: add a leaf", "pond: count frogs"], day=9))
    assert kin(old, new)


def test_one_patch_that_two_series_share_makes_no_kin() -> None:
    old = looks(*series(1, "ponds and leaves", ["pond: add a leaf", "pond: count frogs", "mud: drain"], day=0))
    new = looks(*series(2, "worms below", ["worm: dig", "worm: eat", "pond: add a leaf", "worm: sleep"], day=9))
    assert not kin(old, new)


def test_a_patch_may_grow_into_a_series_and_no_series_shrinks_to_something_else() -> None:
    single = "pond: add a leaf"
    grown = looks(*series(2, "what a frog needs", [single, "mud: drain"], day=9))
    assert kin(alone(f"[PATCH] {single}", 0), grown)
    assert not kin(grown, alone(f"[PATCH v3] {single}", 20))


def test_what_b4_calls_by_two_names_is_two_things() -> None:
    one = alone("[PATCH] pond: add a green leaf", 0, id_="20250101-green-leaf-v1-1-0123456789ab@pond.example")
    two = alone("[PATCH v2] pond: add a red leaf", 9, id_="20250109-red-leaf-v2-1-0123456789ab@pond.example")
    three = alone("[PATCH v2] pond: leaves anew", 9, id_="20250109-green-leaf-v2-1-0123456789ab@pond.example")
    assert not kin(one, two)
    assert kin(one, three)


def test_somebody_else_may_take_over_under_the_same_title() -> None:
    title = "pond: count all frogs and newts"
    assert kin(alone(f"[PATCH v2] {title}", 0), alone(f"[PATCH v3] {title}", 9, BO))
    assert not kin(alone(f"[PATCH] {title}", 0), alone(f"[PATCH] {title}", 9, BO))
    assert not kin(alone("[PATCH v2] fix typo", 0), alone("[PATCH v3] fix typo", 9, BO))


def test_nothing_is_kin_to_nothing() -> None:
    assert not kin([], alone("[PATCH] pond", 0))
