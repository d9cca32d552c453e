"""How krab behaves in a channel, and how that is typed."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels import DEFAULT, SWITCHES, Channels, Manner, Mode, Unclear, typed
from tests.stores import Store


@pytest.fixture
def channels(tmp_path: Path, store: Store) -> Channels:
    return Channels(store(tmp_path / "state.db"))


def test_a_channel_nobody_spoke_of_has_the_usual_manner(channels: Channels) -> None:
    assert channels.manner("slack", "C1") == DEFAULT


def test_what_is_set_is_kept_for_that_channel_alone(channels: Channels) -> None:
    quiet = Manner(Mode.OFF, only_cited=True, private=True)
    channels.put("slack", "C1", Manner(Mode.THREADS), "ann")
    channels.put("slack", "C1", quiet, "bob")
    assert channels.manner("slack", "C1") == quiet
    assert channels.manner("matrix", "C1") == DEFAULT
    assert channels.all() == [("slack", "C1", quiet, "bob")]


@pytest.mark.parametrize(
    ("text", "manner"),
    [
        ("mode=threads", Manner(Mode.THREADS)),
        ("MODE=Root-Posts, only-questions=OFF", Manner(Mode.ROOT_POSTS, only_questions=False)),
        ("private=yes only_cited=on", Manner(private=True, only_cited=True)),
        ("", Manner()),
    ],
)
def test_settings_are_typed_as_people_type(text: str, manner: Manner) -> None:
    assert typed(text, Manner()) == manner


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("mode=loud", "mode is one of off, mentions, root_posts, threads, not “loud”."),
        ("only_question=on", "There is no setting “only_question”: did you mean “only_questions”?"),
        ("colour=green", "There is no setting “colour”: there are mode, only_questions, only_cited, private."),
        ("private=maybe", "private is on or off, not “maybe”."),
    ],
)
def test_what_is_no_setting_is_answered_with_what_would_be(text: str, said: str) -> None:
    with pytest.raises(Unclear) as caught:
        typed(text, Manner())
    assert str(caught.value) == said


@given(st.builds(Manner))
def test_what_is_written_out_reads_back(manner: Manner) -> None:
    text = " ".join([f"mode={manner.mode}", *(f"{n}={'on' if getattr(manner, n) else 'off'}" for n in SWITCHES)])
    assert typed(text, Manner()) == manner
