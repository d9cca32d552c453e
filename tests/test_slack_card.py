"""Cards, forms and the App Home as Block Kit: all that is in them is shown, and nothing breaks a limit."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.card import Button, Card, Field, FieldKind, Form, Picture, Section, Span, Style, words
from bot.chat.slack_acts import button, submission
from bot.chat.slack_buttons import rows, thumbs
from bot.chat.slack_card import card_blocks, filled, home_view, modal
from bot.chat.slack_events import Me
from bot.chat.slack_markup import prose
from tests.slack_standin.block_kit import message_blocks_error, view_error

ME = Me("UKRAB", "BKRAB")
_SPECIAL = re.compile(r"<[@#!]|@(here|channel|everyone)\b", re.IGNORECASE)
LINE = (Span("7 ", Style.STRONG), Span("a leaf", url="https://pond.example/leaf"), Span(" (today)", Style.FAINT))
CARD = Card(
    "The pond",
    (Section((LINE, (Span("watch 7", Style.CODE),)), "Leaves", bullets=True, folded=3),),
    (Button("End", "unwatch", "7", danger=True),),
    hint="“watch” goes on",
)


def test_a_card_is_a_header_its_lines_its_buttons_and_its_hint() -> None:
    header, lines, buttons, hint = card_blocks(CARD)
    assert header["text"]["text"] == "The pond"
    assert lines["text"]["text"].splitlines() == [
        "*Leaves*",
        "• *7* <https://pond.example/leaf|a leaf> (today)",
        "• `watch 7`",
        "• and 3 more",
    ]
    assert buttons["elements"][0]["confirm"]["style"] == "danger"
    assert hint["elements"][0]["text"] == "“watch” goes on"


def test_a_picture_stands_below_the_title_and_its_words_where_there_is_none() -> None:
    shown = Card("Week 7", picture=Picture(b"png", "Seven frogs", "Frogs"))
    assert card_blocks(shown, "F1")[1] == {
        "type": "image",
        "slack_file": {"id": "F1"},
        "alt_text": "Seven frogs",
        "title": {"type": "plain_text", "text": "Frogs", "emoji": False},
    }
    assert "[Seven frogs]" in str(card_blocks(shown)[1])


def test_a_pressed_button_is_the_act_it_was_made_of() -> None:
    (row,) = rows([Button("Pause", "watching_pause", "7"), Button("Pause", "watching_pause", "8")])
    body = {"user": {"id": "UANN"}, "container": {"channel_id": "C1", "message_ts": "5.5"}, "trigger_id": "t"}
    heard = button(body | {"actions": [row["elements"][1] | {"action_ts": "6.6"}]}, ME)
    assert heard is not None
    incoming, way = heard
    assert incoming.act is not None
    assert (incoming.act.name, incoming.act.value, incoming.thread, way.home) == ("watching_pause", "8", "5.5", False)


def test_a_thumb_is_the_verdict_on_its_answer() -> None:
    (element,) = thumbs("C1:5.5")["elements"]
    action = {"action_id": element["action_id"], "value": element["negative_button"]["value"], "action_ts": "6.6"}
    heard = button({"user": {"id": "UANN"}, "actions": [action]}, ME)
    assert heard is not None
    assert heard[0].act is not None
    assert (heard[0].act.name, heard[0].act.value) == ("unhelpful", "C1:5.5")


FORM = Form(
    "How I behave in this channel",
    "settings",
    (
        Field("mode", "I answer", FieldKind.CHOICE, (("off", "Off"), ("threads", "In threads")), ("threads",)),
        Field("switches", "And", FieldKind.CHOICES, (("a", "A"), ("b", "B")), ("b",), optional=True),
        Field("name", "Name", initial=("Ann",), hint="as you like"),
        Field("zone", "Zone", FieldKind.CHOICE, tuple((f"z{n}", f"Z{n}") for n in range(90))),
    ),
    "C1",
)


def test_a_form_is_a_modal_that_remembers_where_it_was_opened() -> None:
    view = modal(FORM, {"channel": "C1", "thread": "5.5"})
    assert view_error(view) == ("", [])
    heading, mode, switches, name, zone = view["blocks"]
    assert "How I behave in this channel" in heading["text"]["text"]
    assert [b["element"]["type"] for b in (mode, switches, name, zone)] == [
        "radio_buttons",
        "checkboxes",
        "plain_text_input",
        "static_select",
    ]
    assert json.loads(view["private_metadata"]) == {"channel": "C1", "thread": "5.5", "value": "C1"}


def test_what_is_filled_in_comes_back_by_the_names_of_the_fields() -> None:
    values = {
        "mode": {"entry": {"type": "radio_buttons", "selected_option": {"value": "off"}}},
        "switches": {"entry": {"type": "checkboxes", "selected_options": [{"value": "a"}, {"value": "b"}]}},
        "name": {"entry": {"type": "plain_text_input", "value": "Bob"}},
        "empty": {"entry": {"type": "plain_text_input", "value": None}},
        "odd": "x",
    }
    assert dict(filled(values)) == {"mode": ("off",), "switches": ("a", "b"), "name": ("Bob",), "empty": ()}


def test_a_form_that_is_sent_says_who_and_where() -> None:
    view = modal(FORM, {"channel": "C1", "thread": "5.5", "quiet": "yes"}) | {"id": "V1", "state": {"values": {}}}
    heard = submission({"user": {"id": "UANN"}, "view": view}, ME)
    assert heard is not None
    incoming, way = heard
    assert incoming.act is not None
    assert (incoming.act.name, incoming.act.value, incoming.channel, way.quiet) == ("settings", "C1", "C1", True)


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("rust_helper_foo() calls Box::new", "`rust_helper_foo()` calls `Box::new`"),
        ("see `a_b c` and *this*", "see `a_b c` and \u2217this\u2217"),
        ("an odd ` tick", "an odd ' tick"),
        ("drivers/gpu/nova_core/x.rs stays", "drivers/gpu/nova_core/x.rs stays"),
        ("foo_bar.c and a_b@c.de", "`foo_bar.c` and a_b@c.de"),
        ("x86_64-linux, 2 * 3 * 4", "x86_64-linux, 2 * 3 * 4"),
        ("<!channel> & co", "&lt;!channel&gt; &amp; co"),
    ],
)
def test_code_is_set_as_code_and_nothing_else_is_set(said: str, shown: str) -> None:
    assert prose(said) == shown


_BITS = st.sampled_from(["<!channel>", "<@U1>", "@here", "*", "_", "~", "`", "|", "\n", "&", "x" * 400, "مرحبا", "🦀"])
_WORDS = st.lists(_BITS | st.text(max_size=12), max_size=8).map("".join)
_SPANS = st.builds(Span, _WORDS, st.sampled_from(Style), st.sampled_from(["", "https://pond.example/a", "javascript:"]))
_SECTIONS = st.builds(
    Section,
    st.lists(st.lists(_SPANS, max_size=12).map(tuple), max_size=12).map(tuple),
    heading=_WORDS,
    bullets=st.booleans(),
    folded=st.integers(0, 3),
)
_BUTTONS = st.builds(Button, _WORDS, st.sampled_from(["watch", "more", "x" * 300]), _WORDS, st.booleans())
_CARDS = st.builds(
    Card,
    _WORDS,
    st.lists(_SECTIONS, max_size=12).map(tuple),
    st.lists(_BUTTONS, max_size=30).map(tuple),
    st.none() | st.builds(Picture, st.just(b"png"), _WORDS, _WORDS),
    _WORDS,
)
_OPTIONS = st.lists(st.tuples(st.text(max_size=160), _WORDS), max_size=120, unique_by=lambda o: o[0]).map(tuple)
_FIELDS = st.builds(
    Field,
    st.text("abc", min_size=1, max_size=9),
    _WORDS,
    st.sampled_from(FieldKind),
    _OPTIONS,
    st.lists(_WORDS, max_size=2).map(tuple),
    _WORDS,
)
_FORMS = st.builds(
    Form,
    _WORDS,
    st.sampled_from(["settings", "x" * 300]),
    st.lists(_FIELDS, min_size=1, max_size=6, unique_by=lambda f: f.name).map(tuple),
    _WORDS,
    _WORDS,
)


def _words_of(value: Any) -> list[str]:
    if isinstance(value, dict):
        own = [value["text"]] if isinstance(value.get("text"), str) else []
        return own + [text for item in value.values() for text in _words_of(item)]
    return [text for item in value for text in _words_of(item)] if isinstance(value, list) else []


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(_CARDS)
def test_no_card_breaks_a_limit_or_pings_anybody(shown: Card) -> None:
    made = card_blocks(shown, "F1")
    assert message_blocks_error(made) == ("", [])
    assert [text for text in _words_of(made) if _SPECIAL.search(text)] == []


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(_CARDS, max_size=3), st.none() | _CARDS)
def test_no_home_breaks_a_limit(cards: list[Card], notice: Card | None) -> None:
    assert view_error(home_view(cards, notice)) == ("", [])


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(_FORMS, _WORDS)
def test_no_form_breaks_a_limit(form: Form, channel: str) -> None:
    assert view_error(modal(form, {"channel": channel})) == ("", [])


def test_a_card_of_nothing_is_still_a_message() -> None:
    assert message_blocks_error(card_blocks(Card())) == ("", [])
    assert message_blocks_error(card_blocks(Card(sections=(Section((words(""),)),)))) == ("", [])
