"""Posts come in as JSON Lines, and one bad line harms no other."""

from __future__ import annotations

import json
import lzma
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.posts import read
from index.model import Kind, Part, Rejected, Role

POST: dict[str, object] = {
    "source": "pond",
    "url": "https://pond.example/2026/05/wading/",
    "title": "On wading",
    "date": "2026-05-04",
    "author": "Ada Frog",
    "license": "CC0",
    "markdown": "Herons wade in the shallow pond.\n\nRead more",
}


def lines(*posts: dict[str, object]) -> list[bytes]:
    return [json.dumps(post).encode() + b"\n" for post in posts]


def part(**changes: object) -> Part:
    (item,) = read(lines({**POST, **changes}), "posts.jsonl")
    assert isinstance(item, Part)
    return item


def rejected(line: bytes) -> Rejected:
    (item,) = read([line], "posts.jsonl")
    assert isinstance(item, Rejected)
    return item


def test_a_post_becomes_a_part_with_its_address_as_its_id() -> None:
    post = part()
    assert (post.id, post.url, post.title, post.author) == (POST["url"], POST["url"], "On wading", "Ada Frog")
    assert (post.kind, post.date, post.labels) == (Kind.POST, datetime(2026, 5, 4, tzinfo=UTC), ("source:pond",))
    assert [block.role for block in post.blocks] == [Role.OWN, Role.SIGNATURE]


def test_only_the_address_and_the_text_are_required() -> None:
    (post,) = read(lines({"url": "https://pond.example/a", "markdown": "# Wading\n\nHerons wade."}), "posts.jsonl")
    assert isinstance(post, Part)
    assert (post.title, post.author, post.date, post.labels) == ("Wading", "", None, ())


def test_a_date_with_an_offset_is_kept_in_utc() -> None:
    assert part(date="2026-05-04T01:30:00+02:00").date == datetime(2026, 5, 3, 23, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "url",
    [
        "https://blog.pond.example/a",
        "https://pond.example/blog/a/",
        "https://pond.example/posts/a",
        "https://pond.example/2026/5/a",
    ],
)
def test_an_address_of_a_blog_makes_a_post(url: str) -> None:
    assert part(url=url).kind is Kind.POST


@pytest.mark.parametrize(
    "url", ["https://docs.pond.example/rust/wading.html", "https://pond.example/goals/2026/wading.html"]
)
def test_documentation_is_a_page_whoever_signs_it(url: str) -> None:
    assert part(url=url).kind is Kind.PAGE


def test_a_post_without_a_date_is_a_page() -> None:
    assert part(date=None).kind is Kind.PAGE


@pytest.mark.parametrize(
    "line",
    [
        b"{",
        b"[1]",
        b"\xff\xfe",
        b"null",
        *lines({"url": "https://pond.example/a"}, {"markdown": "x"}, {**POST, "url": "file:///etc/passwd"}),
        *lines({**POST, "date": "yesterday"}, {**POST, "title": ["x"]}, {**POST, "url": "https://[pond/"}),
        b"[" * 100_000,
    ],
)
def test_a_bad_line_is_rejected_with_its_number(line: bytes) -> None:
    assert rejected(line).where == "posts.jsonl:1"


def test_a_bad_line_harms_no_other_and_blank_lines_count_for_nothing() -> None:
    items = list(read([*lines(POST), b"\n", b"{\n", *lines(POST)], "posts.jsonl"))
    assert [type(item) for item in items] == [Part, Rejected, Part]
    assert isinstance(items[1], Rejected)
    assert items[1].where == "posts.jsonl:3"


@given(st.lists(st.binary(max_size=60)))
def test_no_bytes_make_it_fail(data: list[bytes]) -> None:
    assert len(list(read(data, "x"))) == sum(bool(line.strip()) for line in data)


@given(st.dictionaries(st.sampled_from(sorted(POST)), st.one_of(st.none(), st.integers(), st.text()), max_size=7))
def test_no_values_make_it_fail(changes: dict[str, object]) -> None:
    assert len(list(read(lines({**POST, **changes}), "x"))) == 1


@pytest.mark.data
def test_every_real_post_is_read_and_its_prose_is_verbatim(shared: Path) -> None:
    with lzma.open(shared / "data" / "posts.jsonl.xz", "rb") as stream:
        raw = stream.readlines()
    texts = {json.loads(line)["url"].strip(): " ".join(json.loads(line)["markdown"].split()) for line in raw}
    parts = list(read(raw, "posts.jsonl"))
    assert [item for item in parts if isinstance(item, Rejected)] == []
    assert all(
        " ".join(block.text.split()) in texts[item.id]
        for item in parts
        if isinstance(item, Part)
        for block in item.blocks
        if block.role is Role.OWN
    )
