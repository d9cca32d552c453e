"""Whether a sentence that a language model wrote says no more than the evidence it cites. Pure.

A model may shorten, join and reorder; it may not add. So a sentence is refused when it holds a number, a name,
an identifier, a quotation or an outcome that its evidence has not, when a "not" or a "may" came or went, when
a number or a name changed places, or when too many of its words are the model's own. What is refused is left
out, whatever the model meant: a true sentence lost costs little, a false one published costs everything.

The rules look at words, not at meaning; the embedder's cosine is asked last, for what has the words of the
evidence and yet speaks of something else. tests/test_support.py has the lies that they were made for.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.chat.text import clean
from index.embed import Embedder
from index.sentences import spans

LONGEST = 70  # words
OWN_WORDS = 0.2  # share of a sentence's meaningful words that may be the model's own,
MOST_OWN = 1  # and how many
NEAR = 5  # words between a number and what it counts
MEANING = 0.5  # cosine below which a sentence speaks of something else

NUMBER = re.compile(r"(?<![\w.])v?\d+(?:[.,:/-]\d+)*(?:-?rc\d+)?(?:\s?%|\b)", re.IGNORECASE)
IDENTIFIER = re.compile(
    r"`[^`\n]+`|\b[A-Za-z]\w*(?:(?:::|->|/|\.)[A-Za-z_]\w*)+(?:<[\w:]+>)?|\b\w+<[\w:]+>|\b\w*_\w+\b|\b\w+\(\)"
    r"|\b[A-Z]{2,}[A-Z0-9]*\b|\b[A-Za-z]+[a-z][A-Z]\w*\b"
)
NAME = re.compile(r"\b[A-Z][a-zà-ÿ'’]+(?:-[A-Z][a-z]+)*\b")
QUOTATION = re.compile(r"[“\"]([^”\"]{3,})[”\"]")
UNWANTED = re.compile(r"://|www\.|\]\(|[@<>#|\\{}]|```|&\w+;|!\[", re.IGNORECASE)
CLAUSE = re.compile(
    r"[,;:()–—]|\b(?:and|or|but|because|since|while|although|though|whereas|which|who|so that)\b", re.IGNORECASE
)
WORD = re.compile(r"[^\W_]+(?:['’][a-z]+)?")

NEGATIONS = frozenset("not no never without neither nor cannot none nothing nobody hardly barely".split())
HEDGES = frozenset(
    "may might could would should can if unless probably perhaps maybe likely possibly plans planned planning"
    " proposes proposed intends intended hopes hoped wants wanted considers considering tries tried expects"
    " expected thinks thought suggests suggested seems seemed apparently allegedly reportedly".split()
)
# What turns a statement into another one when it is exchanged.
OUTCOMES = (
    "accept reject merge drop remove add apply revert nack nak ack approve refuse oppose object support agree"
    " disagree deny confirm fix break increase decrease grow shrink rise fall more less fewer higher lower faster"
    " slower larger smaller better worse safe unsafe sound unsound before after until all every some most many few"
    " only always both each any first last new newer old older earlier later latest best worst allow forbid"
    " require optional mandatory enable disable start stop begin end win lose finish complete partly partial whole"
    " half double twice single maintain abandon deprecate supersede replace same different possible impossible"
    " true false correct wrong must will shall now today soon yet already still forever permanently temporarily"
    " immediately everyone everything"
)
NUMBER_WORDS = {
    word: str(n) for n, word in enumerate("zero one two three four five six seven eight nine ten eleven twelve".split())
} | {"dozen": "12", "hundred": "100", "thousand": "1000", "million": "1000000", "billion": "1000000000"}
FUNCTION = frozenset(
    "a about above according across against also although an and another are as at be because been being below"
    " between but by did do does during for from had has have having he her here hers him his how however i in"
    " instead into is it its itself just like me meanwhile moreover my of off on once one or other our out over"
    " own per rather she since so such than that the their them themselves then there therefore these they this"
    " those though through thus to too under up upon us very via was we were what when where whereas whether which"
    " while who whom whose why with within you your says said say writes wrote write notes noted note explains"
    " explained explain states stated adds".split()
)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What one citation may be cited for: its quote, what krab itself says of it, who wrote it and when."""

    quote: str
    said: str = ""
    author: str = ""
    date: datetime | None = None

    @property
    def text(self) -> str:
        """All of it as one text."""
        return f"{self.quote}\n\n{self.said}\n\n{self.author}."


@dataclass(frozen=True, slots=True)
class Lens:
    """How words are compared: ``terms`` gives stems, ``alike`` the cosine of a sentence and the nearest of texts."""

    terms: Callable[[str], Sequence[str]]
    alike: Callable[[str, Sequence[str]], float]


def lens_of(terms: Callable[[str], Sequence[str]], embedder: Embedder) -> Lens:
    """Return the lens that an index's words and vectors make."""

    def alike(sentence: str, texts: Sequence[str]) -> float:
        vectors = embedder.embed([sentence, *texts])
        return float((vectors[1:] @ vectors[0]).max())

    return Lens(terms, alike)


def flaw(sentence: str, cited: Sequence[Evidence], lens: Lens) -> str:
    """Return why ``sentence`` must not be published with these citations, in a few words; "" when it may."""
    if not cited:
        return "no citation"
    text = "\n\n".join(e.text for e in cited)
    told = _without_dates(sentence, cited)
    return next(filter(None, _flaws(told, text, cited, lens)), "")


def _flaws(sentence: str, text: str, cited: Sequence[Evidence], lens: Lens) -> Iterator[str]:
    yield _shape(sentence, text)
    yield _missing("identifier", _identifiers(sentence), lambda one: one in text)
    yield _missing("quotation", QUOTATION.findall(sentence), lambda one: _flat(one).rstrip(".,") in _flat(text))
    numbers = _numbers(text)
    yield _missing("number", _numbers(sentence), numbers.__contains__)
    known = {word.lower() for word in WORD.findall(text)}
    yield _missing("name", _names(sentence), lambda one: all(w.lower() in known for w in WORD.findall(one)))
    here, there = _stems(sentence, lens), set(_stems(text, lens))
    turning = set(lens.terms(OUTCOMES))
    yield _missing(
        "claim", [stem for stem in lens.terms(sentence) if stem in turning], set(lens.terms(text)).__contains__
    )
    own = [stem for stem in here if stem not in there]
    if len(own) > MOST_OWN or len(own) > OWN_WORDS * max(1, len(here)):
        yield f"words of its own: {', '.join(own[:4])}"
    yield _missing("clause", tuple(_clauses(sentence)), lambda clause: _borne(set(_stems(clause, lens)), there))
    yield _polarity(sentence, text, lens)
    yield _moved(sentence, text, lens)
    if lens.alike(sentence, [e.quote for e in cited] + [e.said for e in cited if e.said]) < MEANING:
        yield "about something else"


def _shape(sentence: str, text: str) -> str:
    bare = sentence
    for known in filter(text.__contains__, _identifiers(sentence)):
        bare = bare.replace(known, "")
    if clean(sentence) != sentence or UNWANTED.search(bare):
        return "markup, an address or a mention"
    words = len(sentence.split())
    return "" if 3 <= words <= LONGEST else "too short or too long"


def _missing(what: str, wanted: Sequence[str], held: Callable[[str], bool]) -> str:
    return next((f"{what} {one!r} is not in the evidence" for one in wanted if not held(one)), "")


def _identifiers(sentence: str) -> list[str]:
    return [match.strip("`") for match in IDENTIFIER.findall(sentence)]


def _numbers(text: str) -> list[str]:
    digits = [re.sub(r"[\s,]", "", one).lower() for one in NUMBER.findall(text)]
    return digits + [NUMBER_WORDS[w] for w in WORD.findall(text.lower()) if w in NUMBER_WORDS]


def _names(sentence: str) -> list[str]:
    found = [(m.start(), m.group()) for m in NAME.finditer(sentence)]
    return [name for at, name in found if at > 1 or name.lower() not in FUNCTION]


def _stems(text: str, lens: Lens) -> list[str]:
    words = [word for word in WORD.findall(text.lower()) if word not in FUNCTION | NEGATIONS | HEDGES]
    return [stem for stem in lens.terms(" ".join(words)) if len(stem) > 1]


def _borne(clause: set[str], there: set[str]) -> bool:
    return len(clause) < 2 or len(clause & there) > len(clause) / 2


def _polarity(sentence: str, text: str, lens: Lens) -> str:
    """Whether a "not" or a "may" was lost or made up, clause by clause, against those it was made of."""
    theirs = [(set(_stems(clause, lens)), clause) for clause in _clauses(text)]
    for clause in _clauses(sentence):
        here = set(_stems(clause, lens))
        most = max((len(here & there) for there, _ in theirs), default=0)
        near = [c for there, c in theirs if most and len(here & there) == most]
        if near and _denies(clause) not in map(_denies, near):
            return "a negation came or went"
        if near and _hedges(clause) not in map(_hedges, near):
            return "a certainty came or went"
    return ""


def _clauses(text: str) -> Iterator[str]:
    for start, end in spans(text):
        yield from filter(str.strip, CLAUSE.split(text[start:end]))


def _hedges(text: str) -> bool:
    return bool(set(WORD.findall(text.lower())) & HEDGES)


def _denies(text: str) -> bool:
    words = [word.replace("’", "'") for word in WORD.findall(text.lower())]
    return any(word in NEGATIONS or word.endswith("n't") for word in words)


def _moved(sentence: str, text: str, lens: Lens) -> str:
    """Whether a number stands by another thing or claim than in the evidence, or two names have changed places."""
    theirs = tuple(_clauses(text))
    for clause in _clauses(sentence):
        for number in NUMBER.findall(clause):
            if not _stands(number, clause, theirs, lens):
                return f"number {number!r} stands by something else"
    actors = tuple(dict.fromkeys((*_names(sentence), *_identifiers(sentence))))
    for one in (text[a:b] for a, b in spans(text)):
        here = [name for name in actors if name in one]
        if len(here) > 1 and sorted(here, key=one.index) != sorted(here, key=sentence.index):
            return "names changed places"
    return ""


def _stands(number: str, clause: str, theirs: Sequence[str], lens: Lens) -> bool:
    turning = set(lens.terms(OUTCOMES)) & set(lens.terms(clause))
    before, after = _beside(number, clause, lens, 3)
    beside = after or before
    near = [(c, set[str]().union(*_beside(number, c, lens, NEAR))) for c in theirs if number in NUMBER.findall(c)]
    return any(turning <= set(lens.terms(c)) and len(beside & there) * 2 > len(beside) - 1 for c, there in near)


def _beside(number: str, text: str, lens: Lens, reach: int) -> tuple[set[str], set[str]]:
    """The meaningful words before and behind a number."""
    found = re.search(rf"(?<![\w.]){re.escape(number)}", text)
    if not found:
        return set(), set()
    sides = text[: found.start()].split()[-reach:], text[found.end() :].split()[:reach]
    before, after = ({s for s in _stems(" ".join(side), lens) if not s.isdigit()} for side in sides)
    return before, after


def _without_dates(sentence: str, cited: Sequence[Evidence]) -> str:
    """``sentence`` without the days on which what it cites was written: those are known without being quoted."""
    for evidence in cited:
        if evidence.date:
            day, month, year = evidence.date.day, f"{evidence.date:%B}", evidence.date.year
            spelled = (
                f"{evidence.date:%Y-%m-%d}",
                f"{day} {month} {year}",
                f"{month} {day}, {year}",
                f"{month} {year}",
            )
            for one in spelled:
                sentence = re.sub(rf"\s*\b(?:on|in|of) {re.escape(one)}\b|\b{re.escape(one)}\b", "", sentence)
    return sentence.strip()


def _flat(text: str) -> str:
    return " ".join(text.replace("“", '"').replace("”", '"').split())
