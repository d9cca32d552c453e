"""``ask QUESTION``: an answer that only you see at first. Without a question, a form asks for it.

A question that is given with the command never comes here: it is a question like any other, and
``bot.dispatch`` sees to it.
"""

from __future__ import annotations

from bot.card import Field, Form
from bot.chat import Incoming, Reply
from bot.orders import Context, Order

FORM = Form(
    "Ask krab",
    "ask",
    (Field("question", "Your question", hint="type it behind the command: ask who maintains Binder?"),),
    submit="Ask",
)


async def run(_: Incoming, reply: Reply, __: Context) -> None:
    """Ask what the question is."""
    await reply.ask(FORM)


ORDER = Order("ask", "an answer that only you see, until you share it", run, ("ask who maintains Binder?",))
