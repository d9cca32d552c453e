"""A digest as people see it: on a card, as Markdown, as text."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.card import Card, Section, Span
from bot.digest.card import card, title
from bot.digest.json import to_json
from bot.digest.markdown import WIDTH, markdown, plain
from bot.digest.measures import people, signed
from bot.digest.model import Digest, Mention, citations
from bot.pages import pages
from tests.digest_fixtures import NEW, TAKEN, THIS, V2, digested


@pytest.fixture
def digest(tmp_path: Path) -> Digest:
    return digested(tmp_path)


def headings(shown: Card) -> list[str]:
    return [section.heading for section in shown.sections if section.heading]


def links(shown: Card) -> set[str]:
    return {span.url for section in shown.sections for line in section.lines for span in line if span.url}


def test_a_title_names_the_week_and_the_topics(digest: Digest) -> None:
    assert title(digest) == "Rust in the kernel, week 28: 7–13 July 2025"
    assert title(replace(digest, topics=("frogs",))) == "Rust in the kernel on frogs, week 28: 7–13 July 2025"


def test_what_matters_most_stands_first(digest: Digest) -> None:
    quiet = replace(digest, discussions=())
    assert headings(card(quiet)) == [
        "Applied",
        "Soundness and security",
        "New versions",
        "Waiting",
        "New here (perhaps old hands elsewhere)",
    ]


def test_every_link_is_a_sources(digest: Digest) -> None:
    assert links(card(digest)) <= {one.url for one in citations(digest)}


def test_every_mail_that_is_told_of_is_linked(digest: Digest) -> None:
    assert {NEW.url, TAKEN.url, V2[0].url} <= links(card(digest))


def test_a_quiet_week_is_called_one() -> None:
    quiet = Digest(THIS.week, THIS.begin, THIS.end, 0, 0, 0)
    assert "quiet week" in plain(card(quiet))


def test_the_end_says_how_far_was_read_and_what_is_stalled(digest: Digest) -> None:
    text = plain(card(replace(digest, stalled=("lily-list",))))
    assert "Read up to 2025-07-11" in text
    assert "lily-list" in text


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ((), ""),
        (("A",), "A"),
        (("A", "B"), "A and B"),
        (tuple("ABCD"), "A, B, C and D"),
        (tuple("ABCDE"), "A, B, C and 2 more"),
    ],
)
def test_people_are_named_until_there_are_too_many(names: tuple[str, ...], said: str) -> None:
    assert people(names) == said


def test_markdown_keeps_what_was_written_from_being_markup() -> None:
    shown = markdown(
        Card("a", (Section(((Span("# <b> [x](http://evil.example) *y*", url="https://pond.example/1"),),)),))
    )
    assert "[\\# \\<b\\> \\[x\\](http://evil.example) \\*y\\*](https://pond.example/1)" in shown


def test_plain_text_fits_into_a_mail(digest: Digest) -> None:
    lines = plain(card(digest)).splitlines()
    assert [line for line in lines if len(line) > WIDTH and "http" not in line] == []


def test_plain_text_has_every_address_once(digest: Digest) -> None:
    text = plain(card(digest))
    assert [url for url in links(card(digest)) if text.count(f"] {url}\n") != 1] == []


@given(st.text(max_size=200))
def test_no_words_of_a_source_begin_a_line_of_a_mailbox(text: str) -> None:
    shown = plain(Card("a", (Section(((Span(text),),), bullets=True),)))
    assert not any(line.startswith("From ") for line in shown.splitlines())


def test_json_has_the_promised_keys(digest: Digest) -> None:
    told = json.loads(json.dumps(to_json(digest)))
    assert {"week", "from", "to", "mails", "threads", "new_series", "new_versions", "applied", "discussions", "waiting",
            "posts", "newcomers"} <= told.keys()  # fmt: skip
    assert {"title", "version", "id", "author", "parts"} <= told["new_series"][0].keys()
    assert {"id", "subject", "by", "tree", "quote"} <= told["applied"][0].keys()
    assert {"id", "title", "mails", "authors", "gist"} <= told["discussions"][0].keys()
    assert {"text", "id"} <= told["discussions"][0]["gist"][0].keys()


def test_a_long_card_is_parted_between_sections_and_loses_nothing(digest: Digest) -> None:
    whole = card(digest)
    parted = pages(whole, size=600)
    assert len(parted) > 1
    assert tuple(section for page in parted for section in page.sections) == whole.sections


def test_a_list_is_not_parted_from_the_line_above_it() -> None:
    head, points = Section(((Span("frogs " * 20),),)), Section(((Span("croak " * 20),),), bullets=True)
    parted = pages(Card("a", (head, points, head, points, head, points)), size=300)
    assert [page.sections for page in parted] == [(head, points)] * 3


def test_a_card_that_fits_stays_whole(digest: Digest) -> None:
    assert pages(card(digest)) == [card(digest)]


def test_merge_conflicts_of_one_pair_of_trees_are_one_line(digest: Digest) -> None:
    merges = [
        replace(Mention(f"linux-next: manual merge of the {trees}", digest.new_series[0].mail), author="Sy")
        for trees in ("pond tree with the mud tree", "pond tree with the mud tree", "pond tree with the reed tree")
    ]
    (found,) = [s for s in card(replace(digest, toolchain=tuple(merges))).sections if s.heading.startswith("Merge")]
    assert ["".join(span.text for span in line) for line in found.lines] == [
        "pond tree with the mud tree",
        "pond tree with the reed tree",
    ]


def test_nothing_is_quoted_twice(digest: Digest) -> None:
    again = Mention("a", digest.new_series[0].mail, digest.new_series[0].about[0])
    text = plain(card(replace(digest, toolchain=(again,))))
    assert " ".join(text.split()).count("Make reeds bend in the wind instead of breaking.") == 1


def test_a_library_of_userspace_is_one_line_elsewhere_and_no_headline(digest: Digest) -> None:
    other = replace(digest.applied[0], title="libgpiod: bindings: rust: float")
    text = plain(card(replace(digest, applied=(other,))))
    assert "no mail says that something was applied" in " ".join(text.split())
    assert "Not the kernel's tree: libgpiod: bindings: rust: float" in " ".join(text.split())


def test_tags_are_named() -> None:
    assert signed((("reviewed", "Ada"), ("tested", "Cy"), ("reviewed", "Bo"))) == "Reviewed-by Ada and Bo, Tested-by Cy"
