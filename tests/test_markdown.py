"""Markdown becomes blocks by cutting: what is prose stays verbatim, what is furniture stays out of quotes."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.markdown import blocks, front_matter
from index.model import Role

WORD = re.compile(r"\w+")
MARKS = st.sampled_from(
    ["# ", "> ", "- ", "1. ", "    ", "```\n", "| a | b |\n|---|---|\n", "[x]: https://a.example\n", "<!-- "]
)
LINES = st.lists(st.tuples(st.one_of(st.just(""), MARKS), st.text(max_size=40)), max_size=20)
DOCUMENTS = st.one_of(st.text(max_size=300), LINES.map(lambda lines: "\n".join(mark + text for mark, text in lines)))


def own(markdown: str) -> list[str]:
    return [block.text for block in blocks(markdown) if block.role is Role.OWN]


def roles(markdown: str) -> list[Role]:
    return [block.role for block in blocks(markdown)]


def words(text: str) -> list[str]:
    return WORD.findall(text)


@given(DOCUMENTS)
def test_every_word_lands_in_exactly_one_block_in_order(markdown: str) -> None:
    body = front_matter(markdown)[1].replace("\0", "\ufffd")
    assert words(body) == words("\n".join(block.text for block in blocks(markdown)))


@given(DOCUMENTS)
def test_prose_stands_verbatim_in_the_source(markdown: str) -> None:
    source = " ".join(markdown.replace("\0", "\ufffd").split())
    assert all(" ".join(text.split()) in source for text in own(markdown))


@given(DOCUMENTS)
def test_no_block_is_empty(markdown: str) -> None:
    assert all(block.text.strip() for block in blocks(markdown))


def test_inline_markup_stays_as_it_was_typed() -> None:
    text = "The *heron* calls `wade()` as [the guide](https://pond.example/guide) says."
    assert own(text) == [text]


def test_paragraphs_keep_their_line_breaks() -> None:
    assert own("A heron waits\nfor a frog.\n\nThe frog waits too.") == [
        "A heron waits\nfor a frog.",
        "The frog waits too.",
    ]


def test_a_heading_is_a_paragraph_of_its_own_without_its_marks() -> None:
    assert own("## How herons wade ##\nThey wade slowly in the shallow pond.") == [
        "How herons wade",
        "They wade slowly in the shallow pond.",
    ]


def test_an_underlined_heading_loses_its_underline() -> None:
    assert own("Herons\n======\n\nHerons eat frogs all day long.") == ["Herons", "Herons eat frogs all day long."]


def test_a_tight_list_is_one_block_with_its_marks() -> None:
    assert own("- Herons wade in ponds.\n- Frogs swim in ponds.\n") == [
        "- Herons wade in ponds.\n- Frogs swim in ponds."
    ]


@pytest.mark.parametrize(
    "code",
    [
        "```rust\nfn wade() {}\n```",
        "    fn wade() {}",
        "| bird | food |\n|---|---|\n| heron | frog |",
        "=====  =====\nbird   food\n=====  =====",
        "<details>wading</details>",
    ],
)
def test_code_and_tables_are_not_prose(code: str) -> None:
    assert roles(code) == [Role.CODE]


def test_code_inside_a_list_is_not_prose() -> None:
    assert roles("- Herons wade like this:\n\n  ```\n  wade()\n  ```\n") == [Role.OWN, Role.CODE]


def test_a_block_quote_is_somebody_else_and_loses_its_angles() -> None:
    (block,) = blocks("> Frogs are\n> > overrated.\n")
    assert (block.role, block.text) == (Role.QUOTED, "Frogs are\noverrated.")


def test_a_block_quote_typed_as_html_reaches_over_blank_lines_to_its_end() -> None:
    assert roles(
        "<blockquote>\n\nFrogs are overrated, said the heron.\n\n</blockquote>\n\nThe frogs did not agree at all."
    ) == [
        Role.QUOTED,
        Role.QUOTED,
        Role.CODE,
        Role.OWN,
    ]


@pytest.mark.parametrize(
    "furniture",
    [
        "![a heron](/heron.png)",
        "[![](/logo.png)](https://pond.example)",
        "[Home](/) [Birds](/birds) | [Frogs](/frogs)",
        "Read more",
        "Share this post",
        "November 15, 2026",
        "<!-- a note to the editor -->",
        "[heron]: https://pond.example/heron",
        "- [Herons](/herons)\n- [Frogs](/frogs)\n",
        "* Birds\n  + [Herons](/herons)\n  + [Storks](/storks)\n",
        "* [herons](/herons)\n\n  12\n* [frogs](/frogs)\n\n  7\n",
    ],
)
def test_page_furniture_is_never_quoted(furniture: str) -> None:
    assert set(roles(furniture)) == {Role.SIGNATURE}


@pytest.mark.parametrize(
    "prose",
    [
        "Frogs lost.",
        "**Wading in winter**",
        "See [the guide](/guide).",
        "- herons\n- frogs\n",
        "- [Herons](/herons) eat up to nine frogs each day.\n- [Frogs](/frogs) eat flies.\n",
    ],
)
def test_short_prose_is_not_taken_for_furniture(prose: str) -> None:
    assert roles(prose) == [Role.OWN]


def test_a_list_of_linked_names_in_code_is_content_and_not_navigation() -> None:
    assert roles("- [`Pond::drain`](/drain)\n- [`Pond::fill`](/fill)\n") == [Role.CODE]


def test_front_matter_is_taken_off() -> None:
    assert own("---\ntitle: Herons\n---\nHerons wade in the shallow pond.") == ["Herons wade in the shallow pond."]


def test_a_rule_between_paragraphs_is_no_front_matter() -> None:
    assert front_matter("Herons.\n\n---\n\nFrogs.\n") == ("", "Herons.\n\n---\n\nFrogs.\n")


def test_deep_nesting_neither_fails_nor_loses_words() -> None:
    markdown = "".join("  " * i + "- frog\n" for i in range(60))
    assert words("\n".join(block.text for block in blocks(markdown))) == ["frog"] * 60
