"""Answers as Block Kit: within Slack's limits, and harmless whatever the sources say."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.chat.slack_blocks import blocks, fallback
from bot.chat.slack_markup import escape, link, plain_text
from bot.model import Answer, Citation, Sentence, Status
from index.model import Kind, Reference
from tests.fakes import NOON, answered, citation
from tests.slack_standin.rules import blocks_error, text_error

_LINK = re.compile(r"<([^<>|]*)\|([^<>|]*)>")
_SPECIAL = re.compile(r"<[@#!]|@(here|channel|everyone)\b", re.IGNORECASE)


def texts(rich: list[dict[str, Any]]) -> list[str]:
    """Every text object's words."""
    return [text["text"] for block in rich for text in [block.get("text"), *block.get("elements", [])] if text]


def test_an_answer_is_its_sentences_its_sources_and_its_date() -> None:
    said, source, date = texts(blocks(answered()))
    assert said == "A leaf outlives its frog. <https://pond.example/list/1.frog@pond.example/|[1]>"
    assert source.splitlines() == [
        "[1] <https://pond.example/list/1.frog@pond.example/|[PATCH v3 1/9] rust: lily: add a leaf>"
        " · Ada Frog, 2025-07-08, mail",
        "“A leaf must outlive the frog that sits on it.”",
    ]
    assert date == "As of 2025-07-08."


def test_what_became_of_a_source_stands_beside_it() -> None:
    shown = texts(blocks(answered("x", citation(note="superseded by v4", date=None))))[1]
    assert "Ada Frog, undated, mail, superseded by v4" in shown


def test_a_note_shows_where_it_has_its_facts_from() -> None:
    note = citation(kind=Kind.NOTE, url="", references=(Reference("The pond report", "https://pond.example/report"),))
    assert "from <https://pond.example/report|The pond report>" in texts(blocks(answered("x", note)))[1]


def test_a_refusal_says_so_and_shows_the_three_nearest() -> None:
    answer = Answer(Status.NOT_FOUND, nearest=tuple(citation(n) for n in range(1, 6)))
    said, heading, *nearest = texts(blocks(answer))
    assert (said, heading, len(nearest)) == (
        "I found nothing in my sources that answers this.",
        "Nearest in my sources:",
        3,
    )


@pytest.mark.parametrize("status", Status)
def test_every_answer_says_something(status: Status) -> None:
    assert blocks(Answer(status))
    assert fallback(Answer(status))


def test_our_own_remark_stands_first() -> None:
    assert texts(blocks(Answer(Status.NOT_FOUND, remark="My source is stalled.")))[0] == "My source is stalled."


@pytest.mark.parametrize("url", ["javascript:alert(1)", "ftp://pond.example/", "", "slack://user?id=U1", "//evil"])
def test_only_http_is_linked(url: str) -> None:
    assert link(url, "here we go") == "here we go"


def test_a_url_cannot_leave_its_link() -> None:
    assert link("https://pond.example/a|b>c&e", "x|y") == "<https://pond.example/a%7Cb%3Ec&amp;e|x¦y>"


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "https://pond.example/a b", "https://pond.example@evil.example/"]
)
def test_what_is_no_plain_web_address_is_no_link(url: str) -> None:
    assert link(url, "a leaf") == "a leaf"


def test_nothing_pings() -> None:
    assert _SPECIAL.search(escape("<!channel> <!here|x> <@U1> <!subteam^S1> @here @Channel @everyone")) is None
    assert escape("ada@heretic.example") == "ada@heretic.example"


def test_a_cut_makes_no_ping_of_a_longer_word() -> None:
    heretics = "@heretic" * 1_000
    for shift in range(8):
        assert _SPECIAL.search(plain_text("x" * shift + heretics)) is None


def test_everything_that_does_not_fit_is_left_out_and_said() -> None:
    many = tuple(citation(n, quote="q" * 5_000, title="t" * 500) for n in range(1, 80))
    long = replace(answered("x", *many), sentences=tuple(Sentence("word " * 900, (n,)) for n in range(1, 80)))
    rich = blocks(long)
    assert blocks_error(rich) == ("", [])
    assert texts(rich)[-1] == "… and more than fits into a message."
    assert any("[PATCH" not in text and "ttt" in text for text in texts(rich))


# Words that try to break out, among any others.
_BITS = st.sampled_from(
    [
        "<!channel>",
        "<@U1>",
        "<#C1>",
        "@here",
        "@EVERYONE",
        "<https://evil.example|x>",
        "|",
        ">",
        "&lt;",
        "```",
        "\n",
        "*",
    ]
)
_WORDS = st.lists(_BITS | st.text(max_size=12), max_size=8).map("".join)
_LONG = st.tuples(_WORDS, st.sampled_from([1, 1, 1, 1, 200])).map(lambda pair: pair[0] * pair[1])
_URLS = st.sampled_from(["https://pond.example/", "http://pond.example/?a=", "javascript:", ""])
_CITATIONS = st.builds(
    Citation,
    n=st.integers(0, 99),
    id=_WORDS,
    url=st.tuples(_URLS, _WORDS).map("".join),
    title=_LONG,
    author=_WORDS,
    date=st.none() | st.just(NOON),
    quote=_LONG,
    kind=st.sampled_from(Kind),
    note=st.none() | _WORDS,
    references=st.lists(st.builds(Reference, _WORDS, st.tuples(_URLS, _WORDS).map("".join)), max_size=3).map(tuple),
)
_ANSWERS = st.builds(
    Answer,
    status=st.sampled_from(Status),
    sentences=st.lists(
        st.builds(Sentence, _LONG, st.lists(st.integers(0, 99), max_size=80).map(tuple)), max_size=30
    ).map(tuple),
    sources=st.lists(_CITATIONS, max_size=60).map(tuple),
    nearest=st.lists(_CITATIONS, max_size=5).map(tuple),
    remark=_LONG,
    as_of=st.none() | st.just(NOON),
)


@settings(max_examples=100, deadline=None)
@given(_ANSWERS)
def test_no_answer_breaks_a_limit_pings_anybody_or_links_elsewhere(answer: Answer) -> None:
    rich, text = blocks(answer), fallback(answer)
    assert blocks_error(rich) == ("", [])
    assert text_error(text, None) == ""
    shown = texts(rich)
    read = [text, *(_LINK.sub(r"\2", words) for words in shown)]
    assert [_SPECIAL.search(words) for words in read] == [None] * len(read)
    assert "<" not in text
    links = [match[1] for words in shown for match in _LINK.finditer(words)]
    assert all(url.startswith(("https://pond.example/", "http://pond.example/")) for url in links)
    assert not any("<" in words or ">" in words for words in read)
    assert all(text["verbatim"] for block in rich for text in block.get("elements", [block.get("text")]))
