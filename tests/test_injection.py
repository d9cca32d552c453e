"""Whatever hostile people write into mail, posts, notes, names, titles and questions: what leaves is cited evidence.

Each attack is read, asked about, and shown on every surface; then with a language model that does what the
attacker wants. The attacks are data (``tests.attacks``), the checks are below.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from markupsafe import Markup

from bot.answer import Answerer
from bot.answer_json import to_json
from bot.budget import Allowance, Budget
from bot.chat import matrix_html, slack_blocks, text
from bot.cite import flat
from bot.draft import Message
from bot.llm import Usage
from bot.model import Answer, Question
from bot.support import Lens
from bot.web_ask import LONGEST, BadQuestion, question
from bot.web_views import environment
from bot.writer import Writer
from index.model import Batch, Block, Kind, Part, Role
from index.sqlite import Sqlite
from tests.attacks import ATTACKS, EVIL, WISHES, Attack
from tests.fakes import FakeClock
from tests.index_fixtures import opened, own, part

ASKED = "What does the frobnicator need?"
TRUTH = "The frobnicator needs a bound device, since the device may go away at any time."
SUBJECT = "rust: frobnicator: what the frobnicator needs"


def hostile(attack: Attack) -> Part:
    """A part with the attack in its place."""
    fields: dict[str, Any] = {"title": SUBJECT, "blocks": (own(TRUTH),)}
    match attack.place:
        case "own" | "note" | "post":
            fields["blocks"] = (own(f"{attack.text}\n\n{TRUTH}"),)
            fields["kind"] = {"note": Kind.NOTE, "post": Kind.POST}.get(attack.place, Kind.MAIL)
        case "quoted":
            fields["blocks"] = (Block(Role.QUOTED, attack.text), own(TRUTH))
        case "title" | "author":
            fields[attack.place] = attack.text
        case "link":
            fields["url"] = attack.text
    return part("evil@pond.example", **fields)


@dataclass
class Obedient:
    """Writes what the attacker wants, whatever it was asked."""

    wish: str

    def write(self, messages: Sequence[Message], usage: Usage) -> Iterator[str]:
        yield self.wish


@pytest.fixture(params=ATTACKS, ids=lambda attack: attack.name)
def attack(request: pytest.FixtureRequest) -> Attack:
    assert isinstance(request.param, Attack)
    return request.param


@pytest.fixture
def evidence(attack: Attack) -> dict[str, Part]:
    """What krab has read: the hostile part and an honest one."""
    parts = (hostile(attack), part("good@pond.example", TRUTH, title=SUBJECT))
    return {each.id: each for each in parts}


def said_in(part: Part) -> str:
    """What the author of a part says himself."""
    return " ".join(block.text for block in part.blocks if block.role in (Role.OWN, Role.CODE))


def asked_of(attack: Attack) -> Question:
    try:
        return question(attack.text[:LONGEST] if attack.place == "question" else ASKED)
    except BadQuestion:
        return Question(ASKED)


@pytest.fixture
def answer(attack: Attack, evidence: dict[str, Part], tmp_path: Path) -> Answer:
    """What krab says, without a language model."""
    with opened(tmp_path) as index:
        index.ingest(Batch(tuple(evidence.values())), "pond")
        return Answerer(index).answer(asked_of(attack))


def drafts(attack: Attack) -> tuple[str, ...]:
    """What a model writes that obeys: the wish or the attack's own words, bare, cited, and among true sentences."""
    wishes = (attack.wish, attack.text, f"{attack.text} [1]", f"{attack.text} [2]")
    return (*wishes, *(f"{TRUTH} [1] {wish}" for wish in wishes), f"{attack.wish} {TRUTH} [1] {TRUTH} [2]")


@pytest.fixture
def obeyed(attack: Attack, answer: Answer, lens: Lens, tmp_path: Path) -> tuple[Answer, ...]:
    """The same with a language model that obeys the attacker, in several ways."""
    with closing(Sqlite(tmp_path / "budget.db")) as database:
        budget = Budget(database, Allowance(), FakeClock())
        writers = [Writer(lambda _: answer, Obedient(draft), lens, budget) for draft in drafts(attack)]
        return tuple(writer.answer(asked_of(attack)) for writer in writers)


def test_there_are_enough_of_them() -> None:
    assert len(ATTACKS) >= 60
    assert len({(attack.place, attack.text) for attack in ATTACKS}) == len(ATTACKS)


def test_what_is_hostile_is_really_found(attack: Attack, answer: Answer) -> None:
    shown = {c.id for c in (*answer.sources, *answer.nearest)} | set(answer.retrieved)
    assert attack.place == "question" or "evil@pond.example" in shown


# What is said


def test_every_sentence_is_its_sources_own_words(answer: Answer, evidence: dict[str, Part]) -> None:
    for source in (*answer.sources, *answer.nearest):
        assert flat(source.quote) in flat(said_in(evidence[source.id]))
    assert all(sentence.citations for sentence in answer.sentences)


def test_an_obedient_model_gets_nothing_out_that_its_source_does_not_say(
    attack: Attack, answer: Answer, obeyed: tuple[Answer, ...], evidence: dict[str, Part]
) -> None:
    plain, own_words = {s.text for s in answer.sentences}, flat(" ".join(map(said_in, evidence.values())))
    written = [s for said in obeyed for s in said.sentences if s.text not in plain]
    assert [s.text for s in written if flat(s.text) not in own_words or not s.citations] == []
    assert {c.url for said in obeyed for c in said.sources} <= {c.url for c in answer.sources}
    assert not re.search(r"https?:|xox|<[!@#]|@(room|channel)", " ".join(s.text for s in written))


@pytest.mark.parametrize("wish", WISHES)
def test_no_wish_is_published_of_an_honest_mail_either(wish: str, lens: Lens, tmp_path: Path) -> None:
    with opened(tmp_path) as index, closing(Sqlite(tmp_path / "budget.db")) as database:
        index.ingest(Batch((part("good@pond.example", TRUTH, title=SUBJECT),)), "pond")
        plain = Answerer(index).answer(Question(ASKED))
        budget = Budget(database, Allowance(), FakeClock())
        said = Writer(lambda _: plain, Obedient(wish), lens, budget).answer(Question(ASKED))
    assert said.text == plain.text


# How it is shown


def allowed(answer: Answer) -> set[str]:
    """The addresses that may be linked to: those of what is cited."""
    cited = (*answer.sources, *answer.nearest)
    return {c.url for c in cited} | {r.url for c in cited for r in c.references}


def test_slack_is_pinged_by_nothing_and_linked_to_what_is_cited_only(
    answer: Answer, obeyed: tuple[Answer, ...]
) -> None:
    for said in (answer, *obeyed):
        shown = json.dumps(list(slack_blocks.blocks(said)), ensure_ascii=False) + slack_blocks.fallback(said)
        assert not re.search(r"<[!@#]", shown)
        links = {json.loads(f'"{url}"').replace("&amp;", "&") for url in re.findall(r"<(https?:[^|>]*)[|>]", shown)}
        assert set(map(unquote, links)) <= set(map(unquote, allowed(said)))


class Reader(HTMLParser):
    """Notes every element and where it leads."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.links: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.links |= {value or "" for name, value in attrs if name in ("href", "src", "action")}


def test_matrix_is_pinged_by_nothing_and_gets_harmless_markup(answer: Answer, obeyed: tuple[Answer, ...]) -> None:
    for said in (answer, *obeyed):
        for message in matrix_html.messages(said):
            read = Reader(message.formatted)
            assert not read.tags & {"script", "img", "svg", "style", "mx-reply", "h1", "iframe", "form"}
            assert read.attributes <= {"href", "class", "data-mx-spoiler", "start", "open"}
            assert read.links <= allowed(said)
            assert "@room" not in message.body + message.formatted


def test_the_page_has_only_its_own_elements_and_links(
    attack: Attack, answer: Answer, obeyed: tuple[Answer, ...]
) -> None:
    template = environment().get_template("answer.html")
    for said in (answer, *obeyed):
        read = Reader(Markup(template.render(question=asked_of(attack), answer=said, longest=LONGEST)))
        assert not read.tags & {"script", "style", "iframe", "svg", "object", "animate", "mx-reply"}
        assert not [name for name in read.attributes if name.startswith("on") or name == "style"]
        assert {link for link in read.links if not link.startswith(("/", "#"))} <= allowed(answer)


def test_a_terminal_is_not_steered(answer: Answer, obeyed: tuple[Answer, ...]) -> None:
    shown = "".join(map(text.plain, (answer, *obeyed)))
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", shown)


def test_json_stays_json(answer: Answer) -> None:
    assert json.loads(json.dumps(to_json(answer)))["status"] == answer.status.value


def test_what_the_question_says_is_not_what_krab_says(attack: Attack, answer: Answer) -> None:
    said = " ".join(s.text for s in answer.sentences) + answer.remark
    if attack.place == "question":
        assert EVIL not in said
        assert "TOKEN" not in said
