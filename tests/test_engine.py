"""The index as one thing: what goes in is found, whatever happened to the caches, the process or another one."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from itertools import islice
from pathlib import Path

import pytest

from index.engine import DEFAULT_RANKING, Index, Ranking
from index.errors import NeedsReindex
from index.lexical import Lexical
from index.model import Batch, Event, Kind, Part, Rejected
from index.rank import Weights
from index.reindex import reindex
from tests.homes import FILED, Home, held
from tests.index_fixtures import NOON, Contents, FakeEmbedder, differences, part, post, stream

WORDS = Ranking(Weights.only(words=1))
MEANING = Ranking(Weights.only(meaning=1))
CAR = part("car", "The car is fast.", title="wheels")
DOCTOR = part("doctor", "The doctor of the dma_alloc_coherent ward.", title="health")
LEAF = part("leaf", "A leaf outlives its frog.", title="pond")


@pytest.fixture
def index(home: Home) -> Iterator[Index]:
    with home.opened() as made:
        made.ingest(Batch((CAR, DOCTOR, LEAF)), "pond")
        yield made


def ids(index: Index, query: str, ranking: Ranking = DEFAULT_RANKING) -> list[str]:
    return [result.found.passage.part for result in index.search(query, ranking=ranking)]


def reindexed(home: Home, embedder: FakeEmbedder | None = None) -> list[tuple[int, int]]:
    """Reindex as another process would."""
    with closing(home.database()) as database:
        return [(step.done, step.total) for step in reindex(database, embedder or FakeEmbedder())]


# Finding


def test_nothing_is_found_in_an_empty_index(home: Home) -> None:
    with home.opened() as index:
        assert (index.search("anything at all?"), index.ready) == ([], True)


def test_what_was_ingested_is_found_by_its_words(index: Index) -> None:
    assert ids(index, "which leaf?", WORDS) == ["leaf"]


def test_a_note_is_found_by_another_way_to_ask_it_whatever_its_text_says(index: Index) -> None:
    asked = "where do zebras hide?"
    note = part("note", "Herons wade in the north.", title="Which place is it?", kind=Kind.NOTE, asks=(asked,))
    index.ingest(Batch((note,)), "notes")
    assert ids(index, asked, replace(DEFAULT_RANKING, depth=1))[0] == "note"


def test_what_was_ingested_is_found_by_its_meaning(index: Index) -> None:
    assert ids(index, "quick automobile", MEANING)[0] == "car"
    assert ids(index, "quick automobile", WORDS) == []


def test_both_ways_of_finding_are_fused(index: Index) -> None:
    assert {"leaf", "car"} <= set(ids(index, "quick leaf"))


def test_a_result_tells_where_it_is_from_and_what_its_score_is_made_of(index: Index) -> None:
    best = index.search("a leaf outlives its frog")[0]
    assert (best.found.title, best.found.url, best.found.author, best.found.date) == (
        LEAF.title,
        LEAF.url,
        LEAF.author,
        LEAF.date,
    )
    assert best.found.passage.text == "A leaf outlives its frog."
    assert dict(best.hit.why)["cosine"] > 0.5
    assert dict(best.hit.why)["bm25"] > 0


def test_results_come_best_first_and_no_more_than_asked_for(index: Index) -> None:
    scores = [result.hit.score for result in index.search("the leaf of the doctor")]
    assert scores == sorted(scores, reverse=True)
    assert len(index.search("the leaf of the doctor", 1)) == 1


def test_a_part_without_words_of_its_own_is_found_by_its_title(index: Index) -> None:
    index.ingest(Batch((part("bare", title="[PATCH] newt: sleep longer"),)), "pond")
    assert ids(index, "newt sleep", WORDS) == ["bare"]
    assert ids(index, "newt sleep", MEANING)[0] == "bare"


def test_of_each_part_the_closest_passage_is_found(index: Index) -> None:
    index.ingest(Batch((part("long", "Herons stand. " * 80 + "A newt sleeps. " * 20 + "Reeds grow. " * 80),)), "pond")
    found = [r.found.passage for r in index.search("newt sleeps") if r.found.passage.part == "long"]
    assert len(found) == 1
    assert "newt" in found[0].text


def test_what_somebody_wrote_who_is_named_comes_before_what_others_wrote_alike(index: Index) -> None:
    alike = [part(f"n{n}", f"Newts sleep in pond {n}.", title="newts", author=f"Bo{n} Reed") for n in range(5)]
    hers = part("hers", "Newts sleep, or so.", title="newts", author="Eve Quill", labels=("by:equill",))
    index.ingest(Batch((*alike, hers)), "pond")
    assert ids(index, "what did Eve Quill say of newts that sleep?")[0] == "hers"
    assert index.people("what did Eve say?") == {"Eve Quill": 1.0}


def test_a_part_that_is_named_comes_first_and_its_document_follows(index: Index) -> None:
    thread = (part("n1", "Nothing of note."), part("n2", "Agreed.", links=("n1",)))
    index.ingest(Batch(thread), "pond")
    found = [r.found.passage.part for r in index.search("what does a frog say to n1?", named=("n1", "unknown"))]
    assert found[:2] == ["n1", "n2"]


def test_a_part_that_tells_what_is_asked_for_stands_for_its_subject(index: Index) -> None:
    about = part("v1", "Newts shall sleep longer.", title="newt: sleep longer", events=(posted("v1"),))
    told = part("yes", "Thanks, queued.", title="Re: it", links=("v1",), events=(applied("v1", "yes"),))
    index.ingest(Batch((about, told)), "pond")
    asked = "was the newt sleep series applied?"
    plain = [r.found.passage.part for r in index.search(asked)]
    lifted = [r.found.passage.part for r in index.search(asked, events=("applied",))]
    assert (plain[0], lifted[0]) == ("v1", "yes")


def posted(id_: str) -> Event:
    return Event(id_, "posted", "Ada Frog", NOON, id_, "newt: sleep longer", "v1 1/1")


def applied(subject: str, id_: str) -> Event:
    return Event(subject, "applied", "Bo Reed", NOON, id_, "Thanks, queued.")


def test_nothing_newer_than_asked_for_is_found(index: Index) -> None:
    index.ingest(
        Batch((part("later", "Another leaf.", date=NOON + timedelta(days=1)), part("undated", date=None))), "p"
    )
    found = [r.found.passage.part for r in index.search("leaf", until=NOON)]
    assert "leaf" in found
    assert not {"later", "undated"} & set(found)


def test_the_past_is_found_under_any_amount_of_news(home: Home) -> None:
    news = [part(f"{n}", "A leaf, a leaf, a leaf!", date=NOON + timedelta(days=n)) for n in range(1, 300)]
    with home.opened() as index:
        index.ingest(Batch((*news, part("old", "Of frogs and more frogs, and one leaf."))), "pond")
        assert [r.found.passage.part for r in index.search("leaf", until=NOON)] == ["old"]


def test_the_tick_of_ingesting_tells_what_changed(index: Index) -> None:
    changes = index.ingest(Batch((CAR, part("new")), removed=("leaf",)), "pond")
    assert (changes.new, changes.unchanged, changes.removed) == (1, 1, 1)


def test_what_could_not_be_read_is_kept(index: Index) -> None:
    index.ingest(Batch(rejected=(Rejected("commit 7", "no header"),)), "pond")
    assert index.catalog.rejected() == [("pond", Rejected("commit 7", "no header"))]


# Changing


def test_a_removed_part_is_found_no_more(index: Index) -> None:
    index.ingest(Batch(removed=("leaf",)), "pond")
    assert "leaf" not in ids(index, "leaf", WORDS) + ids(index, "leaf", MEANING)
    assert held(index) == index._words.numbers() == {1, 2}


def test_a_changed_post_is_found_by_its_new_words_only(index: Index) -> None:
    index.ingest(Batch((post("p", "About herons."),)), "blog")
    index.ingest(Batch((post("p", "About newts."),)), "blog")
    assert (ids(index, "newts", WORDS), ids(index, "herons", WORDS)) == (["p"], [])


def test_ingesting_again_embeds_nothing(index: Index) -> None:
    embedder = index.embedder
    assert isinstance(embedder, FakeEmbedder)
    before = len(embedder.embedded)
    index.ingest(Batch((CAR, DOCTOR, LEAF)), "pond")
    assert len(embedder.embedded) == before


def test_what_another_process_writes_is_found_at_the_next_search(index: Index, home: Home) -> None:
    with home.opened() as other:
        other.ingest(Batch((part("newt", "A newt sleeps."),), removed=("leaf",)), "pond")
    assert ids(index, "newt sleeps", WORDS) == ["newt"]
    assert ids(index, "newt sleeps", MEANING)[0] == "newt"
    assert "leaf" not in ids(index, "leaf", MEANING)


def test_words_that_could_not_be_written_just_then_are_found_later(index: Index, tmp_path: Path) -> None:
    with busy(next(tmp_path.glob("words-*"))):
        index.ingest(Batch((part("newt", "A newt sleeps."),)), "pond")
        assert ids(index, "newt", MEANING)[0] == "newt"
    assert ids(index, "newt", WORDS) == ["newt"]


def test_mail_and_questions_at_once_do_each_other_no_harm(index: Index, home: Home) -> None:
    with ThreadPoolExecutor(6) as pool:
        fed = [pool.submit(index.ingest, batch, "pond") for batch in stream(60)]
        asked = [pool.submit(index.search, "frog leaf") for _ in range(60)]
        moved = pool.submit(reindexed, home)
        assert sum(future.result().new for future in fed) > 60
        assert all(isinstance(future.result(), list) for future in asked)
        assert moved.result()
    assert ids(index, "leaf", WORDS)
    assert len(held(index)) == index.catalog.totals().passages
    assert len(index._words.numbers()) == index.catalog.totals().parts


class busy:
    """Another process writes words."""

    def __init__(self, folder: Path) -> None:
        self._lexical = Lexical(folder)

    def __enter__(self) -> None:
        self._writer = self._lexical._index.writer(15_000_000, 1)

    def __exit__(self, *_: object) -> None:
        self._writer.wait_merging_threads()


# Caches


def reopened_after(home: Home, harm: Callable[[Path], object]) -> list[list[str]]:
    """Fill and save an index, do ``harm`` to its folder, and search in it."""
    with home.opened() as index:
        index.ingest(Batch((CAR, DOCTOR, LEAF)), "pond")
        index.save()
    harm(home.folder)
    with home.opened() as index:
        index.save()
        return [ids(index, "quick automobile", MEANING)[:1], ids(index, "leaf", WORDS)]


def gone(*paths: Path) -> None:
    for path in paths:
        path.unlink()


def cut_in_half(*paths: Path) -> None:
    for path in paths:
        half = path.read_bytes()[: path.stat().st_size // 2]
        path.unlink()  # who still has it mapped into memory, as tantivy's threads may, keeps the whole
        path.write_bytes(half)


def spoilt(path: Path) -> None:
    path.write_bytes(bytes(byte ^ 0xFF for byte in path.read_bytes()))


def vectors(folder: Path) -> Path:
    return next(folder.glob("vectors-*"))


def words(folder: Path, *suffixes: str) -> list[Path]:
    return sorted(
        p for p in next(folder.glob("words-*")).iterdir() if p.suffix in (suffixes or p.suffix) and p.is_file()
    )


@pytest.mark.parametrize(
    "harm",
    [
        lambda folder: shutil.rmtree(words(folder)[0].parent),
        lambda folder: gone(*words(folder)),
        lambda folder: gone(words(folder)[0].parent / "meta.json"),
        lambda folder: cut_in_half(words(folder)[0].parent / "meta.json"),
        lambda folder: cut_in_half(*words(folder)),
        lambda folder: gone(*words(folder, ".idx")),
        lambda folder: cut_in_half(*words(folder, ".idx", ".term", ".store")),
    ],
    ids=[
        "no words",
        "no word files",
        "no meta.json",
        "half a meta.json",
        "half of every word file",
        "no postings",
        "half the postings",
    ],
)
def test_damaged_words_are_made_anew_from_the_catalogue(home: Home, harm: Callable[[Path], object]) -> None:
    assert reopened_after(home, harm) == [["car"], ["leaf"]]


@pytest.mark.parametrize("home", FILED, indirect=True)
@pytest.mark.parametrize(
    "harm",
    [
        lambda folder: None,
        lambda folder: gone(vectors(folder)),
        lambda folder: cut_in_half(vectors(folder)),
        lambda folder: spoilt(vectors(folder)),
    ],
    ids=["none", "no vectors", "half the vectors", "spoilt vectors"],
)
def test_damaged_vectors_are_made_anew_from_the_catalogue(home: Home, harm: Callable[[Path], object]) -> None:
    assert reopened_after(home, harm) == [["car"], ["leaf"]]


def test_words_that_vanish_while_the_index_is_open_do_not_stop_it(index: Index, tmp_path: Path) -> None:
    shutil.rmtree(next(tmp_path.glob("words-*")))
    index.ingest(Batch((part("newt", "A newt sleeps."),)), "pond")
    assert ids(index, "newt", WORDS) == ["newt"]
    assert ids(index, "leaf", WORDS) == ["leaf"]


def test_a_saved_index_is_opened_without_embedding_anything(home: Home, index: Index) -> None:
    index.save()
    embedder = FakeEmbedder()
    with home.opened(embedder) as again:
        assert len(held(again)) == 3
        assert embedder.embedded == []


@pytest.mark.parametrize("home", FILED, indirect=True)
def test_vectors_are_written_only_when_they_have_changed(index: Index, tmp_path: Path) -> None:
    index.save()
    before = vectors(tmp_path).stat().st_mtime_ns
    index.save()
    assert vectors(tmp_path).stat().st_mtime_ns == before


# Crashes between the steps of one ingest


def test_a_crash_before_the_vectors_is_made_good_by_the_next_run(home: Home) -> None:
    with home.opened(FakeEmbedder(calls_left=0)) as index, pytest.raises(InterruptedError):
        index.ingest(Batch((CAR, LEAF)), "pond")
    with home.opened() as index:
        index.ingest(Batch((CAR, LEAF)), "pond")
        assert index.catalog.totals().pending == 0
        assert ids(index, "quick automobile", MEANING)[0] == "car"


# Reindexing


def test_vectors_of_another_embedder_are_refused_with_what_to_do(index: Index, home: Home) -> None:
    with pytest.raises(NeedsReindex, match=r"fake/1.*fake/2.*krab reindex"), home.opened(FakeEmbedder("fake/2")):
        pass


def test_after_a_reindex_the_new_embedder_answers(index: Index, home: Home) -> None:
    assert reindexed(home, FakeEmbedder("fake/2")) == [(3, 3)]
    with home.opened(FakeEmbedder("fake/2")) as again:
        assert ids(again, "quick automobile", MEANING)[0] == "car"


def test_an_open_index_goes_on_with_the_new_generation(index: Index, home: Home) -> None:
    reindexed(home)
    assert ids(index, "quick automobile", MEANING)[0] == "car"
    assert ids(index, "leaf", WORDS) == ["leaf"]


def test_what_is_ingested_after_another_process_has_reindexed_is_found(index: Index, home: Home) -> None:
    reindexed(home)
    index.ingest(Batch((part("newt", "A newt sleeps."),)), "pond")
    assert ids(index, "newt leaf", WORDS) == ["newt", "leaf"]


def test_what_is_ingested_while_reindexing_is_found_before_and_after(home: Home) -> None:
    with home.opened() as index, closing(home.database()) as database:
        index.ingest(Batch(tuple(many(501))), "pond")
        steps = reindex(database, FakeEmbedder())
        next(steps)
        index.ingest(Batch((part("newt", "A newt sleeps."),), removed=("0", "500")), "pond")
        assert ids(index, "newt", WORDS) == ["newt"]
        list(steps)
        assert ids(index, "newt", WORDS) == ["newt"]
        assert index.catalog.totals().passages == 500


def many(n: int) -> list[Part]:
    return [part(f"{i}", f"Leaf number {i}.", title="leaves") for i in range(n)]


def stopped_after_steps(home: Home, steps: int) -> None:
    with closing(home.database()) as database:
        list(islice(reindex(database, FakeEmbedder("fake/2")), steps))


def stopped_while_embedding(home: Home, calls: int) -> None:
    with pytest.raises(InterruptedError):
        reindexed(home, FakeEmbedder("fake/2", calls_left=calls))


@pytest.fixture
def undisturbed(home: Home) -> Contents:
    """An index of 200 parts, made by the first fake embedder."""
    with home.opened() as index:
        index.ingest(Batch(tuple(many(200))), "pond")
    return home.contents()


@pytest.mark.parametrize(
    ("interrupt", "when"),
    [
        (stopped_after_steps, 1),
        (stopped_after_steps, 2),
        (stopped_after_steps, 3),
        (stopped_while_embedding, 0),
        (stopped_while_embedding, 1),
        (stopped_while_embedding, 2),
    ],
)
def test_an_interrupted_reindex_goes_on_to_the_same_end(
    undisturbed: Contents, home: Home, interrupt: Callable[[Home, int], None], when: int
) -> None:
    interrupt(home, when)
    assert differences(undisturbed, home.contents()) == []  # still the old generation
    reindexed(home, FakeEmbedder("fake/2"))
    assert differences(undisturbed, home.contents()) == []
    with home.opened(FakeEmbedder("fake/2")) as index:
        assert ids(index, "leaf number 177", WORDS)[0] == "177"


@pytest.mark.usefixtures("undisturbed")
def test_an_interrupted_reindex_is_begun_anew_for_another_embedder(home: Home) -> None:
    stopped_after_steps(home, 1)
    third = FakeEmbedder("fake/3")
    assert reindexed(home, third)[0] == (50, 200)
    assert len(third.embedded) == 200


@pytest.mark.usefixtures("undisturbed")
def test_a_resumed_reindex_embeds_only_what_is_missing(home: Home) -> None:
    stopped_after_steps(home, 1)
    second = FakeEmbedder("fake/2")
    reindexed(home, second)
    assert len(second.embedded) == 150


def test_an_empty_index_is_reindexed_in_no_steps(home: Home) -> None:
    assert reindexed(home) == []
    with home.opened() as index:
        assert index.ready
