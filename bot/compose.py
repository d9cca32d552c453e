"""An answer put together from what was chosen: who says it, the words, the source, and what a reader must know of it.

Words are verbatim; all that is added stands before them: who says it, of which version, whom he answers. What
is added of a source is observed: that a bot wrote it, that a newer version took its place.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from bot.choice import fewer
from bot.cite import flat, spoken
from bot.evidence import Candidate, candidates
from bot.model import Answer, Citation, Sentence, Status
from bot.speech import first_person
from bot.standing import Statement
from index.engine import Index, Result
from index.model import Event, Kind

ELSEWHERE = "That is outside of what I read: Rust in the Linux kernel, and what concerns it."
CLOSEST = "This is the closest I found; it may not answer the question."
NEAREST = 3
_BESIDE = 3  # sentences in an answer about a state, unless more than that is observed
_VERSION = re.compile(r"\[[^\]]*\b(v\d{1,3})\b[^\]]*\]", re.IGNORECASE)
_TAIL = re.compile(r"\s*(?:\[\d{1,2}\]|https?://\S+)?\s*:\s*$")


class Composer:
    """Makes answers out of evidence, with what the index knows of the sources."""

    def __init__(self, index: Index) -> None:
        self._index = index

    def say(self, chosen: Sequence[Candidate], status: Status) -> Answer:
        """Say the sentences, each with its citation."""
        said = self._said(chosen)
        remark = "" if status is Status.ANSWERED else CLOSEST
        return Answer(status, sentences=tuple(s for s, _ in said), sources=tuple(c for _, c in said), remark=remark)

    def _said(self, chosen: Sequence[Candidate], first: int = 1) -> list[tuple[Sentence, Citation]]:
        framed = enumerate(zip(chosen, self._frames(chosen), strict=True), first)
        return [(Sentence(frame + said(c), (n,)), self._citation(c.result, c.text, n)) for n, (c, frame) in framed]

    def state(self, statements: Sequence[Statement], chosen: Sequence[Candidate]) -> Answer:
        """Say how a series stands, then what else was found."""
        cited = [c for s in statements for c in s.cited]
        facts = [self._cite(c.part, c.quote, n) for n, c in enumerate(cited, 1)]
        shown = {flat(citation.quote) for citation in facts}
        more = fewer([c for c in chosen if flat(c.text) not in shown], max(1, _BESIDE - len(statements)))
        others = self._said(more, len(facts) + 1)
        numbers = iter(range(1, len(facts) + 1))
        said = tuple(Sentence(s.text, tuple(next(numbers) for _ in s.cited)) for s in statements)
        return Answer(
            Status.ANSWERED, sentences=(*said, *(s for s, _ in others)), sources=(*facts, *(c for _, c in others))
        )

    def nothing(self, results: Sequence[Result], remark: str) -> Answer:
        """Say that there is no answer, and what comes nearest."""
        nearest: dict[int, Citation] = {}
        for result in results:
            if result.found.document not in nearest and len(nearest) < NEAREST:
                quote = result.found.passage.text[:200]
                nearest[result.found.document] = self._citation(result, quote, len(nearest) + 1)
        return Answer(Status.NOT_FOUND, nearest=tuple(nearest.values()), remark=remark)

    def otherwise(self, event: Event) -> Answer:
        """Say that what a question takes for granted isn't so, by the event that says otherwise."""
        on = f" on {event.when.date().isoformat()}" if event.when else ""
        remark = f"I found no such thing. What I read says otherwise: {event.who} applied it{on}: “{flat(event.quote)}”"
        return Answer(Status.NOT_FOUND, nearest=(self._cite(event.part, event.quote, 1),), remark=remark)

    def noted(self, citation: Citation, until: datetime | None) -> Citation:
        """Add what a reader must know of a source: that a bot wrote it, that a newer version took its place."""
        part = self._index.part(citation.id)
        if part is None or "bot" in part.labels:
            return replace(citation, note="bot" if part else None)
        history = self._index.histories.of(part.id)
        version = history.version_of(part.id) if history else None
        newer = [v for v in history.versions if not until or not v.date or v.date <= until] if history else []
        if version is None or not newer or newer[-1].number <= version.number:
            return citation
        return replace(citation, note=f"superseded by {newer[-1].label}")

    def _cite(self, id_: str, quote: str, n: int) -> Citation:
        result = self._index.passages([id_])[0]
        first = next((c.text for c in candidates([result])), result.found.passage.text[:200])
        return self._citation(result, quote or first, n)

    def _citation(self, result: Result, quote: str, n: int) -> Citation:
        found = result.found
        part = self._index.part(found.passage.part)
        return Citation(
            n=n,
            id=found.passage.part,
            url=found.url,
            title=found.title,
            author=found.author,
            date=found.date,
            quote=quote,
            kind=found.kind,
            references=part.references if part else (),
        )

    def _frames(self, chosen: Sequence[Candidate]) -> Iterator[str]:
        """Yield what stands before each sentence: "Ada Quill (on v2): ", "Ben Reed answers: ".

        In one mail the first sentence alone has it; elsewhere only what speaks of its author.
        """
        before = ""
        authors: set[str] = set()
        for candidate in chosen:
            found = candidate.result.found
            fresh, before = found.passage.part != before, found.passage.part
            if found.kind is Kind.MAIL:
                yield self._frame(candidate.result, authors) if fresh else ""
            else:
                yield f"{flat(found.author)}: " if found.author and first_person(candidate.text) else ""
            authors.add(found.author)

    def _frame(self, result: Result, authors: set[str]) -> str:
        found = result.found
        version = _VERSION.search(found.title)
        on = f" ({'on ' if found.title[:3].lower() == 're:' else ''}{version.group(1).lower()})" if version else ""
        answered = self._answered(found.passage.part)
        verb = f" answers {flat(answered)}" if answered and answered in authors and answered != found.author else ""
        return f"{flat(found.author)}{on}{verb}: "

    def _answered(self, id_: str) -> str:
        part = self._index.part(id_)
        parent = self._index.part(part.links[0]) if part and part.links else None
        return parent.author if parent else ""


def said(candidate: Candidate) -> str:
    """Return a sentence as it is read: on one line; what announces a list or a quote ends with a stop."""
    text = candidate.text  # only mail is not Markdown
    line = flat(text) if candidate.result.found.kind is Kind.MAIL else spoken(text)
    return _TAIL.sub(" …", line) if line.endswith(":") else line
