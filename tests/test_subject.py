"""A patch mail's subject, as people write it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.subject import parse


@pytest.mark.parametrize(
    ("subject", "label", "position", "total", "title"),
    [
        ("[PATCH] pond: add a leaf", "v1", 1, 1, "pond: add a leaf"),
        ("[PATCH v3 02/17] pond: add a leaf", "v3", 2, 17, "pond: add a leaf"),
        ("[PATCH V10 0/6] pond: add leaves", "v10", 0, 6, "pond: add leaves"),
        ("[RFC PATCH v2 00/24] pond: leaves", "RFC v2", 0, 24, "pond: leaves"),
        ("[PATCH RFC 1/3] pond: leaves", "RFC v1", 1, 3, "pond: leaves"),
        ("[libpond][PATCH v4] leaf: rename", "v4", 1, 1, "leaf: rename"),
        ("[PATCH libpond v2 1/2] leaf: rename", "v2", 1, 2, "leaf: rename"),
        ("[PATCH v2b] leaf: rename", "v2", 1, 1, "leaf: rename"),
        ("[RFC v2.1 11/13] leaf: rename", "RFC v2", 11, 13, "leaf: rename"),
        ("Re: [PATCH v7 3/8 alt] leaf: rename", "v7", 3, 8, "leaf: rename"),
        ("[PATCH] [RFC] leaf: rename", "RFC v1", 1, 1, "leaf: rename"),
        ("[PATCH 5/0] leaf: rename", "v1", 1, 1, "leaf: rename"),
    ],
)
def test_a_subject_says_which_patch_of_which_version_it_is(
    subject: str, label: str, position: int, total: int, title: str
) -> None:
    found = parse(subject)
    assert (found.label, found.position, found.total, found.title) == (label, position, total, title)


def test_a_resend_is_known_and_its_version_stays() -> None:
    found = parse("[PATCH RESEND v5 1/2] leaf: rename")
    assert (found.resend, found.label) == (True, "v5")


def test_a_pull_request_is_no_patch() -> None:
    found = parse("[GIT PULL] pond updates for 7.1")
    assert (found.pull, found.patch) == (True, False)


def test_a_reply_is_known_however_often_it_was_replied_to() -> None:
    assert parse("Re: Re: [PATCH] leaf").reply
    assert not parse("[PATCH] leaf: Re: is a word").reply


def test_what_is_no_patch_keeps_its_title() -> None:
    found = parse("Ponds, and what v2 of them could be [long]")
    assert (found.patch, found.version, found.title) == (False, 1, "Ponds, and what v2 of them could be [long]")


def test_titles_are_compared_by_their_words() -> None:
    assert parse("[PATCH v2] pond: add  `Leaf`").plain == parse("[PATCH] Pond: Add leaf").plain


def test_the_subsystem_is_what_stands_before_the_last_colon() -> None:
    assert parse("[PATCH] rust: pond: add a leaf").scope == {"rust", "pond"}


@given(st.text(max_size=300))
def test_any_text_is_a_subject(text: str) -> None:
    found = parse(text)
    assert found.total >= 1
    assert 0 <= found.position <= found.total
