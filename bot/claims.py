"""What evidence must have to be an answer: the measure that is asked for, the act that is taken for granted. Pure.

"How many watts does it draw?" is not answered by what it does, "why did she drop it?" not by what she said of it
when nobody speaks of dropping. Each row says in which questions something is asked for, and which words have it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

Has = Callable[[str], bool]  # whether a text has what is asked for

_NUMBER = (
    r"(?:\d[\d.,]*|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|twelve|dozens?|hundreds?|thousands?|millions?"
    r"|billions?|half|third|quarter|twice)\b)"
)
_COUNTED = re.compile(r"\b(?:how many|(?:number|count|amount) of)\s+(.*)", re.IGNORECASE)
_WORD = re.compile(r"[\w'-]+")
_ENDS = frozenset(  # what is counted ends before these
    "do does did is are was were has have had can will would in on at for to from with by so that who which there been"
    " came come a an the per each every over out go goes went until since".split()
)
_VAGUE = frozenset("extra such other different more new kernel linux rust".split())  # say nothing of what is counted
_LONGEST = 4  # words of what is counted


@dataclass(frozen=True, slots=True)
class Claim:
    """What ``asked`` matches wants something that ``said`` matches."""

    asked: re.Pattern[str]
    said: re.Pattern[str]


def _claim(asked: str, said: str) -> Claim:
    return Claim(re.compile(asked, re.IGNORECASE), re.compile(said, re.IGNORECASE))


def _act(asked: str, more: str = "") -> Claim:
    return _claim(rf"\b(?:{asked})\b", rf"\b(?:{asked}{more})\b")


MEASURES = (
    _claim(  # money
        r"\bhow much (?:money|does (?:it|one|that) cost)\b|\b(?:dollars?|euros?|usd|prices?|charges?|salary|salaries"
        r"|fees?|bounty|bounties|budget|grants?|fined)\b"
        r"|\bhow much\b.*\b(?:pay|paid|cost|charge|give|gave|put in|steal|stole|offer\w*|fund\w*)\b",
        r"[$€£]\s?\d|\b\d[\d.,]*k?\s?(?:usd|dollars?|euros?|eur|bucks)\b",
    ),
    _claim(  # size of code
        r"\b(?:lines of|s?loc|line count|how many lines)\b",
        rf"{_NUMBER}k?\+?\s*(?:[\w-]+ ){{0,3}}(?:lines|s?loc)\b|\bk?loc\b",
    ),
    _claim(  # time
        r"\b(?:how long|how many (?:extra |more )?(?:seconds|minutes|hours|days|weeks|months|years)|seconds|minutes"
        r"|milliseconds|nanoseconds|microseconds|[unm]secs?|latency|duration)\b",
        rf"{_NUMBER}\s*-?(?:\w+ )?(?:s|secs?|seconds?|[munµ]s|[mun]secs?|mins?|minutes?|h|hrs?|hours?|days?|weeks?"
        r"|months?|years?)\b|\b\d+m\d+",
    ),
    _claim(  # memory
        r"\b(?:[kmgt]i?b|(?:mega|giga|kilo)?bytes?|ram|memory (?:use|usage|footprint|overhead)|how (?:big|large)|bigger"
        r"|larger|how much memory)\b",
        r"\d\s*-?(?:[kmgt]i?b|b|[kmg]?bytes?|[kmg])\b|\bbytes\b|\d ?%",
    ),
    _claim(  # speed
        r"\b(?:rpm|[kmg]?hz|[mg]b/s|iops|throughput|bandwidth|how fast|clock(?:ed)? (?:at|speed)|frames per second"
        r"|fps)\b",
        r"\d\s*(?:(?:rpm|[kmg]?hz|[kmg]i?b/s|[kmg]bps|[km]?iops|fps|x|s|ms|seconds?)\b|%)",
    ),
    _claim(  # power
        r"\b(?:watts?|power (?:draw|consumption|use|usage)|battery(?: life)?|energy|joules?)\b",
        r"\d\s*(?:(?:m?w|watts?|m?wh|joules?|mah)\b|%)",
    ),
    _claim(  # shares
        r"\b(?:per ?cent\w*|share of|fraction of|proportion|what (?:fraction|share)"
        r"|how much (?:slower|faster|more|less|overhead))\b",
        r"\d\s?%|\bper ?cent\b|\b(?:half|third|quarter|fifth|majority|most|times|twice|zero)\b|\d ?x\b"
        rf"|{_NUMBER} (?:out )?of\b",
    ),
)
_REFUSED = (
    r"nac?k\w*|reject\w*|refus\w*|veto\w*|turn(?:ed|s|ing)? \w* ?down|sa(?:y|id|ys) no|ban(?:ned|s)?|forbid\w*|forbade"
    r"|prohibit\w*|oppos\w+|object(?:ed|s|ing|ions?)?|(?:do|did|does)n'?t want|against"
)
_REMOVED = (
    r"remov\w+|drop(?:ped|s|ping)?|delet\w+|revert\w*|withdr[ae]w\w*|abandon\w*|thr[oe]wn? \b.*\bout|kick\w*"
    r"|rip(?:ped)? \w* ?out|g[ai]v(?:e|en|ing) up|back(?:ed)? out|retir\w+|obsolete\w*|discard\w*"
)
_STOPPED = (
    r"stop\w*(?! working)|ceas\w+|quit|step(?:s|ped|ping)? down|resign\w*|(?:switch|turn)(?:ed|es|s)? \b.*\boff"
    r"|disabl\w+|end(?:ed)? support|suspend\w*"
)
_RETURNED = r"again|(?:go|goes|went|gone|came|come|moved?|switch\w*|brought) back|restor\w+|reintroduc\w+|revers\w+"
_INSISTED = r"insist\w*|promis\w+|demand\w*|mandat\w+|guarantee\w*|commit(?:ted)? to|threat\w*|forc(?:e|es|ed|ing)"
_FAVOURED = r"prefer\w*|like(?:d|s)? so much|prais\w+|lov(?:e|es|ed)|favou?r\w*|endors\w+|recommend\w*"
_REPLACED = r"replac\w+|rewr[io]t\w*|fork(?:ed|s)?|renam\w+|split\w*|ported|convert\w*|migrat\w*"
_CALLED = (
    r"call(?:ed|s|ing)? \b.*(?:trivial|useless|dead|broken|perfect|stupid)|claim\w*|den(?:y|ies|ied)|admit\w*"
    r"|apologi[sz]\w*|accus\w+"
)
_MAYBE = re.compile(r"\b(?:could|can|should|would|may|might|going to)\b", re.IGNORECASE)  # takes nothing for granted
ACTS = (
    _act(
        _REFUSED,
        r"|not acceptable|unacceptable|no way|don'?t like|disagree\w*|not (?:going to|happy|taking)"
        r"|won'?t (?:take|accept|apply|merge)|please don'?t",
    ),
    _act(_REMOVED, r"|gone|no longer|unmaintained"),
    _act(_STOPPED, r"|stopped|no longer|not (?:support|work)\w*|breaks?|broken?|broke|fail\w*"),
    _act(_RETURNED),
    _act(_INSISTED),
    _act(_FAVOURED),
    _act(_REPLACED),
    _act(_CALLED),
)


def acts(question: str) -> list[Has]:
    """Return, for each act that ``question`` says was done, what has it."""
    claims = () if _MAYBE.search(question) else ACTS
    return [_having([claim.said]) for claim in claims if claim.asked.search(question)]


def is_act(word: str) -> bool:
    """Whether ``word`` says that something was done, as "NAK" does, and names nothing."""
    return any(claim.asked.fullmatch(word) for claim in ACTS)


def measure(question: str, terms: Callable[[str], Sequence[str]]) -> Has | None:
    """Return what has the measure that ``question`` asks for, or how many there are; None when it asks for neither."""
    if said := [claim.said for claim in MEASURES if claim.asked.search(question)]:
        return _having(said)
    counted = _counted(question, terms)
    return _numbering(counted, terms) if counted else None


def _having(said: Sequence[re.Pattern[str]]) -> Has:
    return lambda text: any(pattern.search(text) for pattern in said)


def _numbering(counted: str, terms: Callable[[str], Sequence[str]]) -> Has:
    number = re.compile(_NUMBER, re.IGNORECASE)
    return lambda text: bool(number.search(text)) and counted in terms(text)


def _counted(question: str, terms: Callable[[str], Sequence[str]]) -> str:
    """Return the stemmed last word of what is counted: "many open issues are" → "issu"."""
    match = _COUNTED.search(question)
    words = [word.lower() for word in _WORD.findall(match[1])] if match else []
    end = next((n for n, word in enumerate(words) if word in _ENDS), len(words))
    stems = [stem for word in words[: min(end, _LONGEST)] if word not in _VAGUE for stem in terms(word)]
    return stems[-1] if stems else ""
