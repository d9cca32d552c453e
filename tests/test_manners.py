"""When krab speaks in a channel without being named, and when it keeps silent."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.answering import How
from bot.channels import Manner, Mode
from bot.chat import Act, Incoming
from bot.dispatch import Conversation, Decision, decide, how

IGNORE, ANSWER, VOLUNTEER, ORDER = Decision.IGNORE, Decision.ANSWER, Decision.VOLUNTEER, Decision.ORDER
ROOT = Incoming("slack", "C1", "100.1", "C1:100.1", "ann", "who holds the leaf?")
NAMED = replace(ROOT, mentioned=True)
TALK = replace(ROOT, text="the leaf is green today")
REPLY = replace(ROOT, in_thread=True, key="2")
ANN, BOTH = frozenset({"ann"}), frozenset({"ann", "bob"})
KRAB_WAS_HERE = Conversation(answered=True, people=ANN)

EVERY_MODE = {  # off, mentions, root posts, threads
    "named": (NAMED, Conversation(), (IGNORE, ANSWER, ANSWER, ANSWER)),
    "a command": (replace(ROOT, command="help"), Conversation(), (ORDER, ORDER, ORDER, ORDER)),
    "a button": (replace(ROOT, act=Act("quotes")), Conversation(), (ORDER, ORDER, ORDER, ORDER)),
    "between two": (replace(ROOT, direct=True), Conversation(), (ANSWER, ANSWER, ANSWER, ANSWER)),
    "a root post that asks": (ROOT, Conversation(), (IGNORE, IGNORE, VOLUNTEER, VOLUNTEER)),
    "a root post that tells": (TALK, Conversation(), (IGNORE, IGNORE, IGNORE, IGNORE)),
    "a root post for Bob": (replace(ROOT, text="@bob, a leaf?"), Conversation(), (IGNORE, IGNORE, IGNORE, IGNORE)),
    "goes on with krab": (replace(REPLY, text="and green"), KRAB_WAS_HERE, (IGNORE, ANSWER, ANSWER, ANSWER)),
    "asks in a thread": (REPLY, Conversation(people=ANN), (IGNORE, IGNORE, IGNORE, VOLUNTEER)),
    "two talk, one asks": (REPLY, Conversation(people=BOTH), (IGNORE, IGNORE, IGNORE, VOLUNTEER)),
    "two talk": (replace(TALK, in_thread=True), Conversation(people=BOTH), (IGNORE, IGNORE, IGNORE, IGNORE)),
    "a bot": (replace(NAMED, from_bot=True), Conversation(), (IGNORE, IGNORE, IGNORE, IGNORE)),
}


@pytest.mark.parametrize(("message", "conversation", "decisions"), EVERY_MODE.values(), ids=EVERY_MODE)
def test_each_mode_has_its_decision(
    message: Incoming, conversation: Conversation, decisions: tuple[Decision, ...]
) -> None:
    assert tuple(decide(message, conversation, Manner(mode)) for mode in Mode) == decisions


def test_what_only_tells_is_answered_where_that_is_wanted() -> None:
    manner = Manner(Mode.THREADS, only_questions=False)
    assert decide(TALK, Conversation(), manner) is VOLUNTEER
    assert decide(replace(TALK, in_thread=True), Conversation(people=ANN), manner) is VOLUNTEER
    assert decide(replace(TALK, in_thread=True), Conversation(people=BOTH), manner) is IGNORE


@pytest.mark.parametrize(
    ("edit", "before", "decision"),
    [
        pytest.param(NAMED, "who holds the leaf?", IGNORE, id="nothing changed (a preview was added)"),
        pytest.param(NAMED, "who holds the leef?", ANSWER, id="a question was corrected"),
        pytest.param(ROOT, "who holds the leef?", ANSWER, id="its edit does not name krab"),
        pytest.param(replace(NAMED, text=""), "who holds the leef?", IGNORE, id="it was taken back"),
        pytest.param(NAMED, None, ANSWER, id="krab is named only now"),
        pytest.param(ROOT, None, IGNORE, id="it was never for krab"),
    ],
)
def test_edits(edit: Incoming, before: str | None, decision: Decision) -> None:
    assert decide(replace(edit, edits="1"), Conversation(edited=before)) is decision


def test_an_answer_is_private_where_that_is_wanted_and_makes_sense() -> None:
    private = Manner(private=True)
    assert [how(ANSWER, m, private).private for m in (NAMED, replace(ROOT, direct=True))] == [True, False]
    assert [how(ANSWER, replace(ROOT, command=c), Manner()).private for c in ("ask", "")] == [True, False]


def test_silence_is_kept_only_towards_who_did_not_ask_krab() -> None:
    manner = Manner(Mode.THREADS, only_cited=True)
    assert [how(d, ROOT, manner) for d in (VOLUNTEER, ANSWER)] == [How(silent=True), How()]
