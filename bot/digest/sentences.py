"""The sentences of a part that can be shown by themselves: whole, said by its author, and saying something. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bot.cite import spoken
from bot.digest.model import Cited
from bot.question import STOP
from bot.speech import speaks
from index.model import Part, Role
from index.sentences import spans

LONGEST = 300
_MARKER = re.compile(r"^(?:[-*+•‣–o]|\(?\d{1,2}[.)]|\[\d{1,2}\]|\(?[a-z]\)|#{1,6})\s+")
_MANNERS = re.compile(
    r"^(?:hi|hello|hey|dear|thanks|thank you|thx|cheers|best|kind regards|regards|sorry|oops|ack|nit|sure|will do"
    r"|done"
    r"|ok(?:ay)?|yep|yes|no|fixed|ah|oh|great|nice|cool|lgtm|cc|\+cc|bcc|on (?:mon|tue|wed|thu|fri|sat|sun)|from:"
    r"|link:"
    r"|changes? (?:in|since|from|for)|changelog|v\d+|base-commit|applied|queued|side note"
    r"|ps)\b[^.!?]{0,40}[,.!:;)]*$",
    re.IGNORECASE,
)
_REFERRING = re.compile(  # to something beside the mail, or to code that is not shown
    r"https?://|^s/|[+-]//|\S+@\S+\.\w|\bbelow\b|\babove\b|as follows|[:,]$|^\W*(?:```|\|)|\[\d{1,2}\]|[{};]\s*$|=>|->"
    r"|\bsee (?:also )?\["
    r"|\b(?:first|second|third|last|following|previous|next) (?:patch|commit|paragraph|sentence)\b",
    re.IGNORECASE,
)
_COURTESY = re.compile(
    r"\b(?:feedback|comments?|reviews?|suggestions?|opinions?|input)\b[^.]{0,20}\b(?:welcome|appreciated)\b"
    r"|\blet me know\b|\bthank(?:s| you)\b|\bappreciate"
    r"|\bapologi[sz]e|\bmy (?:bad|mistake|fault)\b|\bgood catch\b|\bnit(?:s|pick)?\b|\btypos?\b"
    r"|^(?:hm+|yup|yeah|yep|nope|a+h+|o+h+|uh)\b"
    r"|\bby the way\b|\bbtw\b|\b(?:acked|reviewed|tested|signed-off|suggested|reported)-by\b"
    r"|\btake a (?:quick )?look\b|\btook a (?:quick )?look\b"
    r"|\bin this (?:blog )?post\b|\b(?:subsystem )?maintainers: |\bhope (?:this|that|it)\b|\bcc(?:'?ed|ing)?\b"
    r"|\bthis e?mail\b|\bmailing list\b"
    r"|\bregister (?:now|today)|\blearn more\b|\bread more\b|\bsubscribe\b|\bfollow us\b",
    re.IGNORECASE,
)
_SMILE = re.compile(r"(?:^|\s)[:;]-?[)(PD](?:\W|$)|!\W*$|[\U0001F300-\U0001FAFF]")
_REPLYING = re.compile(
    r"^(?:ok(?:ay)?|yes|no|right|correct|true|sure|well|agreed|fine|good|looks?|looking|sent|exactly|absolutely"
    r"|definitely|maybe|perhaps|besides|however|for this)\b"
    r"|\b(?:will|i'll|i'd|to|i) (?:also )?(?:re-?)?(?:send|sent|push|post|ran|run)\b|\blooks? good\b"
    r"|\bcommit (?:message|log)s?\b|\bprefix\b|\bdid(?:n't| not) apply\b|\bwrong tree\b|\bas (?:he"
    r"|she|you) (?:said|didn't|mentioned)",
    re.IGNORECASE,
)
_TORN = re.compile(r"(?:\.\.+|…|\be\.g\.|\bi\.e\.|\band|\bor)[\s)\"”]*$|^[a-z]\w* [a-z]|^\(")
_BOILERPLATE = re.compile(
    r"\bfor more information about this error\b|\blatest news and insights\b|\b(?:consists of|in"
    r"|for) the following\b|\bempowering everyone\b"
    r"|\bis a programming language\b|\bteam is (?:happy|pleased|excited)\b|\bwe(?:'re"
    r"| are) (?:happy|pleased|excited)\b"
    r"|\bif you have a previous version\b|\brustup update\b|\bis pleased to announce\b|\byou(?:'re| are) right\b"
    r"|\byou two\b",
    re.IGNORECASE,
)
_HASH = re.compile(r"^\(?(?:commit )?[0-9a-f]{7,40}\b")
_PROMISE = re.compile(
    r"\bI(?:'ll| will| can| could|'m going to| am going to) (?:also |just |then )?(?:fix|change|send|do|add|update"
    r"|drop|remove|take|try|look|rename|split|move|check|include"
    r"|respin|squash|address|use|adjust|rebase|clarify|mention|put|see|test|wait)\b|\b(?:the )?next (?:version"
    r"|revision|spin|round)\b|\bin v\d+\b|\bI guess\b|\bI (?:tend|wonder)\b"
    r"|\bIIRC\b|\bIIUC\b|\bAFAI[KCR]\b",
    re.IGNORECASE,
)
_VAGUE = re.compile(
    r"\b(?:it|(?:this|that|these|those)(?! (?:series|patch(?:es|set)?|commit|change|patches|version|function|trait"
    r"|type|abstraction|driver|macro)\b)"
    r"|them|they|one|ones|he|she|you|your)\b",
    re.IGNORECASE,
)
_CHANGES = re.compile(  # what has changed since the last version, up to the end
    r"^[ \t*#=\[(-]{0,6}(?:(?:major |main |notable )?change(?:s|log)\b|revision history|history|v\d+[ \t]*(?:->|=>"
    r"|→|:|\()|diff(?:erence)?s? (?:to|from|since)\b"
    r"|(?:since|from) (?:v\d|RFC))[^\n.]{0,60}$",
    re.IGNORECASE | re.MULTILINE,
)
_UNFIT = (_MANNERS, _REFERRING, _COURTESY, _BOILERPLATE, _HASH)
_HANGING = re.compile(
    r"^(?:it|its|(?:this|that|these|those)(?! (?:series|patch(?:es|set)?|commit|change|patches|version|function"
    r"|trait|type|abstraction|driver|macro)\b)|they|he|she|so|but|and|or|also|then|which|however|therefore|thus"
    r"|hence|still"
    r"|otherwise|same|there|here|because|e\.g\.|i\.e\.|for example|in that case|such|both|either|neither|if so"
    r"|not that|with that|with this|doing so|indeed|actually|anyway|well|right|again|btw|though|now)\b",
    re.IGNORECASE,
)
_PARENT = re.compile(  # understood only behind what it answers, or about its writer's own doings
    r"^(?:the )?same\b|^(?:no|yes)\b|^(?:in other words|another thing|in this (?:particular )?case|unless|otherwise"
    r"|you(?:'re| are) saying|(?:doesn't|don't|isn't|wasn't|could be|would be)\b|at least\b|feel free|sorry"
    r"|I think you(?:'re| are)|i\.e\.|see the\b|if you come up|I (?:seem to recall|guess|am having|don't have)\b"
    r"|subsequently|moreover|meanwhile|besides|similarly|and similarly|if otherwise|let's say|for example|just to"
    r"|as for|to be clear|more (?:precisely|specifically)|that said"
    r"|my point|note that|just in case|consequently|either)\b"
    r"|\bI (?:sent|was trying|did not check|didn't check|could create|checked|tried|just|wouldn't bother|imagine)\b"
    r"|\bas (?:you )?suggested\b|\bI (?:used|went with|also caught)\b|\bI(?:'m| am) talking about\b"
    r"|\bI(?:'ll| will)\b|^I(?:'m| am) going to\b|^(?:checked|seems like|honestly|the plain truth|in any case"
    r"|I think they|if it is)\b|\bsent (?:it"
    r"|v\d)\b|\bit would be nice\b|\bI think you wanted\b"
    r"|\bmy real purpose\b|\bgood point\b|\bhere we are\b|\bthis (?:chunk|hunk|line)\b|\bin v\d\b",
    re.IGNORECASE,
)
_DRAWN_IN = re.compile(r"^(?: {3,}|\t)[ \t]*\S?$")
_DANGLING = re.compile(  # a word for something that was named before
    r"^(?:\W*\w+\W+){0,4}(?:it|its|they|them|he|she|one|those|these)\b"
    r"|\b(?:this|these|those)\b(?=\s+(?:is|was|are|were|will|would|should|can|could|may|might|needs?|does|has|have|works?"
    r"|breaks?|means|in|to|with|for|from|and|or|on|at|by|way|case|approach|point|there|be|up|out)\b|\W*$|[.,;:?!)])"
    r"|\b(?:make|makes|do|does|see|sees|fix|fixes|change|support|like|about|of|with|for|if|avoid|use|used)\s+that\b"
    r"(?=\W*$|\s+(?:is|was|helps?|would|clearer|better|way)\b|[.,;:?!)])"
    r"|\b(?:then|here|too|as well|instead|either|though|anyway|JFYI|FYI)\W*$|\bdo so\b"
    r"|\bsuch (?!as\b)|^The (?:cast|enum|assert|issue|problem|reason|question|point|change|idea|comment|approach"
    r"|check|test|goal|race|patch|series|answer|former)\b|\b(?:actually )?meant\b|\bsubsequent mail\b",
    re.IGNORECASE,
)
_ELSEWHERE = re.compile(  # what not even the words that are answered make clear
    r"\bthe (?:two|other(?: way(?: around)?| one)?|former|latter|first (?:one|option)|second (?:one|option)|same)\b"
    r"|\bboth (?:are|of them|patches)\b|^I (?:don't|do not) (?:understand|know)\b",
    re.IGNORECASE,
)
_NIT = re.compile(
    r"\bnode name\b|\btypos?\b|\bspell(?:ing|ed)\b|\bindent\w*|\bwhite ?space\b|\bwording\b|\breword\w*|\bcapital\w*"
    r"|\brustfmt\b|\bfull stop\b|\bcross-?link\b|\b(?:foo|bar)\b",
    re.IGNORECASE,
)
STANDS, REPEATS = 0.5, 0.7  # how clear a sentence must be; the share of its words that a title may have
_CODE = re.compile(r"[{}<>;=|\\]|::|\(\)|\w[_#]\w|&\w|`")


def sentences(part: Part) -> Iterator[Cited]:
    """Yield what ``part``'s author says, sentence by sentence, in order: of a patch, not what has changed in it."""
    answer = "reply" in part.labels
    for text in _prose(part):
        for start, end in spans(text):
            if answer and _DRAWN_IN.search(text[text.rfind("\n", 0, start) + 1 : start + 1]):
                continue  # words that are proposed for a comment or a letter
            quote = _MARKER.sub("", text[start:end])
            if fit(quote):
                yield cited(part, quote)


def _prose(part: Part) -> Iterator[str]:
    patch = any(event.kind == "posted" for event in part.events)
    for block in part.blocks:
        if block.role is Role.OWN:
            notes = _CHANGES.search(block.text) if patch else None
            yield block.text[: notes.start()] if notes else block.text
            if notes:
                return
        elif patch and block.role is Role.DIFF:
            return


def cited(part: Part, quote: str) -> Cited:
    """Return words of ``part``, to be shown as they are."""
    return Cited(spoken(quote), part.id, part.url, quote, part.author, "bot" in part.labels, date=part.date)


def titled(part: Part) -> Cited:
    """Return a citation of ``part`` by its title."""
    return Cited(part.title, part.id, part.url, part.title, part.author, "bot" in part.labels, date=part.date)


def fit(quote: str) -> bool:
    """Whether a sentence can be shown by itself."""
    flat = " ".join(quote.split())
    if not 30 <= len(flat) <= LONGEST or not speaks(quote):
        return False
    return not any(pattern.search(flat) for pattern in _UNFIT)


def stands(text: str) -> bool:
    """Whether a sentence of an answer can be read without what it answers."""
    return clarity(text) >= STANDS and not _HANGING.match(text) and not _PARENT.search(text) and not trivial(text)


def dangles(text: str) -> bool:
    """Whether a sentence speaks of something that it does not name."""
    return bool(_DANGLING.search(text) or _HANGING.match(text) or unclear(text))


def unclear(text: str) -> bool:
    """Whether a sentence isn't understood even behind what it answers."""
    return bool(_ELSEWHERE.search(text))


def trivial(text: str) -> bool:
    """Whether a sentence is about spelling and the like."""
    return bool(_NIT.search(text))


def repeats(text: str, title: str) -> bool:
    """Whether a sentence says little more than a title."""
    said, known = ({w for w in re.findall(r"\w{3,}", some.lower()) if w not in STOP} for some in (text, title))
    return len(said & known) > REPEATS * len(said)


def clarity(text: str) -> float:
    """Return how well a sentence is understood without its surroundings and by whom does not know the code (0 … 1)."""
    value = 0.55 if _HANGING.match(text) else 1.0
    value *= 0.6 if _PROMISE.search(text) else 1.0
    value *= 0.55 if _REPLYING.search(text) else 1.0
    value *= 0.7 if _SMILE.search(text) else 1.0
    value *= 0.6 if _TORN.search(text) else 1.0
    value *= 0.88 ** min(4, len(_VAGUE.findall(text)))
    value *= 0.85 ** min(5, len(_CODE.findall(text)))
    length = len(text)
    value *= 0.7 if length < 50 else 1.0 if length <= 200 else 0.8
    return value if text[:1].isupper() or text[:1] in '`“"' else value * 0.6
