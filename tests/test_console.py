"""A terminal as a chat."""

from __future__ import annotations

import io

from bot.chat.console import Console
from bot.chat.text import plain
from bot.dispatch import Dispatcher
from bot.orders.help import ABOUT
from bot.state import State
from tests.fakes import FakeAnswerer, answered
from tests.order_fixtures import ordering


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


async def converse(lines: str, out: io.StringIO, answerer: FakeAnswerer, prompt: str = "") -> None:
    state = State.at(":memory:")
    await Console(io.StringIO(lines), out, prompt=prompt).run(
        Dispatcher(answerer, state, ordering=ordering(state)).handle
    )
    state.close()


async def test_every_line_is_answered_and_the_end_of_input_ends_it() -> None:
    out, answerer = io.StringIO(), FakeAnswerer()
    await converse("who holds the leaf?\n\n  \nand why?", out, answerer)
    assert out.getvalue() == f"{plain(answered())}\n\n" * 2
    assert [(q.text, q.earlier) for q in answerer.asked] == [
        ("who holds the leaf?", ()),
        ("and why?", ("who holds the leaf?",)),
    ]


async def test_help_is_printed() -> None:
    out = io.StringIO()
    await converse("help\n", out, FakeAnswerer())
    assert ABOUT in out.getvalue()


async def test_a_line_that_begins_with_a_slash_is_a_command() -> None:
    out, answerer = io.StringIO(), FakeAnswerer()
    await converse("/help series\n/serie\n/nothing at all\n", out, answerer)
    for said in ("- series nova-core falcon", "Did you mean “series”?", "There is no command “nothing”."):
        assert said in out.getvalue()
    assert answerer.asked == []


async def test_a_command_that_goes_on_as_a_question_is_one() -> None:
    answerer = FakeAnswerer()
    await converse("/why does a leaf float?\n/who holds the leaf?\n/ask what is mud?\n", io.StringIO(), answerer)
    assert [q.text for q in answerer.asked] == ["why does a leaf float?", "who holds the leaf?", "what is mud?"]


async def test_a_terminal_shows_the_prompt_and_wipes_what_was_being_done() -> None:
    out = Terminal()
    await converse("who?\n", out, FakeAnswerer(), "krab> ")
    assert out.getvalue().startswith("krab> Looking…\r        \rA leaf")


async def test_words_that_the_terminal_cannot_show_are_no_error() -> None:
    raw = io.BytesIO()
    out = io.TextIOWrapper(raw, encoding="ascii")
    state = State.at(":memory:")
    await Console(io.StringIO("who?\n"), out).run(Dispatcher(FakeAnswerer(), state).handle)
    state.close()
    assert b"?A leaf must outlive" in raw.getvalue()
