"""What a question asks for, without a model: the words to search with, and whether it is ours to answer."""

from __future__ import annotations

import re

from bot.model import Question

# Words that carry no meaning in a question; stemmed forms, as the index has them.
STOP = frozenset(
    "a about after again all also am an and ani any are as at be been befor being but by can could did do doe doing"
    " done dure each ever few for from get give go had has have he her here him his how i if in into is it its just"
    " know let like make mani me mean more most much my no not now of off on onc one onli or other our out over own"
    " pleas realli s said same say she should so some still such t tell than that the their them then there these"
    " they thing this those through to too under until up us use veri was we were what whats when where which while"
    " who whi will with work would yet you your".split()
)
_REFERS = re.compile(
    r"\b(it|its|that|this|they|them|their|he|his|she|her|there|those|these|one|ones|then)\b"
    r"|^\s*(and|but|so|or|what about)\b",
    re.IGNORECASE,
)
_GREETING = re.compile(r"^\s*(?:hi|hello|hey|thank you|thanks?)\b[\s,!.:]*(?:krab\b)?[\s,!.:]*", re.IGNORECASE)
_SHORT = 6  # words: a question this short, asked in a thread, leans on what came before


def search_text(question: Question) -> str:
    """Return the words to search with: the question, and what it refers back to."""
    text = _GREETING.sub("", question.text).strip() or question.text.strip()
    if question.earlier and leans(text):
        return "\n".join((*question.earlier[-2:], text))
    return text


def leans(text: str) -> bool:
    """Whether a question can't be understood without the ones before it."""
    return bool(_REFERS.search(text)) or len(text.split()) <= _SHORT
