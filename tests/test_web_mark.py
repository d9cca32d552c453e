"""Where a quote stands in a message, and how the message is laid out for reading."""

from __future__ import annotations

import time

from hypothesis import given
from hypothesis import strategies as st

from bot.web_mark import locate, show
from index.model import Block, Kind, Part, Role
from tests.fake_site import MAIL


def test_a_quote_is_found_whatever_its_white_space() -> None:
    assert locate((Block(Role.OWN, "one  two\n three"),), "two three") == {0: (5, 15)}


def test_a_quote_may_reach_over_blocks() -> None:
    blocks = (Block(Role.OWN, "see this:"), Block(Role.QUOTED, "or that"), Block(Role.CODE, "let x = 1;"))
    assert locate(blocks, "this:\n\nlet x") == {0: (4, 9), 2: (0, 5)}


def test_own_words_go_before_quoted_ones() -> None:
    assert locate((Block(Role.QUOTED, "never"), Block(Role.OWN, "so never")), "never") == {1: (3, 8)}


def test_a_quote_in_trailers_opens_them() -> None:
    shown = show(MAIL, "Reviewed-by: Bram")
    assert [b.role for b in shown if b.opened] == [Role.TRAILERS]


def test_a_quote_far_down_a_long_text_is_kept_in_view() -> None:
    (block,) = show(_part("word " * 40_000 + "here it is " + "word " * 40_000), "here it is")
    assert block.cut
    assert "here it is" in {piece.text for p in block.paragraphs for piece in p.pieces if piece.marked}


def test_wrapped_paragraphs_flow_and_lists_keep_their_breaks() -> None:
    wrapped = "A line that was broken where the mail ended it,\nand goes on."
    (block,) = show(_part(f"{wrapped}\n\nTo do:\n - one\n - two"))
    assert [p.flows for p in block.paragraphs] == [True, False]


@given(st.lists(st.tuples(st.sampled_from(Role), st.text())), st.text())
def test_nothing_is_lost_but_blank_lines(blocks: list[tuple[Role, str]], quote: str) -> None:
    part = _part("", tuple(Block(role, words) for role, words in blocks))
    shown = ["".join(piece.text for p in b.paragraphs for piece in p.pieces) for b in show(part, quote)]
    assert [s.replace("\n", "") for s in shown] == [words.replace("\n", "") for _, words in blocks]


@given(st.text(alphabet="ab \n", min_size=1), st.data())
def test_what_is_quoted_from_own_words_is_found(words: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(words) - 1))
    quote = words[start : data.draw(st.integers(start + 1, len(words)))]
    found = locate((Block(Role.OWN, words),), quote)
    assert {words[a:b].split() == quote.split() for a, b in found.values()} <= {True}
    assert bool(found) == bool(quote.split())


def test_a_quote_made_to_be_slow_is_not() -> None:
    began = time.perf_counter()
    assert locate((Block(Role.OWN, "a " * 200_000),), "a " * 1_999 + "b") == {}
    assert time.perf_counter() - began < 2


def _part(words: str, blocks: tuple[Block, ...] = ()) -> Part:
    return Part("x", "", "", "", None, blocks or ((Block(Role.OWN, words),) if words else ()), Kind.MAIL)
