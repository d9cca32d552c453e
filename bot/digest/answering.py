"""What a sentence answers: the words of somebody else right above it, where they are prose and his own. Pure.

"That can't work" says nothing by itself; behind the question it answers, it does.
"""

from __future__ import annotations

import re

from bot.cite import flat
from bot.digest.gist import words
from bot.digest.material import Talk
from bot.digest.model import Cited
from bot.digest.sentences import cited, clarity, dangles, trivial
from bot.speech import speaks
from index.model import Part, Role
from index.sentences import spans

SHORTEST, LONGEST = 25, 170  # characters of what is answered
NEAR = 260  # characters between what is answered and the answer
_NOISE = re.compile(r"https?://|[+-]//|\[\d{1,2}\]|[{};]")
CLEAR = 0.45  # how well it must be understood by itself
LAST = 3  # sentences of what is quoted: a question among them counts most


class Cues:
    """What the sentences of a talk answer; each is looked up once."""

    def __init__(self, talk: Talk) -> None:
        self._talk = talk
        self._found: dict[tuple[str, str], Cited | None] = {}

    def __call__(self, one: Cited) -> Cited | None:
        """Return what ``one`` answers."""
        key = (one.id, one.quote)
        if key not in self._found:
            self._found[key] = answered(self._talk, one)
        return self._found[key]


def answered(talk: Talk, one: Cited) -> Cited | None:
    """Return the sentence that ``one`` answers, in its own writer's mail; None when it can't be told."""
    part = talk.part(one.id)
    told = _sentences(_above(part, one.quote))[-LAST:] if part else []
    for quote in [*(q for q in told if q.endswith("?")), *(q for q in reversed(told) if not q.endswith("?"))]:
        for parent in filter(None, map(talk.part, part.links if part else ())):
            own = flat(quote) in flat(parent.text)  # and not in its diff
            if own and parent.author != one.who and _meet(quote, one.text):
                return cited(parent, quote)
    return None


def _meet(quote: str, answer: str) -> bool:
    """Whether an answer is about what it stands below: a question, or words of the same things."""
    return quote.endswith("?") or bool(set(words(quote)) & set(words(answer)))


def _above(part: Part, quote: str) -> str:
    """What is quoted right above the block in which ``quote`` stands."""
    quoted = ""
    for block in part.blocks:
        if block.role is Role.QUOTED:
            quoted = block.text
        elif block.role is Role.OWN and flat(quote) in (text := flat(block.text)):
            return quoted if text.index(flat(quote)) <= NEAR else ""
        elif block.role is not Role.OWN:
            quoted = ""
    return ""


def _sentences(text: str) -> list[str]:
    found = (text[start:end].strip() for start, end in spans(text))
    return [quote for quote in found if SHORTEST <= len(quote) <= LONGEST and _whole(quote)]


def _whole(quote: str) -> bool:
    """Whether it is a sentence with a beginning and an end; questions are welcome here."""
    ends = quote[:1].isupper() and quote[-1] in ".?!)" and not quote.endswith("..")
    plain = clarity(quote) >= CLEAR and not dangles(quote) and not trivial(quote)
    return ends and plain and not _NOISE.search(quote) and speaks(f"{quote[:-1]}." if quote.endswith("?") else quote)
