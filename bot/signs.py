"""Reads the signs of an answer's confidence off what was found (``bot.confidence`` says what they are worth)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bot.confidence import Lexicon, Signs, Window, foreign, lacking, named, undated, undone, unmeasured
from bot.evidence import Candidate
from bot.question import Reading
from bot.worth import Aim
from index.engine import Index, Result

_LOOKED = 12  # best sentences that are looked at for what is asked for
_NOBODY = "\0"  # a word that nobody uses
_RAREST = 10.0  # its inverse document frequency in some 10,000 parts


def signs(
    index: Index,
    reading: Reading,
    aim: Aim,
    *,
    results: Sequence[Result],
    fine: Sequence[Candidate],
    chosen: Sequence[Candidate],
) -> Signs:
    """Return the signs of an answer that says what is ``chosen`` of the sentences that may be said, ``fine``."""
    if not chosen:
        return Signs(closest=_best(results, "cosine"))
    asked = reading.asked
    lexicon = Lexicon(aim.terms, lambda stem: index.rarity(stem) / _RAREST, lambda name: bool(index.people(name)))
    windows = [_window(candidate, aim) for candidate in fine[:_LOOKED]]
    return Signs(
        found=results[0].hit.score,
        words=_best(results, "bm25") / index.rarity(_NOBODY),
        closest=_best(results, "cosine"),
        nearest=max((c.near for c in fine if c.near is not None), default=None),
        foreign=foreign(named(asked), list(_texts(index, chosen)), lexicon),
        lacking=lacking(asked, _window(chosen[0], aim).terms, lexicon),
        unmeasured=unmeasured(asked, aim.wanted, windows, aim.terms),
        undone=undone(asked, aim.wanted, windows),
        undated=undated(reading.named_times(), windows),
    )


def _window(candidate: Candidate, aim: Aim) -> Window:
    found = candidate.result.found
    before, after = candidate.beside
    around = " ".join((found.title, before, candidate.text, after))
    here = frozenset(aim.terms(f"{around} {found.author}"))
    return Window(candidate.text, around, here, str(found.date.year) if found.date else "")


def _texts(index: Index, chosen: Sequence[Candidate]) -> Iterator[str]:
    for id_ in dict.fromkeys(candidate.part for candidate in chosen):
        if part := index.part(id_):
            yield from (part.title, *part.asks, part.author, part.text, part.quoted, *part.files, *part.symbols)


def _best(results: Sequence[Result], name: str) -> float:
    return max((dict(r.hit.why).get(name, 0.0) for r in results), default=0.0)
