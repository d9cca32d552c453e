"""What a digest folds, and what it tells once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bot.card import Card, Line, Section
from bot.digest.card import Length, card
from bot.digest.markdown import plain
from bot.digest.model import Digest, Posting
from tests.digest_fixtures import digested


@pytest.fixture
def digest(tmp_path: Path) -> Digest:
    return digested(tmp_path)


def headings(shown: Card) -> list[str]:
    return [section.heading for section in shown.sections if section.heading]


def posting(digest: Digest, n: int) -> Posting:
    """Another new series, by its number."""
    new = digest.new_series[0]
    mail = replace(new.mail, id=f"{n}@pond.example", url=f"https://pond.example/{n}")
    return replace(new, title=f"reed {n}", series=f"reed {n}", author=f"Newt {n}", mail=mail)


def section(shown: Card, heading: str) -> Section:
    (found,) = [s for s in shown.sections if s.heading == heading]
    return found


def said(line: Line) -> str:
    return "".join(span.text for span in line)


def test_what_was_told_does_not_count_among_what_is_folded(digest: Digest) -> None:
    told = replace(digest.discussions[0], title="reed 0")
    many = replace(digest, discussions=(told,), new_series=tuple(posting(digest, n) for n in range(5)))
    assert section(card(many, Length.SHORT), "New series").folded == 2


def test_a_list_says_how_much_of_it_was_told_above(digest: Digest) -> None:
    told = replace(digest.discussions[0], title="reed 0")
    shown = card(replace(digest, discussions=(told,), new_series=(posting(digest, 0), posting(digest, 1))))
    assert "New series (1 more above)" in headings(shown)


def test_a_list_of_what_was_told_already_is_left_out(digest: Digest) -> None:
    one = posting(digest, 0)
    told = replace(digest.discussions[0], title=one.title, first=one.mail)
    shown = card(replace(digest, discussions=(told,), new_series=(one,), newcomers=()))
    assert "New series" not in headings(shown)


def test_a_quote_is_shown_whole_or_not_at_all(digest: Digest) -> None:
    long = replace(digest.new_series[0].about[0], text="Reeds " + "bend and " * 60 + "break.")
    text = plain(card(replace(digest, new_series=(replace(digest.new_series[0], about=(long,)),))))
    assert "bend and" not in text


def test_a_short_digest_lists_without_quotes(digest: Digest) -> None:
    short = plain(card(digest, Length.SHORT))
    assert "reed: bend in the wind" in short
    assert "instead of breaking" not in short


def test_what_two_say_that_they_applied_is_one_line(digest: Digest) -> None:
    taken = digest.applied[0]
    shown = card(replace(digest, applied=(taken, replace(taken, by="Dee Toad"))))
    (line,) = section(shown, "Applied").lines
    assert "applied by Bo Reed and Dee Toad" in said(line)


def test_what_was_posted_without_a_reply_is_named_for_who_wants_to_help(digest: Digest) -> None:
    silent = replace(posting(digest, 1), replies=0, tags=(), merged=False)
    shown = card(replace(digest, new_series=(silent,), new_versions=()))
    assert "no reply so far: reed 1" in said(section(shown, "Waiting").lines[-1])


def test_words_that_a_discussion_opens_with_are_not_spent_on_a_list_above_it(digest: Digest) -> None:
    about = digest.applied[0].about
    told = replace(digest.discussions[0], gist=about)
    shown = card(replace(digest, discussions=(told,)))
    assert about[0].text not in said(section(shown, "Applied").lines[0])
    assert about[0].text in plain(shown).replace("\n  ", " ")


def test_the_head_counts_what_the_lists_have(digest: Digest) -> None:
    many = replace(digest, new_series=tuple(posting(digest, n) for n in range(5)), discussions=())
    assert "5 new series" in said(card(many).sections[0].lines[0])
    assert len(section(card(many), "New series").lines) == 5


def test_a_short_digest_names_a_pull_before_papers(digest: Digest) -> None:
    taken = digest.applied[0]
    papers = tuple(replace(taken, title=f"docs: reed {n}") for n in range(5))
    shown = card(replace(digest, applied=(*papers, replace(taken, title="the pond's pull", pull=True))), Length.SHORT)
    assert "the pond's pull" in said(section(shown, "Applied").lines[0])


def test_what_is_hardly_about_rust_is_named_without_its_changes(digest: Digest) -> None:
    aside = replace(digest.new_versions[0], rust=False)
    (line,) = section(card(replace(digest, discussions=(), new_versions=(aside,))), "New versions").lines
    assert said(line).endswith("Little of it is about Rust.")


def test_many_series_of_one_person_are_one_line(digest: Digest) -> None:
    many = tuple(replace(posting(digest, n), author="Cy Newt") for n in range(3))
    (line,) = section(card(replace(digest, discussions=(), new_series=many)), "New series").lines
    assert said(line).startswith("Cy Newt: reed 0")


def test_a_short_one_folds_what_a_full_one_shows(digest: Digest) -> None:
    many = replace(digest, new_series=tuple(posting(digest, n) for n in range(12)))
    folded = {length: [s.folded for s in card(many, length).sections if s.heading == "New series"] for length in Length}
    assert folded == {Length.SHORT: [10], Length.FULL: [0]}
