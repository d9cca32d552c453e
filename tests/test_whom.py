"""Whom one could ask, and how a series is shown: values in, values out."""

from __future__ import annotations

from datetime import timedelta

from bot.chat.text import card as as_text
from bot.people import people
from bot.series_card import Archive, card
from index.history import History, Version
from index.model import Event, Part
from tests.index_fixtures import NOON, part


def event(who: str, kind: str = "reviewed", days: int = 0, id_: str = "") -> Event:
    when = NOON + timedelta(days=days)
    return Event("s", kind, who, when, id_ or f"{who} {kind} {days}", f"words of {who}")


def version(number: int, *events: Event) -> Version:
    root, when = f"v{number}@pond.example", NOON + timedelta(days=number)
    return Version(f"v{number}", number, root, f"[PATCH v{number}] leaves", "Ada", when, 1, 1, (root,), events)


def history(*events: Event) -> History:
    return History("s", (version(1, *events),))


def names(*histories: History, bots: tuple[str, ...] = ()) -> list[str]:
    return [person.name for person in people(histories, lambda id_: id_ in bots)]


def test_who_applied_comes_before_who_reviewed_and_he_before_who_wrote() -> None:
    told = history(event("cy", "posted"), event("bob"), event("ann", "applied"))
    assert names(told) == ["ann", "bob", "cy"]


def test_what_happened_lately_counts_more() -> None:
    assert names(history(event("old", days=0), event("new", days=800))) == ["new", "old"]


def test_what_is_most_to_the_point_counts_more() -> None:
    assert names(history(event("near")), *[history()] * 5, history(event("far"))) == ["near", "far"]


def test_bots_are_not_asked() -> None:
    assert names(history(event("robot", id_="r"), event("ann")), bots=("r",)) == ["ann"]


def test_an_event_that_two_histories_tell_counts_once() -> None:
    (person,) = people([history(event("ann")), history(event("ann"))], lambda _: False)
    assert list(person.counted()) == [("reviewed", 1)]


def test_nobody_is_named_where_nothing_happened() -> None:
    assert names(history()) == []


def archive(*parts: Part) -> Archive:
    known = {one.id: one for one in parts}
    return Archive(known.get, NOON)


def test_old_versions_of_a_long_series_are_named_in_a_line() -> None:
    shown = as_text(card(History("s", tuple(version(n) for n in range(1, 8))), archive()))
    before = shown[shown.index("Before") :]
    assert [f"v{n} (" in before for n in range(1, 8)] == [True] * 3 + [False] * 4


def test_many_reviewers_are_counted() -> None:
    shown = as_text(card(history(*(event(f"p{n:02}") for n in range(12))), archive()))
    assert "Reviewed by p00" in shown
    assert "p07 and 4 more" in shown


def test_what_a_bot_says_was_applied_is_told_as_a_bots() -> None:
    told = Event("s", "applied", "patchbot", NOON, "a@pond.example", "Applied to pond-next.", "")
    shown = as_text(card(history(told), archive(part("a@pond.example", labels=("bot",)))))
    assert "by patchbot on 2025-07-08, as a bot says: “Applied to pond-next.”" in shown
