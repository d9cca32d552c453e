"""``people SERIES or FILE``: whom one could ask; after an answer, about what was asked. Nobody is notified."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Iterator

from bot.card import Card, Line, Section, Span, Style, note
from bot.chat import Incoming, Reply
from bot.chat.text import one_line, shorten
from bot.feedback import Verdict
from bot.orders import Context, Order
from bot.orders.why import GONE, meant
from bot.people import Person, people
from bot.series import ADDRESS, day, lookup
from bot.state import Asked
from index.engine import Index, Result
from index.history import History
from index.model import Kind

NEAR = 30  # passages that are looked at
SERIES = 12  # histories that people are taken from
_MAINTAINS = re.compile(r"\bmaintains\b|\bmaintained by\b|\bmaintainers? (?:of|is|are)\b", re.IGNORECASE)
_FILE = re.compile(r"[\w.-]+(?:/[\w.-]+)+/?")
_WORD = re.compile(r"\w{4,}")
_SENTENCE = re.compile(r"(?<=[.!?])\s+")


async def run(incoming: Incoming, reply: Reply, context: Context) -> None:
    """Name those who lately worked on what is meant."""
    words = "" if incoming.act else incoming.text.strip()
    asked = None if words else await asyncio.to_thread(meant, context.state, incoming)
    if asked is None and not words:
        text = GONE if incoming.act else "About what? Name a series, a file, or words."
        await reply.card(note(text, "people drivers/gpu/nova-core"), private=True)
        return
    await reply.working("looking who worked on it…")
    if asked and incoming.act:
        await asyncio.to_thread(context.feedback.give, asked.service, asked.key, incoming.user, Verdict.PEOPLE)
    await reply.card(await asyncio.to_thread(shown, context.index, words, asked))


def shown(index: Index, words: str, asked: Asked | None) -> Card:
    """Return the card: people with what they did, then what notes say of maintainers."""
    about = words or (asked.text if asked else "")
    results = index.search(about, NEAR)
    found = people(_histories(index, words, asked, results), lambda id_: _bot(index, id_))
    lines = tuple(_person(index, person) for person in found)
    notes = tuple(_notes(results, about))
    if not lines and not notes:
        return note(f"I have read no mail from which I could tell whom to ask about “{shorten(about, 80)}”.")
    parts = [Section(notes, "From the notes", bullets=True)] if notes else []
    parts += [Section(lines, "Lately at work on this", bullets=True)] if lines else []
    return Card(f"Whom to ask: “{shorten(one_line(about), 80)}”", tuple(parts), hint="I have notified nobody.")


def _histories(index: Index, words: str, asked: Asked | None, results: Iterable[Result]) -> list[History]:
    if words and ADDRESS.search(words):
        return lookup(index.histories, words)
    ids = [citation.id for citation in asked.answer.sources] if asked else []
    ids = list(dict.fromkeys([*ids, *_touching(index, words, [r.found.passage.part for r in results])]))
    numbers = index.histories.subjects(ids)
    first = list(dict.fromkeys(numbers[id_] for id_ in ids if id_ in numbers))[:SERIES]
    return [index.histories.history(number) for number in first]


def _touching(index: Index, words: str, ids: list[str]) -> list[str]:
    """Where a file or folder was named, the parts that touch it, if there are any."""
    named = _FILE.fullmatch(words)
    parts = [part for id_ in ids if named and (part := index.part(id_))]
    return [part.id for part in parts if any(file.startswith(words) for file in part.files)] or ids


def _person(index: Index, person: Person) -> Line:
    counts = ", ".join(f"{what} {number}" for what, number in person.counted())
    last = person.did[0]
    part = index.part(last.part)
    seen = Span(f"last on {day(last.when)}", Style.FAINT, part.url if part else "")
    return (Span(one_line(person.name), Style.STRONG), Span(f" – {counts}, "), seen)


def _notes(results: Iterable[Result], about: str) -> Iterator[Line]:
    """What a curated note says of who maintains it."""
    asked = set(_WORD.findall(about.lower()))
    notes = [r.found for r in results if r.found.kind is Kind.NOTE]
    for found in notes:
        for sentence in _SENTENCE.split(one_line(found.passage.text)):
            if _MAINTAINS.search(sentence) and asked & set(_WORD.findall(sentence.lower())):
                yield (Span(f"{shorten(sentence, 200)} "), Span(one_line(found.title), Style.FAINT, found.url))
                break
        else:
            continue
        return


def _bot(index: Index, id_: str) -> bool:
    part = index.part(id_)
    return part is not None and "bot" in part.labels


ORDER = Order(
    "people",
    "whom to ask about a series, a file, or my last answer",
    run,
    ("people", "people rust/kernel/dma.rs", "people pin-init"),
    acts=("people",),
    spoken=True,
)
