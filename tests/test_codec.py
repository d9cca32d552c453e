"""Parts to bytes and back: nothing is lost, and a digest changes exactly when something does."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index import codec
from index.model import Block, Event, Kind, Part, Reference, Role
from tests.index_fixtures import NOON, own, part

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
MOMENTS = st.none() | st.integers(86_400, 4_000_000_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
TUPLES = st.lists(TEXTS, max_size=3).map(tuple)
PARTS = st.builds(
    Part,
    id=TEXTS,
    url=TEXTS,
    title=TEXTS,
    author=TEXTS,
    date=MOMENTS,
    blocks=st.lists(st.builds(Block, st.sampled_from(Role), TEXTS), max_size=4).map(tuple),
    kind=st.sampled_from(Kind),
    links=TUPLES,
    labels=TUPLES,
    files=TUPLES,
    symbols=TUPLES,
    references=st.lists(st.builds(Reference, TEXTS, TEXTS), max_size=2).map(tuple),
    events=st.lists(st.builds(Event, TEXTS, TEXTS, TEXTS, MOMENTS, TEXTS, TEXTS, TEXTS), max_size=2).map(tuple),
)
FULL = part(
    "a@pond",
    "A leaf.",
    links=("b@pond",),
    labels=("patch",),
    files=("leaf.rs",),
    symbols=("leaf",),
    references=(Reference("Leaves", "https://pond.example"),),
    events=(Event("leaf", "applied", "Ada", NOON, "a@pond", "Applied."),),
)
OTHER = part("z@pond", "Another.", url="u", title="t", author="a", date=None, kind=Kind.NOTE, asks=("where?",))


def stored(one: Part) -> tuple[str, str, str, str, str, int | None, bytes]:
    return one.id, one.kind.value, one.url, one.title, one.author, codec.seconds(one.date), codec.encode(one)


@given(PARTS)
def test_a_part_comes_back_as_it_was(one: Part) -> None:
    assert codec.decode(stored(one)) == one


@given(PARTS, PARTS)
def test_digests_are_equal_when_parts_are_and_only_then(one: Part, other: Part) -> None:
    digests = [codec.digest(p, codec.encode(p)) for p in (one, other)]
    assert (digests[0] == digests[1]) == (one == other)


@pytest.mark.parametrize("name", [f.name for f in fields(Part)])
def test_a_change_of_any_field_changes_the_digest(name: str) -> None:
    changed = replace(FULL, **{name: getattr(OTHER, name)})
    assert codec.digest(changed, codec.encode(changed)) != codec.digest(FULL, codec.encode(FULL))


def test_half_a_character_pair_is_stored_as_a_question_mark() -> None:
    one = part("a@pond", blocks=(own("half \ud83d a frog"),))
    assert codec.decode(stored(one)).text == "half ? a frog"


def test_times_of_other_zones_become_the_same_moment() -> None:
    elsewhere = NOON.astimezone(timezone(timedelta(hours=-7)))
    assert codec.moment(codec.seconds(elsewhere)) == NOON
