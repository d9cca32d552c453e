"""Where a mail says that patches were applied: by whom, to which tree, which of them, as which commit.

Only what has happened counts, said by who did it or by the bot that watched: "Applied to pond-next",
not "I'll apply", "applies cleanly" or "once this is applied". A sentence is looked at as a whole; the
tables below say what claims it and what takes the claim back. What stands in nobody's own prose
(quotes, code, trailers) is never looked at.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from feeds.subject import Subject
from index.model import Role

if TYPE_CHECKING:
    from feeds.mail import Mail

TEXT_MAX = 20_000
SENTENCE_MAX = 600
SENTENCE = re.compile(r"(?:[^.!?\n]|(?<=\b[ie]\.[eg])\.|[.!?](?!\s|$)|\n(?![ \t]*\n))+[.!?]*(?:\s+[:;]-?\))?")

DONE = r"(?:applied|queued(?:\s+up)?|merged|pushed|pulled|picked(?:\s+up)?)"
TAKEN = r"(?:took|taken)"
SAID = re.compile(rf"\b(?:{DONE}|{TAKEN})\b", re.I)
MANY = r"(?:patch(?:es|set)?|series|ones?|PR|pull\s+request|rest)"
THING = (
    rf"(?:(?:(?:all|both|each)(?:\s+of)?\s+)?(?:(?:the|this|these|those|your|that|\w+['’]s)\s+)?"
    rf"(?:(?:first|last|two|three|four|five|six|whole|entire|remaining|\d+)\s+){{0,3}}{MANY}\b"
    r"|(?:this|it|these|them|both|all)(?=\s*(?:$|[.,;!:(–—-]|(?:now|up|to|in|into|onto?|for|as|as-is|via|through|applied)\b))"
    r"|v\d+\b|\d+[-/,\d]*(?=\s))"
)
COUNTS = r"(?:patch(?:es)?\s+)#?\d+(?:\s*(?:,|-|–|/|to|and|&)\s*#?\d+)*"
# "Thanks Ada!", "No problem,", "With the following changes,"
OPENING = r"(?:[\w'’ ,]{1,40}(?:[,:;!.]|[:;]-?\))\s+|(?:thanks?|ok|okay|alright|and|so|now|great|good)[\s,]+)"
FOLLOWED = (
    rf"(?=\s*(?:$|[.,!;:(–—-]|(?:to|into?|onto?|for|as|as-is|with|via|through|thanks?|thank|now|early|here|and\s+added|\d[-\d,]*|{THING})"
    r"(?![\w-])))"
)
# The sentence as a whole says that it was done.
CLAIMS = (
    # "Applied to pond-next", "With the following changes, applied to …", "Series applied, thanks!"
    re.compile(rf"^{OPENING}{{0,3}}(?:(?:{THING}|{COUNTS}|now|whole)\s+)?(?P<done>{DONE}|taken){FOLLOWED}", re.I),
    # "I applied this to …", "I've gone ahead and merged Ada's patch into …", "we merged this as-is"
    re.compile(
        rf"\b(?:I|we)(?:['’]ve|\s+have)?(?:\s+(?:now|just|also|already|gone|went|ahead|and|finally|both))*\s+"
        rf"(?P<done>applied|queued(?:\s+up)?|merged)\s+(?:{THING}|{COUNTS}|to\s+[\w/-]+\b)",
        re.I,
    ),
    # "Ok, I took it now", "I pushed this to …": such words say much else inside a sentence
    re.compile(
        rf"^{OPENING}{{0,2}}(?:I|we)(?:['’]ve|\s+have)?(?:\s+(?:now|just|also|already))*\s+"
        rf"(?P<done>pushed|pulled|picked(?:\s+up)?|{TAKEN})\s+{THING}(?!\s+\w+ed\b)",
        re.I,
    ),
    # "This series was applied to …"
    re.compile(
        rf"\b(?:this|these|the|both|all)\s+(?:\w+\s+){{0,2}}?{MANY}\s+(?:was|were|has\s+been|have\s+been|is|are)"
        rf"(?:\s+(?:now|just|also|already))*\s+(?P<done>{DONE})\s+(?:in)?to\b",
        re.I,
    ),
)
# In front of it: a condition, a wish, a plan.
HEDGED = re.compile(
    r"\b(?:if|when|once|until|till|unless|after|before|because|since|whether|assuming|while|why|which|where)\b"
    r"|\b(?:not|never|cannot|would|could|should|can|will|may|might|must|shall|please|gets?|getting|be|being|hope\w*)\b"
    r"|n['’]t\b|['’]ll\b|['’]d\b",
    re.I,
)
# Anywhere: a question, a test, a suggestion that was taken up, a fix for a merge.
DISCLAIMED = re.compile(
    r"\?\s*$|^\s*[\[(]|\b(?:not\s+yet|yet\b.{0,3}$)"
    r"|\b(?:local(?:ly)?|test(?:ed|ing)?\s+(?:tree|branch|with)|to\s+test|on\s+top\s+of|cleanly|hand|manually)\b"
    r"|\bmy\s+(?:next\s+)?(?:version|revision|branch|series|v\d+)\b|\bnext\s+(?:version|revision)\b"
    r"|\b(?:to\s+(?:v\d|next-\d)|onto\b)|\bcan\s+confirm\b"
    r"|\band\s+(?:run|ran|tested|tried|built|build|get|got|see|saw|did|can|could|booted)\b"
    r"|\bfollowing\s+(?:patch|diff|comments?|supplied)|\bfollowing\s+(?:change|fix)\w*\s+(?:to|for|on)\b"
    r"|\b(?:your|those|these|all|that|this|the)\s+(?:suggest\w*|comments?|nits?|feedback|rename|tags?|reword\w*)\b"
    r"|\b(?:tags?|trailers?|suggestions?|nits?|comments?|feedback|rustfmt|clippy|resolution)\b.{0,40}\b(?:applied|picked|took|taken)"
    r"|\bas\s+(?:a\s+)?(?:merge\s+)?fix\w*|\bhere\s*:?\s*$|\bfrom\s+[A-Z]\w+,\s+so\b",
    re.I,
)
FOR_ALL = re.compile(r"\b(?:series|all|both|patches|patchset|everything)\b", re.I)
NAMED = re.compile(
    r"(?:\bpatch(?:es)?\s+#?|\(|#|\b(?:applied|queued|merged|pushed|took)\s+)"
    r"(?P<list>\d{1,3}(?:\s*(?:-|–|,|to|and|&)\s*#?\d{1,3})*)(?=/\d|\)|\s|[,;:!]|\.(?!\d)|$)",
    re.I,
)
COUNTED = re.compile(r"\bfirst\s+(?P<count>two|three|four|five|six|\d{1,3})\s+(?:patches|ones)", re.I)
NUMBERS = {"two": 2, "three": 3, "four": 4, "five": 5, "six": 6}
TREE = re.compile(
    r"\b(?:to|in|into|on|onto|for|via|through)\s+(?:the\s+|my\s+|our\s+)?[`'\"<]?(?P<tree>[A-Za-z][\w./+-]*[\w])[`'\">]?"
    r"(?: (?:tree |branch )?\(?(?P<branch>[\w./-]{0,60}(?:next|fixes|linus|testing|core|urgent)[\w./-]{0,60})\)?)?"
    r"(?: (?:tree|branch)\b)?(?:\s+of\s+(?:the\s+)?(?P<of>[\w./-]+))?",
)
# Words behind "to" that are no tree.
NO_TREE = frozenset(
    "the this that it a an my our your me them all next now be apply review reviewing everyone everybody you use as"
    " keep get linux stable patch patches both first address fix make mainline v1 v2 v3 v4 v5 v6 v7 v8 v9 helping"
    " working doing taking his her catch avoid start".split()
)
CLAUSE = re.compile(r",\s+(?:I|we|please|and|but)\b|;|\s--\s")
HOSTED = re.compile(
    r"\bto:?[ \t]{0,4}\n\s{0,8}<?(?:https?|git|ssh)://[^\s/]+/(?P<tree>\S{1,200}?)(?:\.git)?>?"
    r"(?:[ \t]{1,4}(?P<branch>[\w./-]{1,100}))?[ \t]*$",
    re.M,
)
COMMIT = re.compile(r"(?:\bcommit:?|\bas|Commit-ID:|/c/)\s*`?(?P<sha>[0-9a-f]{7,40})\b", re.I)
LISTED = re.compile(
    r"^[ \t]*(?:-\s+)?\[(?:[^\]\n]*[,\s])?(?P<at>\d+)/(?P<of>\d+)\][^\n]*(?:\n(?![ \t]*(?:-\s+)?\[)[^\n]*){0,2}", re.M
)
MISSED = re.compile(r"\(no matching commit\)|\(no commit info\)", re.I)

WATCHED = (
    re.compile(
        r"This (?:series|patch|pull request) was applied to (?P<tree>\S{1,200}) \((?P<branch>[^)\s]{1,200})\)"
        r"\s{1,4}by (?P<who>[^<\n]{1,80}?) ?<[^>\n]{1,200}>:?"
    ),
    re.compile(r"The following commit has been merged into the (?P<tree>\S+) branch of (?P<of>[\w-]+)"),
    re.compile(r"\bhas been (?:merged|added) (?:in)?to (?P<tree>\S+?\.git|the -mm \S+ branch|the \S+ tree)"),
)
AUTHOR = re.compile(r"^Author:[ \t]{0,20}(?P<who>[^<\n]{1,80}?) ?<", re.M)
COMMITTER = re.compile(r"^Committer:[ \t]{0,20}(?P<who>[^<\n]{1,80}?) ?<", re.M)


@dataclass(frozen=True, slots=True)
class Applied:
    """One statement. ``who`` is "" where it is the sender. ``detail`` is "tree parts commit", as far as said.

    ``author`` is the patch's, where a notice of a commit names him.

    A tree that is not named is "-" when something follows it.
    """

    quote: str
    detail: str = ""
    who: str = ""
    author: str = ""


def applications(mail: Mail, about: Subject) -> Iterator[Applied]:
    """Yield what the mail says was applied, at most one statement."""
    texts = [b.text[:TEXT_MAX] for b in mail.blocks if b.role in (Role.OWN, Role.CODE)]
    whole = "\n\n".join(texts)
    if about.title.startswith("linux-next:"):
        return
    if "bot" in mail.labels:
        yield from _watched(whole, about)
        return
    for text in (b.text[:TEXT_MAX] for b in mail.blocks if b.role is Role.OWN):
        for sentence in _sentences(text):
            if claims(sentence):
                yield Applied(
                    sentence, _detail(_tree(sentence, whole), _parts(sentence, whole, about), _commit(sentence, whole))
                )
                return


def claims(sentence: str) -> bool:
    """Whether a sentence says that its writer has applied something."""
    flat = " ".join(sentence.split())
    found = next((m for c in CLAIMS if (m := c.search(flat))), None)
    return found is not None and not HEDGED.search(flat, 0, found.start("done")) and not DISCLAIMED.search(flat)


def _sentences(text: str) -> Iterator[str]:
    for match in SENTENCE.finditer(text):
        sentence = match[0].strip()
        if len(sentence) < SENTENCE_MAX and SAID.search(sentence):
            yield sentence


def _watched(text: str, about: Subject) -> Iterator[Applied]:
    for pattern in WATCHED:
        if match := pattern.search(text):
            found = match.groupdict()
            tree = found["tree"].removeprefix("the ").removesuffix(" tree").removesuffix(" branch").replace(" ", "/")
            tree = f"{found['of']}/{tree}" if found.get("of") else tree
            tree = f"{tree}:{found['branch']}" if found.get("branch") else tree
            committer = COMMITTER.search(text)
            who = found.get("who") or (committer["who"] if committer else "")
            author = AUTHOR.search(text)
            detail = _detail(tree, _parts("", text, about), _commit("", text))
            yield Applied(match[0], detail, who, author["who"] if author else "")
            return


def _detail(tree: str, parts: str, commit: str) -> str:
    words = [tree or "-", *filter(None, (parts, commit))]
    return "" if words == ["-"] else " ".join(words)


def _tree(sentence: str, text: str) -> str:
    if re.search(r"\bto:?$", sentence) and (hosted := HOSTED.search(text, max(0, text.find(sentence)))):
        tree = "/".join(hosted["tree"].split("/")[-2:])
        return f"{tree}:{hosted['branch']}" if hosted["branch"] else tree
    flat = CLAUSE.split(" ".join(sentence.split()))[0]
    done = SAID.search(flat)
    for match in TREE.finditer(flat, done.start() if done else 0):
        tree = match["tree"].strip("./")
        if tree.lower() in NO_TREE and not match["branch"]:
            continue
        if match["of"]:
            return f"{match['of']}:{tree}"
        return f"{tree}:{match['branch']}" if match["branch"] else tree
    return ""


def _parts(sentence: str, text: str, about: Subject) -> str:
    """Which parts, where not all: said in the sentence, listed below, or the one that is replied to."""
    if named := NAMED.search(sentence):
        return _ranges(_numbers(named["list"]), about.total)
    if counted := COUNTED.search(sentence):
        count = NUMBERS.get(counted["count"].lower()) or int(counted["count"])
        return _ranges(set(range(1, min(count, 500) + 1)), about.total)
    listed = [m for m in LISTED.finditer(text) if not MISSED.search(m[0])]
    if listed:
        return _ranges({int(m["at"]) for m in listed}, int(listed[0]["of"]))
    if about.total > 1 and about.position and not FOR_ALL.search(sentence):
        return str(about.position)
    return ""


def _numbers(text: str) -> set[int]:
    found: set[int] = set()
    for match in re.finditer(r"(\d+)(?:\s*(?:-|–|to)\s*#?(\d+))?", text):
        first, last = int(match[1]), int(match[2] or match[1])
        found |= set(range(first, min(last, first + 500) + 1))
    return found


def _ranges(numbers: set[int], total: int) -> str:
    """{1, 2, 3, 5} as "1-3,5"; "" when these are all."""
    numbers.discard(0)
    if total and len(numbers) >= total:
        return ""
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ",".join(str(a) if a == b else f"{a}-{b}" for a, b in runs)


def _commit(sentence: str, text: str) -> str:
    """The commit, when there is but one."""
    if said := COMMIT.search(sentence):
        return said["sha"]
    found = {m["sha"] for m in COMMIT.finditer(text)}
    if "Commit-ID:" in text and (one := re.search(r"Commit-ID:\s*([0-9a-f]{7,40})", text)):
        return one[1]
    return found.pop() if len(found) == 1 else ""


@dataclass(frozen=True, slots=True)
class Where:
    """What an applied event's ``detail`` says. ``parts`` is "" for all of them, else "1-3,5"."""

    tree: str
    parts: str
    commit: str

    @property
    def numbers(self) -> frozenset[int]:
        """The parts, one by one; empty for all of them."""
        return frozenset(_numbers(self.parts))


def where(detail: str) -> Where:
    """Read the ``detail`` of an applied event."""
    tree, *rest = detail.split() or [""]
    commit = rest.pop() if rest and re.fullmatch(r"[0-9a-f]{7,40}", rest[-1]) else ""
    return Where(tree.removeprefix("-") if tree == "-" else tree, rest[0] if rest else "", commit)
