"""Events by subject: whatever the order they come in, however often."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from feeds.kinship import kin
from index.histories import Histories
from index.history import History
from index.model import Batch, Kind, Part
from index.sqlite import Sqlite
from tests.index_fixtures import opened, part
from tests.series_mail import ADA, BO, mail, series, when
from tests.stores import Store

LINK = "- Link to v2: https://lore.kernel.org/r/leaves-v2-0@pond.example\n"
V1 = series(1, "pond: green leaves", ["pond: add a leaf", "pond: count frogs"], day=0)
V2 = series(2, "pond: big green leaves", ["pond: add a leaf", "pond: count frogs"], day=10)
V3 = series(3, "frogs", ["frog: sit"], day=20, body=LINK)
SIGNED = "Reviewed-by: Bo Reed <bo@pond.example>\n"
REVIEW = mail("r1", "Re: [PATCH 1/2] pond: add a leaf", SIGNED, sender=BO, to="leaves-v1-0 leaves-v1-1", day=1)
TALK = mail("t1", "Re: [PATCH v2 0/2] pond: big green leaves", "Nice.\n", sender=BO, to="leaves-v2-0", day=11)
ACKED = "Acked-by: Ada Quill <ada@pond.example>\n"
DEEP = mail("r2", "Re: [PATCH v2 0/2] pond: big green leaves", ACKED, to="leaves-v2-0 t1", day=12)
APPLIED = mail("a1", "Re: [PATCH v3 0/1] frogs", "Applied to pond-next, thanks!\n", sender=BO, to="frogs-v3-0", day=21)
OTHER = series(1, "mud: worms", ["worm: dig"], day=5, sender=BO)
ALL = [*V1, *V2, *V3, REVIEW, TALK, DEEP, APPLIED, *OTHER]


@contextmanager
def kept(folder: Path, *batches: Sequence[Part], store: Store = Sqlite) -> Iterator[Histories]:
    with closing(store(folder / "krab.db")) as database:
        histories = Histories(database, kin)
        for batch in batches:
            histories.put(batch)
        yield histories


@pytest.fixture
def histories(tmp_path: Path, store: Store) -> Iterator[Histories]:
    with kept(tmp_path, ALL, store=store) as made:
        yield made


def of(histories: Histories, id_: str) -> History:
    history = histories.of(f"{id_}@pond.example")
    assert history
    return history


def test_versions_are_tied_together_oldest_first(histories: Histories) -> None:
    history = of(histories, "leaves-v1-0")
    assert [version.label for version in history.versions] == ["v1", "v2", "v3"]
    assert [version.root for version in history.versions] == [V1[0].id, V2[0].id, V3[0].id]
    assert (history.subject, history.title) == (V1[0].id, "[PATCH v3 0/1] frogs")


def test_any_part_of_a_subject_leads_to_it(histories: Histories) -> None:
    whole = of(histories, "leaves-v1-0")
    assert all(histories.of(part.id) == whole for part in [*V1, *V2, *V3, REVIEW, TALK, DEEP, APPLIED])
    assert histories.of("nobody@pond.example") is None


def test_what_happened_is_told_of_the_version_it_happened_to(histories: Histories) -> None:
    happened = [[(e.kind, e.who) for e in v.events] for v in of(histories, "frogs-v3-0").versions]
    assert happened == [
        [("posted", "Ada Quill"), ("reviewed", "Bo Reed"), ("superseded", "Ada Quill")],
        [("posted", "Ada Quill"), ("acked", "Ada Quill"), ("superseded", "Ada Quill")],
        [("posted", "Ada Quill"), ("applied", "Bo Reed")],
    ]


def test_being_superseded_is_cited_from_the_newer_version(histories: Histories) -> None:
    (event,) = (e for e in of(histories, "leaves-v1-0").versions[0].events if e.kind == "superseded")
    assert (event.part, event.quote, event.detail) == (V2[0].id, V2[0].title, "by v2")


def test_every_event_is_about_the_subject_and_its_quote_stands_in_its_part(histories: Histories) -> None:
    by_id = {part.id: part for part in ALL}
    history = of(histories, "leaves-v1-0")
    assert {event.subject for event in history.events} == {history.subject}
    assert all(
        event.quote in "\n".join((by_id[event.part].title, *(b.text for b in by_id[event.part].blocks)))
        for event in history.events
    )


def test_applied_events_are_at_hand(histories: Histories) -> None:
    (event,) = of(histories, "leaves-v1-0").applied
    assert (event.part, event.detail, event.when) == (APPLIED.id, "pond-next", when(21))


def test_parts_expected_and_read_are_counted(tmp_path: Path) -> None:
    with kept(tmp_path, [V1[0], V1[2]]) as histories:
        (version,) = of(histories, "leaves-v1-0").versions
        assert (version.expected, version.seen, version.root) == (2, 1, V1[0].id)


def test_a_resend_is_the_same_version(tmp_path: Path) -> None:
    again = mail("again", "[PATCH RESEND v2 0/2] pond: big green leaves", day=15)
    with kept(tmp_path, [*V2, again]) as histories:
        (version,) = of(histories, "again").versions
        assert (version.label, version.root) == ("v2", V2[0].id)


def test_what_supersedes_a_version_is_not_of_it(histories: Histories) -> None:
    history = of(histories, "leaves-v1-0")
    newest = history.version_of(history.newest.root)
    assert newest is not None
    assert newest.label == history.newest.label


def test_the_version_of_a_part_is_known(histories: Histories) -> None:
    history = of(histories, "r1")
    labels = [v.label if (v := history.version_of(id_)) else "" for id_ in (V2[1].id, REVIEW.id, "nobody")]
    assert labels == ["v2", "v1", ""]


# Notices of commits, which answer a mail that nobody has read

TIP = "tip-bot2 for Ada Quill <tip-bot2@pond.example>"
NOTICE = (
    "The following commit has been merged into the mud/core branch of tip:\n\nCommit-ID:     0123456789abcdef\n"
    "Author:        {author} <x@pond.example>\nCommitter:     Bo Reed <bo@pond.example>\n"
)


def notice(author: str, day: int, to: str = "elsewhere") -> Part:
    title = "[tip: mud/core] pond: count frogs"
    return mail("tip", title, NOTICE.format(author=author), sender=TIP, to=to, day=day)


def test_a_notice_of_a_commit_belongs_to_the_last_version_before_it_that_has_the_patch(tmp_path: Path) -> None:
    with kept(tmp_path, [notice("Ada Quill", 15)], ALL) as histories:
        first, second, third = of(histories, "tip").versions
        assert [(e.who, e.detail) for e in second.applied] == [("Bo Reed", "tip/mud/core 0123456789abcdef")]
        assert (first.applied, [e.part for e in third.applied]) == ((), [APPLIED.id])


def test_a_notice_of_a_commit_belongs_to_the_mail_that_it_answers_when_that_is_known(tmp_path: Path) -> None:
    with kept(tmp_path, ALL, [notice("Ada Quill", 15, to="leaves-v1-2")]) as histories:
        assert [len(version.applied) for version in of(histories, "tip").versions] == [1, 0, 1]


def test_a_notice_of_a_commit_need_not_answer_anything(tmp_path: Path) -> None:
    with kept(tmp_path, ALL, [notice("Ada Quill", 15, to="")]) as histories:
        assert [len(version.applied) for version in of(histories, "tip").versions] == [0, 1, 1]


def test_a_notice_of_somebody_elses_patch_is_not_guessed_at(tmp_path: Path) -> None:
    with kept(tmp_path, ALL, [notice("Bo Reed", 15)]) as histories:
        assert histories.of("tip@pond.example") is None


# Finding


def test_a_history_is_found_by_words_of_any_of_its_titles(histories: Histories) -> None:
    assert [h.subject for h in histories.find("is the series about green leaves merged?")] == [V1[0].id]
    assert [h.subject for h in histories.find("worms")] == [OTHER[0].id]


def test_a_history_is_found_by_its_author(histories: Histories) -> None:
    assert histories.find("reed", 1)[0].subject == OTHER[0].id


@pytest.mark.parametrize("words", ["", "??", "was it applied", 'zebra" OR (', "*", "NEAR(a b)", "title:frogs AND"])
def test_odd_words_find_nothing_and_break_nothing(histories: Histories, words: str) -> None:
    assert len(histories.find(words)) <= 1


# Coming in


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.permutations(range(len(ALL))), cut=st.integers(1, len(ALL)))
def test_the_order_of_arrival_does_not_matter(
    tmp_path_factory: pytest.TempPathFactory, order: list[int], cut: int
) -> None:
    mixed = [ALL[n] for n in order]
    with kept(tmp_path_factory.mktemp("mixed"), mixed[:cut], mixed[cut:]) as histories:
        history = of(histories, "leaves-v2-1")
        assert [v.label for v in history.versions] == ["v1", "v2", "v3"]
        assert [len(v.events) for v in history.versions] == [3, 3, 2]
        assert [len(h.versions) for h in histories.find("worms")] == [1]


def test_a_batch_again_changes_nothing(tmp_path: Path) -> None:
    with kept(tmp_path, ALL, ALL) as histories:
        history = of(histories, "frogs-v3-0")
        assert [len(v.events) for v in history.versions] == [3, 3, 2]


def test_a_mail_under_a_known_id_is_not_believed(tmp_path: Path) -> None:
    forged = mail("t1", "Re: [PATCH v2 0/2] pond", "Applied to pond-next, thanks!\n", to="leaves-v2-0", day=11)
    with kept(tmp_path, ALL, [forged]) as histories:
        assert [event.part for event in of(histories, "leaves-v2-0").applied] == [APPLIED.id]


def test_what_is_removed_is_forgotten_and_the_rest_falls_apart_as_it_must(histories: Histories) -> None:
    histories.remove([part.id for part in V2])
    assert [v.label for v in of(histories, "leaves-v1-0").versions] == ["v1"]
    assert [v.label for v in of(histories, "frogs-v3-0").versions] == ["v3"]
    assert histories.of(TALK.id) is None
    histories.put(V2)
    assert [v.label for v in of(histories, "leaves-v1-0").versions] == ["v1", "v2", "v3"]


def test_what_is_no_mail_is_replaced(tmp_path: Path) -> None:
    old = part("https://pond.example/1", title="x", kind=Kind.PAGE, events=V1[0].events)
    with kept(tmp_path, [old], [part("https://pond.example/1", title="x", kind=Kind.PAGE)]) as histories:
        assert histories.of(V1[0].id) is None
        assert histories.find("leaves") == []


def test_the_newest_mail_says_how_far_is_known(histories: Histories) -> None:
    assert histories.newest() == when(21)


def test_nothing_is_kin_unless_somebody_says_so(tmp_path: Path) -> None:
    with closing(Sqlite(tmp_path / "krab.db")) as database:
        histories = Histories(database)
        histories.put([*V1, *V2])
        assert [v.label for v in of(histories, "leaves-v1-0").versions] == ["v1"]


def test_an_index_keeps_histories_of_what_it_ingests_and_forgets_what_it_removes(tmp_path: Path) -> None:
    with opened(tmp_path) as index:
        index.ingest(Batch((*V3, APPLIED)), "pond")
        assert [e.part for e in of(index.histories, "frogs-v3-0").applied] == [APPLIED.id]
        index.ingest(Batch(removed=(APPLIED.id,)), "pond")
        assert of(index.histories, "frogs-v3-0").applied == ()


def test_another_source_keeps_a_part_told(tmp_path: Path) -> None:
    with opened(tmp_path) as index:
        index.ingest(Batch((*V3, APPLIED)), "pond")
        index.ingest(Batch((APPLIED,)), "mud")
        index.ingest(Batch(removed=(APPLIED.id,)), "pond")
        assert [e.part for e in of(index.histories, "frogs-v3-0").applied] == [APPLIED.id]


def test_a_title_sent_hundreds_of_times_is_taken_in_quickly(tmp_path: Path) -> None:
    flood = [mail(f"{n}", "[PATCH v2] pond: the very same leaf", sender=ADA, day=n % 30) for n in range(400)]
    with kept(tmp_path, flood[:300], flood[300:]) as histories:
        assert of(histories, "3").newest.label == "v2"


def test_two_series_of_one_change_id_and_number_are_two_versions(tmp_path: Path) -> None:
    leaves, frogs = (
        series(1, title, ["pond: do it"], day=day, body="change-id: 20250708-fanout-1\n")
        for title, day in (("pond: rename leaves", 0), ("pond: rename frogs", 1))
    )
    with kept(tmp_path, [*leaves, *frogs]) as histories:
        versions = of(histories, "leaves-v1-0").versions
    assert [(version.label, version.root) for version in versions] == [("v1", leaves[0].id), ("v1", frogs[0].id)]


def test_patches_without_numbers_that_are_sent_together_are_each_for_itself(tmp_path: Path) -> None:
    one, other = (
        mail(f"20250713025108.9364-{n}-ada@pond.example", f"[PATCH] {title}")
        for n, title in ((2, "pond: fix the bounds of a leaf"), (4, "mud: name the worms"))
    )
    with kept(tmp_path, [one, other]) as histories:
        assert len(set(histories.subjects([one.id, other.id]).values())) == 2
