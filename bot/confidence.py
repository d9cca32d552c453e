"""Whether the evidence answers the question at all: a rule over a few signs, fitted by a command. Pure.

``python -m tests.evaluation.confidence`` fits the weights on questions with known answers and prints the
curve in docs/measurements.md; they belong to the embedder that they were fitted with.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass

# What a text names: words that are written like names where none is due, and code.
_NAME = re.compile(r"(?<!^)(?<![.?!:]\s)\b[A-Z][\w-]*[A-Za-z0-9]\b|\b\w+[_/]\w+|\b[A-Z]{2,}\w*|\b[a-z]+[A-Z]\w*")
_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class Signs:
    """What speaks for and against an answer.

    ``found`` is the score of the best part, ``best`` that of the best sentence, ``closest`` the closest passage's
    cosine, ``foreign`` how rare the rarest thing is that the question names and the evidence doesn't.
    """

    found: float = 0.0
    best: float = 0.0
    closest: float = 0.0
    foreign: float = 0.0

    def told(self) -> tuple[tuple[str, float], ...]:
        """Return the signs by name, for who asks why."""
        return tuple((name, round(value, 3)) for name, value in asdict(self).items())


@dataclass(frozen=True, slots=True)
class Trust:
    """Weights of the signs in a logistic rule, and from which confidence (0 … 1) an answer is what."""

    found: float = 10.2
    best: float = 0.96
    foreign: float = 0.36
    doubt: float = 7.7
    answered: float = 0.5
    weak: float = 0.3
    ours: float = 0.42  # closest passage below which a question is about something else

    def confidence(self, signs: Signs) -> float:
        """Return how sure it is (0 … 1) that the evidence answers."""
        x = self.found * signs.found + self.best * signs.best - self.foreign * signs.foreign - self.doubt
        return 1 / (1 + math.exp(-max(-30.0, min(30.0, x))))


def named(question: str) -> Iterator[str]:
    """Yield the words of everything that ``question`` names."""
    for name in _NAME.findall(question):
        yield from (word for word in _WORD.findall(name) if not word.isdigit())


def foreign(
    names: Iterable[str], texts: Sequence[str], rarity: Callable[[str], float], known: Callable[[str], bool]
) -> float:
    """Return the rarity of the rarest of ``names`` that none of ``texts`` has; people, who are ``known``, apart."""
    said = "\n".join(texts).lower()
    missing = {name for name in names if name.lower().removesuffix("s") not in said}
    return max((rarity(name) for name in missing if not known(name)), default=0.0)
