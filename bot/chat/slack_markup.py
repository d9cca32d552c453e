"""Words as Slack's mrkdwn and plain text objects. Pure.

Rules of this file:
- Every word that is not ours goes through ``escape`` (or ``literal``, ``prose``, which do): nothing pings,
  nothing formats its way out. Text objects are ``verbatim``, so Slack makes no links or mentions of its own.
- A link leads where ``link`` is told, over http(s) alone.
- What is cut stays whole where it matters: no half entity, no ping, no open code.
"""

from __future__ import annotations

import re
from typing import Any

from bot.chat import text
from bot.weblink import weblink

Block = dict[str, Any]

SECTION = 3_000  # characters of a text object
FALLBACK = 4_000  # characters of the text for notifications and screen readers
URL = 1_000

_PING = re.compile(r"@(?=(?:here|channel|everyone)\b)", re.IGNORECASE)
_COMMAND = re.compile(r"<(?=[!@#])")
_UNSAFE_IN_URL = re.compile(r"[^!#$%&'()*+,\-./0-9:;=?@A-Z\[\]_a-z~]")
# *bold*, _italic_ and ~struck~ begin and end beside a blank or punctuation.
_PAIR = re.compile(r"(?<![A-Za-z0-9])([*_~])(?=\S)([^\n]*?)(?<=\S)\1(?![A-Za-z0-9])")
_LOOKS_LIKE = {"*": "\u2217", "_": "\uff3f", "~": "\u223c"}
_CODE = re.compile(r"`[^`\n]+`")
# What C, Rust and shells call things: some_name, Some::name, call(), /a/path.c
_NAME = re.compile(
    r"(?<![\w`/@.:&;\-])(?:[A-Za-z_]\w*(?:::[A-Za-z_]\w*)+!?(?:\(\))?|[A-Za-z]\w*_\w*(?:!?\(\)|!|\.[a-z]{1,4}\b)?|_\w+(?:\(\))?"
    r"|[A-Za-z]\w*!?\(\))(?![\w`/@]|-\w)"
)


def plain_text(words: str) -> str:
    """Any words as the ``text`` argument of a message: escaped, never empty, never too long."""
    return cut(escape(words), FALLBACK).strip() or "…"


def escape(words: str) -> str:
    """``words`` without a mention, a link or a block of code; bold and the like still work."""
    quiet = _PING.sub("@\u2060", text.clean(words)).replace("```", "'''")
    return quiet.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def literal(words: str) -> str:
    """``words`` as they stand, on one line: no formatting either."""
    return _unformatted(escape(text.one_line(words)).replace("`", "'"))


def prose(words: str) -> str:
    """``words`` with the code in them set as code: what stands in backticks, and what is a name by its shape."""
    escaped = escape(words)
    if escaped.count("`") % 2:
        escaped = escaped.replace("`", "'")
    pieces, end = [], 0
    for match in _CODE.finditer(escaped):
        pieces += [_named(escaped[end : match.start()]), match[0]]
        end = match.end()
    return "".join([*pieces, _named(escaped[end:])])


def _named(escaped: str) -> str:
    """Names set as code, and nothing else formatted."""
    pieces, end = [], 0
    for match in _NAME.finditer(escaped):
        pieces += [_unformatted(escaped[end : match.start()]), f"`{match[0]}`"]
        end = match.end()
    return "".join([*pieces, _unformatted(escaped[end:])])


def _unformatted(escaped: str) -> str:
    def other(match: re.Match[str]) -> str:
        mark = _LOOKS_LIKE[match[1]]
        return f"{mark}{match[2]}{mark}"

    return _PING.sub("@\u2060", _PAIR.sub(other, escaped))  # "@here_" was none before


def strong(words: str) -> str:
    """Bold; blanks at its ends stand outside, or Slack would not set it."""
    inner = literal(words).replace("*", "\u2217")
    return f"*{inner}*" if inner else ""


def code(words: str) -> str:
    """Set as code."""
    inner = escape(text.one_line(words)).replace("`", "'")
    return f"`{inner}`" if inner else ""


def link(url: str, label: str) -> str:
    """``label`` leading to ``url``; the label alone when the URL is none that may be a link."""
    shown = literal(label).replace("|", "¦")
    if not weblink(url) or len(url) > URL or not shown:
        return shown
    return f"<{_UNSAFE_IN_URL.sub(_percent, url).replace('&', '&amp;')}|{shown}>"


def _percent(match: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in match[0].encode("utf-8", "replace"))


def cut(escaped: str, limit: int) -> str:
    """Shorten escaped text without leaving half an entity, half a code behind, or a ping where "@heretic" was."""
    if len(escaped) <= limit:
        return escaped
    kept = re.sub(r"&[a-z]*$", "", escaped[: limit - 2]).rstrip()
    if kept.count("`") % 2:
        before, _, after = kept.rpartition("`")
        kept = before + after
    return _PING.sub("@\u2060", kept + "…")[:limit]


def mrkdwn(words: str) -> Block:
    """A text object with formatting; ``words`` are escaped already."""
    return {"type": "mrkdwn", "text": words, "verbatim": True}


def plain(words: str, limit: int) -> Block:
    """A text object without any; ``words`` are as they stand, and never empty."""
    shown = _quiet(text.shorten(_quiet(text.one_line(words)), limit))
    return {"type": "plain_text", "text": shown[:limit] or "…", "emoji": False}


def _quiet(words: str) -> str:
    """Slack takes plain text as it stands; this is for the day when some client does not."""
    return _COMMAND.sub("<\u2060", _PING.sub("@\u2060", words))


def section(words: str) -> Block:
    """A paragraph of escaped words."""
    return {"type": "section", "text": mrkdwn(cut(words, SECTION).strip() or "…")}


def context(words: str) -> Block:
    """A small line of escaped words."""
    return {"type": "context", "elements": [mrkdwn(cut(words, SECTION).strip() or "…")]}
