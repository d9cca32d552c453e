"""What somebody means by a message: a command, a question, or talk. Values in, values out.

People type commands as they speak: "@krab help", "/krab who maintains Binder?", "!krab why does it leak?".
``understood`` turns each into what it stands for, so that nobody has to know the rules.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from bot.chat import Incoming
from bot.orders import Order

ASK = "ask"
HELP = "help"
KRAB = "krab"
SHORT = 200  # characters: what is longer says something, and the patterns below are not made for it
_ASKS_FOR_HELP = re.compile(r"\W*(help|hilfe|hi|hello|hey|what can you do|who are you)?\W*", re.IGNORECASE)
_COURTESY = re.compile(
    r"(?:\W*\b(?:thanks?|thank you|thx|ty|ok(?:ay)?|great|cool|nice|perfect|got it|i see|awesome|lol|danke|merci"
    r"|a lot|very much|so much|all|krab|bye|good (?:morning|night|day|bot))\b)+\W*",
    re.IGNORECASE,
)
# Words that questions begin with: a command of that name is one only when little follows.
_OPENERS = frozenset(
    "who whom whose what when where which why how is are was were do does did can could should would will has have had"
    " may might any anyone anybody"
    " wer was wann wo warum wieso wie welche welcher welches ist sind".split()
)
_QUESTION_MARK = re.compile(r"[?？؟](?:\s|[)\"'”]|$)")
_ASIDE = re.compile(r"^(?:(?:hi|hello|hey|so|and|but|ok|okay|also|well|hm+|folks|all)\b[\s,:!.-]*)+", re.IGNORECASE)


def asks_for_help(text: str) -> bool:
    """Whether a message asks what krab can do, or says nothing at all."""
    return len(text) <= SHORT and _ASKS_FOR_HELP.fullmatch(text) is not None


def says_nothing(text: str) -> bool:
    """Whether a message needs no answer: thanks, a smile, a greeting."""
    return asks_for_help(text) or (len(text) <= SHORT and _COURTESY.fullmatch(text) is not None)


def is_question(text: str) -> bool:
    """Whether a message reads as a question: a question mark where a sentence ends, or a word that asks first."""
    if _QUESTION_MARK.search(text):
        return True
    told = _ASIDE.sub("", text.strip()).split()
    return len(told) >= 3 and told[0].lower().strip(",.") in _OPENERS


def understood(incoming: Incoming, orders: Mapping[str, Order]) -> Incoming:
    """The message as the command or question that it stands for."""
    if incoming.act:
        question = dict(incoming.act.fields).get("question", ()) if incoming.act.name == ASK else ()
        return replace(incoming, command=ASK, text=" ".join(question).strip(), act=None) if question else incoming
    if incoming.command:
        return _command(incoming, orders)
    return _spoken(incoming, orders) if incoming.direct or incoming.mentioned else incoming


def _command(incoming: Incoming, orders: Mapping[str, Order]) -> Incoming:
    """A command that is no command's name, or goes on as a question does, is a question."""
    if incoming.command == KRAB and KRAB not in orders:  # "/krab krab help"
        name, _, rest = incoming.text.strip().partition(" ")
        return _command(replace(incoming, command=name.lower() or HELP, text=rest.strip()), orders)
    whole = f"{incoming.command} {incoming.text}".strip()
    opens = incoming.command in _OPENERS and len(whole.split()) > 2
    if opens or (incoming.command not in orders and is_question(whole)):
        return replace(incoming, command=ASK, text=whole)
    return incoming


def _spoken(incoming: Incoming, orders: Mapping[str, Order]) -> Incoming:
    """A message to krab that is a command's name, or begins with one that no question begins with."""
    for order in orders.values():
        if order.asked and (match := order.asked.fullmatch(incoming.text)):
            return replace(incoming, command=order.name, text=match["rest"] or "")
    first, _, rest = incoming.text.strip().partition(" ")
    name = first.lower().strip("/!.:")
    if asks_for_help(incoming.text) and HELP in orders:
        return replace(incoming, command=HELP, text="")
    alone = not rest.strip() and name not in (ASK, "")
    about_one = name == HELP and rest.strip().lower() in orders
    spoken = name in orders and orders[name].spoken and not is_question(incoming.text)
    if name in orders and (alone or about_one or spoken):
        return replace(incoming, command=name, text=rest.strip())
    return incoming
