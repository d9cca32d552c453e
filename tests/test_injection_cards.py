"""What hostile people write, where commands, digests and somebody's own corner show it: no ping, no foreign link.

The attacks are those of ``tests.attacks``, here in a patch series that is searched for, followed, watched and told
of in a digest. ``test_injection`` has the same of answers.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest

from bot.card import Card
from bot.chat import Incoming, text
from bot.chat.matrix_card import card_messages
from bot.chat.slack_card import card_blocks, home_view
from bot.digest.card import card as digest_card
from bot.digest.markdown import markdown
from bot.digest.span import week
from bot.digester import Digester
from bot.digests import Digests
from bot.orders import Context, found
from bot.state import State
from feeds.kinship import kin
from index.engine import Index
from index.model import Batch, Part
from index.nearness import filed
from index.sqlite import Sqlite
from index.stores.faiss import Faiss
from tests.attacks import ATTACKS, Attack
from tests.fakes import FakeReply, answered, citation
from tests.index_fixtures import FakeEmbedder, own
from tests.order_fixtures import context
from tests.series_mail import BO, mail, series
from tests.test_injection import TRUTH

SERIES = "rust: frobnicator: what the frobnicator needs"
ORDERS = (("search", "frobnicator"), ("series", "frobnicator"), ("people", "frobnicator"), ("why", ""), ("more", ""))
PLACES = ("own", "title", "author", "link", "quoted")
CARRIED = tuple(attack for attack in ATTACKS if attack.place in PLACES)
WEEK = week("2025-W28")


def hostile(attack: Attack) -> tuple[Part, ...]:
    """A series of two patches and its review; the attack stands in each mail, in its place."""
    applied = mail("applied", f"Re: [PATCH 0/2] {SERIES}", "Applied, thanks!\n", sender=BO, to="needs-v1-0", day=2)
    review = mail("review", f"Re: [PATCH 1/2] {SERIES}", f"{TRUTH}\n", sender=BO, to="needs-v1-1", day=1)
    sent = (*series(1, SERIES, ["rust: frobnicator: first", "rust: frobnicator: last"], day=0, body=TRUTH), review)
    return tuple(_with(attack, part) for part in (*sent, applied))


def _with(attack: Attack, part: Part) -> Part:
    match attack.place:
        case "title":
            return replace(part, title=f"{part.title} {attack.text}")
        case "author":
            return replace(part, author=attack.text)
        case "link":
            return replace(part, url=attack.text)
        case _:
            return replace(part, blocks=(own(f"{attack.text}\n\n{TRUTH}"), *part.blocks))


@pytest.fixture(params=CARRIED, ids=lambda attack: attack.name)
def parts(request: pytest.FixtureRequest) -> tuple[Part, ...]:
    return hostile(request.param)


@pytest.fixture
def things(parts: tuple[Part, ...], tmp_path: Path) -> Iterator[Context]:
    """What commands may use, once the series was read."""
    database, memory, state = Sqlite(tmp_path / "krab.db"), Sqlite(tmp_path / "memory.db"), State.at(":memory:")
    index = Index(tmp_path, database, FakeEmbedder(), filed(Faiss), kin)
    index.ingest(Batch(parts), "pond")
    digester = Digester(index.catalog, index.histories, Digests(memory))
    yield context(state, index=index, digester=digester)
    state.close()
    memory.close()
    index.close()
    database.close()


async def shown(things: Context, parts: tuple[Part, ...]) -> list[Card]:
    """The cards of every command that shows what was read, and of the week's digest."""
    part = parts[0]
    cited = citation(1, id=part.id, url=part.url, title=part.title, author=part.author, quote=TRUTH)
    asked = Incoming("slack", "C1", "1", "question", "U1", "what does the frobnicator need?")
    things.state.claim(asked)
    things.state.finish(asked, "answered", replace(answered(TRUTH, cited), retrieved=tuple(p.id for p in parts)))
    reply = FakeReply()
    for name, words in ORDERS:
        await found()[name].run(replace(asked, key=name, command=name, text=words), reply, things)
    told = digest_card(things.digester.digest(WEEK))
    return [*(card for card in reply.said if isinstance(card, Card)), told]


@pytest.fixture
async def cards(things: Context, parts: tuple[Part, ...]) -> list[Card]:
    return await shown(things, parts)


class Links(HTMLParser):
    """Notes every element and where it leads."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.links: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.links |= {value or "" for name, value in attrs if name in ("href", "src")}


def test_each_command_and_the_digest_show_the_series(cards: list[Card]) -> None:
    assert len(cards) == len(ORDERS) + 1
    assert all("frobnicator" in text.card(card) for card in cards)


def test_slack_is_pinged_by_no_card_and_linked_to_what_was_read_only(
    cards: list[Card], parts: tuple[Part, ...]
) -> None:
    blocks = [card_blocks(card) for card in cards] + [home_view(cards)["blocks"]]
    said = json.dumps(blocks, ensure_ascii=False)
    links = {json.loads(f'"{url}"').replace("&amp;", "&") for url in re.findall(r"<(https?:[^|>]*)[|>]", said)}
    assert not re.search(r"<[!@#]", said)
    assert set(map(unquote, links)) <= {part.url for part in parts}


def test_matrix_is_pinged_by_no_card_and_gets_harmless_markup(cards: list[Card], parts: tuple[Part, ...]) -> None:
    messages = [message for card in cards for message in card_messages(card)]
    read = Links("".join(message.formatted for message in messages))
    assert not read.tags & {"script", "img", "svg", "style", "mx-reply", "iframe", "form"}
    assert read.links <= {part.url for part in parts}
    assert "@room" not in "".join(message.body + message.formatted for message in messages)


def test_a_terminal_is_steered_by_no_card_and_markdown_links_to_what_was_read_only(
    cards: list[Card], parts: tuple[Part, ...]
) -> None:
    plain, marked = "".join(map(text.card, cards)), "".join(map(markdown, cards))
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", plain + marked)
    links = set(re.findall(r"(?<!\\)\]\(([^)\s]*)\)", marked))
    assert {link for link in links if not link.startswith("https://")} == set()
    assert set(map(unquote, links)) <= {part.url for part in parts}
