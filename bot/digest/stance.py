"""Who objects, who proposes something else, who agrees: told by how people say it. Pure, and a table.

A position is one person's, in one sentence of his, and never summed up: the quote says it. Machines have none.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.digest.gist import Weighed
from bot.digest.model import Position
from bot.digest.sentences import clarity
from feeds.signed import plain_name

STANCES = {  # clear cases alone: a wrong label is worse than none
    "objects": re.compile(
        r"\bNA(?:C)?K\b|\bI (?:strongly |really |still |would |have to )?(?:disagree|object)\b"
        r"|\bI (?:really |still |just |also |personally )?(?:do not"
        r"|don't) (?:like|agree|see the (?:point|need|benefit))\b"
        r"|\bI (?:really |still |just |also |personally )?(?:do not|don't) think (?!there|so\b|I\b|any)[^,.]{1,60}"
        r"\b(?:should|needs?|can|will (?:work|help)|works?|makes sense"
        r"|(?:is|are) (?:right|correct|acceptable|a good idea|sound))\b"
        r"|\bI(?:'m| am) (?:still |really )?not (?:convinced|a (?:big )?fan|happy|keen|comfortable)\b"
        r"|\b(?:is|would be|are) (?:unsound|not sound|not acceptable|unacceptable|a bad idea|the wrong (?:way"
        r"|place|thing|approach))\b|\bI(?:'m| am) against\b|\bmy concern is\b",
        re.IGNORECASE,
    ),
    "proposes": re.compile(
        r"\bI(?:'d| would) (?:\w+ )?(?:suggest|propose|prefer|rather|recommend|go (?:with|for))\b"
        r"|\bI (?:\w+ )?(?:suggest|propose)\b|\bI think (?:that )?(?:we"
        r"|you|it|this|the \w+) should(?! be (?:fine|ok))\b"
        r"|\bmy (?:preference|suggestion|proposal) (?:is|would)\b|^another option (?:is|would be)\b"
        r"|\bit would be (?:better|cleaner|simpler) to\b",
        re.IGNORECASE,
    ),
    "agrees": re.compile(
        r"\bI (?:fully |totally |completely |strongly |also |do )?agree\b(?! (?:to disagree|on))"
        r"|\bI (?:really )?like (?:this|that|the (?:idea|approach))\b"
        r"|\bI think (?:this|that|it)(?:'s| is) a (?:good|great) idea\b"
        r"|\bI(?:'m| am) (?:fine|ok|okay|happy|good) with\b|^(?:that |this )?makes (?:a lot of |perfect )?sense\b",
        re.IGNORECASE,
    ),
}
# Said in the same words, but no position.
_NONE = re.compile(
    r"\bmatters?\b|\b(?:an?|big|huge|real|much of an?) (?:issue|problem|deal)\b|\bstrong opinion\b|\b(?:either"
    r"|both) ways?\b|\bany time soon\b"
    r"|\bone way or (?:another|the other)\b|\bgood plan\b|\bworr(?:y|ied) about (?:it|that|this)\b"
    r"|\bdon't (?:think|believe) (?:so|i)\b|^(?:no|yes|but|well)\b"
    r"|\bI imagine\b|\bagree,? but\b|\bcommit (?:message|log)s?\b",
    re.IGNORECASE,
)
CLEAR = 0.45  # how well a position must be understood by itself


def stance(text: str) -> str:
    """Return what a sentence does: "objects", "proposes", "agrees" or ""."""
    found = next((name for name, pattern in STANCES.items() if pattern.search(text)), "")
    return "" if found and _NONE.search(text) else found


def positions(weighed: Sequence[Weighed], most: int, author: str = "") -> list[tuple[Position, Weighed]]:
    """Return at most ``most`` positions, the objections first, one a person; ``author``, whose work it is, has none."""
    found: dict[tuple[str, str], tuple[Position, Weighed]] = {}
    for one in weighed:
        kind = stance(one.said.text)
        if (
            kind
            and not one.said.bot
            and clarity(one.said.text) >= CLEAR
            and plain_name(one.said.who) != plain_name(author)
        ):
            found.setdefault((kind, plain_name(one.said.who)), (Position(kind, one.said), one))
    order = list(STANCES)
    ranked = sorted(found.values(), key=lambda p: (order.index(p[0].stance), -p[1].worth))
    chosen: list[tuple[Position, Weighed]] = []
    for position, one in ranked:
        if len(chosen) < most and plain_name(one.said.who) not in {plain_name(w.said.who) for _, w in chosen}:
            chosen.append((position, one))
    return chosen
