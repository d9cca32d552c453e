"""What may be said at all: whole sentences that a person could read as an answer. Pure.

Code, lists of commits, headers, links, courtesies and torn lines don't speak. What speaks but reads badly (it begins in
the middle, or ends in the open) has a flaw, and is said only when nothing better is there.
"""

from __future__ import annotations

import re
from functools import lru_cache

_LETTERS = re.compile(r"[A-Za-z]")
_MARKER = re.compile(r"^(?:[-*+•‣–o]|\(?\d{1,2}[.)]|\d{1,2} -|\[\d{1,2}\]|\(?[a-z]\)|#{1,6}|>)\s+")
_FENCE = re.compile(r"^\s*```|```\s*$", re.MULTILINE)
_CODE = re.compile(r"``?[^`]*``?")
# Code, markup, dumps, lists of commits; what stands in backticks is told apart before.
_JUNK = re.compile(
    r"\{\{|\}\}|(?<![\w:<])</?\w+[ >]|&&|\|\||\$\{?[A-Za-z_]\w*|;\s*(?:\}|$)|\)\s*->|=>|\)\s*\{|\[\d+/\d+\]|<<\s|@@"
    r"|\bdiff --git|\}\s*$|;\s+[\w.:]+\([^)]*\)\s*;|[;{},]\s+//\s"
    r"|^\s*(?:pub |unsafe )?(?:impl|struct|enum|trait|union)\b.*\{"
    r"|^\s*(?:fn|let|struct|impl|pub|use|if|return|static|const|unsafe|#include|enum|type)\b.*[;{(=]\s*$|(?:\b\d+\s+){4}"
    r"|^\s*[$#] |\^{3}|-{6}|={4}|\[\d\d:\d\d:\d\d\]|^\W*[0-9a-f]{7,40}\s+\("
    r"|^(?:error|warning)(?:\[\w+\])?:|\b0x[0-9a-f]{6}"
    r"|^[\w.-]+/[\w./-]+: [^.]*$|^\W*\(\*+\)"
    r"|\|.*\||^\W*!?\[[^\]]*\]\([^)]*\)\W*$"
    r"|^\W*(?:(?:[Pp]osted|[Ww]ritten|[Pp]ublished) (?:on|by)|[Bb]y [A-Z]\w+ [A-Z])\b"
)
_HEADER = re.compile(
    r"^\W*(?:commit(?:-id)?|gitweb|author(?:date)?|committer(?:date)?|cc|to|from|date|subject|fixes|link(?: to v\d+)?"
    r"|closes|base-commit|changes (?:in|since) \w+|v\d+|prerequisite\S*|change-id|changelog|url|ps|nit|note to self"
    r"|people involved|point of contact|contacts?|tags?|status|teams?|tracking issue"
    r"|\S+ commit|based on|depends on|tree|branch|patch \d+|https?)\s*:(?!:)|^\W*https?://\S+\W*$|^-- ",
    re.IGNORECASE,
)
_SHORTLOG = re.compile(r"[\w .'-]{2,40} \(\d+\):|[A-Z][a-z]+(?:-[a-z]+)*-by: ")  # of a pull request; a trailer
_COURTESY = re.compile(
    r"^\W*(?:sorry|apologies|thanks?|thank you|cheers|hi|hello|hey|dear|ok(?:ay)?|sure|yes|yeah|yep|yup|no|nope|agreed"
    r"|indeed|right|exactly|ah|oh|hmm+|lol|ack|nice|great|cool|good (?:point|catch|idea|question)|fair enough|will do"
    r"|done|fixed|makes? sense|sounds? good|looks? good|lgtm|i (?:agree|see|guess so|think so)|got it|let me|please"
    r"|applied|queued|pulled|just (?:my|to))\b",
    re.IGNORECASE,
)
# Talk among those who work on something: what they are about to do, don't know, ask of each other, have above or below.
_TALK = re.compile(
    r"\bI(?:'ll|'d| will| would| can| could|(?:'m| am) going to) (?:\w+ )?(?:send|respin|resend|fix|add|change|update"
    r"|try|look|wait|post|rebase|drop|have a look|leave|queue|submit|reply|get back)\b"
    r"|\b(?:holidays?|vacation|let me know|no idea|feel free|(?:take|have) a look|not sure|thanks|thank you)\b"
    r"|\bwe(?:'ll| will) (?:ask|see|try|look)\b|\bgive me\b|\bfew more\b"
    r"|^\W*(?:speaking of|btw|by the way)\b|\bmeans a lot\b|\bplease\W*$"
    r"|\bI (?:don't|do not|didn't) (?:know|recall|remember|understand)\b|\bI (?:hope|wonder|guess)\b"
    r"|\bplease (?:drop|see|note|find|let|feel|take|send|add|use|do|don't|shout|report|ignore|keep)\b"
    r"|\b(?:see|shown|listed|described|mentioned|patch(?:es)?) (?:above|below)\b"
    r"|\bin my (?:previous|last|other) \w*(?:mail|reply)\b",
    re.IGNORECASE,
)
_URL = re.compile(r"https?://\S+")
# Speaks of what stands before it: alone, a reader would ask "what does?"
_LEANS = re.compile(
    r"^\W*(?:(?:and|but|so|or|also|then|because|since|however|still|again)\W+)?"
    r"(?:this|that|these|those|(?:the )?same|it|they|he|she|its|their|his|her|such|which|there|here)\b",
    re.IGNORECASE,
)
_FIRST = re.compile(r"\b(?:I|I'm|I'd|I'll|I've|my|me)\b")
_CHORES = re.compile(
    r"\b(?:v\d{1,2}|patch(?:es)?|series|commit|changelog|rebase\w*|reword\w*|rename\w*|drop(?:ped)?|add(?:ed)?|fix(?:ed)?"
    r"|removed?|removes|moved?|moves|thanks|reviewed|tested)\b",
    re.IGNORECASE,
)
_ORDERS = re.compile(
    r"^\W*(?:add|fix|remove|move|rename|drop|use|make|change|replace|introduce|update|implement|rebase|convert|split|improve"
    r"|reword|document)(?:d|ed|s|es)?\b",
    re.IGNORECASE,
)
_LONG = re.compile(r"\w{4,}")
_SMILEY = re.compile(r"[:;]-?[)PD(]\W*$")
_CHAT = 9  # words: a courtesy that goes on for longer may say something
_ENDS = ".!?)”\"'`>*…"
_HEADING = 10  # words: a shorter line without an end is a heading
_MOST = 420  # characters; longer "sentences" are lists and logs


def plain(sentence: str) -> str:
    """Return a sentence without the mark of a list item before it."""
    return _MARKER.sub("", sentence)


@lru_cache(maxsize=8192)
def speaks(sentence: str) -> bool:
    """Whether a stretch of text says something a person could read as an answer."""
    text = sentence.strip()
    words = text.split()
    if not 20 <= len(text) <= _MOST or len(words) < 4 or text.endswith("?") or _FENCE.search(text):
        return False
    if (text[-1] not in _ENDS + ":" and len(words) < _HEADING) or _says_nothing(text, len(words)):
        return False
    return len(_LETTERS.findall(text)) >= 0.45 * len("".join(words))


def _says_nothing(text: str, words: int) -> bool:
    chat = (_COURTESY.match(text) or text.endswith("!")) and words <= _CHAT
    chat = chat or (_SMILEY.search(text) and words <= _CHAT + 3) or _bare(text)
    return bool(chat or _SHORTLOG.match(text) or _HEADER.match(text) or _JUNK.search(_CODE.sub("", text)))


def _bare(text: str) -> bool:
    """Whether little is said beside a link."""
    rest = _URL.sub("", text)
    return rest != text and len(rest.split()) < _CHAT


@lru_cache(maxsize=8192)
def flaw(sentence: str) -> float:
    """Return how badly a sentence reads on its own (0 is well): torn, talk, or only announcing what follows."""
    text = sentence.strip()
    talk = 1.0 * bool(_TALK.search(text))
    torn = 0.8 * (text[:1].islower() and text.split(maxsplit=1)[0].isalpha())
    return talk + torn + 0.7 * (text[-1:] == ":") + 0.7 * (text[-1:] not in _ENDS + ":") + 0.7 * _open(text)


def _open(text: str) -> bool:
    return any(text.count(a) != text.count(b) for a, b in ("()", "[]")) or text.count("“") != text.count("”")


@lru_cache(maxsize=8192)
def leans(sentence: str) -> bool:
    """Whether a sentence speaks of what stands before it ("This means that …")."""
    return bool(_LEANS.match(sentence))


@lru_cache(maxsize=8192)
def first_person(sentence: str) -> bool:
    """Whether a sentence speaks of its author."""
    return bool(_FIRST.search(sentence))


@lru_cache(maxsize=8192)
def chores(sentence: str) -> int:
    """Return how many words speak of patches and their versions rather than of a thing."""
    return len(_CHORES.findall(sentence))


@lru_cache(maxsize=8192)
def orders(sentence: str) -> bool:
    """Whether a sentence is put as titles and lists of changes are ("Rename the lily")."""
    return bool(_ORDERS.match(sentence))


@lru_cache(maxsize=4096)
def long_words(text: str) -> frozenset[str]:
    """Return the words of four letters and more, in lower case."""
    return frozenset(word.lower() for word in _LONG.findall(text))
