"""Private sources: told where their readers are, and nowhere else, because nowhere else has them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from bot.backup import back_up, restore
from bot.chat import Incoming
from bot.digest.span import week
from bot.model import Answer, Question, Status
from bot.private import Private, Room, may_know
from bot.settings import LlmSettings, Settings
from bot.wiring.digests import digester
from bot.wiring.krab import Krab
from bot.wiring.opening import opened
from bot.wiring.orders import context, ordering
from bot.wiring.serving import home
from bot.wiring.sources import poller as poller_of
from bot.wiring.sources import settle_private
from bot.wiring.status import source_rows
from feeds.kinds import Source
from index.model import Batch
from tests.fakes import NOON, FakeReply, answered
from tests.index_fixtures import opened as opened_index
from tests.index_fixtures import part
from tests.web_server import web_server

OURS = Source("our-plans", "notes", "/nowhere", private=("slack:C-team*", "matrix:!room:pond.example"))
PUBLIC = Source("pond", "notes", "/nowhere")
REFUSAL = Answer(Status.NOT_FOUND)
FOUND = replace(answered("The frobnicator ships in May."), confidence=0.9)


@pytest.fixture
def private(tmp_path: Path) -> Iterator[Private]:
    """One private source, whose index answers everything."""

    def enter(folder: Path) -> Room:
        index = stack.enter_context(opened_index(folder))
        return Room(index, lambda _: FOUND, index.close)

    with ExitStack() as stack:
        opened_rooms = Private(tmp_path / "private", lambda: (PUBLIC, OURS), enter)
        yield opened_rooms
        opened_rooms.close()


def plans(id_: str = "plan") -> Batch:
    return Batch((part(id_, "The frobnicator ships in May."),))


@pytest.mark.parametrize(
    ("channel", "may"),
    [
        ("slack:C-team1", True),
        ("matrix:!room:pond.example", True),
        ("slack:C-other", False),
        ("matrix:C-team1", False),
        ("slack:D0123", False),
        ("", False),
    ],
)
def test_only_channels_that_are_named_may_know(private: Private, channel: str, may: bool) -> None:
    private.ingest(plans(), "our-plans")
    assert may_know(OURS, channel) is may
    assert may_know(PUBLIC, channel)
    asked = private.better(Question("When does it ship?", channel=channel), REFUSAL)
    assert (asked is FOUND) is may


def test_what_is_not_private_is_not_kept_apart(private: Private) -> None:
    assert private.ingest(plans(), "our-plans")
    assert not private.ingest(plans("other"), "pond")
    assert private.parts() == {"our-plans": 1}


def test_the_shared_index_answers_when_it_answers_better(private: Private) -> None:
    private.ingest(plans(), "our-plans")
    sure = replace(answered(), confidence=0.95)
    assert private.better(Question("When?", channel="slack:C-team1"), sure) is sure


def test_what_was_forgotten_is_gone(private: Private) -> None:
    private.ingest(plans(), "our-plans")
    private.forget("our-plans")
    assert private.parts() == {"our-plans": 0}
    assert private.part("plan") is None


# The whole of krab


def settings(tmp_path: Path, *patterns: str) -> Settings:
    folder = tmp_path / "plans"
    folder.mkdir(exist_ok=True)
    text = "---\ntitle: When does the frobnicator ship?\n---\nThe frobnicator ships in the secret month of May 2031.\n"
    (folder / "ship.md").write_text(text)
    source = Source("our-plans", "notes", str(folder), private=patterns)
    return Settings(data=tmp_path / "data", sources=(source,), starter_notes=False)


def read(krab: Krab) -> None:
    poller_of(krab).once(("our-plans",))


def everywhere(krab: Krab) -> str:
    """Everything that any surface but the channel's own answer can show."""
    catalog = krab.index.catalog
    shown = [krab.answerer.answer(Question("When does the frobnicator ship?")), krab.index.search("frobnicator ship")]
    return f"{shown} {list(catalog.parts())} {krab.index.part('note:our-plans/ship')}"


def test_a_private_source_is_read_and_told_only_where_it_may_be(tmp_path: Path) -> None:
    with opened(settings(tmp_path, "slack:C1")) as krab:
        read(krab)
        question = Question("When does the frobnicator ship?", channel="slack:C1")
        public = krab.answerer.answer(question)
        assert "May 2031" in krab.private.better(question, public).text
        assert "May 2031" not in krab.private.better(replace(question, channel="slack:C2"), public).text
        assert "2031" not in everywhere(krab)


def test_a_source_that_becomes_private_leaves_the_shared_index(tmp_path: Path) -> None:
    with opened(settings(tmp_path)) as krab:
        read(krab)
        assert "2031" in everywhere(krab)
    with opened(settings(tmp_path, "slack:C1")) as krab:
        settle_private(krab)
        assert "2031" not in everywhere(krab)
        read(krab)
        assert krab.private.parts() == {"our-plans": 1}


@pytest.mark.parametrize("allowed", [False, True])
def test_a_language_model_sees_a_private_source_only_if_it_may(tmp_path: Path, allowed: bool) -> None:
    with web_server() as model:
        llm = LlmSettings(base_url=f"{model.url}/v1", model="reed-1", private=allowed)
        with opened(replace(settings(tmp_path, "slack:C1"), llm=llm)) as krab:
            read(krab)
            question = Question("When does the frobnicator ship?", channel="slack:C1")
            assert "May 2031" in krab.private.better(question, krab.answerer.answer(question)).text
    assert any(b"May 2031" in asked.body for asked in model.asked) is allowed


def test_only_the_answer_that_is_given_is_put_into_other_words(tmp_path: Path) -> None:
    with opened_index(tmp_path) as index:
        told: list[Answer] = []

        def rewrite(_: Question, plain: Answer) -> Answer:
            told.append(plain)
            return plain

        def enter(folder: Path) -> Room:
            folder.mkdir(parents=True)
            return Room(index, lambda _: FOUND, lambda: None, rewrite)

        rooms = Private(tmp_path / "private", lambda: (OURS,), enter)
        rooms.ingest(plans(), "our-plans")
        rooms.better(Question("When?", channel="slack:C-team1"), replace(answered(), confidence=0.95))
        assert told == []
        rooms.better(Question("When?", channel="slack:C-team1"), REFUSAL)
        assert told == [FOUND]


async def test_a_private_source_is_named_only_where_it_may_be_and_to_admins(tmp_path: Path) -> None:
    async def told(krab: Krab, name: str, *, channel: str, user: str = "U1") -> str:
        reply, asked = FakeReply(), Incoming("slack", channel, "1", name + channel, user, "", command=name)
        await ordering(krab).run(asked, reply)
        return str(reply.said)

    admins = replace(settings(tmp_path, "slack:C1"), admins=(("slack", ("UROOT",)),))
    with opened(admins) as krab:
        poller_of(krab)  # the source is known from now on, and was never read
        assert "our-plans" in await told(krab, "sources", channel="C1")
        assert "our-plans" in await told(krab, "sources", channel="C2", user="UROOT")
        assert "our-plans" not in await told(krab, "sources", channel="C2")
        assert "our-plans" not in str(home(krab)("slack", "U1"))
        assert "our-plans" in str(home(krab)("slack", "UROOT"))
        krab.cursors.register([])


def test_a_private_source_in_trouble_is_not_named_in_a_digest_or_a_status_of_others(tmp_path: Path) -> None:
    with opened(settings(tmp_path, "slack:C1")) as krab:
        (tmp_path / "plans" / "ship.md").unlink()
        (tmp_path / "plans").rmdir()
        read(krab)
        assert [row.state for row in source_rows(krab)] == ["failing"]
        assert digester(krab).digest(week("2025-W28")).stalled == ()
        assert [row.name for row in context(krab).visible("slack", "C2")] == []


def test_a_backup_takes_private_indexes_along(tmp_path: Path) -> None:
    told = settings(tmp_path, "slack:C1")
    with opened(told) as krab:
        read(krab)
        file = back_up(told.data, tmp_path / "b.tar", version="1", now=NOON)
    restore(file, tmp_path / "again", lambda _: None)
    with opened(replace(told, data=tmp_path / "again")) as krab:
        assert krab.private.parts() == {"our-plans": 1}
