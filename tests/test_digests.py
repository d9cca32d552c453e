"""The archive of digests, and who makes them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.digest.model import Digest
from bot.digest.span import week
from bot.digester import Digester
from bot.digests import Digests
from tests.digest_fixtures import BO, CY, NEW, THIS, WEEK, digested, mail, read
from tests.fakes import FakeClock
from tests.stores import Store


@pytest.fixture
def digests(tmp_path: Path, store: Store) -> Digests:
    return Digests(store(tmp_path / "state.db"))


@pytest.fixture
def digest(tmp_path: Path) -> Digest:
    return digested(tmp_path)


def test_a_digest_comes_back_as_it_was_kept(digests: Digests, digest: Digest) -> None:
    digests.keep(digest)
    assert digests.get("2025-W28") == digest


def test_what_is_published_stays(digests: Digests, digest: Digest) -> None:
    digests.keep(digest)
    assert digests.keep(replace(digest, mails=99)) == digest


def test_a_corrected_digest_replaces_the_one_before(digests: Digests, digest: Digest) -> None:
    digests.keep(digest)
    digests.replace(replace(digest, mails=99))
    assert (found := digests.get("2025-W28"))
    assert found.mails == 99


def test_weeks_are_listed_the_newest_first(digests: Digests, digest: Digest) -> None:
    digests.keep(digest)
    digests.keep(replace(digest, week="2025-W29"))
    digests.keep(replace(digest, week="2025-W30", topics=("frogs",)))
    assert [name for name, _ in digests.weeks()] == ["2025-W29", "2025-W28"]


@pytest.fixture
def digester(tmp_path: Path, digests: Digests) -> Iterator[Digester]:
    with read(tmp_path, WEEK) as (catalog, histories):
        yield Digester(catalog, histories, digests, clock=lambda: datetime(2025, 7, 21, tzinfo=UTC))


def test_a_week_that_is_over_is_published_once(digester: Digester) -> None:
    assert digester.publish(THIS) == digester.digest(THIS) == digester.archive.get(THIS.week)


def test_a_week_that_goes_on_is_not_kept(tmp_path: Path, digests: Digests) -> None:
    with read(tmp_path, WEEK) as (catalog, histories):
        Digester(catalog, histories, digests, clock=FakeClock()).publish(THIS)
    assert digests.get(THIS.week) is None


def test_without_newer_mail_the_last_week_is_that_of_the_newest(digester: Digester) -> None:
    assert digester.latest().week == "2025-W28"


@pytest.mark.parametrize(
    ("topic", "titles"),
    [
        ("reed", ["rust: reed: bend in the wind"]),
        ("author:cy newt", ["rust: reed: bend in the wind"]),
        ("author:cy", ["rust: reed: bend in the wind"]),
        (f"series:{NEW.id}", ["rust: reed: bend in the wind"]),
        ("words:bend in the wind", ["rust: reed: bend in the wind"]),
        ("snow", []),
        ("posts", []),
    ],
)
def test_a_digest_on_a_topic_has_nothing_else(digester: Digester, topic: str, titles: list[str]) -> None:
    assert [one.title for one in digester.digest(THIS, [topic]).new_series] == titles


def test_a_digest_of_another_week_knows_nothing_of_this_one(digester: Digester) -> None:
    assert digester.digest(week("2025-W20")).mails == 0


def test_a_topic_may_be_a_file(tmp_path: Path, digests: Digests) -> None:
    names = "--- a/rust/pond.rs\n+++ b/rust/pond.rs\n"
    diff = f"Make it so.\n---\ndiff --git a/rust/pond.rs b/rust/pond.rs\n{names}@@ -1 +1 @@\n-a\n+b\n"
    touching = mail("touch", "[PATCH] rust: pond: touch", diff, sender=CY, day=1)
    talk = mail("talk", "Re: [PATCH] rust: pond: touch", "Why?\n", sender=BO, to="touch", day=1)
    with read(tmp_path, [*WEEK, touching, talk]) as (catalog, histories):
        found = Digester(catalog, histories, digests).digest(THIS, ["rust/pond.rs"])
    assert [one.mail.id for one in found.new_series] == [touching.id]
