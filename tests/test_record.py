"""Values are kept as JSON and come back as they were."""

from __future__ import annotations

import json
from datetime import UTC

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.card import Card
from bot.model import Answer
from bot.record import read, written

PLAIN = {name: st.just(()) for name in ("sources", "nearest")}
DATES = st.none() | st.datetimes(timezones=st.just(UTC))
ANSWERS = st.builds(Answer, as_of=DATES, confidence=st.floats(0, 1), took_ms=st.just(1.0), **PLAIN)


@given(st.builds(Card))
def test_a_card_comes_back_as_it_was(card: Card) -> None:
    assert read(written(card), Card) == card


@given(ANSWERS)
def test_an_answer_comes_back_as_it_was(answer: Answer) -> None:
    assert read(written(answer), Answer) == answer


def test_what_another_version_wrote_is_read_as_far_as_it_is_known() -> None:
    told = json.loads(written(Card("T", hint="h"))) | {"colour": "green"}
    del told["buttons"]
    assert read(json.dumps(told), Card) == Card("T", hint="h")


@pytest.mark.parametrize("text", ["[]", "7", '"x"', '{"status": "answered", "sentences": [7]}', "null"])
def test_what_is_no_such_value_is_an_error_of_its_own(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - json's own is one too
        read(text, Answer)
