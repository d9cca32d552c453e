"""Whom a text speaks of: an address book learned from the archive itself. Pure.

People are called by full names, by first or last names, by initials ("GKH") and by the names that their
addresses have ("peterz"). Names that share an address and a word are one person. A lone word is taken for a
name only when people of that name wrote a fair share of the mails that use the word: "mark" may be one,
"debug" is none. A name that several people have is theirs in the proportion of what they wrote.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import pairwise

_WORD = re.compile(r"[^\W\d_]+(?:'(?=[^\W\d_]{2})[^\W\d_]+)?")
_TOKEN = re.compile(r"[^\W_]+")
_SHORTEST = 3  # letters of a lone word that is a name
_FEWEST = 3  # mails of somebody who is known by a lone lower-case word
_SHARE_CAPITAL, _SHARE_SMALL = 0.03, 0.1  # mails by a name's bearers, of those that use the word
_UNLIKELY = 0.15  # a bearer who wrote less than this share of what all bearers wrote is not meant

Row = tuple[str, str, int]  # author, the local part of the address, mails


class AddressBook:
    """The people who wrote, and what they are called. ``uses`` is how many passages use a (lower-case) word."""

    def __init__(self, rows: Iterable[Row], uses: Callable[[str], int] = lambda _: 0) -> None:
        known = list(rows)
        self._uses = uses
        self._person = dict(_clusters(known))
        self._names: dict[str, list[str]] = defaultdict(list)
        for name, person in self._person.items():
            self._names[person].append(name)
        self._alone: dict[str, Counter[str]] = defaultdict(Counter)
        self._pairs: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
        for name, handle, mails in known:
            self._learn(name, handle, mails)

    def _learn(self, name: str, handle: str, mails: int) -> None:
        person, words = self._person[name], _words(name)
        for alias in {*_alone(words), handle.lower()}:
            if len(alias) >= _SHORTEST:
                self._alone[alias][person] += mails
        for pair in set(_pairs(words)):
            self._pairs[pair][person] += mails

    def find(self, text: str) -> Mapping[str, float]:
        """Return the authors that ``text`` speaks of, under every name that they wrote by, with how likely (0 … 1)."""
        words = _TOKEN.findall(text)
        found: dict[str, float] = {}
        paired: set[int] = set()
        for n, pair in enumerate(pairwise(words)):
            if bearers := self._pairs.get((pair[0].lower(), pair[1].lower())):
                paired |= {n, n + 1}
                _add(found, bearers)
        for n, word in enumerate(words):
            if n not in paired and (bearers := self._bearers(word)):
                _add(found, bearers)
        return {name: share for person, share in found.items() for name in self._names[person]}

    def _bearers(self, word: str) -> Counter[str] | None:
        bearers = self._alone.get(word.lower())
        if not bearers:
            return None
        mails, capital = bearers.total(), word[0].isupper()
        share = _SHARE_CAPITAL if capital else _SHARE_SMALL
        known = (capital or mails >= _FEWEST) and mails >= share * self._uses(word.lower())
        return bearers if known else None


def _add(found: dict[str, float], bearers: Counter[str]) -> None:
    total = bearers.total()
    for person, mails in bearers.items():
        if mails >= _UNLIKELY * total:
            found[person] = max(found.get(person, 0.0), mails / total)


def _words(name: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(name)]


def _alone(words: list[str]) -> Iterator[str]:
    """What somebody is called by one word: first and last name, initials of three or more names."""
    yield from words[:1]
    yield from words[-1:]
    if len(words) >= 3:
        yield "".join(word[0] for word in words)


def _pairs(words: list[str]) -> Iterator[tuple[str, str]]:
    """… and by two: first and last name, names that stand side by side, a first name and the others' initials."""
    if len(words) >= 2:
        yield words[0], words[-1]
        yield from pairwise(words)
    if len(words) >= 3:
        yield words[0], "".join(word[0] for word in words[1:])


def _clusters(rows: list[Row]) -> Iterator[tuple[str, str]]:
    """Yield (name, the person's first name that was seen): one address and a common word make one person."""
    by_handle: dict[str, list[str]] = defaultdict(list)
    for name, handle, _ in rows:
        by_handle[handle.lower()].append(name)
    person = {name: name for name, _, _ in rows}
    for handle, names in by_handle.items():
        for n, name in enumerate(names):
            twin = next((other for other in names[:n] if handle and _alike(name, other, handle)), None)
            if twin is not None:
                old, new = person[name], person[twin]
                person = {a: new if p == old else p for a, p in person.items()} if old != new else person
    yield from person.items()


def _alike(one: str, other: str, handle: str) -> bool:
    first, second = set(_words(one)), set(_words(other))
    return bool(first & second) or handle in first or handle in second
