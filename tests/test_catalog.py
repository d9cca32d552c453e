"""The catalogue: documents whatever the order, writing twice, changing, removing, vectors, generations."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.catalog import Catalog, Changes, Generation
from index.embedding import embed_some
from index.errors import Unusable
from index.model import Event, Kind, Part, Rejected
from index.quantized import cosines
from index.sqlite import Sqlite
from tests.index_fixtures import NOON, FakeEmbedder, catalog_contents, catalogued, differences, part, post, put
from tests.stores import Store

FAKE = FakeEmbedder.identity


@pytest.fixture
def catalog(tmp_path: Path, store: Store) -> Iterator[Catalog]:
    with catalogued(tmp_path, store) as opened:
        opened.begin(FAKE, 1, live=True)
        yield opened


def documents(catalog: Catalog) -> frozenset[frozenset[str]]:
    return catalog_contents(catalog).documents


def embed(catalog: Catalog, embedder: FakeEmbedder | None = None) -> int:
    """Give everything pending its vector; return how many were made."""
    embedder = embedder or FakeEmbedder()
    return sum(
        _embed(catalog, generation, embedder)
        for generation in catalog.generations().values()
        if generation.embedder == embedder.identity
    )


def _embed(catalog: Catalog, generation: Generation, embedder: FakeEmbedder) -> int:
    before = len(catalog.pending(generation, 1000))
    while embed_some(catalog, generation, embedder, 1000):
        pass
    return before


def live(catalog: Catalog) -> Generation:
    generation = catalog.live()
    assert generation
    return generation


# Documents


@st.composite
def forests(draw: st.DrawFn) -> list[Part]:
    """Replies to earlier, later and missing mails."""
    size = draw(st.integers(1, 12))
    ids = [f"{n}@pond" for n in range(size + 4)]  # the last four never arrive
    return [part(ids[n], links=tuple(draw(st.lists(st.sampled_from(ids), max_size=3)))) for n in range(size)]


def components(parts: list[Part]) -> frozenset[frozenset[str]]:
    """The plainest way: merge sets of linked ids until nothing changes."""
    groups: list[set[str]] = []
    for p in parts:
        linked = {p.id, *p.links}
        groups = [g for g in groups if not g & linked] + [linked.union(*(g for g in groups if g & linked))]
    here = {p.id for p in parts}
    return frozenset(frozenset(g & here) for g in groups if g & here)


@settings(max_examples=40, deadline=None)
@given(forest=forests(), chance=st.randoms(use_true_random=False), cut=st.integers(0, 12))
def test_documents_do_not_depend_on_the_order_of_arrival(forest: list[Part], chance: random.Random, cut: int) -> None:
    shuffled = chance.sample(forest, len(forest))
    with tempfile.TemporaryDirectory() as folder, catalogued(Path(folder)) as catalog:
        put(catalog, *shuffled[:cut])
        put(catalog, *shuffled[cut:])
        assert documents(catalog) == components(forest)


def test_a_missing_parent_holds_its_replies_together(catalog: Catalog) -> None:
    put(catalog, part("a", links=("gone",)), part("b", links=("gone",)), part("c"))
    assert documents(catalog) == {frozenset("ab"), frozenset("c")}


def test_a_document_lists_its_parts_oldest_first(catalog: Catalog) -> None:
    put(catalog, part("late", links=("root",), date=NOON + timedelta(days=1)), part("root"))
    document = catalog.document("late")
    assert document
    assert [p.id for p in document] == ["root", "late"]


def test_an_unknown_part_has_neither_text_nor_document(catalog: Catalog) -> None:
    assert (catalog.part("nobody"), catalog.document("nobody")) == (None, None)


# Writing


def test_a_part_comes_back_whole(catalog: Catalog) -> None:
    event = Event("lily", "applied", "Ada", NOON, "a", "Applied, thanks!")
    whole = part(
        "a", "A leaf.", links=("b",), labels=("patch",), files=("leaf.rs",), symbols=("leaf",), events=(event,)
    )
    put(catalog, whole)
    assert catalog.part("a") == whole


def test_writing_twice_changes_nothing(catalog: Catalog) -> None:
    put(catalog, part("a", "A leaf."), post("b", "A reed."))
    before = catalog_contents(catalog)
    assert catalog.put((part("a", "A leaf."), post("b", "A reed.")), "pond") == Changes(unchanged=2)
    assert differences(before, catalog_contents(catalog)) == []


def test_what_is_new_changed_and_unchanged_is_counted(catalog: Catalog) -> None:
    put(catalog, post("a", "Old words."), post("b", "Same words."))
    changes = catalog.put((post("a", "New words."), post("b", "Same words."), post("c", "More.")), "pond")
    assert changes == Changes(new=1, changed=1, unchanged=1)


def test_of_a_mail_the_first_copy_stays(catalog: Catalog) -> None:
    put(catalog, part("a", "As it was sent."))
    put(catalog, part("a", "With a list footer.", url="https://elsewhere.example/a"))
    assert catalog.part("a") == part("a", "As it was sent.")


@pytest.mark.parametrize("kind", [Kind.POST, Kind.PAGE, Kind.NOTE])
def test_whatever_is_no_mail_is_replaced_by_what_was_read_last(catalog: Catalog, kind: Kind) -> None:
    put(catalog, part("a", "Old words.", kind=kind))
    put(catalog, part("a", "New words.", kind=kind))
    assert [text for *_, text in catalog_contents(catalog).passages] == ["New words."]


def test_a_batch_is_stored_whole_or_not_at_all(catalog: Catalog) -> None:
    with pytest.raises(AttributeError):
        catalog.put((part("a"), None), "pond")  # type: ignore[arg-type]
    assert catalog.totals().parts == 0


@pytest.mark.parametrize(
    "halved",
    [part("a", "half \ud83d"), part("a", title="half \ud83d"), part("a", author="\udcff"), part("\udcff")],
    ids=["text", "title", "author", "id"],
)
def test_half_a_character_pair_becomes_a_question_mark_and_stops_nothing(catalog: Catalog, halved: Part) -> None:
    put(catalog, halved, part("b"))
    assert (embed(catalog), catalog.totals().parts) == (2, 2)
    assert "?" in str(next(catalog.parts()))


def test_what_could_not_be_read_is_kept_with_its_reason(catalog: Catalog) -> None:
    catalog.reject([Rejected("commit 7", "no Message-ID"), Rejected("commit 7", "no header at all")], "pond")
    assert catalog.rejected() == [("pond", Rejected("commit 7", "no header at all"))]


def test_totals_count_parts_documents_and_what_is_pending(catalog: Catalog) -> None:
    put(catalog, part("a"), part("b", links=("a",)), part("c", date=NOON + timedelta(days=2)))
    totals = catalog.totals()
    assert (totals.parts, totals.documents, totals.passages, totals.pending) == (3, 2, 3, 3)
    assert totals.newest == NOON + timedelta(days=2)


# Removing


def test_a_removed_part_is_gone_with_its_passages(catalog: Catalog) -> None:
    put(catalog, part("a", "A leaf."), part("b", "A reed."))
    assert catalog.remove(["a", "nobody"]) == 1
    assert (catalog.part("a"), catalog_contents(catalog).passages) == (None, (("b", 0, 7, "A reed."),))


def test_a_part_of_two_sources_goes_with_the_last(catalog: Catalog) -> None:
    put(catalog, part("a"), source="pond")
    put(catalog, part("a"), source="lake")
    assert catalog.counts() == {"pond": 1, "lake": 1}
    assert (catalog.remove(["a"], "pond"), catalog.counts()) == (0, {"lake": 1})
    assert (catalog.remove(["a"], "lake"), catalog.counts()) == (1, {})


def test_a_source_removes_nothing_that_it_did_not_bring(catalog: Catalog) -> None:
    put(catalog, part("a"), source="pond")
    assert (catalog.remove(["a"], "lake"), catalog.totals().parts) == (0, 1)


def test_passages_are_counted_by_spans_of_their_numbers(catalog: Catalog) -> None:
    put(catalog, *(part(f"{n}", "A leaf.") for n in range(5)))
    assert catalog.numbers(live(catalog)) == [1, 2, 3, 4, 5]
    assert catalog.spans(live(catalog), 3) == {0: 2, 1: 3}
    assert catalog.numbers(live(catalog), 3, 5) == [3, 4]


def test_it_is_known_which_passages_were_cut_from_a_part(catalog: Catalog) -> None:
    put(catalog, *(part(id_, "A leaf.") for id_ in "abc"))
    assert catalog.cut_from(live(catalog), ["c", "a", "nobody"]) == {1, 3}


def test_numbers_of_removed_passages_are_never_used_again(catalog: Catalog) -> None:
    put(catalog, part("a"))
    before = catalog.numbers(live(catalog))
    catalog.remove(["a"])
    put(catalog, part("b"))
    assert catalog.numbers(live(catalog))[0] > before[0]


# Vectors


def test_a_passage_is_pending_until_its_vector_is_there(catalog: Catalog) -> None:
    put(catalog, part("a", "A leaf."))
    assert (embed(catalog), embed(catalog), catalog.totals().pending) == (1, 0, 0)


def test_a_text_that_occurs_twice_is_embedded_once(catalog: Catalog) -> None:
    put(catalog, *(part(id_, "Applied, thanks!", title="Re: [PATCH] leaf") for id_ in "abc"))
    assert (embed(catalog), len(catalog.vectors(live(catalog), catalog.numbers(live(catalog)))[0])) == (1, 3)


def test_a_text_that_comes_again_later_needs_no_embedding(catalog: Catalog) -> None:
    put(catalog, part("a", "Applied, thanks!", title="leaf"))
    embed(catalog)
    put(catalog, part("b", "Applied, thanks!", title="Re: leaf"))
    assert (embed(catalog), catalog.totals().pending) == (0, 0)


def test_vectors_come_back_as_they_were_to_half_precision(catalog: Catalog) -> None:
    put(catalog, part("a", "A leaf.", title="leaf"), part("b", "A reed.", title="reed"))
    embed(catalog)
    numbers, vectors = catalog.vectors(live(catalog), catalog.numbers(live(catalog)))
    assert len(numbers) == 2
    np.testing.assert_allclose(vectors, FakeEmbedder().embed(["leaf\nA leaf.", "reed\nA reed."]), atol=2e-3)


def test_each_sentence_of_a_passage_has_a_vector_of_its_own(catalog: Catalog) -> None:
    put(catalog, part("a", "A leaf floats. A reed bends.", title="pond"), part("b", title="no words"))
    embed(catalog)
    stored = catalog.sentences(live(catalog), catalog.numbers(live(catalog)))
    (near,) = cosines(stored, FakeEmbedder().embed(["A reed bends."])[0]).values()
    np.testing.assert_allclose(near[1], 1, atol=0.01)
    assert len(near) == 2
    assert near[0] < near[1]


def test_a_passage_without_vector_is_left_out_of_the_vectors(catalog: Catalog) -> None:
    put(catalog, part("a"))
    assert catalog.vectors(live(catalog), catalog.numbers(live(catalog)))[0] == []


def test_a_part_is_led_by_its_first_passage(catalog: Catalog) -> None:
    put(catalog, part("a", "A leaf.\n\n" + "A reed grows here. " * 90), part("b"))
    firsts = catalog.firsts(live(catalog))
    assert [(number, p.id) for number, p in catalog.leading(firsts)] == [(firsts[0], "a"), (firsts[1], "b")]
    assert firsts[0] == min(catalog.numbers(live(catalog)))


def test_what_may_be_ranked_is_known_with_all_its_passages_and_whom_it_answers(catalog: Catalog) -> None:
    put(catalog, part("a", author="Bo Reed"), part("b", "A reed grows here. " * 90, links=("a",)))
    numbers = catalog.numbers(live(catalog))
    [considered] = catalog.considered(live(catalog), numbers[2:])
    assert (considered.part, considered.passages) == ("b", tuple(numbers[1:]))
    assert (considered.author, considered.answered) == ("Ada Frog", "Bo Reed")


def test_authors_are_counted_by_name_and_address(catalog: Catalog) -> None:
    put(catalog, part("a", labels=("by:ada",)), part("b", labels=("by:ada",)), part("c", labels=("by:bot", "bot")))
    assert catalog.authors() == [("Ada Frog", "ada", 2)]


def test_what_an_older_krab_did_not_read_off_is_read_off_once(catalog: Catalog, tmp_path: Path, store: Store) -> None:
    put(catalog, part("a", labels=("by:ada",)))
    with closing(store(tmp_path / "krab.db")) as database:
        with database.write() as connection:
            connection.execute("DELETE FROM facets")
        assert Catalog(database).authors() == [("Ada Frog", "ada", 1)]


# The clock


def changed(catalog: Catalog, before: int) -> bool:
    return catalog.tick() > before


@pytest.mark.parametrize(
    ("parts", "removed", "expected"),
    [
        ((part("new"),), (), True),
        ((post("b", "New words."),), (), True),
        ((), ("a",), True),
        ((part("a", "A leaf."), post("b", "A reed.")), (), False),
        ((part("a", "Another copy."),), (), False),
        ((), ("nobody",), False),
        ((), (), False),
    ],
    ids=["new", "changed", "removed", "the same again", "a mail's second copy", "removing nothing", "nothing"],
)
def test_the_clock_ticks_with_every_change_and_only_then(
    catalog: Catalog, parts: tuple[Part, ...], removed: tuple[str, ...], expected: bool
) -> None:
    put(catalog, part("a", "A leaf."), post("b", "A reed."))
    before = catalog.tick()
    catalog.put(parts, "pond")
    catalog.remove(removed, "pond")
    assert changed(catalog, before) == expected


def test_the_clock_ticks_when_vectors_come_and_when_generations_are_swapped(catalog: Catalog) -> None:
    put(catalog, part("a"))
    ticks = [catalog.tick()]
    embed(catalog)
    ticks.append(catalog.tick())
    building = catalog.begin(FAKE, 2, live=False)
    catalog.cut_missing(building, 10)
    embed(catalog)
    catalog.swap(building)
    assert ticks[0] < ticks[1] < catalog.tick()


def test_the_clock_stands_while_a_generation_is_cut_beside(catalog: Catalog) -> None:
    put(catalog, part("a"))
    before = catalog.tick()
    building = catalog.begin("fake/2", 1, live=False)
    catalog.cut_missing(building, 10)
    catalog.drop(building)
    assert not changed(catalog, before)


# Generations


def test_a_generation_that_is_begun_twice_is_one(catalog: Catalog) -> None:
    assert catalog.begin("fake/2", 1, live=False) == catalog.begin("fake/2", 1, live=False)
    assert catalog.begin(FAKE, 1, live=True) == catalog.live()


def test_what_is_missing_is_cut_bit_by_bit(catalog: Catalog) -> None:
    put(catalog, *(part(f"{n}", f"Leaf {n}.") for n in range(5)))
    building = catalog.begin("fake/2", 1, live=False)
    assert [catalog.cut_missing(building, 2) for _ in range(4)] == [2, 2, 1, 0]
    assert catalog.cut_parts(building) == 5


def test_cutting_the_last_parts_costs_about_what_cutting_the_first_does(tmp_path: Path) -> None:
    steps, costs = [0], []

    def count() -> None:
        steps[0] += 1

    with closing(Sqlite(tmp_path / "krab.db")) as database:
        catalog = Catalog(database)
        catalog.begin(FAKE, 1, live=True)
        put(catalog, *(part(f"{n}", f"Leaf {n}.") for n in range(600)))
        building = catalog.begin("fake/2", 1, live=False)
        database.connection().set_progress_handler(count, 10)  # steps of SQLite's machine, not of the clock
        for _ in range(6):
            before = steps[0]
            catalog.cut_missing(building, 100)
            costs.append(steps[0] - before)
    assert 0 < costs[-1] < 5 * costs[0]


def test_a_generation_that_lacks_passages_or_vectors_does_not_become_the_live_one(catalog: Catalog) -> None:
    put(catalog, part("a", "A leaf."))
    embed(catalog)
    before, building = live(catalog), catalog.begin("fake/2", 1, live=False)
    assert not catalog.swap(building)
    catalog.cut_missing(building, 10)
    assert (catalog.swap(building), catalog.live()) == (False, before)
    embed(catalog, FakeEmbedder("fake/2"))
    assert (catalog.swap(building), catalog.live(), catalog.kept()) == (True, building, before)


def test_a_kept_generation_comes_back_with_what_was_read_since(catalog: Catalog) -> None:
    put(catalog, part("a", "A leaf."))
    embed(catalog)
    before, building = live(catalog), catalog.begin("fake/2", 1, live=False)
    catalog.cut_missing(building, 10)
    embed(catalog, FakeEmbedder("fake/2"))
    catalog.swap(building)
    put(catalog, part("b", "A reed."))
    assert catalog.revive() == catalog.building() == before
    assert catalog.cut_missing(before, 10) == 1
    embed(catalog)
    assert (catalog.swap(before), catalog.live(), catalog.kept()) == (True, before, building)
    assert [text for *_, text in catalog_contents(catalog).passages] == ["A leaf.", "A reed."]


def test_a_kept_generation_of_the_same_embedder_gets_what_is_read(catalog: Catalog) -> None:
    put(catalog, part("a", "A leaf."))
    building = catalog.begin(FAKE, 2, live=False)
    catalog.cut_missing(building, 10)
    embed(catalog)
    catalog.swap(building)
    put(catalog, part("b", "A reed."))
    assert [len(catalog.numbers(g)) for g in catalog.generations().values()] == [2, 2]


def test_a_generation_that_was_dropped_gets_no_passages(catalog: Catalog) -> None:
    put(catalog, part("a", "A leaf."))
    building = catalog.begin("fake/2", 1, live=False)
    catalog.drop(building)
    assert (catalog.cut_missing(building, 10), catalog.numbers(building)) == (0, [])


def test_vectors_of_a_generation_that_is_no_more_are_swept_away(catalog: Catalog) -> None:
    put(catalog, part("a", "A leaf."))
    building = catalog.begin("fake/2", 1, live=False)
    catalog.cut_missing(building, 10)
    embed(catalog, FakeEmbedder("fake/2"))
    catalog.drop(building)
    for table in ("vectors", "sentences"):
        assert catalog._database.connection().execute(f"SELECT count(*) FROM {table}").fetchone()[0] == 0


def test_a_swap_leaves_one_generation_with_everything_in_it(catalog: Catalog) -> None:
    put(catalog, part("a", "A leaf."), part("b", "A reed."))
    embed(catalog)
    before = catalog_contents(catalog)
    building = catalog.begin("fake/2", 1, live=False)
    catalog.cut_missing(building, 10)
    embed(catalog, FakeEmbedder("fake/2"))
    catalog.swap(building)
    assert (catalog.live(), catalog.building(), catalog.totals().passages) == (building, None, 2)
    assert differences(before, catalog_contents(catalog)) == []


def test_a_dropped_generation_leaves_the_live_one_alone(catalog: Catalog) -> None:
    put(catalog, part("a", "A leaf."))
    before = catalog_contents(catalog)
    building = catalog.begin("fake/2", 1, live=False)
    catalog.cut_missing(building, 10)
    catalog.drop(building)
    assert (catalog.building(), differences(before, catalog_contents(catalog))) == (None, [])


def test_the_live_generation_cannot_be_dropped(catalog: Catalog) -> None:
    put(catalog, part("a", "A leaf."))
    catalog.drop(live(catalog))
    assert (len(catalog.numbers(live(catalog))), live(catalog).embedder) == (1, FAKE)


def test_what_arrives_while_a_generation_is_built_is_in_both(catalog: Catalog) -> None:
    put(catalog, part("a", "A leaf."), post("b", "A reed."))
    building = catalog.begin("fake/2", 1, live=False)
    catalog.cut_missing(building, 10)
    put(catalog, part("c", "A stone."), post("b", "A better reed."))
    assert catalog.cut_missing(building, 10) == 0
    before = catalog_contents(catalog).passages
    embed(catalog, FakeEmbedder("fake/2"))
    catalog.swap(building)
    assert catalog_contents(catalog).passages == before
    assert [text for *_, text in before] == ["A leaf.", "A better reed.", "A stone."]


def test_each_generation_waits_for_its_own_embedder(catalog: Catalog) -> None:
    put(catalog, part("a", "A leaf."))
    catalog.cut_missing(catalog.begin("fake/2", 1, live=False), 10)
    assert (embed(catalog, FakeEmbedder("fake/2")), catalog.totals().pending, embed(catalog)) == (1, 1, 1)


# Room


def test_a_full_disk_in_the_middle_of_a_batch_loses_nothing(tmp_path: Path) -> None:
    database = Sqlite(tmp_path / "krab.db")
    catalog = Catalog(database)
    put(catalog, part("a", "A leaf."))
    before = catalog_contents(catalog)
    connection = database.connection()
    connection.execute(f"PRAGMA max_page_count = {connection.execute('PRAGMA page_count').fetchone()[0] + 5}")
    many = [part(f"{n}", " ".join(f"{n} leaf {m}." for m in range(200))) for n in range(200)]
    with pytest.raises(Unusable, match="free some space"):
        catalog.put(many, "pond")
    assert differences(before, catalog_contents(catalog)) == []
    connection.execute("PRAGMA max_page_count = 100000")
    assert catalog.put(many, "pond") == Changes(new=200)
    database.close()


def test_changes_add_up() -> None:
    assert Changes(1, 2, 3, 4) + Changes(1, 1, 1, 1) == Changes(2, 3, 4, 5)
