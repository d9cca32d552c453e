"""What may be said: sentences; no courtesies, headers, code, links, and torn lines last."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.speech import chores, first_person, flaw, leans, orders, plain, speaks

LEAF = "A leaf must outlive the frog that sits on it."


@pytest.mark.parametrize(
    "text",
    [
        LEAF,
        "The `lily_put(leaf);` call drops the last reference to the leaf.",
        "Yes, the leaf must outlive the frog, or else both of them would sink.",
        "pond >= 3.2 (previously pond >= 2.6)",
        "Boost: leaves grow faster in the sun than in the shade.",
        "A &Leaf<Bound> is proof that the leaf is bound to its pond.",
        "The Option<T> comes back as None once the Arc<Pond> is gone.",
        "The pond club has given $350K for new lilies so far.",
        "Building the ```pond``` is 3% slower than building the ```lake``` beside it.",
        "The leaf is guarded by the frog; lily_put() drops it without the lock.",
    ],
)
def test_a_sentence_that_says_something_speaks(text: str) -> None:
    assert speaks(text)


@pytest.mark.parametrize(
    "text",
    [
        "Sorry, that leaf was wrong indeed.",
        "Thanks for the leaf, much better now!",
        "I think so too, dear frog.",
        "But I guess we'll talk about it :-)",
        "Link to v6: https://pond.example/leaf/6 and others",
        "Commit-ID: fdd7c7e0d2ab of the pond by Ada",
        "https://pond.example/leaf/and/frog/and/heron",
        "cat > leaf.txt << EOF and so on and so forth",
        "let leaf = Leaf::new(frog, pond, heron, reed, newt);",
        "diff --git a/leaf.c b/leaf.c index 1234 of the pond",
        "leaf 80554 5904 20249 106707 of the binder thing",
        "| leaf | frog | the heron that guards it |",
        "[Of leaves and of the frogs on them](https://pond.example/leaf)",
        "Posted by Ada Frog and Ben Reed of the pond",
        "$ time leaf --grow until it is green",
        "[12:34:56] the leaf was found to be wet again",
        '3f2e2bf0cfa0 ("leaf: grow in the sun alone")',
        "pond/leaf: grow in the sun and nowhere else today",
        "error: mixing leaves will cause a mess in the pond",
        "What a very fine leaf!",
        "<p class=leaf>The leaf must outlive the frog that sits on it.</p>",
        "The leaf is read from ${LEAF_HOME} of the pond.",
        "``` the leaf and the frog and the heron of the pond",
        "pub struct Pond { leaves: Vec<Leaf>, frogs: Vec<Frog> } and more",
        "impl<T: Leaf> Pond for T { and what follows of the lily",
        "leaf.grow(); pond.fill(leaf, frog); heron.leave(pond);",
        "the lily: Leaf, // it floats on the pond beside the reed",
        "if leaf.is_wet(frog) { return the pond to the heron }",
        "Today the leaf lives at https://pond.example/leaf",
    ],
)
def test_what_says_nothing_does_not(text: str) -> None:
    assert not speaks(text)


@pytest.mark.parametrize("mark", ["- ", "1. ", "1 - ", "(2) ", "> "])
def test_a_list_items_mark_is_taken_off(mark: str) -> None:
    assert plain(mark + LEAF) == LEAF


def test_a_whole_sentence_has_no_flaw() -> None:
    assert flaw(LEAF) == 0


@pytest.mark.parametrize(
    "text",
    [
        "because the leaf fails anyway if the frog is gone.",
        "A leaf that lives in the pond and is",
        "The leaf is held as follows:",
        "A leaf (of the lily is held.",
        "I'll send a greener leaf next week.",
        "Please drop the leaf from the pond.",
        "I don't know who held the leaf.",
        "The reeds mentioned above are dry.",
        "So just remove that leaf, please.",
        "Many thanks to who gave us the leaf.",
    ],
)
def test_what_is_torn_or_talk_or_only_announces_has_one(text: str) -> None:
    assert flaw(text) > 0


@given(st.text(max_size=600))
def test_any_text_can_be_judged(text: str) -> None:
    assert speaks(text) in (True, False)
    assert flaw(text) >= 0


@pytest.mark.parametrize("text", ["This means that it sinks.", "But it sinks.", "Its leaf is wet.", "There it is."])
def test_what_speaks_of_the_sentence_before_leans(text: str) -> None:
    assert leans(text)
    assert not leans(LEAF)


def test_who_speaks_of_himself_what_speaks_of_changes_and_what_is_put_as_one_are_told() -> None:
    assert (first_person("I hold my leaf."), first_person(LEAF)) == (True, False)
    assert (chores("The v3 patch was reviewed."), chores(LEAF)) == (3, 0)
    assert (orders("Rename the leaf."), orders("Renamed leaf"), orders(LEAF)) == (True, True, False)
