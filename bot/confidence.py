"""Whether the evidence answers the question at all: a rule over a few signs, fitted by a command. Pure.

``python -m tests.evaluation.confidence`` fits the weights on questions with known answers and prints the
curve in docs/measurements.md; they belong to the embedder that they were fitted with.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass

from bot.claims import Has, acts, is_act, measure
from bot.evidence import Wanted
from bot.question import STOP

# What a text names: words that are written like names where none is due, and code.
_NAME = re.compile(r"(?<!^)(?<![.?!:]\s)\b[A-Z][\w-]*[A-Za-z0-9]\b|\b\w+[_/]\w+|\b[A-Z]{2,}\w*|\b[a-z]+[A-Z]\w*")
_WORD = re.compile(r"[^\W_]+")
_RARE = 0.4  # from which rarity on a word counts as missed


@dataclass(frozen=True, slots=True)
class Signs:
    """What speaks for and against an answer.

    ``found`` is the score of the best part, ``words`` how much of the question's rare words the wordiest part holds,
    ``closest`` the closest passage's cosine, ``nearest`` the closest sentence's (None where sentences have no vectors
    of their own). Against it: ``foreign`` is how rare the rarest thing is that the question names and the evidence
    doesn't, ``lacking`` how rare the words are that the first sentence is said without;
    ``unmeasured``, ``undone`` and ``undated`` how much is missing of the measure, the act and the dates asked for.
    """

    found: float = 0.0
    words: float = 0.0
    closest: float = 0.0
    nearest: float | None = None
    foreign: float = 0.0
    lacking: float = 0.0
    unmeasured: float = 0.0
    undone: float = 0.0
    undated: float = 0.0

    def told(self) -> tuple[tuple[str, float], ...]:
        """Return the signs by name, for who asks why."""
        return tuple((name, round(value, 3)) for name, value in asdict(self).items() if value is not None)


@dataclass(frozen=True, slots=True)
class Trust:
    """Weights of the signs in a logistic rule, and from which confidence (0 … 1) an answer is what."""

    found: float = 2.54
    words: float = 0.8
    nearest: float = 3.81
    foreign: float = 2.11
    lacking: float = 0.47
    unmeasured: float = 1.84
    undone: float = 2.09
    undated: float = 1.44
    doubt: float = 4.23
    answered: float = 0.47
    weak: float = 0.3
    ours: float = 0.42  # closest passage below which a question is about something else,
    near: float = 0.5  # … unless the best part's score is as high as this

    def confidence(self, signs: Signs) -> float:
        """Return how sure it is (0 … 1) that the evidence answers."""
        speaks = self.found * signs.found + self.words * signs.words + self.nearest * (signs.nearest or 0.0)
        against = self.foreign * signs.foreign + self.lacking * signs.lacking
        missing = self.unmeasured * signs.unmeasured + self.undone * signs.undone + self.undated * signs.undated
        x = speaks - against - missing - self.doubt
        return 1 / (1 + math.exp(-max(-30.0, min(30.0, x))))

    def outside(self, signs: Signs) -> bool:
        """Whether a question that nothing answers is about something that is not read here at all."""
        return signs.closest < self.ours and signs.found < self.near


TRUST_WITHOUT = Trust(
    found=3.0,
    words=0.94,
    nearest=0.0,
    foreign=2.49,
    lacking=0.55,
    unmeasured=2.18,
    undone=2.47,
    undated=1.7,
    doubt=3.12,
    answered=0.5,
    weak=0.26,
)
"""The rule where sentences have no vectors of their own."""


@dataclass(frozen=True, slots=True)
class Window:
    """A sentence of the evidence, and its stemmed words with those of its neighbours, its title and its author.

    ``around`` are its neighbours too, as they stand; ``year`` is that of its part.
    """

    sentence: str
    around: str
    terms: frozenset[str]
    year: str = ""


@dataclass(frozen=True, slots=True)
class Lexicon:
    """What is known of words: the stems of a text, how rare a stem is (1 is a word that none of some 10,000 parts
    uses; where less was read, that a word is missing says less), and whether a word is somebody's name.
    """

    terms: Callable[[str], Sequence[str]]
    rarity: Callable[[str], float]
    known: Callable[[str], bool]

    def rare(self, word: str) -> float:
        """How rare the rarest stem of ``word`` is."""
        return max(map(self.rarity, self.terms(word)), default=0.0)


def words(text: str) -> list[str]:
    """Return the words of ``text``, each once."""
    return list(dict.fromkeys(_WORD.findall(text)))


def named(question: str) -> Iterator[str]:
    """Yield the words of everything that ``question`` names."""
    for name in _NAME.findall(question):
        yield from (word for word in _WORD.findall(name) if not word.isdigit() and not is_act(word))


def foreign(names: Iterable[str], texts: Sequence[str], lexicon: Lexicon) -> float:
    """Return how rare the rarest of ``names`` is that none of ``texts`` has; people apart."""
    said = "\n".join(texts).lower()
    missing = {name for name in names if name.lower().removesuffix("s") not in said}
    return max((lexicon.rare(name) for name in missing if not lexicon.known(name)), default=0.0)


def lacking(question: str, here: frozenset[str], lexicon: Lexicon) -> float:
    """Return how rare the words of ``question`` are, together, whose stems are not ``here``; people apart."""
    stems = {word: [t for t in lexicon.terms(word) if t not in STOP and t not in here] for word in words(question)}
    missing = {stem for word, some in stems.items() if some and not lexicon.known(word) for stem in some}
    return sum(max(0.0, lexicon.rarity(stem) - _RARE) for stem in missing)


def unmeasured(
    question: str, wanted: Wanted, windows: Sequence[Window], terms: Callable[[str], Sequence[str]]
) -> float:
    """Return how much of the question those windows lack that have the measure it asks for; 0 when it asks for none."""
    has = measure(question, terms)
    return _without(has, wanted, [(w.sentence, w) for w in windows]) if has else 0.0


def undone(question: str, wanted: Wanted, windows: Sequence[Window]) -> float:
    """Return how much of the question those windows lack that have the act it takes for granted; 0 without one."""
    return max((_without(has, wanted, [(w.around, w) for w in windows]) for has in acts(question)), default=0.0)


def undated(dates: Iterable[str], windows: Sequence[Window]) -> float:
    """Return 1 when one of ``dates`` (years, releases) stands in none of the windows, nor was one written then."""
    said = "\n".join(f"{w.around} {w.year}" for w in windows)
    return float(any(date not in said for date in dates))


def _without(has: Has, wanted: Wanted, windows: Iterable[tuple[str, Window]]) -> float:
    return 1 - max((wanted.coverage(tuple(w.terms)) for text, w in windows if has(text)), default=0.0)
