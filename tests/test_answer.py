"""Answers: every sentence verbatim in its source, once, of its author's own words, or an honest no."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.answer import RETRIEVED, Answerer, Rule
from bot.choice import Limits
from bot.cite import check, citations, flat, holds, spoken
from bot.confidence import Trust
from bot.model import Answer, Question, Status
from bot.refusal import Unread
from bot.worth import Worth
from index.engine import Index
from index.model import Batch, Block, Kind, Part, Reference, Role
from tests.index_fixtures import NOON, FakeEmbedder, opened, own, part, post

# How sure one must be is tuned elsewhere; here it is set so that an answer of each sort comes.
ALWAYS = Rule(trust=Trust(answered=0.0, weak=0.0, ours=0.0))
WEAKLY = Rule(trust=Trust(answered=1.1, weak=0.0, ours=0.0))
NEVER = Rule(trust=Trust(answered=1.1, weak=1.1, ours=0.0))
NOT_OURS = Rule(trust=Trust(answered=1.1, weak=1.1, ours=1.1, near=9.0))

LEAF = "A leaf must outlive the frog that sits on it, or the frog will drown."
HERON = "The heron guards its reeds at night and sleeps through the day."
LATER = "The leaf was given to the newt in the end, and the frog moved away."
QUOTED = "Surely the leaf should be held by the frog that sits on it, should it not."
PARTS = (
    part(
        "leaf@pond", blocks=(Block(Role.QUOTED, QUOTED), own(LEAF)), title="[PATCH] rust: leaf: hold it", author="Ada"
    ),
    part("heron@pond", HERON, title="Of herons"),
    part("later@pond", LATER, title="Of leaves", date=NOON + timedelta(days=9)),
)


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    with opened(tmp_path) as made:
        made.ingest(Batch(PARTS), "pond")
        yield made


def ask(index: Index, text: str, rule: Rule = ALWAYS, **changes: object) -> Answer:
    return Answerer(index, rule).answer(Question(text, **changes))  # type: ignore[arg-type]


def sources(answer: Answer) -> list[str]:
    return [source.id for source in answer.sources]


# What is said


def test_a_question_is_answered_with_the_sentence_that_answers_it(index: Index) -> None:
    answer = ask(index, "Must the leaf outlive the frog?")
    assert (answer.status, words(answer.sentences[0].text)) == (Status.ANSWERED, LEAF)


def test_a_source_is_given_with_all_that_a_reader_wants_to_know(index: Index) -> None:
    source = ask(index, "Must the leaf outlive the frog?").sources[0]
    assert (source.n, source.id, source.url) == (1, "leaf@pond", PARTS[0].url)
    assert (source.title, source.author, source.date, source.kind) == (PARTS[0].title, "Ada", NOON, Kind.MAIL)
    assert source.quote == LEAF


def test_every_sentence_cites_sources_that_are_there_and_all_sources_are_cited(index: Index) -> None:
    answer = ask(index, "leaf frog heron reeds newt")
    numbers = [source.n for source in answer.sources]
    cited = [n for sentence in answer.sentences for n in sentence.citations]
    assert numbers == list(range(1, len(numbers) + 1))
    assert set(cited) == set(numbers)
    assert all(sentence.citations for sentence in answer.sentences)


SENTENCES = [
    LEAF,
    HERON,
    LATER,
    "See the\n  wrapped line\nof this frog, e.g. the green one.",
    "Use `lily_put(leaf[i][j])` when the frog is done with version 6.12.1 of it.",
    "Read [the leaf](https://pond.example/leaf) before the frog does.",
    "Is the leaf held by the frog?",
    "fn leaf() -> Frog { unsafe { sit() } }",
    "[ 12.34] lily: frog 0xdead sank",
]
TEXTS = st.lists(st.sampled_from(SENTENCES), min_size=1, max_size=5).map(lambda s: "\n- ".join(s))
BLOCKS = st.lists(st.builds(Block, st.sampled_from([Role.OWN, Role.QUOTED, Role.CODE, Role.DIFF]), TEXTS), max_size=4)


@settings(max_examples=12, deadline=None)
@given(
    bodies=st.lists(BLOCKS, min_size=1, max_size=6), question=st.sampled_from(["leaf", "Who is the frog?", "lily_put"])
)
def test_every_sentence_stands_in_its_source_in_the_authors_own_words(bodies: list[list[Block]], question: str) -> None:
    parts = tuple(part(f"{n}@pond", blocks=tuple(blocks)) for n, blocks in enumerate(bodies))
    with tempfile.TemporaryDirectory() as folder, opened(Path(folder)) as index:
        index.ingest(Batch(parts), "pond")
        answer = ask(index, question)
        assert check(citations(answer), index.part)[1] == []
        assert said_otherwise(answer) == []
        assert cited_from_others(answer, index) == []


def words(sentence: str) -> str:
    """A sentence without who says it: mails open with "Ada Quill (on v2): "."""
    return re.sub(r"^Ada[^:]*: ", "", sentence)


def said_otherwise(answer: Answer) -> list[str]:
    """The sentences that are not what the quotes behind them say."""
    quotes = {source.n: {flat(source.quote), spoken(source.quote)} for source in answer.sources}
    return [s.text for s in answer.sentences if not any(words(s.text) in quotes[n] for n in s.citations)]


def cited_from_others(answer: Answer, index: Index) -> list[str]:
    """The quotes that don't stand in one block of their author's prose or code."""
    found = [(source.quote, index.part(source.id)) for source in answer.sources]
    return [quote for quote, source in found if not source or not _own(quote, source)]


def _own(quote: str, source: Part) -> bool:
    return any(flat(quote) in flat(block.text) for block in source.own)


def test_what_somebody_else_wrote_is_not_said_in_an_authors_name(index: Index) -> None:
    answer = ask(index, "Surely the leaf should be held by the frog that sits on it?")
    assert QUOTED not in answer.text
    assert not any("Surely" in source.quote for source in (*answer.sources, *answer.nearest))


def test_the_same_words_in_many_mails_are_said_once(tmp_path: Path) -> None:
    copies = tuple(part(f"{n}@pond", LEAF.replace(" ", "\n" if n % 2 else " ")) for n in range(8))
    with opened(tmp_path) as index:
        index.ingest(Batch((*copies, part("heron@pond", HERON))), "pond")
        answer = ask(index, "Must the leaf outlive the frog?")
        assert [words(s.text) for s in answer.sentences].count(LEAF) == 1


def test_an_answer_has_an_end(tmp_path: Path) -> None:
    text = " ".join(f"Leaf number {n} is held by the frog with the number {n} of the pond." for n in range(60))
    with opened(tmp_path) as index:
        index.ingest(Batch((part("a", text),)), "pond")
        answer = ask(index, "Which leaf is held by the frog?")
        assert 1 <= len(answer.sentences) <= ALWAYS.limits.most
        assert sum(len(words(s.text).split()) for s in answer.sentences) <= ALWAYS.limits.length


@pytest.mark.parametrize("within", [True, False])
def test_where_sentences_have_no_vectors_other_weights_choose(tmp_path: Path, within: bool) -> None:
    first, last = "The frog takes the leaf from the pond.", "The frog then brings the leaf back to the pond."
    rule = replace(ALWAYS, worth=Worth(order=9.0), without=Worth(order=-9.0), limits=Limits(most=1))
    with opened(tmp_path, FakeEmbedder(within=within)) as index:
        index.ingest(Batch((part("a", f"{first} {last}"),)), "pond")
        assert [words(s.text) for s in ask(index, "frog leaf pond", rule).sentences] == [last if within else first]


@pytest.mark.parametrize("within", [True, False])
def test_where_sentences_have_no_vectors_another_rule_says_whether_they_answer(tmp_path: Path, within: bool) -> None:
    rule = Rule(trust=Trust(answered=0.0, weak=0.0), trust_without=NEVER.trust)
    with opened(tmp_path, FakeEmbedder(within=within)) as index:
        index.ingest(Batch((part("a", LEAF),)), "pond")
        answer = ask(index, "the frog sits on the leaf", rule)
        assert (answer.status is Status.ANSWERED, "nearest" in dict(answer.why)) == (within, within)


def test_the_sentences_of_one_passage_are_said_in_their_order(tmp_path: Path) -> None:
    first, second = "The frog takes the leaf from the pond.", "The frog then brings the leaf back to the pond."
    with opened(tmp_path) as index:
        index.ingest(Batch((part("a", f"{first} {second}"),)), "pond")
        answer = ask(index, "the frog brings the leaf back from the pond then")
        assert [words(s.text) for s in answer.sentences] == [first, second]


def test_what_a_program_wrote_is_labelled(tmp_path: Path) -> None:
    with opened(tmp_path) as index:
        index.ingest(Batch((part("bot@pond", LEAF, labels=("bot",)), part("ada@pond", HERON))), "pond")
        answer = ask(index, "leaf frog heron reeds", replace(ALWAYS, limits=Limits(close=9.0)))
        assert {s.id: s.note for s in answer.sources} == {"bot@pond": "bot", "ada@pond": None}


def test_a_notes_own_references_come_with_it(tmp_path: Path) -> None:
    reference = Reference("The pond's book", "https://pond.example/book")
    with opened(tmp_path) as index:
        index.ingest(Batch((part("note", LEAF, kind=Kind.NOTE, references=(reference,)),)), "notes")
        assert ask(index, "leaf frog").sources[0].references == (reference,)


# What is not said


@pytest.mark.parametrize("text", ["Must the leaf outlive the frog?", "", "?", "🐸", "the of and", "x " * 3000])
def test_an_empty_index_answers_nothing(tmp_path: Path, text: str) -> None:
    with opened(tmp_path) as index:
        answer = Answerer(index).answer(Question(text))
        assert answer.status in (Status.NOT_FOUND, Status.OUT_OF_SCOPE)
        assert (answer.sentences, answer.sources, answer.nearest, answer.retrieved, answer.as_of) == (
            (),
            (),
            (),
            (),
            None,
        )
        assert answer.remark


def test_without_enough_evidence_nothing_is_claimed_and_the_nearest_are_shown(index: Index) -> None:
    answer = ask(index, "leaf frog", NEVER)
    assert (answer.status, answer.sentences, answer.sources) == (Status.NOT_FOUND, (), ())
    assert "leaf@pond" in [nearest.id for nearest in answer.nearest]
    assert answer.text == answer.remark != ""


def test_the_nearest_are_quoted_verbatim_too(index: Index) -> None:
    nearest = ask(index, "leaf frog", NEVER).nearest
    assert nearest
    assert all(holds(n.quote, p) for n in nearest for p in [index.part(n.id)] if p)


def test_weak_evidence_is_shown_as_such(index: Index) -> None:
    answer = ask(index, "leaf frog", WEAKLY)
    assert answer.status is Status.WEAK
    assert answer.sentences
    assert answer.remark


def test_what_is_far_from_everything_is_not_ours(index: Index) -> None:
    answer = ask(index, "soup with noodles", NOT_OURS)
    assert (answer.status, answer.sentences, answer.nearest) == (Status.OUT_OF_SCOPE, (), ())


def test_an_answer_needs_no_remark(index: Index) -> None:
    assert ask(index, "Must the leaf outlive the frog?").remark == ""


@pytest.mark.parametrize("text", ["", " ", "?!", '"', "body:x AND (", "🐸" * 500, "leaf " * 5000, "\x00", "it"])
def test_an_odd_question_gets_an_answer_all_the_same(index: Index, text: str) -> None:
    assert ask(index, text).status in Status


# Time


def test_the_future_is_hidden_from_a_question_as_of_a_day(index: Index) -> None:
    answer = ask(index, "Who was given the leaf, the newt?", as_of=NOON + timedelta(days=1))
    assert "later@pond" not in (*answer.retrieved, *sources(answer))
    assert answer.as_of == NOON + timedelta(days=1)


def test_without_a_day_everything_counts_and_the_newest_part_dates_the_answer(index: Index) -> None:
    answer = ask(index, "Who was given the leaf, the newt?")
    assert sources(answer)[0] == "later@pond"
    assert answer.as_of == NOON + timedelta(days=9)


def test_the_nearest_hide_the_future_too(index: Index) -> None:
    answer = ask(index, "Who was given the leaf, the newt?", NEVER, as_of=NOON)
    assert "later@pond" not in [nearest.id for nearest in answer.nearest]


def test_it_is_told_how_long_it_took(index: Index) -> None:
    ticks = iter([10.0, 10.25])
    assert Answerer(index, ALWAYS, clock=lambda: next(ticks)).answer(Question("leaf")).took_ms == 250.0


# Conversations and crowds


def test_a_follow_up_is_understood_by_the_question_before_it(index: Index) -> None:
    alone = ask(index, "And when does it sleep?")
    after = ask(index, "And when does it sleep?", earlier=("What does the heron guard in the reeds at night?",))
    assert words(after.sentences[0].text) == HERON
    assert after.confidence >= alone.confidence


def test_what_was_retrieved_is_listed_once_each_best_first(tmp_path: Path) -> None:
    many = tuple(part(f"{n}@pond", f"{LEAF} {n} {HERON}") for n in range(80))
    with opened(tmp_path) as index:
        index.ingest(Batch((part("best@pond", "frog leaf drown", title="frog leaf drown"), *many)), "pond")
        retrieved = ask(index, "frog leaf drown").retrieved
        assert retrieved[0] == "best@pond"
        assert len(set(retrieved)) == len(retrieved) == RETRIEVED


def test_many_may_ask_at_once(index: Index) -> None:
    answerer = Answerer(index, ALWAYS)
    questions = [Question("Must the leaf outlive the frog?"), Question("When does the heron sleep?")] * 20
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(answerer.answer, questions))
    assert {words(answer.sentences[0].text) for answer in answers[::2]} == {LEAF}
    assert {words(answer.sentences[0].text) for answer in answers[1::2]} == {HERON}


def test_a_mail_says_who_says_it_and_about_which_version(tmp_path: Path) -> None:
    with opened(tmp_path) as index:
        index.ingest(Batch((part("a@pond", title="Re: [PATCH v3 1/2] pond: leaf", text=LEAF),)), "pond")
        assert ask(index, "what must a leaf outlive?").sentences[0].text == f"Ada Frog (on v3): {LEAF}"


def test_who_speaks_of_himself_in_a_post_is_named(tmp_path: Path) -> None:
    mine = "I hold that a leaf must outlive the frog that sits on it."
    with opened(tmp_path) as index:
        index.ingest(Batch((post("https://pond.example/a", f"{mine} {HERON}", author="Ada Frog"),)), "posts")
        said = [sentence.text for sentence in ask(index, "what must a leaf outlive, a heron?").sentences]
        assert said == [f"Ada Frog: {mine}", HERON]


def test_where_evidence_is_weak_less_of_it_is_shown(tmp_path: Path) -> None:
    leaves = "\n\n".join(f"The {kind} leaf must outlive its frog." for kind in ("red", "wet", "old", "far", "dry"))
    with opened(tmp_path) as index:
        index.ingest(Batch((part("a@pond", leaves),)), "pond")
        sure, weak = (ask(index, "what must a leaf outlive?", rule) for rule in (ALWAYS, WEAKLY))
        assert len(weak.sentences) == WEAKLY.limits.weak < len(sure.sentences)


def test_a_refusal_names_the_sources_that_were_not_read(index: Index) -> None:
    answerer = Answerer(index, NEVER, unread=lambda: Unread(never=("reed-devel",)))
    refused = answerer.answer(Question("does the frog drown?"))
    assert (refused.status, refused.limited) == (Status.NOT_FOUND, "Not read yet: reed-devel.")
