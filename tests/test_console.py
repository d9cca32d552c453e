"""A terminal as a chat."""

from __future__ import annotations

import io

from bot.chat.console import Console
from bot.chat.text import plain
from bot.dispatch import HELP, Dispatcher
from bot.model import Question
from bot.state import State
from tests.fakes import FakeAnswerer, answered


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


async def converse(lines: str, out: io.StringIO, answerer: FakeAnswerer, prompt: str = "") -> None:
    state = State(":memory:")
    await Console(io.StringIO(lines), out, prompt=prompt).run(Dispatcher(answerer, state).handle)
    state.close()


async def test_every_line_is_answered_and_the_end_of_input_ends_it() -> None:
    out, answerer = io.StringIO(), FakeAnswerer()
    await converse("who holds the leaf?\n\n  \nand why?", out, answerer)
    assert out.getvalue() == f"{plain(answered())}\n\n" * 2
    assert answerer.asked == [Question("who holds the leaf?"), Question("and why?", ("who holds the leaf?",))]


async def test_help_is_printed() -> None:
    out = io.StringIO()
    await converse("help\n", out, FakeAnswerer())
    assert out.getvalue() == f"{HELP}\n\n"


async def test_a_terminal_shows_the_prompt_and_wipes_what_was_being_done() -> None:
    out = Terminal()
    await converse("who?\n", out, FakeAnswerer(), "krab> ")
    assert out.getvalue().startswith("krab> Looking…\r        \rA leaf")


async def test_words_that_the_terminal_cannot_show_are_no_error() -> None:
    raw = io.BytesIO()
    out = io.TextIOWrapper(raw, encoding="ascii")
    state = State(":memory:")
    await Console(io.StringIO("who?\n"), out).run(Dispatcher(FakeAnswerer(), state).handle)
    state.close()
    assert b"?A leaf must outlive" in raw.getvalue()
