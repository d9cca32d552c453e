"""Cards, forms and pictures as Matrix shows them."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.card import Button, Card, Field, FieldKind, Form, Picture, Section, Span, Style, words
from bot.chat.matrix_card import card_messages, form_messages, html, image
from bot.chat.matrix_html import BUDGET
from tests.matrix_fuzz import faults
from tests.test_matrix_html import HOSTILE, URLS, Reader

LINE = (Span("[1] "), Span("A title", url="https://pond.example/1"), Span(" ago", Style.FAINT), Span("x", Style.CODE))


def test_a_card_is_its_title_its_sections_and_its_hint() -> None:
    card = Card("Title", (Section((LINE,), "Heading"),), hint="type more")
    assert html(card) == (
        "<p><strong>Title</strong></p><p><strong>Heading</strong></p>"
        '<p>[1] <a href="https://pond.example/1">A title</a><em> ago</em><code>x</code></p><p><em>type more</em></p>'
    )


def test_bullets_are_a_list_and_what_is_folded_is_counted() -> None:
    card = Card(sections=(Section((words("one"), words("two")), bullets=True, folded=3),))
    assert html(card) == "<ul><li>one</li><li>two</li><li><em>and 3 more</em></li></ul>"


def test_lines_stand_under_each_other() -> None:
    assert html(Card(sections=(Section((words("one"), words("two"))),))) == "<p>one<br>two</p>"


def test_buttons_are_left_to_the_hint() -> None:
    (message,) = card_messages(Card("T", buttons=(Button("Press", "act"),), hint="or type: act"))
    assert "Press" not in message.formatted + message.body
    assert "or type: act" in message.body


def test_an_empty_card_is_no_message() -> None:
    assert card_messages(Card()) == ()


def test_a_form_says_what_may_be_typed() -> None:
    fields = (
        Field("day", "Day", FieldKind.CHOICE, (("mon", "Monday"), ("tue", "Tuesday"))),
        Field("t", "Topic", hint="a word"),
    )
    (message,) = form_messages(Form("Subscribe", "subscribe", fields))
    assert message.body == "Subscribe\n\n- Day: mon, tue\n- Topic: a word"


def test_a_large_card_is_parted_and_loses_no_line() -> None:
    lines = tuple(words(f"line {n} {'x' * 400}") for n in range(300))
    parts = card_messages(Card("Title", (Section(lines, "Heading"), Section((words("last"),))), hint="hint"))
    said = "\n".join(part.body for part in parts)
    assert len(parts) > 1
    assert [n for n in range(300) if said.count(f"line {n} ") != 1] == []
    assert (said.count("Title"), said.count("Heading"), said.count("hint"), said.count("last")) == (1, 1, 1, 1)
    assert max(part.size for part in parts) <= BUDGET


def test_a_picture_tells_its_words_and_its_size() -> None:
    png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x09\0\0\0\x05"
    content = image(Picture(png, "ten mails, @room"), {"url": "mxc://x/y"})
    assert (content["info"]["w"], content["info"]["h"], content["url"]) == (9, 5, "mxc://x/y")
    assert "@room" not in content["body"]


def test_what_is_no_picture_has_no_size() -> None:
    assert image(Picture(b"", ""), {})["info"]["w"] == 0


LINES = st.lists(st.builds(Span, HOSTILE, st.sampled_from(Style), URLS), max_size=4).map(tuple)
SECTIONS = st.builds(Section, st.lists(LINES, max_size=4).map(tuple), HOSTILE, st.booleans(), st.integers(0, 3))


@given(st.builds(Card, HOSTILE, st.lists(SECTIONS, max_size=4).map(tuple), hint=HOSTILE))
@settings(deadline=None)
def test_whatever_a_card_says_its_markup_is_permitted_and_pings_nobody(card: Card) -> None:
    urls = frozenset(s.url for section in card.sections for line in section.lines for s in line)
    shown = card_messages(card)
    readers = [Reader(message.formatted) for message in shown]
    assert {link for reader in readers for link in reader.links} <= urls
    assert [fault for message in shown for fault in faults(message, urls)] == []
