"""Sources added, paused, resumed and removed; who may do that, and what is written down of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from bot.admin import Admin, Refusal
from bot.audit import Audit
from bot.chat import Act, Incoming
from bot.orders import Who
from bot.sourcebook import SourceBook, Standing
from feeds.cursors import Cursors
from feeds.errors import FeedError, Unreachable
from feeds.kinds import Source
from feeds.schedule import SourceState
from feeds.trial import Trial, try_out
from index.model import Batch, Rejected
from tests.fakes import NOON, FakeClock, FakeReply
from tests.index_fixtures import opened, part
from tests.order_fixtures import context, ordering
from tests.stores import Store

POND = Source("pond", "lore", "https://pond.example/list")
BLOG = Source("mud-blog", "feed", "https://mud.example/feed", every=7200.0, filter="relevant", private=("slack:C1*",))


@dataclass
class Trier:
    """Finds two items in any source, or ``error``."""

    error: FeedError | None = None
    tried: list[Source] = field(default_factory=list)

    def __call__(self, source: Source) -> Trial:
        self.tried.append(source)
        if self.error:
            raise self.error
        return Trial(2, 1, ("Mud is soft", "Rust in the mud"), 0)


@pytest.fixture
def admin(tmp_path: Path, store: Store) -> Iterator[Admin]:
    """Over an index with three mails, two of them from the pond alone."""
    with opened(tmp_path, store=store) as index, closing(store(tmp_path / "state.db")) as memory:
        index.ingest(Batch((part("a", "A leaf."), part("b", "A reed."), part("c", "A stone."))), "pond")
        index.ingest(Batch((part("c", "A stone."),)), "brook")
        cursors = Cursors(store(tmp_path / "krab.db"))
        cursors.register([POND])
        cursors.save("pond", SourceState(next_poll=99.0))
        clock = FakeClock()
        book = SourceBook(store(tmp_path / "krab.db"), clock)
        yield Admin(book, Audit(memory, clock), cursors, index, (POND,), Trier())


def polled(admin: Admin) -> list[str]:
    return [source.name for source in admin.book.polled(admin.told)]


def deeds(admin: Admin) -> list[tuple[str, str, str]]:
    return [(deed.action, deed.about, deed.outcome) for deed in admin.audit.last()]


def test_a_source_is_tried_and_then_kept_as_it_was_told(admin: Admin) -> None:
    assert admin.add(BLOG, "slack:U1").titles == ("Mud is soft", "Rust in the mud")
    assert admin.book.polled(admin.told) == (POND, BLOG)
    assert admin.book.entries()["mud-blog"].by == "slack:U1"


def test_a_source_that_cannot_be_read_is_not_kept(admin: Admin) -> None:
    broken = replace(admin, trial=Trier(Unreachable("mud.example does not answer")))
    with pytest.raises(Unreachable):
        broken.add(BLOG, "slack:U1")
    assert polled(admin) == ["pond"]
    assert deeds(admin) == [
        ("add source", "mud-blog feed https://mud.example/feed", "failed: mud.example does not answer")
    ]


@pytest.mark.parametrize("name", ["pond", "mud-blog"])
def test_a_name_that_is_taken_is_refused(admin: Admin, name: str) -> None:
    admin.add(BLOG, "slack:U1")
    with pytest.raises(Refusal, match=name):
        admin.add(replace(BLOG, name=name), "slack:U1")


def test_a_paused_source_is_not_polled_until_it_is_resumed(admin: Admin) -> None:
    admin.pause("pond", "slack:U1")
    assert polled(admin) == []
    admin.resume("pond", "slack:U1")
    assert (polled(admin), admin.cursors.state("pond").next_poll) == (["pond"], 0)


def test_a_source_is_polled_now_by_being_due(admin: Admin) -> None:
    admin.poll("pond", "slack:U1")
    assert admin.cursors.state("pond").next_poll == 0


def test_a_paused_source_is_not_polled_now_either(admin: Admin) -> None:
    admin.pause("pond", "slack:U1")
    with pytest.raises(Refusal, match="resume it first"):
        admin.poll("pond", "slack:U1")


def test_a_removed_source_takes_with_it_what_only_it_has_brought(admin: Admin) -> None:
    assert admin.holds("pond") == 2
    assert admin.remove("pond", "slack:U1") == 3
    assert [admin.index.part(id_) is not None for id_ in "abc"] == [False, False, True]
    assert admin.index.search("leaf stone")[0].hit.passage.part == "c"
    assert (polled(admin), admin.book.entries()["pond"].standing) == ([], Standing.REMOVED)


def test_a_source_may_be_added_again_after_it_was_removed(admin: Admin) -> None:
    admin.add(BLOG, "slack:U1")
    admin.remove("mud-blog", "slack:U1")
    admin.add(BLOG, "slack:U2")
    assert polled(admin) == ["pond", "mud-blog"]


def test_what_was_imported_can_be_removed_too(admin: Admin) -> None:
    assert admin.remove("brook", "cli:root") == 1
    assert admin.index.part("c") is not None


def test_an_unknown_name_is_refused_with_the_nearest(admin: Admin) -> None:
    with pytest.raises(Refusal, match="did you mean 'pond'"):
        admin.pause("pnd", "slack:U1")


def test_every_deed_is_written_down_with_who_and_when(admin: Admin) -> None:
    admin.pause("pond", "slack:U1")
    deed = admin.audit.last()[0]
    assert (deed.at, deed.who, deed.action, deed.about, deed.outcome) == (
        NOON,
        "slack:U1",
        "pause source",
        "pond",
        "done",
    )


# Trying


@dataclass
class Batches:
    """A feed of these batches."""

    batches: tuple[Batch, ...]

    def read(self, cursor: str) -> Iterator[Batch]:
        yield from self.batches


def test_only_the_first_batch_is_tried() -> None:
    first = Batch((part("a", "Rust in the kernel.", title="Rust for frogs"), part("b", "Tea.", title="Tea")))
    assert try_out(Batches((first, Batch((part("c"),))))) == Trial(2, 1, ("Rust for frogs", "Tea"), 0)


def test_a_source_with_nothing_in_it_yet_is_fine() -> None:
    assert try_out(Batches(())) == Trial(0, 0, (), 0)


def test_a_source_of_which_nothing_can_be_used_is_refused() -> None:
    with pytest.raises(FeedError, match="no date"):
        try_out(Batches((Batch(rejected=(Rejected("mud-blog/1", "it has no date"),)),)))


# From chat


def order(text: str, user: str = "root", act: Act | None = None, command: str = "source") -> Incoming:
    return Incoming("slack", "C1", "1", "1", user, text, command="" if act else command, act=act)


async def said(admin: Admin, incoming: Incoming) -> str:
    reply = FakeReply()
    await ordering(admin=admin, audit=admin.audit).run(incoming, reply)
    return " ".join(map(str, reply.said))


async def test_an_admin_adds_a_source_by_typing(admin: Admin) -> None:
    text = await said(admin, order("add mud-blog feed <https://mud.example/feed> relevant every 2h slack:C1*"))
    assert "Mud is soft" in text
    assert admin.book.polled(admin.told)[1] == BLOG


async def test_an_admin_adds_a_source_by_a_form(admin: Admin) -> None:
    fields = (
        ("name", ("mud-blog",)),
        ("kind", ("feed",)),
        ("url", ("https://mud.example/feed",)),
        ("filter", ("all",)),
        ("every", ("",)),
    )
    await said(admin, order("", act=Act("source-add", fields=fields)))
    assert admin.book.polled(admin.told)[1] == Source("mud-blog", "feed", "https://mud.example/feed")


async def test_without_words_the_form_is_shown(admin: Admin) -> None:
    assert "Add a source" in await said(admin, order(""))


async def test_removing_is_asked_again(admin: Admin) -> None:
    assert "2 items" in await said(admin, order("remove pond"))
    assert polled(admin) == ["pond"]
    await said(admin, order("", act=Act("source-remove", "pond")))
    assert polled(admin) == []


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("add x notes /etc", "kind is one of lore, feed, pages"),
        ("add x archive /etc/passwd", "kind is one of"),
        ("add x feed", "a name, a kind and an address"),
        ("add x feed https://x.example every never", "no span of time"),
        ("fly pond", "there is no 'fly'"),
        ("pause", "there is no source"),
        ('pause "pond', "there is no source"),
    ],
)
async def test_what_cannot_be_done_is_said_with_the_reason(admin: Admin, text: str, why: str) -> None:
    assert why in await said(admin, order(text))


async def test_nobody_else_may(admin: Admin) -> None:
    assert "Only krab's admins" in await said(admin, order("pause pond", user="frog"))
    assert "Only krab's admins" in await said(admin, order("", user="frog", act=Act("source-remove", "pond")))
    assert polled(admin) == ["pond"]


async def test_an_admin_sees_who_did_what(admin: Admin) -> None:
    admin.pause("pond", "slack:U1")
    text = await said(admin, order("", command="audit"))
    assert "pause source" in text
    assert "slack:U1" in text


def test_curators_may_what_is_for_curators_and_no_more() -> None:
    by_ada = order("", user="ada")
    assert [context().may(by_ada, who) for who in (Who.CURATORS, Who.ADMINS)] == [True, False]
    assert [context().may(order("", user="frog"), who) for who in (Who.CURATORS, Who.ANYBODY)] == [False, True]
