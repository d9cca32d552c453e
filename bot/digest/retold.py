"""Discussions retold by a language model, where there is one and it sticks to what people said. Pure but for the model.

The gist that was chosen is the evidence; what the model makes of it is checked sentence by sentence as an answer
is (``bot.writer``), and where it does not hold, the gist stays. Positions are never retold: they are quotes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from bot.digest.model import Cited, Digest, Discussion
from bot.model import Answer, Citation, Question, Sentence, Status
from index.model import Kind

MOST = 5  # discussions: those that are shown first
Rewrite = Callable[[Question, Answer], Answer]


def retold(digest: Digest, rewrite: Rewrite) -> Digest:
    """Return a digest whose first discussions are told in the model's words, as far as these hold."""
    told = tuple(_retold(one, rewrite) for one in digest.discussions[:MOST])
    return replace(digest, discussions=(*told, *digest.discussions[MOST:]))


def _retold(one: Discussion, rewrite: Rewrite) -> Discussion:
    said = [*one.gist, *(position.said for position in (*one.positions, *one.replies))]
    if not said:
        return one
    plain = _answer(one, said)
    written = rewrite(Question(f"What was discussed about “{one.title}”?"), plain)
    if not written.written:
        return one
    return replace(one, gist=tuple(_cited(sentence, written) for sentence in written.sentences), replies=())


def _answer(one: Discussion, said: list[Cited]) -> Answer:
    sources = tuple(Citation(n, c.id, c.url, one.title, c.who, None, c.quote, Kind.MAIL) for n, c in enumerate(said, 1))
    sentences = tuple(Sentence(f"{c.who}: {c.text}", (n,)) for n, c in enumerate(said, 1))
    return Answer(Status.ANSWERED, sentences, sources)


def _cited(sentence: Sentence, answer: Answer) -> Cited:
    """A sentence of the model's rests on the first mail that it cites; it is nobody's own words."""
    source = next(s for s in answer.sources if s.n == sentence.citations[0])
    return Cited(sentence.text, source.id, source.url, source.quote, source.author, told=True)
