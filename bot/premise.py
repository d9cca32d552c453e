"""What a question takes for granted about a person, held against what was found. Pure.

"Why did Ada Quill NAK the series?" says that she did. If nothing that was found is hers, or speaks of her, on that
subject, there is no answer; if a mail says that she applied it, that is the answer.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence

from bot.evidence import Candidate, Wanted
from index.history import History
from index.model import Event

_DOES = re.compile(r"\b(?:did|does|has|had|didn't|doesn't)\s+((?:[A-Z][\w'’.-]*\s?){1,3}|\w{3,}(?:\s+[\w-]{3,})?)")
_REFUSES = re.compile(r"\b(?:nak\w*|nack\w*|reject\w*|refus\w*|veto\w*|turn(?:ed)? down|drop(?:ped)?)\b", re.IGNORECASE)
_SURE = 0.5  # how surely somebody is named
_SHARE = 0.2  # of the question's rare words, names apart, that what somebody wrote must hold


def doers(question: str, people: Callable[[str], Mapping[str, float]]) -> frozenset[str]:
    """Return the authors, under all their names, of whom ``question`` says that they did something."""
    found = (people(match[1]) for match in _DOES.finditer(question))
    return frozenset(name for names in found for name, share in names.items() if share >= _SURE)


def supported(
    names: frozenset[str], aim: Wanted, spoken: Iterable[Candidate], terms: Callable[[str], Sequence[str]]
) -> bool:
    """Whether one of the sentences that were found is by, or names, one of ``names``, on the question's subject.

    The name in the question is enough: who is meant by a first name alone may be somebody else who has it.
    """
    called = {term for name in names for term in terms(name)}
    last = {terms(name)[-1] for name in names if terms(name)} | (called & aim.weights.keys())
    rest = Wanted({term: weight for term, weight in aim.weights.items() if term not in called})
    for candidate in spoken:
        found = candidate.result.found
        words = [*terms(found.passage.text), *terms(found.title)]
        if (found.author in names or last & set(terms(candidate.text))) and rest.coverage(words) >= _SHARE:
            return True
    return False


def contradicted(question: str, names: frozenset[str], history: History | None) -> Event | None:
    """Return the event that says one of ``names`` applied what the question says was refused."""
    if history is None or not names or not _REFUSES.search(question):
        return None
    return next((event for event in reversed(history.applied) if event.who in names), None)
