"""Which mail somebody means."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.permalink import may_name, named, of_link


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("What came of https://lore.kernel.org/lamps/20250708.12-ada@example.org/?", ["20250708.12-ada@example.org"]),
        ("see https://lore.kernel.org/r/20250708.12-ada@example.org.", ["20250708.12-ada@example.org"]),
        ("(https://lore.kernel.org/all/a%2Bb@example.org/T/#u)", ["a+b@example.org"]),
        ("[this](https://patch.msgid.link/x1y2@example.org)", ["x1y2@example.org"]),
        ("Was <lamp-one@example.org> applied?", ["lamp-one@example.org"]),
        ("Was 20250708.12-ada@example.org applied?", ["20250708.12-ada@example.org"]),
        ("https://lists.example.org/lamps/z@x/ and <b@c.d>, <b@c.d>", ["z@x", "b@c.d"]),
    ],
)
def test_links_and_message_ids_name_mails(text: str, names: list[str]) -> None:
    assert list(named(text, ["lists.example.org"])) == names


@pytest.mark.parametrize(
    "text",
    [
        "Who is ada@example.org?",
        "Who is ada.quill@example.org, and does she maintain lamps?",
        "https://example.org/lamps/20250708.12-ada@example.org/",
        "https://lore.kernel.org/lamps/",
        "https://lore.kernel.org:x/a@b/",
        "https://user@lore.kernel.org/",
        "What does @krab do at 12:30?",
    ],
)
def test_people_and_other_sites_are_no_mails(text: str) -> None:
    assert named(text) == ()


def test_a_link_that_is_none_names_nothing() -> None:
    assert of_link("http://[::1") == ""


@given(st.text(alphabet="<>@.12ab /:h", max_size=400) | st.integers(1, 9_000).map(lambda n: "1" * n))
def test_any_text_is_looked_through(text: str) -> None:
    assert all("@" in name for name in named(f"https://lore.kernel.org/{text} {text}"))


PIECES = ("https://lore.kernel.org/", "a/", "x1y2", "@", "%40", "%2540", "<", ">", " ", ".org")


@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
def test_a_text_that_may_name_nothing_names_nothing(text: str) -> None:
    """What is asked before anything is looked up is never stricter than what is looked up."""
    assert may_name(text) or not named(text)
