"""Buttons, and what comes back when one is pressed. Pure.

A button carries the name of its act in its ``action_id`` and the row it is about in its ``value``; nothing else,
since what was rendered last year is pressed today.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bot.card import Button
from bot.chat import Act
from bot.chat.slack_markup import Block, plain

PREFIX = "krab:"  # of every action and callback of ours
OPEN = "open form"  # the button that opens a form which could not be opened at once
RUN = "run"  # a button that gives a command, as typed
FEEDBACK = "feedback"
ROW = 5  # buttons that stand side by side on a phone without a mess
ROWS = 4
LABEL = 75
VALUE = 2_000


def rows(buttons: Sequence[Button]) -> list[Block]:
    """The buttons, a few in a row; what has no room is left out (there is always a way in words)."""
    fitting = [b for b in buttons if len(b.value) <= VALUE and len(b.act) <= 200][: ROW * ROWS]
    shown = [_button(button, number) for number, button in enumerate(fitting)]
    return [{"type": "actions", "elements": shown[n : n + ROW]} for n in range(0, len(shown), ROW)]


def _button(button: Button, number: int) -> Block:
    """The number tells apart buttons of one act: an ``action_id`` must be unique in its block."""
    made: Block = {
        "type": "button",
        "action_id": f"{PREFIX}{button.act}:{number}",
        "text": plain(button.label, LABEL),
        "value": button.value,
    }
    if not made["value"]:
        del made["value"]
    return made | _asked_again(button) if button.danger else made


def _asked_again(button: Button) -> Block:
    confirm = {
        "title": plain("Are you sure?", 100),
        "text": plain(f"{button.label}: this can't be taken back.", 300),
        "confirm": plain("Yes", 30),
        "deny": plain("No", 30),
        "style": "danger",
    }
    return {"style": "danger", "confirm": confirm}


def thumbs(key: str) -> Block:
    """Slack's own buttons for what people think of an answer."""
    return {
        "type": "context_actions",
        "elements": [
            {
                "type": "feedback_buttons",
                "action_id": f"{PREFIX}{FEEDBACK}:0",
                "positive_button": _thumb("Helpful", f"helpful {key}"),
                "negative_button": _thumb("Not helpful", f"unhelpful {key}"),
            }
        ],
    }


def _thumb(label: str, value: str) -> Block:
    return {"text": plain(label, LABEL), "value": value, "accessibility_label": f"This answer was {label.lower()}"}


def pressed(action: Mapping[str, Any]) -> Act | None:
    """What a pressed button stands for; None when it is not one of ours."""
    name, value = action.get("action_id"), action.get("value", "")
    if not (isinstance(name, str) and name.startswith(PREFIX) and isinstance(value, str)):
        return None
    act = name.removeprefix(PREFIX).rpartition(":")[0]
    if act == FEEDBACK:
        act, _, value = value.partition(" ")
    return Act(act, value) if act else None
