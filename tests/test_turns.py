"""People take turns: a flood from one starves nobody."""

from __future__ import annotations

import asyncio
from collections import deque

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.turns import Line, Turns

PEOPLE = st.sampled_from(["ann", "bob", "cy"])
STEPS = st.lists(st.one_of(PEOPLE, st.just("next"), st.integers(0, 30)), max_size=60)


@given(STEPS)
def test_turns_are_those_of_a_model_that_goes_round(steps: list[str | int]) -> None:
    """An integer drops that item. The model is a list of people in their order, and a queue for each."""
    turns: Turns[int] = Turns()
    order: list[str] = []
    queues: dict[str, deque[int]] = {"ann": deque(), "bob": deque(), "cy": deque()}
    for number, step in enumerate(steps):
        if step == "next":
            expected = queues[order[0]].popleft() if order else None
            order = order[1:] + [who for who in order[:1] if queues[who]]
            assert turns.next() == expected
        elif isinstance(step, int):
            owner = next((who for who, queue in queues.items() if step in queue), None)
            assert turns.drop(step) is (owner is not None)
            if owner:
                queues[owner].remove(step)
                order = [who for who in order if queues[who]]
        else:
            turns.add(step, number)
            queues[step].append(number)
            order += [step] if step not in order else []
        assert len(turns) == sum(map(len, queues.values()))
        assert [turns.before(item) for item in turns] == list(range(len(turns)))


@given(st.integers(1, 40), st.integers(1, 5))
def test_who_comes_late_waits_for_one_question_of_each_other_person(flood: int, others: int) -> None:
    turns: Turns[str] = Turns()
    for n in range(flood):
        turns.add("flood", f"flood {n}")
    for n in range(others):
        turns.add(f"p{n}", f"question of {n}")
    assert turns.before("question of 0") == 1
    served = [turns.next() for _ in range(others + 1)]
    assert served == ["flood 0", *(f"question of {n}" for n in range(others))]


async def test_a_line_gives_as_many_places_as_there_are() -> None:
    line = Line(2)
    first, second, third = (line.join("ann") for _ in range(3))
    assert (first.done(), second.done(), third.done(), line.before(third)) == (True, True, False, 0)
    line.done()
    assert third.done()


async def test_who_leaves_gives_his_place_or_his_turn_to_the_next() -> None:
    line = Line(1)
    first, second, third = (line.join(who) for who in ("ann", "bob", "cy"))
    line.leave(second)
    assert not third.done()
    line.leave(first)
    assert third.done()


async def test_a_turn_that_was_cancelled_is_passed_over() -> None:
    line = Line(1)
    _, second, third = (line.join(who) for who in ("ann", "bob", "cy"))
    second.cancel()
    line.done()
    await asyncio.sleep(0)
    assert third.done()
    assert not third.cancelled()


async def test_a_place_is_free_again_after_its_block_whatever_happens_in_it() -> None:
    line = Line(1)
    with pytest.raises(KeyError):
        async with line.place("ann"):
            raise KeyError
    waiting = asyncio.create_task(_hold(line, "bob"))
    await asyncio.sleep(0)
    gone = asyncio.create_task(_hold(line, "cy"))
    await asyncio.sleep(0)
    gone.cancel()
    await asyncio.gather(waiting, gone, return_exceptions=True)
    async with asyncio.timeout(1), line.place("dee"):
        assert len(line) == 0


async def _hold(line: Line, who: str) -> None:
    async with line.place(who):
        await asyncio.sleep(0.01)
