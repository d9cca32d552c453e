"""``krab series``, as a person and a program read it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from bot.commands.series import Shown
from bot.series import extent, lookup, state
from bot.wiring.krab import Krab
from feeds.kinship import kin
from index.embed import Embedder
from index.engine import Index
from index.history import History
from index.model import Batch
from index.nearness import filed
from index.sqlite import Sqlite
from index.stores.faiss import Faiss
from tests.index_fixtures import FakeEmbedder
from tests.series_mail import BO, mail, series

LINK = "- Link to v1: https://lore.kernel.org/r/leaves-v1-0@pond.example\n"
V1 = series(1, "pond: green leaves", ["pond: add a leaf", "pond: count frogs"], day=0)
V2 = series(2, "pond: more green leaves", ["pond: add a leaf", "pond: count frogs"], day=10, body=LINK)
SIGNED = "Reviewed-by: Bo Reed <bo@pond.example>\n"
REVIEWS = [mail(f"r{n}", f"Re: [PATCH v2 {n}/2] pond", SIGNED, sender=BO, to=f"leaves-v2-{n}", day=11) for n in (1, 2)]
FIRST = mail("a1", "Re: [PATCH v2 1/2] pond", "Applied to pond-next, thanks!\n", sender=BO, to="leaves-v2-1", day=12)
COMMIT = "Applied to pond-next as commit 0123abcd.\n"
SECOND = mail("a2", "Re: [PATCH v2 2/2] pond", COMMIT, sender=BO, to="leaves-v2-2", day=13)
NAK = mail("n", "Re: [PATCH v2 0/2] pond", "NAK. Too green.\n", sender=BO, to="leaves-v2-0", day=11)
WORMS = mail("w", "[PATCH] mud: green worms", sender=BO, day=3)


@pytest.fixture
def krab(tmp_path: Path) -> Iterator[Krab]:
    database = Sqlite(tmp_path / "krab.db")
    index = Index(tmp_path, database, cast(Embedder, FakeEmbedder()), filed(Faiss), kin)
    index.ingest(Batch((*V1, *V2, WORMS)), "pond")
    yield cast(Krab, SimpleNamespace(index=index))
    database.close()


def told(krab: Krab, asked: str, *more: object) -> str:
    krab.index.ingest(Batch(more), "pond")  # type: ignore[arg-type]
    found = lookup(krab.index.histories, asked)
    view = Shown(krab, krab.index.histories.newest())
    return "\n".join([*view.lines(found[0]), *view.others(found[1:])])


def leaves(krab: Krab, *more: object) -> History:
    krab.index.ingest(Batch(more), "pond")  # type: ignore[arg-type]
    return lookup(krab.index.histories, V1[0].id)[0]


@pytest.mark.parametrize(
    "asked",
    [
        "leaves-v1-1@pond.example",
        "<leaves-v2-0@pond.example>",
        "https://lore.kernel.org/all/leaves-v2-2@pond.example/T/#t",
        "leaves",
    ],
)
def test_a_series_is_found_by_id_address_or_words(krab: Krab, asked: str) -> None:
    assert [history.subject for history in lookup(krab.index.histories, asked)] == [V1[0].id]


def test_an_id_that_nobody_has_read_finds_nothing(krab: Krab) -> None:
    assert lookup(krab.index.histories, "green@nowhere.example") == []


def test_a_person_reads_the_newest_version_first_and_how_far_is_known(krab: Krab) -> None:
    said = told(krab, "green leaves", *REVIEWS).splitlines()
    assert said[:4] == [
        "[PATCH v2 0/2] pond: more green leaves",
        "by Ada Quill, 2 versions; no mail up to 2025-07-19 says that it was applied",
        "",
        "v2  2025-07-18, 2 of 2 parts read",
    ]
    assert "    reviewed by Bo Reed: https://lore.kernel.org/all/r1@pond.example/, and in 1 more" in said
    assert "v1  2025-07-08, 2 of 2 parts read, superseded by v2" in said


def test_what_else_was_found_takes_a_line_each(krab: Krab) -> None:
    said = told(krab, "green").split("also found:")
    assert ("mud: green worms" in said[1]) != ("mud: green worms" in said[0])


def test_who_applied_what_where_is_said_with_his_words_and_address(krab: Krab) -> None:
    said = told(krab, "leaves", FIRST)
    assert "v2 partly applied to pond-next by Bo Reed (mail up to 2025-07-20)" in said
    assert "    applied 1 to pond-next by Bo Reed on 2025-07-20: “Applied to pond-next, thanks!”" in said
    assert "https://lore.kernel.org/all/a1@pond.example/" in said


def test_all_parts_one_by_one_are_the_whole(krab: Krab) -> None:
    history = leaves(krab, FIRST, SECOND)
    assert (state(history)[0], extent(history.newest), extent(history.versions[0])) == ("applied", "whole", "none")


def test_a_refusal_is_said(krab: Krab) -> None:
    assert state(leaves(krab, NAK))[0] == "refused"
    assert "refused (NAK) by Bo Reed: https://lore.kernel.org/all/n@pond.example/" in told(krab, "leaves")


def test_a_program_gets_everything_with_addresses(krab: Krab) -> None:
    leaves(krab, *REVIEWS, SECOND)
    view = Shown(krab, krab.index.histories.newest()).json("leaves", lookup(krab.index.histories, "leaves"))
    assert (view["query"], view["as_of"], view["others"]) == ("leaves", "2025-07-21", [])
    one, two = view["series"]["versions"]  # type: ignore[index]
    assert (one["version"], one["superseded_by"], two["superseded_by"]) == ("v1", "v2", None)
    assert two["parts"] == {"expected": 2, "seen": 2}
    assert [(r["kind"], r["who"], r["bot"]) for r in two["reviews"]] == [("reviewed", "Bo Reed", False)] * 2
    assert two["applied_by"] == [
        {
            "kind": "applied",
            "who": "Bo Reed",
            "date": "2025-07-21",
            "id": "a2@pond.example",
            "url": "https://lore.kernel.org/all/a2@pond.example/",
            "quote": "Applied to pond-next as commit 0123abcd.",
            "bot": False,
            "tree": "pond-next",
            "parts": "2",
            "commit": "0123abcd",
        }
    ]


def test_nothing_found_is_said_to_a_program_as_null(krab: Krab) -> None:
    assert Shown(krab, None).json("x", []) == {"query": "x", "as_of": None, "series": None, "others": []}
