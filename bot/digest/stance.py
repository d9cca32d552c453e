"""Who objects, who proposes something else, who agrees: told by how people say it. Pure, and a table.

A position is one person's, in one sentence of his, and never summed up: the quote says it. Machines have none.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.digest.gist import Weighed
from bot.digest.model import Position
from feeds.signed import plain_name

STANCES = {
    "objects": re.compile(
        r"\bNA(?:C)?K\b|\bI (?:strongly |really |still |would )?(?:disagree|object)\b"
        r"|\bI (?:really |still |just |also )?(?:do not|don't) (?:think|like|see (?:why|how|the|any)|believe|want|understand why|agree)\b"
        r"|\bnot (?:convinced|acceptable|a fan|sure (?:this|that|if|about)|happy|keen)\b|\bplease (?:do not|don't|no)\b"
        r"|\b(?:is|was|are|'s) (?:just |plain |simply |completely |also )?(?:wrong|unsound|broken|bogus|ugly|overkill|problematic|a bad idea|not sound)\b"
        r"|\b(?:does not|doesn't|won't|can't|cannot) (?:work|make sense|be sound|fly)\b|\b(?:would|will|could) (?:break|be unsound|deadlock)\b"
        r"|\bI(?:'m| am) (?:against|worried|concerned|not sure|afraid)\b|\bmy concern\b|\bshould ?n(?:'|o)t\b",
        re.IGNORECASE,
    ),
    "proposes": re.compile(
        r"\bI(?:'d| would) (?:suggest|propose|prefer|rather|recommend|like to see|go (?:with|for))\b|\bI (?:suggest|propose|prefer)\b"
        r"|\bhow about\b|\bwe (?:could|should|need to|might want)\b|\bmaybe we\b|\blet's\b|\b(?:it would|would|might) be (?:better|nicer|good|best|cleaner)\b"
        r"|\bmy (?:preference|suggestion|proposal)\b|\byou (?:should|could|need to|want to)\b|\bbetter (?:to|would)\b",
        re.IGNORECASE,
    ),
    "agrees": re.compile(
        r"\bI (?:fully |totally |completely |strongly |also |do )?agree\b|\bsounds good\b|\blooks good\b|\bmakes sense\b|\bI (?:really )?like (?:this|that|the|it)\b"
        r"|\b(?:is|was) a (?:good|great|nice) (?:idea|point|catch)\b|\bgood (?:point|idea)\b|\bI(?:'m| am) (?:fine|ok|okay|happy|good) with\b",
        re.IGNORECASE,
    ),
}


def stance(text: str) -> str:
    """Return what a sentence does: "objects", "proposes", "agrees" or ""."""
    return next((name for name, pattern in STANCES.items() if pattern.search(text)), "")


def positions(weighed: Sequence[Weighed], most: int) -> list[tuple[Position, Weighed]]:
    """Return at most ``most`` positions, the objections first, one a person and stance."""
    found: dict[tuple[str, str], tuple[Position, Weighed]] = {}
    for one in weighed:
        kind = stance(one.said.text)
        if kind and not one.said.bot:
            found.setdefault((kind, plain_name(one.said.who)), (Position(kind, one.said), one))
    order = list(STANCES)
    ranked = sorted(found.values(), key=lambda p: (order.index(p[0].stance), -p[1].worth))
    chosen: list[tuple[Position, Weighed]] = []
    for position, one in ranked:
        if len(chosen) < most and plain_name(one.said.who) not in {plain_name(w.said.who) for _, w in chosen}:
            chosen.append((position, one))
    return chosen
