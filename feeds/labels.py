"""Short facets of a mail, from its subject, its sender and its header.

A bot is known by its address, its name or its headers. What it writes is worth finding, but is
nobody's position.
"""

from __future__ import annotations

import re

from feeds.headers import Headers, first

REPLY = re.compile(r"\s*(?:re|aw|sv|antw|回复|答复|回覆|res|vs|odp|ynt)(?:\[\d+\])?\s?[:：]", re.I)
BRACKETS = re.compile(r"\[([^\[\]]*)\]")
PREFIX = re.compile(r"\s*(?:\[[^\[\]]*\]\s*)+")
COVER = re.compile(r"\b0+/\d+\b")

BOT_ADDRESS = re.compile(
    r"^(?:lkp|kbuild-all|oliver\.sang|syzbot[\w+.-]*|syzkaller[\w+.-]*|[\w.-]*patchwork-?bot[\w+.-]*|tip-bot2?|regzbot|kernelci[\w.-]*|"
    r"sashiko[\w+.-]*|0day[\w.-]*|bot|[\w.-]+-(?:bot|robot)|robot|ci_notify|no-?reply|mailer-daemon|buildbot[\w.-]*|autobuild\w*|"
    r"broonie-bot|patchbot|netdev-bot|bpf-ci[\w+.-]*|notifications|pr-tracker-bot|lts-bot|gitbot|github)@"
    r"|@(?:syzkaller\.appspotmail\.com|kernelci\.org|bots?\.[\w.-]+)$",
    re.I,
)
BOT_NAME = re.compile(
    r"kernel test robot|\bsyzbot\b|\btip-bot2?\b|patchwork-bot|\bregzbot\b|\bsashiko\b|\b0day\b|kernelci|"
    r"\bbot\b$|\brobot\b|pr-tracker",
    re.I,
)
BOT_HEADERS = ("robot-id", "x-sashiko", "x-syzbot", "x-stable", "x-kernel-test-branch")
BOT_SUBJECT = re.compile(
    r"\[(?:syzbot|tip:|PATCH AUTOSEL|linux-next:master|kbuild)|Patch \".*\" has been added to |FAILED: patch |"
    r".*\bAUTOSEL\b",
    re.I,
)


def facets(subject: str, found: Headers, sender: tuple[str, str]) -> tuple[str, ...]:
    """The labels of a mail; ``sender`` is (display name, address)."""
    reply = bool(REPLY.match(subject))
    tags = "" if reply else " ".join(BRACKETS.findall(head[0] if (head := PREFIX.match(subject)) else "")).upper()
    pull = "PULL" in tags.split() or "GIT PULL" in subject.upper()[:16]
    patch = "PATCH" in tags or bool(re.search(r"\d+/\d+", tags))
    rules = {
        "patch": patch and not reply and not COVER.search(tags),
        "cover": patch and bool(COVER.search(tags)),
        "reply": reply or (not patch and not pull and bool(first(found, "in-reply-to").strip())),
        "pull": pull and not reply,
        "rfc": bool(re.search(r"\bRFC", tags)) or (not reply and subject.upper().startswith("RFC")),
        "resend": "RESEND" in tags or "REPOST" in tags,
        "bot": is_bot(subject, found, sender),
    }
    return tuple(name for name, holds in rules.items() if holds)


def is_bot(subject: str, found: Headers, sender: tuple[str, str]) -> bool:
    """Whether a machine wrote this on its own."""
    name, address = sender
    if BOT_ADDRESS.search(address) or BOT_NAME.search(name) or BOT_SUBJECT.match(subject):
        return True
    return any(header in found for header in BOT_HEADERS)
