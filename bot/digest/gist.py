"""What a thread or a post says, in two or three of its own sentences. Pure.

Extractive: sentences are chosen, never written. A sentence is worth what it has in common with what
everybody says (so an aside is not chosen), what kind of thing it says (a reason, a judgement, a
proposal rather than a courtesy), who says it, and how well it stands by itself. No two that are
chosen say the same, and different people come first.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from bot.digest.model import Cited
from bot.digest.sentences import clarity
from bot.question import STOP

_WORD = re.compile(r"[a-z][a-z0-9_]{2,}")
_WEIGHTY = re.compile(
    r"\b(?:i (?:do not |don't |still |really )?(?:think|believe|prefer)|i disagree|i agree|i'd (?:rather|prefer|like)"
    r"|we (?:should|need|must|can't|cannot|want)|should(?:n't| not)?|must(?: not)?|the (?:problem|issue|reason"
    r"|point|idea"
    r"|goal|plan|question|main)|because|instead|unsound|soundness|deadlock|race|breaks?|broken|wrong|unsafe|safe"
    r"|require[sd]?|allows?|prevents?|in order to|so that|means that|decided|agreed|conclusion|merge window"
    r"|regression|in general|policy|rules?|never|always|accepted|cannot be|expected upstream|known user)\b",
    re.IGNORECASE,
)
_REASONS = re.compile(r"\b(?:so|since|but|however|whereas|unless|until|otherwise|rather|would|if)\b", re.IGNORECASE)
IDLE = 90  # characters: a shorter sentence without a reason or a judgement in it says little
WORDS_MIN = 4  # that mean something: less says nothing by itself
WORTH_MIN = 0.35  # of the best: below that, silence is better
ALIKE = 0.5  # share of words in common above which two sentences say the same


@dataclass(frozen=True, slots=True)
class Weighed:
    """A sentence, and what it is worth."""

    said: Cited
    words: frozenset[str]
    worth: float


def words(text: str) -> list[str]:
    """Return the words of a text that mean something, endings cut."""
    return [_stem(w) for w in _WORD.findall(text.lower()) if w not in STOP]


def _stem(word: str) -> str:
    for ending in ("ing", "ies", "es", "ed", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            return word.removesuffix(ending)
    return word


def idle(text: str) -> bool:
    """Whether a sentence is short and neither reasons nor judges."""
    return len(text) < IDLE and not _WEIGHTY.search(text) and not _REASONS.search(text)


def plainly(_: Cited) -> float:
    """Every sentence as much as any other."""
    return 1.0


def weigh(
    said: Iterable[Cited], about: str, rarity: Callable[[str], float], standing: Callable[[Cited], float] = plainly
) -> list[Weighed]:
    """Return the sentences with their worth, the best first.

    ``about`` is the thread's title; ``standing`` says how much a sentence counts by who said it where.
    """
    each = [(one, words(one.text)) for one in said]
    common: Counter[str] = Counter(word for _, some in each for word in set(some))
    heart = {word: math.log1p(count) * rarity(word) for word, count in common.items()}
    for word in words(about):
        heart[word] = heart.get(word, 0.0) + 2 * rarity(word)
    norm = math.sqrt(sum(w * w for w in heart.values())) or 1.0
    found = [_weighed(one, some, heart, norm, standing(one)) for one, some in each if len(set(some)) >= WORDS_MIN]
    found.sort(key=lambda w: -w.worth)
    return [w for w in found if w.worth >= WORTH_MIN * found[0].worth]


def _weighed(one: Cited, some: Sequence[str], heart: dict[str, float], norm: float, standing: float) -> Weighed:
    distinct = frozenset(some)
    shared = sum(heart.get(word, 0.0) for word in distinct) / norm / math.sqrt(len(distinct) or 1)
    weighty = min(2, len(_WEIGHTY.findall(one.text)))
    return Weighed(one, distinct, (0.2 + shared) * (1 + 0.25 * weighty) * clarity(one.text) * standing)


def choose(weighed: Sequence[Weighed], most: int, *, taken: Sequence[Weighed] = ()) -> list[Weighed]:
    """Return at most ``most`` sentences of different people, or else different mails, that don't say the same."""
    chosen: list[Weighed] = []
    for fresh_voice in (True, False):
        for one in weighed:
            others = [*taken, *chosen]
            if len(chosen) < most and one not in others and not any(alike(one, o) for o in others):
                if fresh_voice and any(o.said.who == one.said.who for o in others):
                    continue
                if not fresh_voice and any(o.said.id == one.said.id for o in others):
                    continue
                chosen.append(one)
    return chosen


def alike(one: Weighed, other: Weighed) -> bool:
    """Whether two sentences say the same."""
    fewest = min(len(one.words), len(other.words)) or 1
    return len(one.words & other.words) / fewest > ALIKE


def rarities(texts: Iterable[Iterable[str]]) -> Callable[[str], float]:
    """Return how rare a word is among texts, each given by its words."""
    counts: Counter[str] = Counter()
    total = 0
    for text in texts:
        counts.update(set(text))
        total += 1
    return lambda word: math.log((total + 1) / (counts.get(word, 0) + 0.5))
